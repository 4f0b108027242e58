/* ctest: drivers
 *
 * G3 through the client: every node is a black hole, and a call with 300 ms ends in 300 to 320 ms, with TIMEOUT, nothing
 * executed; of one node that is, the other shards' parts of a call are answered. A slot that nobody serves is
 * SLOT_NOT_COVERED, for it alone. */
#include "client.h"
#include "pools.h"

static fake_node *fake;
static rediscluster_error *error;

static void in_time(rediscluster_client *client, rediscluster_command *command)
{
    int64_t begun = clock_ms();
    CHECK_OK(rediscluster_command_set_timeout(command, 300, &error), error);
    error = client_run_fails(client, REDISCLUSTER_ERROR_TIMEOUT, command);
    CHECK_BETWEEN(clock_ms() - begun, 300, 300 + 20 * test_patience());
    CHECK(!rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
    error = NULL;
}

int main(void)
{
    rediscluster_client *client;
    driver_pipeline *pipeline;
    int64_t begun;
    fake = fake_node_start("node *\nhandshake\nstore\ntopology 0-5460=1 5461-10922=2 10924-16383=3");
    client = client_of(fake_node_address(fake, 1), "max_retries", "1", "retry_backoff_max", "5", NULL);
    /* Slot 10923. */
    error = client_fails(client, REDISCLUSTER_ERROR_SLOT_NOT_COVERED, "GET", "uncovered:7459", NULL);
    CHECK_INT(rediscluster_error_slot(error), 10923);
    rediscluster_error_free(error);
    error = NULL;
    client_expect(client, "nil", "GET", AT3 "k", NULL);

    fake_node_control(fake, "blackhole 2");
    pipeline = driver_pipeline_of(client);
    CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("INCR", AT2 "k"), &error), error);
    CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("INCR", AT1 "k"), &error), error);
    begun = clock_ms();
    PIPELINE_ENDS(pipeline, 300, REDISCLUSTER_ERROR_TIMEOUT);
    CHECK_BETWEEN(clock_ms() - begun, 300, 300 + 20 * test_patience());
    CHECK(!rediscluster_error_maybe_executed(driver_pipeline_error(pipeline, 0)));
    CHECK_INT(rediscluster_reply_integer(driver_pipeline_reply(pipeline, 1)), 1);
    driver_pipeline_free(pipeline);

    fake_node_control(fake, "blackhole 1");
    fake_node_control(fake, "blackhole 3");
    in_time(client, command_of("GET", AT1 "k", NULL));
    in_time(client, command_of("GET", AT2 "k", NULL));
    in_time(client, command_of("PING", NULL));
    in_time(client, command_of("EXISTS", AT1 "k", AT2 "k", AT3 "k", NULL));
    driver_free(client);
    fake_node_stop(fake);
    return 0;
}
