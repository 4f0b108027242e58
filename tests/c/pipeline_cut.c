/* ctest: drivers
 *
 * G6: a pipeline whose connection dies halfway applies each command at most once. What was answered has its reply, a write
 * of which nothing is known says that it may have run, a read is asked again, and the other nodes' commands are not
 * touched. */
#include "client.h"

#include <inttypes.h>
#include <stdio.h>

enum { COMMANDS = 60, ANSWERED = 7 };

int main(void)
{
    /* The eighth command on node 1's connections ends them. */
    fake_node *fake = fake_node_start("node 1\nskip 7 once on INCR * => close\nnode *\nhandshake\n" THREE_SHARDS "\nstore");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    driver_pipeline *pipeline;
    rediscluster_error *error = NULL;
    int unknown = 0, answered = 0;

    pipeline = driver_pipeline_of(client);
    for (int i = 0; i < COMMANDS; i++) {
        char key[24];
        snprintf(key, sizeof key, "%s%d", i % 3 == 0 ? AT1 : i % 3 == 1 ? AT2 : AT3, i);
        CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS(i % 6 == 3 ? "GET" : "INCR", key), &error),
                 error);
    }
    PIPELINE_ENDS(pipeline, -2, REDISCLUSTER_ERROR_CONNECTION);
    for (size_t i = 0; i < COMMANDS; i++) {
        const rediscluster_reply *reply = driver_pipeline_reply(pipeline, i);
        const rediscluster_error *why = driver_pipeline_error(pipeline, i);
        CHECK((reply == NULL) != (why == NULL));
        if (i % 6 == 3) {
            CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_NIL);
        } else if (reply != NULL) {
            CHECK_INT(rediscluster_reply_integer(reply), 1);
            answered++;
        } else {
            CHECK(i % 3 == 0);
            CHECK_INT(rediscluster_error_status(why), REDISCLUSTER_ERROR_CONNECTION);
            CHECK(rediscluster_error_maybe_executed(why));
            CHECK_STR(rediscluster_error_node(why), fake_node_address(fake, 1));
            unknown++;
        }
    }
    CHECK_INT(answered, 2 * COMMANDS / 3 + ANSWERED);
    CHECK_INT(unknown, COMMANDS / 6 - ANSWERED);
    /* None came twice. */
    CHECK_BETWEEN(fake_node_count(fake, "INCR"), 2 * COMMANDS / 3 + ANSWERED + 1, 2 * COMMANDS / 3 + COMMANDS / 6);
    for (size_t i = 0; i < COMMANDS; i += 6) {
        char key[24];
        rediscluster_reply *reply;
        snprintf(key, sizeof key, AT1 "%zu", i);
        reply = client_say(client, "GET", key, NULL);
        CHECK(rediscluster_reply_kind(reply) == REDISCLUSTER_REPLY_NIL || rediscluster_reply_integer(reply) <= 1);
        if (rediscluster_reply_kind(reply) != REDISCLUSTER_REPLY_NIL)
            CHECK_STR(reply_text(reply), "1");
        rediscluster_reply_free(reply);
    }
    client_is_at_rest(client);
    driver_pipeline_free(pipeline);
    driver_free(client);
    fake_node_stop(fake);
    return 0;
}
