/* C5, D5: a dial that fails hands its place to who waits: with one place, held by a dial that the node
 * never answers, a waiter for another node is served when that dial ends. */
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

struct shared {
    rediscluster_pool *pool;
    const char *lost, *other;
};

static void work(void *argument, int number)
{
    struct shared *shared = argument;
    rediscluster_connection *connection = NULL;
    rediscluster_error *error = NULL;
    if (number == 0) {
        CHECK_STATUS(rediscluster_pool_get_by_node(shared->pool, shared->lost, 10000, &connection,
                                                   &error),
                     REDISCLUSTER_ERROR_TIMEOUT, error);
        return;
    }
    WAIT_UNTIL(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_DIALING) == 1, 5000);
    connection = take_node(shared->pool, shared->other, REDISCLUSTER_TIMEOUT_NEVER);
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
}

int main(void)
{
    fake_node *fake = fake_node_start("node 1 2\nhandshake\nstore\ntopology 0-8191=1 8192-16383=2");
    struct shared shared;
    shared.lost = fake_node_address(fake, 2);
    shared.other = fake_node_address(fake, 1);
    shared.pool = pool_of(shared.other, "max_connections", "1", "pool_exhausted", "block",
                          "socket_connect_timeout", "300", NULL);
    fake_node_control(fake, "blackhole 2");
    threads_run(4, work, &shared);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_DIALING), 0);
    CHECK_INT(pool_stat(shared.pool, shared.other, REDISCLUSTER_STAT_CREATED), 1);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_WAITS), 3);
    rediscluster_pool_free(shared.pool);
    fake_node_stop(fake);
    return 0;
}
