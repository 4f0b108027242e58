/* ctest: drivers
 *
 * H1 through the client: with read_from=replica_preferred 100 GETs go to the replicas, evenly, and none to the primary;
 * writes go to the primary; READONLY is said once a connection; a shard without replica falls back. A command's own
 * read_from holds in place of the option's, both ways. Reads of several shards and pipelines go the same ways. */
#include "client.h"

static fake_node *fake;

static void reads(rediscluster_client *client, int count)
{
    for (int i = 0; i < count; i++)
        client_expect(client, "value", "GET", AT1 "key", NULL);
}

static void read_by(rediscluster_client *client, int32_t read_from, int count)
{
    for (int i = 0; i < count; i++) {
        rediscluster_command *command = command_of("GET", AT1 "key", NULL);
        rediscluster_error *error = NULL;
        rediscluster_reply *reply;
        CHECK_OK(rediscluster_command_set_read_from(command, read_from, &error), error);
        reply = client_run(client, command);
        CHECK_STR(reply_text(reply), "value");
        rediscluster_reply_free(reply);
    }
}

static void spread(long primary, long first, long second)
{
    CHECK_INT(fake_node_count_on(fake, 1, "GET"), primary);
    CHECK_INT(fake_node_count_on(fake, 4, "GET"), first);
    CHECK_INT(fake_node_count_on(fake, 5, "GET"), second);
    fake_node_control(fake, "clear");
}

static void replica_preferred(void)
{
    rediscluster_client *client = client_of(fake_node_address(fake, 1), "read_from", "replica_preferred", NULL);
    driver_pipeline *pipeline;
    rediscluster_error *error = NULL;
    client_expect(client, "OK", "SET", AT1 "key", "value", NULL);
    client_expect(client, "OK", "SET", AT2 "key", "value", NULL);
    CHECK_INT(fake_node_count_on(fake, 1, "SET"), 1);
    fake_node_control(fake, "clear");
    reads(client, 100);
    for (int node = 4; node <= 5; node++)
        CHECK_INT(fake_node_count_on(fake, node, "READONLY"), 1);
    CHECK_INT(fake_node_count(fake, "READONLY"), 2);
    spread(0, 50, 50);
    /* A shard without replica. */
    client_expect(client, "value", "GET", AT2 "key", NULL);
    CHECK_INT(fake_node_count_on(fake, 2, "GET"), 1);
    fake_node_control(fake, "clear");
    /* The command's own word. */
    read_by(client, REDISCLUSTER_READ_FROM_PRIMARY, 10);
    spread(10, 0, 0);
    read_by(client, REDISCLUSTER_READ_FROM_DEFAULT, 10);
    spread(0, 5, 5);
    /* A read of two shards. */
    client_expect(client, "2", "EXISTS", AT1 "key", AT2 "key", NULL);
    CHECK_INT(fake_node_count_on(fake, 1, "EXISTS"), 0);
    CHECK_INT(fake_node_count_on(fake, 4, "EXISTS") + fake_node_count_on(fake, 5, "EXISTS"), 1);
    CHECK_INT(fake_node_count_on(fake, 2, "EXISTS"), 1);
    fake_node_control(fake, "clear");
    /* A pipeline. */
    pipeline = driver_pipeline_of(client);
    for (int i = 0; i < 10; i++)
        CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", AT1 "key"), &error), error);
    CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("SET", AT1 "key", "value"), &error), error);
    PIPELINE_ENDS(pipeline, -2, REDISCLUSTER_OK);
    CHECK_INT(fake_node_count_on(fake, 1, "GET"), 0);
    CHECK_INT(fake_node_count_on(fake, 1, "SET"), 1);
    CHECK_INT(fake_node_count(fake, "GET"), 10);
    driver_pipeline_free(pipeline);
    fake_node_control(fake, "clear");
    driver_free(client);
}

static void primary(void)
{
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    reads(client, 10);
    spread(10, 0, 0);
    read_by(client, REDISCLUSTER_READ_FROM_REPLICA, 10);
    spread(0, 5, 5);
    read_by(client, REDISCLUSTER_READ_FROM_ANY, 30);
    CHECK_BETWEEN(fake_node_count_on(fake, 1, "GET"), 9, 11);
    fake_node_control(fake, "clear");
    reads(client, 10);
    spread(10, 0, 0);
    driver_free(client);
}

/* Of a client that only reads, a write is refused before any I/O. */
static void readonly(void)
{
    rediscluster_client *client =
        client_of(fake_node_address(fake, 1), "readonly", "yes", "read_from", "replica", NULL);
    driver_pipeline *pipeline;
    rediscluster_error *error;
    fake_node_control(fake, "clear");
    error = client_fails(client, REDISCLUSTER_ERROR_READ_ONLY, "SET", AT1 "key", "value", NULL);
    CHECK(!rediscluster_error_maybe_executed(error) && !rediscluster_error_is_retryable(error));
    rediscluster_error_free(error);
    rediscluster_error_free(
        client_fails(client, REDISCLUSTER_ERROR_READ_ONLY, "MSET", AT1 "a", "1", AT2 "b", "2", NULL));
    rediscluster_error_free(client_fails(client, REDISCLUSTER_ERROR_READ_ONLY, "FLUSHALL", NULL));
    error = NULL;
    pipeline = driver_pipeline_of(client);
    CHECK_STATUS(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("SET", AT1 "key", "v"), &error),
                 REDISCLUSTER_ERROR_READ_ONLY, error);
    CHECK_INT(driver_pipeline_count(pipeline), 0);
    driver_pipeline_free(pipeline);
    CHECK_INT(fake_node_count(fake, "SET") + fake_node_count(fake, "MSET") + fake_node_count(fake, "FLUSHALL"), 0);
    reads(client, 4);
    spread(0, 2, 2);
    driver_free(client);
}

int main(void)
{
    fake = fake_node_start("node *\nhandshake\nstore\ntopology 0-5460=1,replica:4,replica:5 5461-10922=2 10923-16383=3");
    replica_preferred();
    primary();
    readonly();
    fake_node_stop(fake);
    return 0;
}
