/* D3: while threads wait for a node that is full, gets of another node are served, at once and by
 * dialling, and what they give back is no use to those who wait. */
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

enum { WAITERS = 4 };

struct shared {
    rediscluster_pool *pool;
    const char *full, *free;
};

static void work(void *argument, int number)
{
    struct shared *shared = argument;
    rediscluster_connection *held[2], *other[2];
    if (number > 0) {
        WAIT_UNTIL(pool_stat(shared->pool, shared->full, REDISCLUSTER_STAT_IN_USE) == 2, 10000);
        give_back(take_node(shared->pool, shared->full, REDISCLUSTER_TIMEOUT_NEVER));
        return;
    }
    held[0] = take_node(shared->pool, shared->full, -2);
    held[1] = take_node(shared->pool, shared->full, -2);
    WAIT_UNTIL(pool_stat(shared->pool, shared->full, REDISCLUSTER_STAT_WAITING) == WAITERS, 10000);
    for (int round = 0; round < 100; round++) {
        other[0] = take_node(shared->pool, shared->free, round == 0 ? 10000 : 0);
        other[1] = take_node(shared->pool, shared->free, round == 0 ? 10000 : 0);
        say_expect(other[0], "PONG", "PING", NULL);
        give_back(other[0]);
        give_back(other[1]);
        CHECK_INT(pool_stat(shared->pool, shared->full, REDISCLUSTER_STAT_WAITING), WAITERS);
    }
    CHECK_INT(pool_stat(shared->pool, shared->free, REDISCLUSTER_STAT_CREATED), 2);
    CHECK_INT(pool_stat(shared->pool, shared->free, REDISCLUSTER_STAT_WAITS), 0);
    give_back(held[0]);
    give_back(held[1]);
}

static void case_of(fake_node *fake, const char *in_all)
{
    struct shared shared;
    shared.full = fake_node_address(fake, 1);
    shared.free = fake_node_address(fake, 2);
    shared.pool = pool_of(shared.full, "max_connections", in_all, "max_connections_per_node", "2",
                          "pool_exhausted", "block", NULL);
    threads_run(1 + WAITERS, work, &shared);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_WAITING), 0);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_WAITS), WAITERS);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(pool_stat(shared.pool, shared.full, REDISCLUSTER_STAT_CREATED), 2);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_EVICTED), 0);
    rediscluster_pool_free(shared.pool);
}

int main(void)
{
    fake_node *fake = fake_node_start("node 1 2\nhandshake\nstore\ntopology 0-8191=1 8192-16383=2");
    case_of(fake, "0");
    case_of(fake, "4");
    fake_node_stop(fake);
    return 0;
}
