/* ctest: drivers
 *
 * I2: of a pipeline's commands only the one that was redirected is sent again: MOVED, ASK with ASKING in its write,
 * TRYAGAIN. The others ran once, and the replies are in their order. */
#include "client.h"

#include <stdio.h>

enum { COMMANDS = 12 };

int main(void)
{
    fake_node *fake = fake_node_start("nodes 4\nnode *\nhandshake\n" THREE_SHARDS "\n"
                                      "node 1\non INCR {b}3 => error \"MOVED 3300 $addr2\"\n"
                                      "on INCR {b}6 => error \"ASK 3300 $addr4\"\n"
                                      "first 2 on INCR {b}9 => error \"TRYAGAIN on the move\"\n"
                                      "node *\nstore");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    driver_pipeline *pipeline;
    rediscluster_error *error = NULL;
    pipeline = driver_pipeline_of(client);
    for (int i = 0; i < COMMANDS; i++) {
        char key[16];
        snprintf(key, sizeof key, "%s%d", i % 3 == 0 ? AT1 : i % 3 == 1 ? AT2 : AT3, i);
        CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("INCR", key), &error), error);
    }
    PIPELINE_ENDS(pipeline, -2, REDISCLUSTER_OK);
    /* Each is applied once. */
    for (size_t i = 0; i < COMMANDS; i++) {
        CHECK_INT(rediscluster_reply_kind(driver_pipeline_reply(pipeline, i)), REDISCLUSTER_REPLY_INTEGER);
        CHECK_INT(rediscluster_reply_integer(driver_pipeline_reply(pipeline, i)), 1);
    }
    /* MOVED has patched the map by the time TRYAGAIN is tried again: that goes to node 2, too. */
    CHECK_INT(fake_node_count_on(fake, 1, "INCR"), 4);
    CHECK_INT(fake_node_count_on(fake, 2, "INCR"), 4 + 2);
    CHECK_INT(fake_node_count_on(fake, 3, "INCR"), 4);
    CHECK_INT(fake_node_count_on(fake, 4, "INCR"), 1);
    CHECK_INT(fake_node_count(fake, "ASKING"), 1);
    CHECK_INT(client_last(fake, 4, "ASKING").read, client_last(fake, 4, "INCR").read);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_MOVED), 1);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_ASK), 1);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    driver_pipeline_free(pipeline);
    driver_free(client);
    fake_node_stop(fake);
    return 0;
}
