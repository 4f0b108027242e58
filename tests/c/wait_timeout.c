/* D1: with the only connection out, a get with 100 ms ends with POOL_TIMEOUT after 100 to 150 ms, and
 * leaves nothing behind. */
#include "fake_node.h"
#include "pools.h"

int main(void)
{
    fake_node *fake = fake_node_start("node 1\nhandshake\nstore\ntopology 0-16383=1");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "max_connections", "1",
                                      "pool_exhausted", "block", NULL);
    rediscluster_connection *held = take_slot(pool, 0, -2);
    for (int round = 1; round <= 3; round++) {
        rediscluster_connection *none = held;
        rediscluster_error *error = NULL;
        int64_t begun = clock_ms(), took;
        CHECK_FAILS(rediscluster_pool_get_by_slot(pool, 99, REDISCLUSTER_READ, 100, &none, &error),
                    REDISCLUSTER_ERROR_POOL_TIMEOUT, error);
        took = clock_ms() - begun;
        CHECK_BETWEEN(took, 100, 100 + 50 * test_patience());
        CHECK(none == NULL);
        CHECK_CONTAINS(rediscluster_error_message(error), "1 in use");
        CHECK_CONTAINS(rediscluster_error_message(error), "limit of 1 in all");
        CHECK_INT(rediscluster_error_slot(error), 99);
        CHECK(rediscluster_error_is_retryable(error));
        rediscluster_error_free(error);
        CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_TIMEOUTS), round);
        CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_WAITS), round);
        CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_WAITING), 0);
    }
    /* Nobody waits any more: what is released is there for who comes. */
    give_back(held);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 1);
    give_back(take_slot(pool, 1, REDISCLUSTER_TIMEOUT_NOW));
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), 1);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
