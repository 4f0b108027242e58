/* F4 on real servers, with a slot on the move: the source answers ASK for a key that has gone, the target is asked on one
 * connection in one write, a command without ASKING on that connection is sent back by MOVED. When the move is over, MOVED
 * tells it, and the next get is the new owner's. ctest: timeout=120 */
#include "cluster.h"
#include "commands.h"
#include "pools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const key = "{on the move}";
static rediscluster_error *error;

/* The node behind "MOVED 1234 " or "ASK 1234 " of an error reply. */
static void target_of(const rediscluster_reply *reply, const char *code, int32_t slot, char *node)
{
    char expected[32];
    snprintf(expected, sizeof expected, "%s %d ", code, (int)slot);
    CHECK_CONTAINS(reply_text(reply), expected);
    snprintf(node, 64, "%s", strrchr(reply_text(reply), ' ') + 1);
}

static void append(rediscluster_connection *connection, rediscluster_command *command)
{
    CHECK_OK(rediscluster_connection_append(connection, command, &error), error);
    rediscluster_command_free(command);
}

static rediscluster_reply *read_one(rediscluster_connection *connection)
{
    rediscluster_reply *reply = NULL;
    CHECK_OK(rediscluster_connection_read(connection, -2, &reply, &error), error);
    return reply;
}

int main(void)
{
    cluster *servers = cluster_start("--primaries", "3", NULL);
    rediscluster_pool *pool = pool_of(cluster_addresses(servers), NULL);
    int32_t slot = rediscluster_key_slot((const uint8_t *)key, strlen(key));
    rediscluster_connection *connection = take_slot(pool, slot, -2);
    rediscluster_reply *reply;
    char owner[64], target[64], node[64];
    int number = 1;

    snprintf(owner, sizeof owner, "%s", rediscluster_connection_node(connection));
    if (strcmp(owner, cluster_address(servers, 1)) == 0)
        number = 2;
    snprintf(target, sizeof target, "%s", cluster_address(servers, number));
    say_expect(connection, "OK", "SET", key, "value", NULL);
    free(cluster_control(servers, "setslot %d migrating %d", (int)slot, number));
    free(cluster_control(servers, "setslot %d keys %d", (int)slot, number));

    reply = ask(connection, "GET", key, NULL);
    target_of(reply, "ASK", slot, node);
    CHECK_STR(node, target);
    rediscluster_reply_free(reply);
    give_back(connection);

    CHECK_OK(rediscluster_pool_ask(pool, node, -2, &connection, &error), error);
    CHECK_STR(rediscluster_connection_node(connection), target);
    append(connection, command_of("ASKING", NULL));
    append(connection, command_of("GET", key, NULL));
    CHECK_OK(rediscluster_connection_flush(connection, -2, &error), error);
    reply = read_one(connection);
    CHECK_STR(reply_text(reply), "OK");
    rediscluster_reply_free(reply);
    reply = read_one(connection);
    CHECK_STR(reply_text(reply), "value");
    rediscluster_reply_free(reply);
    reply = ask(connection, "GET", key, NULL);
    target_of(reply, "MOVED", slot, node);
    CHECK_STR(node, owner);
    rediscluster_reply_free(reply);
    give_back(connection);

    /* The slot is the old owner's until the move is over. */
    connection = take_slot(pool, slot, -2);
    CHECK_STR(rediscluster_connection_node(connection), owner);
    free(cluster_control(servers, "setslot %d finish %d", (int)slot, number));
    reply = ask(connection, "GET", key, NULL);
    target_of(reply, "MOVED", slot, node);
    CHECK_STR(node, target);
    rediscluster_reply_free(reply);
    give_back(connection);
    CHECK_OK(rediscluster_pool_moved(pool, slot, node, &error), error);
    connection = take_slot(pool, slot, -2);
    CHECK_STR(rediscluster_connection_node(connection), target);
    say_expect(connection, "value", "GET", key, NULL);
    give_back(connection);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    rediscluster_pool_free(pool);
    cluster_stop(servers);
    return 0;
}
