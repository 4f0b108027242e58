/* ctest: drivers
 *
 * I1: 10 commands over 3 shards: the replies in their order, each error in its place, one write a node, and a second run of
 * the same commands. */
#include "client.h"

static rediscluster_error *error;
static driver_pipeline *pipeline;

static void append(const char *name, const char *key, const char *value)
{
    if (value != NULL)
        CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS(name, key, value), &error), error);
    else
        CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS(name, key), &error), error);
}

static void reply_at_is(size_t index, const char *expected)
{
    char number[24];
    const rediscluster_reply *reply = driver_pipeline_reply(pipeline, index);
    CHECK_STR(client_text(reply, number, sizeof number), expected);
    CHECK(driver_pipeline_error(pipeline, index) == NULL);
}

static void each_has_one_write(fake_node *fake)
{
    CHECK_INT(fake_node_count(fake, "SET"), 3);
    CHECK_INT(client_writes(fake, 1, "SET") + client_writes(fake, 2, "SET") + client_writes(fake, 3, "SET"), 3);
    for (int node = 1; node <= 3; node++) {
        client_arrival first = client_last(fake, node, "SET"), last = client_last(fake, node, "GET");
        CHECK_INT(first.read, last.read);
        CHECK_INT(first.connection, last.connection);
    }
}

int main(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\nstore");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    pipeline = driver_pipeline_of(client);
    append("SET", AT1 "k", "text");
    append("SET", AT2 "k", "two");
    append("SET", AT3 "k", "three");
    append("INCR", AT1 "k", NULL);
    append("GET", AT3 "k", NULL);
    append("GET", AT1 "k", NULL);
    append("NOSUCH", AT1 "k", NULL);
    append("APPEND", AT2 "k", "!");
    append("GET", AT2 "k", NULL);
    append("GET", AT1 "none", NULL);
    for (int run = 0; run < 2; run++) {
        fake_node_control(fake, "clear");
        /* One that no server knows is an error, in its place. */
        PIPELINE_ENDS(pipeline, -2, REDISCLUSTER_ERROR_UNROUTABLE);
        CHECK_INT(driver_pipeline_count(pipeline), 10);
        reply_at_is(0, "OK");
        reply_at_is(1, "OK");
        reply_at_is(2, "OK");
        CHECK_INT(rediscluster_reply_kind(driver_pipeline_reply(pipeline, 3)), REDISCLUSTER_REPLY_ERROR);
        reply_at_is(4, "three");
        reply_at_is(5, "text");
        CHECK(driver_pipeline_reply(pipeline, 6) == NULL);
        CHECK_INT(rediscluster_error_status(driver_pipeline_error(pipeline, 6)), REDISCLUSTER_ERROR_UNROUTABLE);
        reply_at_is(7, "4");
        reply_at_is(8, "two!");
        reply_at_is(9, "nil");
        each_has_one_write(fake);
    }
    driver_pipeline_free(pipeline);
    driver_free(client);
    fake_node_stop(fake);
    return 0;
}
