/* A8, D5: a node that leaves while threads wait for it holds nobody up: who waits by slot goes on to the
 * slot's new owner, who waits for the node itself is told UNKNOWN_NODE, and what it freed serves others. */
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

struct shared {
    rediscluster_pool *pool;
    const char *stays, *leaves;
    fake_node *fake;
};

enum { BY_SLOT = 4, BY_NODE = 4 };

static void work(void *argument, int number)
{
    struct shared *shared = argument;
    rediscluster_connection *connection = NULL;
    rediscluster_error *error = NULL;
    if (number == 0) {
        rediscluster_connection *held = take_node(shared->pool, shared->leaves, -2);
        WAIT_UNTIL(pool_stat(shared->pool, shared->leaves, REDISCLUSTER_STAT_WAITING)
                       == BY_SLOT + BY_NODE,
                   10000);
        fake_node_control(shared->fake, "use later");
        CHECK_OK(rediscluster_pool_refresh(shared->pool, -2, &error), error);
        WAIT_UNTIL(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_WAITING) == 0, 10000);
        say_expect(held, "PONG", "PING", NULL);
        give_back(held);
        CHECK_INT(pool_stat(shared->pool, shared->leaves, REDISCLUSTER_STAT_OPEN), -1);
        return;
    }
    WAIT_UNTIL(pool_stat(shared->pool, shared->leaves, REDISCLUSTER_STAT_IN_USE) == 1, 10000);
    if (number <= BY_SLOT) {
        connection = take_slot(shared->pool, 16383, number % 2 ? -1 : 60000);
        CHECK_STR(rediscluster_connection_node(connection), shared->stays);
        say_expect(connection, "PONG", "PING", NULL);
        give_back(connection);
    } else {
        CHECK_STATUS(rediscluster_pool_get_by_node(shared->pool, shared->leaves, -1, &connection,
                                                   &error),
                     REDISCLUSTER_ERROR_UNKNOWN_NODE, error);
        CHECK(connection == NULL);
    }
}

int main(void)
{
    fake_node *fake = fake_node_start("node 1 2\nhandshake\nstore\ntopology 0-8191=1 8192-16383=2\n"
                                      "scene later\nnode 1 2\ntopology 0-16383=1");
    struct shared shared;
    shared.fake = fake;
    shared.stays = fake_node_address(fake, 1);
    shared.leaves = fake_node_address(fake, 2);
    shared.pool = pool_of(shared.stays, "max_connections_per_node", "1", "max_connections", "8",
                          "pool_exhausted", "block", NULL);
    threads_run(1 + BY_SLOT + BY_NODE, work, &shared);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_WAITING), 0);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_OPEN), 1);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_TIMEOUTS), 0);

    /* It comes back: with all its places. */
    {
        rediscluster_error *error = NULL;
        fake_node_control(fake, "use \"\"");
        CHECK_OK(rediscluster_pool_refresh(shared.pool, -2, &error), error);
        give_back(take_slot(shared.pool, 16383, -2));
        CHECK_INT(pool_stat(shared.pool, shared.leaves, REDISCLUSTER_STAT_IDLE), 1);
    }
    rediscluster_pool_free(shared.pool);
    fake_node_stop(fake);
    return 0;
}
