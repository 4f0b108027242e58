/* C6: at the total limit the connection of another node that has been idle for longest makes room at
 * once, blocking or not; over 1,000 rounds no capacity is lost. */
#include "fake_node.h"
#include "pools.h"

#include <string.h>

enum { NODES = 4, LIMIT = 3, ROUNDS = 1000 };

static void rounds(fake_node *fake, const char *exhausted)
{
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "max_connections", "3",
                                      "pool_exhausted", exhausted, NULL);
    rediscluster_connection *held[LIMIT], *none = NULL;
    rediscluster_error *error = NULL;
    int count = test_rounds(ROUNDS);

    /* 1, 2, 3 in this order; 2 is used again: 1 has been idle longest, then 3. */
    for (int node = 1; node <= LIMIT; node++)
        held[node - 1] = take_node(pool, fake_node_address(fake, node), -2);
    for (int i = 0; i < LIMIT; i++)
        give_back(held[i]);
    give_back(take_node(pool, fake_node_address(fake, 2), REDISCLUSTER_TIMEOUT_NOW));
    held[0] = take_node(pool, fake_node_address(fake, 4), -2);
    CHECK_INT(pool_stat(pool, fake_node_address(fake, 1), REDISCLUSTER_STAT_EVICTED), 1);
    CHECK_INT(pool_stat(pool, fake_node_address(fake, 1), REDISCLUSTER_STAT_OPEN), 0);
    held[1] = take_node(pool, fake_node_address(fake, 4), -2);
    CHECK_INT(pool_stat(pool, fake_node_address(fake, 3), REDISCLUSTER_STAT_EVICTED), 1);
    /* A node's own idle connection is taken, not closed. */
    held[2] = take_node(pool, fake_node_address(fake, 2), -2);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_EVICTED), 2);
    for (int i = 0; i < LIMIT; i++)
        give_back(held[i]);

    for (int round = 0; round < count; round++) {
        /* All of the limit at one node, one more refused at once; then the next node. */
        const char *node = fake_node_address(fake, round % NODES + 1);
        int at_once = round % LIMIT + 1;
        for (int i = 0; i < at_once; i++)
            held[i] = take_node(pool, node, REDISCLUSTER_TIMEOUT_NEVER);
        if (at_once == LIMIT)
            CHECK_STATUS(rediscluster_pool_get_by_node(pool, node, 0, &none, &error),
                         REDISCLUSTER_ERROR_POOL_EXHAUSTED, error);
        if (round % 50 == 0)
            for (int i = 0; i < at_once; i++)
                say_expect(held[i], "PONG", "PING", NULL);
        for (int i = 0; i < at_once; i++)
            give_back(held[i]);
        CHECK_BETWEEN(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 1, LIMIT);
    }
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_WAITS), 0);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED)
                  - pool_stat(pool, NULL, REDISCLUSTER_STAT_CLOSED),
              pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN));
    if (count >= 10)
        CHECK(pool_stat(pool, NULL, REDISCLUSTER_STAT_EVICTED) > count / 2);
    rediscluster_pool_free(pool);
}

int main(void)
{
    fake_node *fake = fake_node_start("log off\nnode 1 2 3 4\nhandshake\nstore\n"
                                      "topology 0-3999=1 4000-7999=2 8000-11999=3 12000-16383=4");
    rounds(fake, "error");
    rounds(fake, "block");
    fake_node_stop(fake);
    return 0;
}
