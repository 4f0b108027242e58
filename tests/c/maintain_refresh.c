/* Pool, topology_refresh_interval: maintain refreshes when so much time has passed, not before; it says in
 * how many milliseconds the next one is due, also after one that failed; who sleeps for as long as it says
 * calls it about once an interval; with a budget of 0 it asks no node. */
#include "fake_node.h"
#include "pools.h"

int main(void)
{
    fake_node *fake = fake_node_start("node 1 2\nhandshake\nstore\ntopology 0-8191=1 8192-16383=2\n"
                                      "scene later\nnode 1 2\ntopology 0-99=1 100-16383=2");
    int64_t begun = clock_ms(), next = -9, calls = 0, refreshes;
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "topology_refresh_interval", "250",
                                      NULL);
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    rediscluster_connection *connection;

    CHECK_OK(rediscluster_pool_maintain(pool, -1, &next, &error), error);
    if (clock_ms() - begun < 200) {
        CHECK_BETWEEN(next, 50, 251);
        CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    }
    refreshes = pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES);
    clock_sleep_ms(260);
    CHECK_OK(rediscluster_pool_maintain(pool, 0, &next, &error), error);
    CHECK_INT(next, 0); /* due, but that takes time */
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES), refreshes);
    fake_node_control(fake, "use later");
    CHECK_OK(rediscluster_pool_maintain(pool, 10000, &next, &error), error);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES), refreshes + 1);
    CHECK_BETWEEN(next, 0, 251);
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK_STR(rediscluster_node_address(rediscluster_topology_slot_node(topology, 100, 0)),
              fake_node_address(fake, 2));
    rediscluster_topology_free(topology);

    /* Six intervals, in which nothing changes: six refreshes or so, and hardly more calls. */
    begun = clock_ms();
    while (clock_ms() - begun < 6 * 250) {
        CHECK_OK(rediscluster_pool_maintain(pool, 10000, &next, &error), error);
        CHECK(next >= 0);
        calls++;
        clock_sleep_ms(next);
    }
    refreshes = pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES) - refreshes - 1;
    CHECK_BETWEEN(refreshes, clock_ms() - begun < 2000 ? 4 : 1, 7);
    CHECK_BETWEEN(calls, refreshes, 2 * refreshes + 6);

    /* No node there: an error that says so, and the next try is due an interval later. */
    connection = take_slot(pool, 0, -2);
    fake_node_control(fake, "kill 1");
    fake_node_control(fake, "kill 2");
    clock_sleep_ms(260);
    next = -9;
    CHECK_STATUS(rediscluster_pool_maintain(pool, 10000, &next, &error),
                 REDISCLUSTER_ERROR_UNREACHABLE, error);
    CHECK_BETWEEN(next, 0, 251);
    give_back(connection);
    rediscluster_pool_free(pool);

    fake_node_control(fake, "revive 1");
    pool = pool_of(fake_node_address(fake, 1), NULL);
    CHECK_OK(rediscluster_pool_maintain(pool, -1, &next, &error), error);
    CHECK_INT(next, -1); /* nothing is timed */
    CHECK_STATUS(rediscluster_pool_maintain(pool, -2, &next, &error),
                 REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
