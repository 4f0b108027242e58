/* A call without time sends nothing, ends with TIMEOUT at once, and says nothing of the node: the connection stays, and
 * the next call on the same shard, of the same or another thread, is as quick as ever. */
#include "client.h"
#include "pools.h"

int main(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\nstore");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    rediscluster_pipeline *pipeline = NULL;
    rediscluster_error *error = NULL;
    int64_t begun;

    client_expect(client, "OK", "SET", AT1 "key", "value", NULL);
    fake_node_control(fake, "clear");
    for (int round = 0; round < 3; round++) {
        rediscluster_command *command = command_of("SET", AT1 "key", "other", NULL);
        CHECK_OK(rediscluster_command_set_timeout(command, REDISCLUSTER_TIMEOUT_NOW, &error), error);
        error = client_run_fails(client, REDISCLUSTER_ERROR_TIMEOUT, command);
        CHECK(!rediscluster_error_maybe_executed(error));
        rediscluster_error_free(error);
        error = NULL;

        CHECK_OK(rediscluster_pipeline_new(client, &pipeline, &error), error);
        CHECK_OK(rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("SET", AT1 "key", "other"), &error),
                 error);
        CHECK_STATUS(rediscluster_pipeline_execute(pipeline, REDISCLUSTER_TIMEOUT_NOW, &error),
                     REDISCLUSTER_ERROR_TIMEOUT, error);
        CHECK(!rediscluster_error_maybe_executed(rediscluster_pipeline_error(pipeline, 0)));
        rediscluster_pipeline_free(pipeline);

        begun = clock_ms();
        client_expect(client, "value", "GET", AT1 "key", NULL);
        CHECK_BETWEEN(clock_ms() - begun, 0, 10 * test_patience());
    }
    CHECK_INT(fake_node_count(fake, "SET"), 0);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_CREATED), 1);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_CLOSED), 0);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
