/* D4: 0 takes what is idle or fails at once, POOL_EXHAUSTED at a limit and TIMEOUT where it would have to
 * dial or to discover; -1 waits for ever; -2 is the option `timeout`; -3 is no timeout. */
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

static void fails(rediscluster_pool *pool, const char *node, int64_t timeout_ms, int32_t status)
{
    rediscluster_connection *none = NULL;
    rediscluster_error *error = NULL;
    int64_t begun = clock_ms();
    CHECK_STATUS(rediscluster_pool_get_by_slot(pool, 0, REDISCLUSTER_WRITE, timeout_ms, &none, &error),
                 status, error);
    if (node != NULL)
        CHECK_STATUS(rediscluster_pool_get_by_node(pool, node, timeout_ms, &none, &error), status,
                     error);
    CHECK_STATUS(rediscluster_pool_get_random(pool, timeout_ms, &none, &error), status, error);
    CHECK(none == NULL);
    if (timeout_ms == 0)
        CHECK_BETWEEN(clock_ms() - begun, 0, 20 * test_patience());
}

struct shared {
    rediscluster_pool *pool;
    int64_t waited;
};

static void work(void *argument, int number)
{
    struct shared *shared = argument;
    rediscluster_connection *connection;
    if (number > 0)
        WAIT_UNTIL(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_IN_USE) == 1, 10000);
    connection = take_slot(shared->pool, 0, REDISCLUSTER_TIMEOUT_NEVER);
    if (number == 0) {
        /* Longer than the option `timeout`, which -1 does not know. */
        WAIT_UNTIL(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_WAITING) == 1, 10000);
        shared->waited = clock_ms();
        while (clock_ms() < shared->waited + 400)
            clock_sleep_ms(10);
    }
    give_back(connection);
}

int main(void)
{
    fake_node *fake = fake_node_start("node 1\nhandshake\nstore\ntopology 0-16383=1");
    const char *node = fake_node_address(fake, 1);
    rediscluster_pool *pool = pool_of(node, "init_slot_cache", "no", NULL);
    rediscluster_connection *held, *none = NULL;
    rediscluster_error *error = NULL;
    struct shared shared;
    int64_t begun;

    /* Not discovered yet: nothing is asked for. */
    fails(pool, NULL, REDISCLUSTER_TIMEOUT_NOW, REDISCLUSTER_ERROR_TIMEOUT);
    CHECK_INT(fake_node_connections_of(fake, 1).total, 0);
    CHECK_STATUS(rediscluster_pool_refresh(pool, -2, &error), REDISCLUSTER_OK, error);
    /* Nothing idle: nothing is dialled. */
    fails(pool, node, REDISCLUSTER_TIMEOUT_NOW, REDISCLUSTER_ERROR_TIMEOUT);
    CHECK_INT(fake_node_connections_of(fake, 1).total, 1);
    held = take_slot(pool, 0, -2);
    give_back(held);
    give_back(take_slot(pool, 0, REDISCLUSTER_TIMEOUT_NOW));
    give_back(take_node(pool, node, REDISCLUSTER_TIMEOUT_NOW));
    CHECK_STATUS(rediscluster_pool_get_by_slot(pool, 0, REDISCLUSTER_WRITE, -3, &none, &error),
                 REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    rediscluster_pool_free(pool);

    pool = pool_of(node, "max_connections", "1", "pool_exhausted", "block", "timeout", "200", NULL);
    held = take_slot(pool, 0, -2);
    fails(pool, node, REDISCLUSTER_TIMEOUT_NOW, REDISCLUSTER_ERROR_POOL_EXHAUSTED);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_WAITS), 0);
    begun = clock_ms();
    fails(pool, node, REDISCLUSTER_TIMEOUT_DEFAULT, REDISCLUSTER_ERROR_POOL_TIMEOUT);
    CHECK_BETWEEN(clock_ms() - begun, 3 * 200, 3 * 200 + 150 * test_patience());
    give_back(held);
    shared.pool = pool;
    threads_run(2, work, &shared);
    CHECK(clock_ms() - shared.waited >= 400);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_TIMEOUTS), 3);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_WAITS), 4);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
