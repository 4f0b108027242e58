/* E4: connections in use across reset, disconnect and close work until their release, are closed then,
 * and are none afterwards; released twice changes nothing. */
#include "fake_node.h"
#include "pools.h"

int main(void)
{
    fake_node *fake = fake_node_start("node 1\nhandshake\nstore\ntopology 0-16383=1");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "max_connections", "2", NULL);
    rediscluster_error *error = NULL;
    for (int round = 0; round < 3; round++) {
        rediscluster_connection *used = take_slot(pool, 0, -2), *none = NULL;
        if (round == 0)
            CHECK_OK(rediscluster_pool_reset(pool, -2, &error), error);
        else if (round == 1)
            CHECK_OK(rediscluster_pool_disconnect(pool, &error), error);
        else
            CHECK_OK(rediscluster_pool_close(pool, &error), error);
        say_expect(used, "PONG", "PING", NULL);
        CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IN_USE), 1);
        if (round < 2) {
            /* It still counts: one more, and the limit is reached. */
            rediscluster_connection *fresh = take_slot(pool, 0, -2);
            CHECK_STATUS(rediscluster_pool_get_by_slot(pool, 0, REDISCLUSTER_READ, -2, &none, &error),
                         REDISCLUSTER_ERROR_POOL_EXHAUSTED, error);
            CHECK_OK(rediscluster_pool_release(pool, used, &error), error);
            CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 1);
            give_back(fresh);
            CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 1);
        } else {
            CHECK_OK(rediscluster_pool_release(pool, used, &error), error);
            CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 0);
        }
        CHECK_STATUS(rediscluster_connection_release(used, &error),
                     REDISCLUSTER_ERROR_NOT_CHECKED_OUT, error);
        CHECK(rediscluster_connection_is_broken(used));
    }
    WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 0, 5000);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
