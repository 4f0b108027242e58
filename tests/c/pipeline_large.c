/* ctest: drivers timeout=120
 *
 * I3: 100,000 commands with 100 MiB of replies do not deadlock, nor do 100 MiB of requests with as many replies, when the
 * servers stop to read while their own answers are not read. Every reply is the right one. */
#include "client.h"
#include "pools.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMANDS = 100000, BYTES = 1049 };

static rediscluster_error *error;

/* Pipelines of `count` commands to three shards, each answered with as many bytes, which begin with its number. */
static void run(rediscluster_client *client, int count, size_t asked)
{
    driver_pipeline *pipeline;
    char *padding = malloc(asked + 1), key[32], expected[32];
    int64_t total = 0;
    CHECK(padding != NULL);
    memset(padding, 'x', asked);
    pipeline = driver_pipeline_of(client);
    for (int i = 0; i < count; i++) {
        const char *argv[3] = {"SET", key, padding};
        size_t lengths[3] = {3, (size_t)snprintf(key, sizeof key, "%s%d", i % 3 == 0 ? AT1 : i % 3 == 1 ? AT2 : AT3, i), asked};
        CHECK_OK(driver_pipeline_append_argv(pipeline, 3, argv, lengths, &error), error);
    }
    CHECK_INT(driver_pipeline_count(pipeline), count);
    PIPELINE_ENDS(pipeline, 120000, REDISCLUSTER_OK);
    for (int i = 0; i < count; i++) {
        size_t length = 0;
        const rediscluster_reply *reply = driver_pipeline_reply(pipeline, (size_t)i);
        const char *text = (const char *)rediscluster_reply_bytes(rediscluster_reply_at(reply, 0), &length);
        snprintf(expected, sizeof expected, "%s%d", i % 3 == 0 ? AT1 : i % 3 == 1 ? AT2 : AT3, i);
        CHECK_STR(text, expected);
        rediscluster_reply_bytes(rediscluster_reply_at(reply, 1), &length);
        total += (int64_t)length;
    }
    CHECK_INT(total, (int64_t)count * BYTES);
    driver_pipeline_free(pipeline);
    free(padding);
}

int main(void)
{
    char padding[BYTES + 1];
    fake_node *fake;
    rediscluster_client *client;
    memset(padding, 'y', BYTES);
    padding[BYTES] = '\0';
    fake = fake_node_start_format("log off\nlet padding %s\nnode *\nhandshake\n" THREE_SHARDS "\n"
                                  "on SET * => array $arg1 $padding", padding);
    client = client_of(fake_node_address(fake, 1), NULL);
    run(client, test_rounds(COMMANDS), 1);
    run(client, test_rounds(COMMANDS), BYTES);
    driver_free(client);
    fake_node_stop(fake);
    return 0;
}
