/* ctest: drivers
 *
 * What comes besides replies, or instead of them, through a call, a call of several nodes and a pipeline: pushes in front of
 * and behind replies are nobody's; rubbish, a reply that is cut, too large or too deep ends its call and its connection;
 * a reply nobody asked for is never another command's. The next call works. */
#include "client.h"
#include "pools.h"

#include <stdio.h>
#include <string.h>

static fake_node *fake;
static rediscluster_client *client;
static rediscluster_error *error;

/* GET of the key fails so in every way that a GET can go. */
static void fails(int32_t status, const char *key)
{
    driver_pipeline *pipeline;
    for (int round = 0; round < 2; round++) {
        error = client_fails(client, status, "GET", key, NULL);
        CHECK(rediscluster_error_maybe_executed(error));
        CHECK_STR(rediscluster_error_node(error), fake_node_address(fake, 1));
        rediscluster_error_free(error);
        error = NULL;
        client_expect(client, "well", "GET", AT1 "well", NULL);
    }
    pipeline = driver_pipeline_of(client);
    CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("SET", AT1 "a", "b"), &error), error);
    CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", key), &error), error);
    CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", AT2 "well"), &error), error);
    PIPELINE_ENDS(pipeline, -2, status);
    CHECK_STR(reply_text(driver_pipeline_reply(pipeline, 0)), "OK");
    CHECK_INT(rediscluster_error_status(driver_pipeline_error(pipeline, 1)), status);
    CHECK_STR(reply_text(driver_pipeline_reply(pipeline, 2)), "well");
    driver_pipeline_free(pipeline);
    client_expect(client, "well", "GET", AT1 "well", NULL);
}

/* The reply is right, whatever comes with it, and so is the next one's. */
static void is_right(const char *key)
{
    driver_pipeline *pipeline;
    for (int round = 0; round < 3; round++) {
        client_expect(client, "right", "GET", key, NULL);
        client_expect(client, "well", "GET", AT1 "well", NULL);
    }
    pipeline = driver_pipeline_of(client);
    CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("SET", AT1 "a", "b"), &error), error);
    CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", key), &error), error);
    PIPELINE_ENDS(pipeline, -2, REDISCLUSTER_OK);
    CHECK_STR(reply_text(driver_pipeline_reply(pipeline, 0)), "OK");
    CHECK_STR(reply_text(driver_pipeline_reply(pipeline, 1)), "right");
    driver_pipeline_free(pipeline);
    client_expect(client, "well", "GET", AT1 "well", NULL);
}

int main(void)
{
    char deep[512] = "";
    for (int i = 0; i < 40; i++)
        strcat(deep, "*1\\r\\n");
    fake = fake_node_start_format("node *\nhandshake\n" THREE_SHARDS "\non SET * => ok\non GET *well => bulk well\n"
                                  "on GET *rubbish => send \"what is this\\r\\n\"\n"
                                  "on GET *cut => send \"$5\\r\\nhe\"; close\n"
                                  "on GET *noend => send \"$2\\r\\nheXY\"\n"
                                  "on GET *large => fill 5000\n"
                                  "on GET *declared => send \"$9999999999\\r\\n\"\n"
                                  "on GET *deep => send \"%s\"\n"
                                  "on GET *push => push invalidate x; bulk right; push invalidate y\n"
                                  "on GET *twice => bulk right; bulk stray",
                                  deep);
    client = client_of(fake_node_address(fake, 1), "max_reply_size", "4096", "max_reply_depth", "32", "max_retries", "0",
                       NULL);
    fails(REDISCLUSTER_ERROR_PROTOCOL, AT1 "rubbish");
    fails(REDISCLUSTER_ERROR_CONNECTION, AT1 "cut");
    fails(REDISCLUSTER_ERROR_PROTOCOL, AT1 "noend");
    fails(REDISCLUSTER_ERROR_LIMIT, AT1 "large");
    fails(REDISCLUSTER_ERROR_LIMIT, AT1 "declared");
    fails(REDISCLUSTER_ERROR_LIMIT, AT1 "deep");
    is_right(AT1 "push");
    client_is_at_rest(client);
    /* The second of two replies is no other command's. */
    for (int round = 0; round < 10; round++) {
        rediscluster_command *command = command_of("GET", AT1 "twice", NULL);
        rediscluster_reply *reply = NULL;
        rediscluster_status status = driver_execute(client, command, &reply, &error);
        if (status != REDISCLUSTER_OK)
            CHECK_STATUS(status, REDISCLUSTER_ERROR_PROTOCOL, error);
        else
            CHECK_STR(reply_text(reply), "right");
        rediscluster_reply_free(reply);
        rediscluster_command_free(command);
        client_expect(client, "well", "GET", AT1 "well", NULL);
    }
    driver_free(client);
    fake_node_stop(fake);
    return 0;
}
