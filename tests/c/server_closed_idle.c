/* E3: connections that the server closed, or spoke on, while they were idle: the next command works,
 * without an error and below 20 ms, on a fresh connection in the same place. */
#include "fake_node.h"
#include "pools.h"

static void next_works(fake_node *fake, rediscluster_pool *pool, int64_t closed)
{
    rediscluster_connection *connections[2];
    int64_t begun = clock_ms(), created = pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED);
    connections[0] = take_slot(pool, 0, -2);
    say_expect(connections[0], "PONG", "PING", NULL);
    CHECK_BETWEEN(clock_ms() - begun, 0, 20 * test_patience());
    connections[1] = take_slot(pool, 1, -2);
    say_expect(connections[1], "PONG", "PING", NULL);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), created + closed);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 2);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    give_back(connections[0]);
    give_back(connections[1]);
    (void)fake;
}

int main(void)
{
    fake_node *fake = fake_node_start("node 1\nhandshake\nstore\ntopology 0-16383=1");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "max_connections", "2", NULL);
    rediscluster_connection *connections[2], *none = NULL;
    rediscluster_error *error = NULL;

    WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 0, 5000); /* the discovery's */
    connections[0] = take_slot(pool, 0, -2);
    connections[1] = take_slot(pool, 0, -2);
    give_back(connections[0]);
    give_back(connections[1]);
    next_works(fake, pool, 0);

    fake_node_control(fake, "disconnect 1");
    WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 0, 5000);
    next_works(fake, pool, 2);

    /* A word nobody asked for is no reply to the next command. */
    fake_node_control(fake, "send 1 \"+stale\\r\\n\"");
    next_works(fake, pool, 2);

    /* A get that does not wait finds none of them, and says that it would have to dial. */
    fake_node_control(fake, "disconnect 1");
    WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 0, 5000);
    CHECK_STATUS(rediscluster_pool_get_by_slot(pool, 0, REDISCLUSTER_WRITE, 0, &none, &error),
                 REDISCLUSTER_ERROR_TIMEOUT, error);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 0);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), 6);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
