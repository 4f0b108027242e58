/* The client's pool is closed while calls are under way: one that waits for its reply gets it, one that waits for a place
 * ends with CLOSED, and so does every later call, of one command, of several nodes, of a pipeline, of an explanation. */
#include "client.h"
#include "pools.h"
#include "threads.h"

static fake_node *fake;

static void work(void *argument, int number)
{
    rediscluster_client *client = argument;
    rediscluster_error *error = NULL;
    switch (number) {
    case 0:
        client_expect(client, "1", "INCR", AT1 "slow", NULL);
        break;
    case 1:
        WAIT_UNTIL(fake_node_count(fake, "INCR") == 1, 10000);
        error = client_fails(client, REDISCLUSTER_ERROR_CLOSED, "SET", AT2 "waits", "v", NULL);
        CHECK(!rediscluster_error_maybe_executed(error));
        rediscluster_error_free(error);
        break;
    default:
        WAIT_UNTIL(client_stat(client, NULL, REDISCLUSTER_STAT_WAITING) == 1, 10000);
        CHECK_OK(rediscluster_pool_close(rediscluster_client_pool(client), &error), error);
        fake_node_control(fake, "open gate");
        break;
    }
}

int main(void)
{
    rediscluster_client *client;
    rediscluster_pipeline *pipeline = NULL;
    rediscluster_explanation *explanation = NULL;
    rediscluster_command *command = command_of("GET", AT1 "k", NULL);
    rediscluster_error *error = NULL;
    fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\non INCR {b}slow => gate gate; int 1\nstore");
    client = client_of(fake_node_address(fake, 1), "max_connections", "1", "pool_exhausted", "block", NULL);
    CHECK_OK(rediscluster_pipeline_new(client, &pipeline, &error), error);
    CHECK_OK(rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", AT1 "k"), &error), error);
    CHECK_OK(rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("DBSIZE"), &error), error);
    threads_run(3, work, client);

    rediscluster_error_free(client_fails(client, REDISCLUSTER_ERROR_CLOSED, "GET", AT1 "k", NULL));
    rediscluster_error_free(client_fails(client, REDISCLUSTER_ERROR_CLOSED, "EXISTS", AT1 "k", AT2 "k", NULL));
    rediscluster_error_free(client_fails(client, REDISCLUSTER_ERROR_CLOSED, "DBSIZE", NULL));
    rediscluster_error_free(client_fails(client, REDISCLUSTER_ERROR_CLOSED, "PING", NULL));
    CHECK_STATUS(rediscluster_client_explain(client, command, &explanation, &error), REDISCLUSTER_ERROR_CLOSED, error);
    CHECK_STATUS(rediscluster_pipeline_execute(pipeline, -2, &error), REDISCLUSTER_ERROR_CLOSED, error);
    for (size_t i = 0; i < 2; i++)
        CHECK_INT(rediscluster_error_status(rediscluster_pipeline_error(pipeline, i)), REDISCLUSTER_ERROR_CLOSED);
    CHECK_OK(rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", AT1 "k"), &error), error);
    WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 0, 5000);
    rediscluster_pipeline_free(pipeline);
    rediscluster_command_free(command);
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
