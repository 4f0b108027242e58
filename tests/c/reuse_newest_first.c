/* C3: a released connection is used again, the newest first, and no other is dialled. */
#include "fake_node.h"
#include "pools.h"

#include <stdio.h>

/* The number the node gave the connection. */
static int64_t number_of(rediscluster_connection *connection)
{
    rediscluster_reply *reply = say(connection, "CLIENT", "ID", NULL);
    int64_t number = rediscluster_reply_integer(reply);
    rediscluster_reply_free(reply);
    return number;
}

int main(void)
{
    fake_node *fake = fake_node_start("node 1\nhandshake\nstore\ntopology 0-16383=1");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), NULL);
    rediscluster_connection *connections[4];
    int64_t numbers[4];
    for (int i = 0; i < 4; i++) {
        connections[i] = take_slot(pool, i, -2);
        numbers[i] = number_of(connections[i]);
    }
    /* Given back 2, 0, 3, 1: given out 1, 3, 0, 2. */
    give_back(connections[2]);
    give_back(connections[0]);
    give_back(connections[3]);
    give_back(connections[1]);
    for (int i = 0; i < 4; i++) {
        static const int order[4] = {1, 3, 0, 2};
        connections[i] = take_slot(pool, 16383, REDISCLUSTER_TIMEOUT_NOW);
        CHECK_INT(number_of(connections[i]), numbers[order[i]]);
    }
    for (int i = 0; i < 4; i++)
        give_back(connections[i]);
    for (int round = 0; round < 100; round++) {
        rediscluster_connection *one = take_slot(pool, round, -2);
        CHECK_INT(number_of(one), numbers[2]);
        give_back(one);
    }
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), 4);
    CHECK_INT(fake_node_connections_of(fake, 1).total, 5); /* with the discovery's */
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
