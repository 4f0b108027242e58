/* ctest: drivers
 *
 * Commands of many keys, for all shards, and with routes by hand inside a pipeline: split and joined there as in a call of
 * their own, in the same writes as the rest; what is refused or cannot be planned is an error in its place. */
#include "client.h"

#include <string.h>

static rediscluster_error *error;
static driver_pipeline *pipeline;

static void append(rediscluster_command *command)
{
    CHECK_OK(driver_pipeline_append(pipeline, command, &error), error);
}

static void its_reply_is(size_t index, const char *expected)
{
    char number[24];
    CHECK_STR(client_text(driver_pipeline_reply(pipeline, index), number, sizeof number), expected);
}

int main(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\n"
                                      "on MSET * => ok\non MGET * => array $arg1\non DBSIZE => int 5\n"
                                      "on CONFIG GET * => bulk $node\non TOUCH {c}fails => error \"ERR no\"\n"
                                      "on TOUCH * => int 1\nstore");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    rediscluster_command *command;
    const rediscluster_reply *reply;
    pipeline = driver_pipeline_of(client);

    append(command_of("MSET", AT1 "a", "1", AT2 "a", "2", AT3 "a", "3", AT1 "a", "4", NULL));
    append(command_of("SET", AT1 "a", "1", NULL));
    append(command_of("MGET", AT3 "a", AT1 "a", AT2 "a", NULL));
    append(command_of("DEL", AT1 "a", AT2 "a", NULL));
    append(command_of("DBSIZE", NULL));
    append(command_of("SINTER", AT1 "a", AT2 "a", NULL));
    command = command_of("CONFIG", "GET", "maxmemory", NULL);
    CHECK_OK(rediscluster_command_set_route(command, REDISCLUSTER_ROUTE_ALL_PRIMARIES, 0, NULL, &error), error);
    append(command);
    command = command_of("CONFIG", "GET", "maxmemory", NULL);
    CHECK_OK(rediscluster_command_set_route(command, REDISCLUSTER_ROUTE_NODE, 0, fake_node_address(fake, 2), &error), error);
    append(command);
    append(command_of("TOUCH", AT1 "a", AT2 "fails", NULL));
    command = command_of("PING", NULL);
    CHECK_OK(rediscluster_command_set_route(command, REDISCLUSTER_ROUTE_NODE, 0, "127.0.0.1:1", &error), error);
    append(command);
    fake_node_control(fake, "clear");
    PIPELINE_ENDS(pipeline, -2, REDISCLUSTER_ERROR_CROSS_SLOT);

    its_reply_is(0, "OK");
    its_reply_is(1, "OK");
    reply = driver_pipeline_reply(pipeline, 2);
    CHECK_INT(rediscluster_reply_count(reply), 3);
    CHECK_STR(reply_text(rediscluster_reply_at(reply, 0)), AT3 "a");
    CHECK_STR(reply_text(rediscluster_reply_at(reply, 1)), AT1 "a");
    CHECK_STR(reply_text(rediscluster_reply_at(reply, 2)), AT2 "a");
    its_reply_is(3, "1");
    its_reply_is(4, "15");
    CHECK(driver_pipeline_reply(pipeline, 5) == NULL);
    CHECK_INT(rediscluster_error_status(driver_pipeline_error(pipeline, 5)), REDISCLUSTER_ERROR_CROSS_SLOT);
    reply = driver_pipeline_reply(pipeline, 6);
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_MAP);
    CHECK_INT(rediscluster_reply_count(reply), 6);
    for (size_t i = 0; i < 3; i++) {
        char node[2] = {(char)('1' + i), '\0'};
        bool found = false;
        for (size_t j = 0; j < 6; j += 2)
            if (strcmp(reply_text(rediscluster_reply_at(reply, j)), fake_node_address(fake, (int)i + 1)) == 0) {
                CHECK_STR(reply_text(rediscluster_reply_at(reply, j + 1)), node);
                found = true;
            }
        CHECK(found);
    }
    its_reply_is(7, "2");
    CHECK_INT(rediscluster_reply_kind(driver_pipeline_reply(pipeline, 8)), REDISCLUSTER_REPLY_ERROR);
    CHECK_CONTAINS(reply_text(driver_pipeline_reply(pipeline, 8)), "ERR no");
    CHECK_INT(rediscluster_error_status(driver_pipeline_error(pipeline, 9)), REDISCLUSTER_ERROR_UNKNOWN_NODE);

    /* One write a node for all of it. */
    for (int node = 1; node <= 3; node++) {
        client_arrival first = client_last(fake, node, "MSET"), last = client_last(fake, node, "CONFIG");
        CHECK_INT(first.read, last.read);
        CHECK_INT(first.connection, last.connection);
        CHECK_INT(fake_node_count_on(fake, node, "MSET"), 1);
    }
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_CREATED), 3);
    driver_pipeline_free(pipeline);
    driver_free(client);
    fake_node_stop(fake);
    return 0;
}
