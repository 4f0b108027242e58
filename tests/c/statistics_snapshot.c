/* Statistics: in all and by node they count what happens, add up, stay as they were taken, and outlive the pool. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

static rediscluster_stats *stats_of(const rediscluster_pool *pool)
{
    rediscluster_stats *stats = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_pool_stats(pool, &stats, &error), error);
    return stats;
}

int main(void)
{
    const int32_t per_node[] = {REDISCLUSTER_STAT_OPEN,    REDISCLUSTER_STAT_IDLE,    REDISCLUSTER_STAT_IN_USE,
                                REDISCLUSTER_STAT_DIALING, REDISCLUSTER_STAT_WAITING, REDISCLUSTER_STAT_CREATED,
                                REDISCLUSTER_STAT_CLOSED,  REDISCLUSTER_STAT_EVICTED};
    fake_node *fake = fake_node_start("node 1 2\nhandshake\nstore\ntopology 0-8191=1 8192-16383=2");
    const char *one = fake_node_address(fake, 1), *two = fake_node_address(fake, 2);
    rediscluster_pool *pool = pool_of(one, "max_connections", "3", "topology_refresh_min_interval", "60000", NULL);
    rediscluster_connection *a, *b, *c, *none = NULL;
    rediscluster_error *error = NULL;
    rediscluster_stats *stats;

    stats = stats_of(pool);
    for (size_t i = 0; i < sizeof per_node / sizeof *per_node; i++) {
        CHECK_INT(rediscluster_stats_get(stats, NULL, per_node[i]), 0);
        CHECK_INT(rediscluster_stats_get(stats, one, per_node[i]), 0);
    }
    CHECK_INT(rediscluster_stats_get(stats, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    rediscluster_stats_free(stats);

    a = take_slot(pool, 0, -2);
    b = take_slot(pool, 0, -2);
    c = take_slot(pool, 16383, -2);
    give_back(b);
    stats = stats_of(pool);
    CHECK_INT(rediscluster_stats_get(stats, NULL, REDISCLUSTER_STAT_OPEN), 3);
    CHECK_INT(rediscluster_stats_get(stats, one, REDISCLUSTER_STAT_OPEN), 2);
    CHECK_INT(rediscluster_stats_get(stats, two, REDISCLUSTER_STAT_OPEN), 1);
    CHECK_INT(rediscluster_stats_get(stats, one, REDISCLUSTER_STAT_IDLE), 1);
    CHECK_INT(rediscluster_stats_get(stats, one, REDISCLUSTER_STAT_IN_USE), 1);
    CHECK_INT(rediscluster_stats_get(stats, two, REDISCLUSTER_STAT_IN_USE), 1);
    rediscluster_stats_free(stats);

    /* Room is made for the other node: one is evicted, which is one closed. */
    b = take_slot(pool, 16383, -2);
    CHECK_FAILS(rediscluster_pool_get_by_slot(pool, 0, REDISCLUSTER_WRITE, 100, &none, &error),
                REDISCLUSTER_ERROR_POOL_EXHAUSTED, error);
    rediscluster_error_free(error);
    error = NULL;
    CHECK_OK(rediscluster_pool_refresh(pool, -2, &error), error);
    fake_node_control(fake, "kill 2");
    rediscluster_error_free(ask_fails(c, REDISCLUSTER_ERROR_CONNECTION, -2, "PING", NULL));
    give_back(c);
    CHECK_STATUS(rediscluster_pool_get_by_slot(pool, 16383, REDISCLUSTER_WRITE, 500, &none, &error),
                 REDISCLUSTER_ERROR_CONNECTION, error);
    stats = stats_of(pool);
    CHECK_INT(rediscluster_stats_get(stats, NULL, REDISCLUSTER_STAT_CREATED), 4);
    CHECK_INT(rediscluster_stats_get(stats, NULL, REDISCLUSTER_STAT_CLOSED), 2);
    CHECK_INT(rediscluster_stats_get(stats, NULL, REDISCLUSTER_STAT_EVICTED), 1);
    CHECK_INT(rediscluster_stats_get(stats, one, REDISCLUSTER_STAT_EVICTED), 1);
    CHECK_INT(rediscluster_stats_get(stats, NULL, REDISCLUSTER_STAT_REFRESHES), 2);
    CHECK_INT(rediscluster_stats_get(stats, NULL, REDISCLUSTER_STAT_REFRESHES_SUPPRESSED), 1);
    CHECK_INT(rediscluster_stats_get(stats, NULL, REDISCLUSTER_STAT_WAITS), 0);
    CHECK_INT(rediscluster_stats_get(stats, NULL, REDISCLUSTER_STAT_TIMEOUTS), 0);
    for (size_t i = 0; i < sizeof per_node / sizeof *per_node; i++)
        CHECK_INT(rediscluster_stats_get(stats, NULL, per_node[i]),
                  rediscluster_stats_get(stats, one, per_node[i]) + rediscluster_stats_get(stats, two, per_node[i]));
    give_back(a);
    give_back(b);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    CHECK_INT(rediscluster_stats_get(stats, NULL, REDISCLUSTER_STAT_OPEN), 2);
    CHECK_INT(rediscluster_stats_get(stats, NULL, REDISCLUSTER_STAT_IN_USE), 2);
    rediscluster_stats_free(stats);
    return 0;
}
