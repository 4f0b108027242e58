/* A8: when a node leaves the cluster its idle connections close at once and those in use at their release; limits
 * and statistics forget it, and the place is another node's. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

static const char *script = "node 1 2\nhandshake\nstore\n"
                            "scene before\nnode 1 2\ntopology 0-8191=1 8192-16383=2\n"
                            "scene after\nnode 1 2\ntopology 0-16383=1";

int main(void)
{
    fake_node *fake = fake_node_start(script);
    const char *stays = fake_node_address(fake, 1), *leaves = fake_node_address(fake, 2);
    rediscluster_pool *pool;
    rediscluster_connection *idle, *in_use, *none = NULL, *others[4];
    rediscluster_error *error = NULL;
    rediscluster_topology *topology = NULL;

    fake_node_control(fake, "use before");
    pool = pool_of(stays, "max_connections", "4", "max_connections_per_node", "4", NULL);
    idle = take_slot(pool, 8192, -2);
    in_use = take_slot(pool, 8192, -2);
    give_back(idle);
    CHECK_INT(fake_node_connections_of(fake, 2).open, 2);
    CHECK_INT(pool_stat(pool, leaves, REDISCLUSTER_STAT_OPEN), 2);

    fake_node_control(fake, "use after");
    CHECK_OK(rediscluster_pool_refresh(pool, -2, &error), error);
    WAIT_UNTIL(fake_node_connections_of(fake, 2).open == 1, 5000);
    CHECK_INT(pool_stat(pool, leaves, REDISCLUSTER_STAT_IDLE), 0);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IN_USE), 1);
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK_INT(rediscluster_topology_node_count(topology), 1);
    rediscluster_topology_free(topology);
    CHECK_STATUS(rediscluster_pool_get_by_node(pool, leaves, 2000, &none, &error),
                 REDISCLUSTER_ERROR_UNKNOWN_NODE, error);
    /* Who has it goes on. */
    CHECK(!rediscluster_connection_is_broken(in_use));
    CHECK_STR(rediscluster_connection_node(in_use), leaves);
    say_expect(in_use, "PONG", "PING", NULL);
    CHECK_INT(fake_node_connections_of(fake, 2).open, 1);
    give_back(in_use);
    WAIT_UNTIL(fake_node_connections_of(fake, 2).open == 0, 5000);

    CHECK_INT(pool_stat(pool, leaves, REDISCLUSTER_STAT_OPEN), -1);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 0);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), 2);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CLOSED), 2);
    for (int i = 0; i < 4; i++) {
        others[i] = take_slot(pool, 8192, -2);
        CHECK_STR(rediscluster_connection_node(others[i]), stays);
    }
    CHECK_STATUS(rediscluster_pool_get_by_slot(pool, 8192, REDISCLUSTER_WRITE, 2000, &none, &error),
                 REDISCLUSTER_ERROR_POOL_EXHAUSTED, error);
    for (int i = 0; i < 4; i++)
        give_back(others[i]);

    /* It comes back, and is dialled again. */
    fake_node_control(fake, "use before");
    CHECK_OK(rediscluster_pool_refresh(pool, -2, &error), error);
    CHECK_INT(pool_stat(pool, leaves, REDISCLUSTER_STAT_OPEN), 0);
    in_use = take_slot(pool, 8192, -2);
    CHECK_STR(rediscluster_connection_node(in_use), leaves);
    give_back(in_use);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
