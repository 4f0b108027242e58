/* A replica at max_connections_per_node is passed over for a node with room, the primary included; where all are full the
 * get is refused, or waits for its first choice, by pool_exhausted. */
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

#include <pthread.h>

static const char *const script = "node *\nhandshake\nstore\ntopology 0-16383=1,replica:2,replica:3";

struct waiter {
    rediscluster_pool *pool;
    rediscluster_connection *connection;
};

static void *wait_for_one(void *argument)
{
    struct waiter *waiter = argument;
    waiter->connection = take_reader(waiter->pool, 0, 20000);
    return NULL;
}

static void all_are_taken(rediscluster_pool *pool, fake_node *fake, rediscluster_connection *held[3])
{
    for (int i = 0; i < 3; i++) {
        held[i] = take_reader(pool, 0, -2);
        /* The primary comes last. */
        CHECK_INT(rediscluster_connection_is_readonly(held[i]), i < 2);
    }
    for (int node = 1; node <= 3; node++)
        CHECK_INT(pool_stat(pool, fake_node_address(fake, node), REDISCLUSTER_STAT_IN_USE), 1);
}

int main(void)
{
    fake_node *fake = fake_node_start(script);
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "read_from", "replica_preferred",
                                      "max_connections_per_node", "1", NULL);
    rediscluster_connection *held[3], *none = NULL;
    rediscluster_error *error = NULL;
    struct waiter waiter;
    pthread_t thread;
    int awaited = 0;

    all_are_taken(pool, fake, held);
    CHECK_FAILS(rediscluster_pool_get_by_slot(pool, 0, REDISCLUSTER_READ, -2, &none, &error),
                REDISCLUSTER_ERROR_POOL_EXHAUSTED, error);
    CHECK_CONTAINS(rediscluster_error_message(error), "max_connections_per_node");
    rediscluster_error_free(error);
    error = NULL;
    /* One of them back: it is taken without waiting, whosever turn it is. */
    for (int i = 0; i < 3; i++) {
        give_back(held[i]);
        held[i] = take_reader(pool, 0, 0);
    }
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), 3);
    for (int i = 0; i < 3; i++)
        give_back(held[i]);
    rediscluster_pool_free(pool);

    pool = pool_of(fake_node_address(fake, 1), "read_from", "replica_preferred", "max_connections_per_node", "1",
                   "pool_exhausted", "block", NULL);
    all_are_taken(pool, fake, held);
    waiter.pool = pool;
    CHECK(pthread_create(&thread, NULL, wait_for_one, &waiter) == 0);
    WAIT_UNTIL(pool_stat(pool, NULL, REDISCLUSTER_STAT_WAITING) == 1, 5000);
    while (pool_stat(pool, rediscluster_connection_node(held[awaited]), REDISCLUSTER_STAT_WAITING) == 0)
        awaited++;
    CHECK(awaited < 2);
    give_back(held[2]);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_WAITING), 1);
    give_back(held[awaited]);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(rediscluster_connection_is_readonly(waiter.connection));
    give_back(waiter.connection);
    give_back(held[1 - awaited]);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), 3);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_EVICTED), 0);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
