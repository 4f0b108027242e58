/* Pool, statistics: in all and by node they tell what is open, idle, in use, being dialled and waited for,
 * and what was created, closed and evicted; the sums are those of the nodes, also after a node has left;
 * a snapshot stays as it was and outlives its pool. */
#include "fake_node.h"
#include "pools.h"

static const int32_t all[] = {
    REDISCLUSTER_STAT_OPEN,    REDISCLUSTER_STAT_IDLE,    REDISCLUSTER_STAT_IN_USE,
    REDISCLUSTER_STAT_DIALING, REDISCLUSTER_STAT_WAITING, REDISCLUSTER_STAT_CREATED,
    REDISCLUSTER_STAT_CLOSED,  REDISCLUSTER_STAT_EVICTED, REDISCLUSTER_STAT_WAITS,
    REDISCLUSTER_STAT_TIMEOUTS,
};

int main(void)
{
    fake_node *fake = fake_node_start("node 1 2\nhandshake\nstore\ntopology 0-8191=1 8192-16383=2\n"
                                      "scene later\nnode 1 2\ntopology 0-16383=1");
    const char *a = fake_node_address(fake, 1), *b = fake_node_address(fake, 2);
    rediscluster_pool *pool = pool_of(a, "max_connections", "3", "pool_exhausted", "block", NULL);
    rediscluster_connection *one = take_node(pool, a, -2), *two = take_node(pool, a, -2);
    rediscluster_connection *three = take_node(pool, b, -2), *none = NULL;
    rediscluster_stats *stats = NULL, *later = NULL;
    rediscluster_error *error = NULL;
    /* What `a` and `b` show now, in the order of `all`. */
    static const int64_t of_a[] = {1, 0, 1, 0, 0, 2, 1, 1, 0, 0};
    static const int64_t of_b[] = {2, 1, 1, 0, 0, 2, 0, 0, 1, 1};

    CHECK_STATUS(rediscluster_pool_get_by_node(pool, b, 20, &none, &error),
                 REDISCLUSTER_ERROR_POOL_TIMEOUT, error);
    give_back(two);
    two = take_node(pool, b, -2); /* in the place of the idle one to a */
    give_back(three);
    CHECK_OK(rediscluster_pool_stats(pool, &stats, &error), error);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        CHECK_INT(rediscluster_stats_get(stats, a, all[i]), of_a[i]);
        CHECK_INT(rediscluster_stats_get(stats, b, all[i]), of_b[i]);
        CHECK_INT(rediscluster_stats_get(stats, NULL, all[i]), of_a[i] + of_b[i]);
    }
    CHECK_INT(rediscluster_stats_get(stats, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    CHECK_INT(rediscluster_stats_get(stats, "127.0.0.1:1", REDISCLUSTER_STAT_OPEN), -1);
    CHECK_INT(rediscluster_stats_get(stats, "", REDISCLUSTER_STAT_OPEN), -1);
    CHECK_INT(rediscluster_stats_get(stats, a, 0), -1);
    CHECK_INT(rediscluster_stats_get(stats, NULL, 999), -1);
    CHECK_INT(rediscluster_stats_get(NULL, a, REDISCLUSTER_STAT_OPEN), -1);

    /* b leaves: its idle connection closes, and it is forgotten once the last one is released; what was
     * counted stays in the sum. */
    fake_node_control(fake, "use later");
    CHECK_OK(rediscluster_pool_refresh(pool, -2, &error), error);
    CHECK_INT(pool_stat(pool, b, REDISCLUSTER_STAT_OPEN), 1);
    CHECK_INT(pool_stat(pool, b, REDISCLUSTER_STAT_IDLE), 0);
    WAIT_UNTIL(fake_node_connections_of(fake, 2).open == 1, 5000);
    say_expect(two, "PONG", "PING", NULL);
    give_back(two);
    CHECK_INT(pool_stat(pool, b, REDISCLUSTER_STAT_OPEN), -1);
    give_back(one);
    CHECK_OK(rediscluster_pool_stats(pool, &later, &error), error);
    CHECK_INT(rediscluster_stats_get(later, NULL, REDISCLUSTER_STAT_CREATED), 4);
    CHECK_INT(rediscluster_stats_get(later, NULL, REDISCLUSTER_STAT_CLOSED), 3);
    CHECK_INT(rediscluster_stats_get(later, NULL, REDISCLUSTER_STAT_EVICTED), 1);
    CHECK_INT(rediscluster_stats_get(later, NULL, REDISCLUSTER_STAT_OPEN), 1);
    CHECK_INT(rediscluster_stats_get(later, NULL, REDISCLUSTER_STAT_TIMEOUTS), 1);
    CHECK_INT(rediscluster_stats_get(later, NULL, REDISCLUSTER_STAT_REFRESHES), 2);
    rediscluster_pool_free(pool);
    CHECK_INT(rediscluster_stats_get(stats, b, REDISCLUSTER_STAT_IN_USE), 1);
    CHECK_INT(rediscluster_stats_get(later, a, REDISCLUSTER_STAT_IDLE), 1);
    rediscluster_stats_free(stats);
    rediscluster_stats_free(later);
    rediscluster_stats_free(NULL);
    fake_node_stop(fake);
    return 0;
}
