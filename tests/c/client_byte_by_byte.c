/* ctest: drivers
 *
 * G8 through the client: a reply that comes a byte each 200 ms ends its call at the deadline, at most 20 ms late, be the
 * call of one node, of several, or a pipeline; and so does an answer to the topology's question that the call waits for. */
#include "client.h"
#include "pools.h"

#include <stdio.h>

static rediscluster_error *error;
static int64_t begun;

static void ended_in_time(void)
{
    CHECK_BETWEEN(clock_ms() - begun, 500, 500 + 20 * test_patience());
    rediscluster_error_free(error);
    error = NULL;
}

static rediscluster_command *within(rediscluster_command *command)
{
    CHECK_OK(rediscluster_command_set_timeout(command, 500, &error), error);
    begun = clock_ms();
    return command;
}

int main(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\n"
                                      "on GET {b}slow => dribble 200; bulk hello\n"
                                      "on MGET {b}slow => dribble 200; array hello\nstore\n"
                                      "scene after\nnode *\non CLUSTER * => dribble 200; slots 0-16383=1");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    driver_pipeline *pipeline;

    /* On a connection dialled for it, and on one that was there. */
    for (int round = 0; round < 2; round++) {
        client_expect(client, "OK", "SET", AT1 "key", "value", NULL);
        error = client_run_fails(client, REDISCLUSTER_ERROR_TIMEOUT, within(command_of("GET", AT1 "slow", NULL)));
        CHECK(rediscluster_error_maybe_executed(error));
        ended_in_time();
    }
    error = client_run_fails(client, REDISCLUSTER_ERROR_TIMEOUT,
                             within(command_of("MGET", AT1 "slow", AT2 "quick", NULL)));
    ended_in_time();

    pipeline = driver_pipeline_of(client);
    CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", AT1 "slow"), &error), error);
    CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("SET", AT2 "key", "v"), &error), error);
    begun = clock_ms();
    PIPELINE_ENDS(pipeline, 500, REDISCLUSTER_ERROR_TIMEOUT);
    ended_in_time();
    CHECK_STR(reply_text(driver_pipeline_reply(pipeline, 1)), "OK");
    driver_pipeline_free(pipeline);
    driver_free(client);

    /* The first call discovers. */
    client = client_of(fake_node_address(fake, 1), "init_slot_cache", "no", NULL);
    fake_node_control(fake, "use after");
    begun = clock_ms();
    error = client_run_fails(client, REDISCLUSTER_ERROR_UNREACHABLE, within(command_of("GET", AT1 "key", NULL)));
    CHECK(!rediscluster_error_maybe_executed(error));
    ended_in_time();
    driver_free(client);
    fake_node_stop(fake);
    return 0;
}
