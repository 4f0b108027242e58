/* D4: close wakes everyone who waits with CLOSED, also those whose wait has no end; later gets are
 * answered CLOSED, and connections in use work until their release. */
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

enum { WAITERS = 16 };

struct shared {
    rediscluster_pool *pool;
    fake_node *fake;
};

static void work(void *argument, int number)
{
    struct shared *shared = argument;
    rediscluster_connection *connection = NULL, *held;
    rediscluster_error *error = NULL;
    if (number > 0) {
        const char *node = fake_node_address(shared->fake, number % 2 + 1);
        WAIT_UNTIL(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_IN_USE) == 1, 10000);
        CHECK_STATUS(rediscluster_pool_get_by_node(shared->pool, node, number % 3 ? -1 : 60000,
                                                   &connection, &error),
                     REDISCLUSTER_ERROR_CLOSED, error);
        CHECK(connection == NULL);
        return;
    }
    held = take_slot(shared->pool, 0, -2);
    WAIT_UNTIL(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_WAITING) == WAITERS, 10000);
    CHECK_STATUS(rediscluster_pool_close(shared->pool, &error), REDISCLUSTER_OK, error);
    CHECK_INT(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_WAITING), 0);
    say_expect(held, "PONG", "PING", NULL);
    give_back(held);
    CHECK_INT(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_OPEN), 0);
}

int main(void)
{
    fake_node *fake = fake_node_start("node 1 2\nhandshake\nstore\ntopology 0-8191=1 8192-16383=2");
    rediscluster_connection *none = NULL;
    rediscluster_error *error = NULL;
    int64_t next;
    struct shared shared;
    shared.fake = fake;
    shared.pool = pool_of(fake_node_address(fake, 1), "max_connections", "1", "pool_exhausted",
                          "block", NULL);
    threads_run(1 + WAITERS, work, &shared);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_TIMEOUTS), 0);
    for (int64_t timeout_ms = -2; timeout_ms <= 0; timeout_ms++)
        CHECK_STATUS(rediscluster_pool_get_by_slot(shared.pool, 0, REDISCLUSTER_READ, timeout_ms,
                                                   &none, &error),
                     REDISCLUSTER_ERROR_CLOSED, error);
    CHECK_STATUS(rediscluster_pool_get_random(shared.pool, -1, &none, &error),
                 REDISCLUSTER_ERROR_CLOSED, error);
    CHECK_STATUS(rediscluster_pool_refresh(shared.pool, -2, &error), REDISCLUSTER_ERROR_CLOSED, error);
    CHECK_STATUS(rediscluster_pool_reset(shared.pool, -2, &error), REDISCLUSTER_ERROR_CLOSED, error);
    CHECK_STATUS(rediscluster_pool_disconnect(shared.pool, &error), REDISCLUSTER_ERROR_CLOSED, error);
    CHECK_STATUS(rediscluster_pool_maintain(shared.pool, -1, &next, &error),
                 REDISCLUSTER_ERROR_CLOSED, error);
    CHECK_STATUS(rediscluster_pool_close(shared.pool, &error), REDISCLUSTER_OK, error);
    WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 0, 5000);
    CHECK_INT(fake_node_connections_of(fake, 2).total, 0);
    rediscluster_pool_free(shared.pool);
    fake_node_stop(fake);
    return 0;
}
