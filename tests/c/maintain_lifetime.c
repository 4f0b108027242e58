/* Pool, max_lifetime: a connection ends after that time, up to a tenth earlier, however much it is used:
 * at maintain where it is idle, at its next checkout where nobody maintains. */
#include "fake_node.h"
#include "pools.h"

int main(void)
{
    fake_node *fake = fake_node_start("node 1\nhandshake\nstore\ntopology 0-16383=1");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "max_lifetime", "400", NULL);
    rediscluster_connection *connection;
    rediscluster_error *error = NULL;
    int64_t begun = clock_ms(), created, next = -9;

    give_back(take_slot(pool, 0, -2));
    created = clock_ms();
    CHECK_OK(rediscluster_pool_maintain(pool, 0, &next, &error), error);
    CHECK_BETWEEN(next, 0, 410);
    while (pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN) == 1) {
        give_back(take_slot(pool, 0, -2)); /* busy, so never idle for long */
        CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 1);
        if (pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED) > 1)
            break;
        clock_sleep_ms(5);
        CHECK_OK(rediscluster_pool_maintain(pool, 0, &next, &error), error);
        CHECK(next >= 0);
    }
    CHECK_BETWEEN(clock_ms() - begun, 350, 1000000);
    CHECK_BETWEEN(clock_ms() - created, 0, 400 + 200 * test_patience());
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CLOSED), 1);

    /* At the checkout; what is in use meanwhile works on. */
    connection = take_slot(pool, 0, -2);
    clock_sleep_ms(420);
    say_expect(connection, "PONG", "PING", NULL);
    created = pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED);
    give_back(connection);
    connection = take_slot(pool, 0, -2);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), created + 1);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 1);
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
