/* ctest: drivers
 *
 * E3 through the client: the server closed, or spoke on, connections while they were idle. The next command works, without
 * an error and below 20 ms: a read, a write (once), one of several nodes, a pipeline. No refresh is made. */
#include "client.h"
#include "pools.h"

static fake_node *fake;
static rediscluster_client *client;
static rediscluster_error *error;

static void close_all(void)
{
    for (int node = 1; node <= 3; node++)
        fake_node_control(fake, "disconnect %d", node);
    for (int node = 1; node <= 3; node++)
        WAIT_UNTIL(fake_node_connections_of(fake, node).open == 0, 5000);
}

static void speak_on_all(void)
{
    for (int node = 1; node <= 3; node++)
        fake_node_control(fake, "send %d \"+stale\\r\\n\"", node);
}

static void single(void)
{
    client_expect(client, "value", "GET", AT1 "key", NULL);
    client_expect(client, "OK", "SET", AT2 "key", "value", NULL);
}

static void several(void)
{
    client_expect(client, "3", "EXISTS", AT1 "key", AT2 "key", AT3 "key", NULL);
}

static void piped(void)
{
    driver_pipeline *pipeline;
    pipeline = driver_pipeline_of(client);
    CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", AT1 "key"), &error), error);
    CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("SET", AT2 "key", "value"), &error), error);
    CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", AT3 "key"), &error), error);
    PIPELINE_ENDS(pipeline, -2, REDISCLUSTER_OK);
    CHECK_STR(reply_text(driver_pipeline_reply(pipeline, 0)), "value");
    CHECK_STR(reply_text(driver_pipeline_reply(pipeline, 1)), "OK");
    CHECK_STR(reply_text(driver_pipeline_reply(pipeline, 2)), "value");
    driver_pipeline_free(pipeline);
}

static void works_after(void (*disturb)(void), void (*work)(void), long sets)
{
    int64_t begun;
    work();
    disturb();
    fake_node_control(fake, "clear");
    begun = clock_ms();
    work();
    CHECK_BETWEEN(clock_ms() - begun, 0, 20 * test_patience());
    CHECK_INT(fake_node_count(fake, "SET"), sets);
}

int main(void)
{
    fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\nstore");
    client = client_of(fake_node_address(fake, 1), NULL);
    client_expect(client, "OK", "SET", AT1 "key", "value", NULL);
    client_expect(client, "OK", "SET", AT3 "key", "value", NULL);
    works_after(close_all, single, 1);
    works_after(close_all, several, 0);
    works_after(close_all, piped, 1);
    works_after(speak_on_all, single, 1);
    works_after(speak_on_all, several, 0);
    works_after(speak_on_all, piped, 1);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    driver_free(client);
    fake_node_stop(fake);
    return 0;
}
