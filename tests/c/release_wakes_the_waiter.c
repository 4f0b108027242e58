/* D2: a release wakes who waits within 20 ms (the best of five), with the connection that was released. */
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

struct shared {
    rediscluster_pool *pool;
    int64_t released, best;
};

static void work(void *argument, int number)
{
    struct shared *shared = argument;
    for (int round = 0; round < 5; round++) {
        if (number == 0) {
            rediscluster_connection *held = take_slot(shared->pool, 0, -1);
            WAIT_UNTIL(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_WAITING) == 1, 10000);
            shared->released = clock_ms();
            give_back(held);
            WAIT_UNTIL(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_WAITS) == round + 1
                           && pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_IN_USE) == 0,
                       10000);
        } else {
            rediscluster_connection *given;
            int64_t took;
            WAIT_UNTIL(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_IN_USE) == 1
                           && pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_WAITS) == round,
                       10000);
            given = take_slot(shared->pool, 0, 10000);
            took = clock_ms() - shared->released;
            if (round == 0 || took < shared->best)
                shared->best = took;
            give_back(given);
        }
    }
}

int main(void)
{
    fake_node *fake = fake_node_start("node 1\nhandshake\nstore\ntopology 0-16383=1");
    struct shared shared = {0};
    shared.pool = pool_of(fake_node_address(fake, 1), "max_connections", "1", "pool_exhausted",
                          "block", NULL);
    threads_run(2, work, &shared);
    CHECK_BETWEEN(shared.best, 0, 20 * test_patience());
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_CREATED), 1);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_WAITS), 5);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_TIMEOUTS), 0);
    rediscluster_pool_free(shared.pool);
    fake_node_stop(fake);
    return 0;
}
