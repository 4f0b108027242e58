/* E4: a connection released to another pool stays with its user: INVALID_ARGUMENT, and it still works and
 * can be released rightly. */
#include "fake_node.h"
#include "pools.h"

int main(void)
{
    fake_node *fake = fake_node_start("node 1\nhandshake\nstore\ntopology 0-16383=1");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), NULL);
    rediscluster_pool *other = pool_of(fake_node_address(fake, 1), NULL);
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    rediscluster_error *error = NULL;
    for (int i = 0; i < 3; i++) {
        CHECK_FAILS(rediscluster_pool_release(other, connection, &error),
                    REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
        CHECK_CONTAINS(rediscluster_error_message(error), "another pool");
        rediscluster_error_free(error);
        error = NULL;
        say_expect(connection, "PONG", "PING", NULL);
        CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IN_USE), 1);
        CHECK_INT(pool_stat(other, NULL, REDISCLUSTER_STAT_OPEN), 0);
    }
    CHECK_STATUS(rediscluster_pool_release(NULL, connection, &error),
                 REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_OK(rediscluster_pool_release(pool, connection, &error), error);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 1);
    /* Released, it is nobody's: also for the other pool. */
    CHECK_STATUS(rediscluster_pool_release(other, connection, &error),
                 REDISCLUSTER_ERROR_NOT_CHECKED_OUT, error);
    rediscluster_pool_free(other);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
