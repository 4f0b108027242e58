/* C5: 100 failed dials cost no place: afterwards the pool gives as many connections as before, also to
 * the node that failed once it is there again. */
#include "fake_node.h"
#include "pools.h"

int main(void)
{
    fake_node *fake = fake_node_start("node 1 2\nhandshake\nstore\ntopology 0-8191=1 8192-16383=2");
    const char *dead = fake_node_address(fake, 2);
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "max_connections", "3",
                                      "max_connections_per_node", "2", NULL);
    rediscluster_connection *connections[3];
    rediscluster_error *error = NULL;
    rediscluster_connection *none = NULL;

    fake_node_control(fake, "kill 2");
    for (int i = 0; i < 100; i++) {
        /* By slot and by node; one of them while another node's connection is out. */
        rediscluster_connection *other = i % 3 == 0 ? take_slot(pool, 0, -2) : NULL;
        if (i % 2 == 0)
            CHECK_STATUS(rediscluster_pool_get_by_slot(pool, 16383, REDISCLUSTER_WRITE, 5000, &none,
                                                       &error),
                         REDISCLUSTER_ERROR_CONNECTION, error);
        else
            CHECK_STATUS(rediscluster_pool_get_by_node(pool, dead, 5000, &none, &error),
                         REDISCLUSTER_ERROR_CONNECTION, error);
        CHECK(none == NULL);
        CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_DIALING), 0);
        CHECK_INT(pool_stat(pool, dead, REDISCLUSTER_STAT_OPEN), 0);
        if (other != NULL)
            give_back(other);
    }
    CHECK_INT(pool_stat(pool, dead, REDISCLUSTER_STAT_CREATED), 0);

    fake_node_control(fake, "revive 2");
    connections[0] = take_node(pool, dead, -2);
    connections[1] = take_node(pool, dead, -2);
    CHECK_STATUS(rediscluster_pool_get_by_node(pool, dead, 5000, &none, &error),
                 REDISCLUSTER_ERROR_POOL_EXHAUSTED, error);
    connections[2] = take_slot(pool, 0, -2);
    CHECK_STATUS(rediscluster_pool_get_by_slot(pool, 0, REDISCLUSTER_WRITE, 5000, &none, &error),
                 REDISCLUSTER_ERROR_POOL_EXHAUSTED, error);
    for (int i = 0; i < 3; i++) {
        say_expect(connections[i], "PONG", "PING", NULL);
        give_back(connections[i]);
    }
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 3);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
