/* C6: threads that fight for fewer connections than nodes, each round by eviction, some waits ending in
 * vain: no capacity is lost, the limit holds at every look, and nobody is left waiting. */
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

enum { THREADS = 12, NODES = 4, LIMIT = 2, ROUNDS = 1000 };

struct shared {
    rediscluster_pool *pool;
    fake_node *fake;
    int rounds;
};

static void work(void *argument, int number)
{
    struct shared *shared = argument;
    rediscluster_error *error = NULL;
    unsigned random = (unsigned)number * 7919 + 17;
    for (int round = 0; round < shared->rounds; round++) {
        rediscluster_connection *connection = NULL;
        rediscluster_status status;
        const char *node;
        random = random * 1103515245 + 12345;
        node = fake_node_address(shared->fake, (int)(random >> 16) % NODES + 1);
        /* Some give up at once or within a few milliseconds: what they are given then is not lost. */
        status = rediscluster_pool_get_by_node(shared->pool, node,
                                               random >> 24 & 1 ? (int)(random >> 25) % 4 : -1,
                                               &connection, &error);
        if (status == REDISCLUSTER_OK) {
            say_expect(connection, "PONG", "PING", NULL);
            give_back(connection);
        } else {
            CHECK(status == REDISCLUSTER_ERROR_POOL_TIMEOUT || status == REDISCLUSTER_ERROR_TIMEOUT
                  || status == REDISCLUSTER_ERROR_POOL_EXHAUSTED);
            CHECK(error != NULL && connection == NULL);
            rediscluster_error_free(error);
            error = NULL;
        }
        if (round % 16 == 0)
            CHECK_BETWEEN(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_OPEN)
                              + pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_WAITING),
                          0, LIMIT + THREADS);
    }
}

int main(void)
{
    fake_node *fake = fake_node_start("log off\nnode 1 2 3 4\nhandshake\nstore\n"
                                      "topology 0-3999=1 4000-7999=2 8000-11999=3 12000-16383=4");
    rediscluster_connection *held[LIMIT], *none = NULL;
    rediscluster_error *error = NULL;
    struct shared shared;
    shared.fake = fake;
    shared.rounds = test_rounds(ROUNDS);
    shared.pool = pool_of(fake_node_address(fake, 1), "max_connections", "2", "pool_exhausted",
                          "block", NULL);
    threads_run(THREADS, work, &shared);

    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_WAITING), 0);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_DIALING), 0);
    CHECK_BETWEEN(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_OPEN), 0, LIMIT);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_CREATED)
                  - pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_CLOSED),
              pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_OPEN));
    for (int node = 1; node <= NODES; node++) {
        for (int i = 0; i < LIMIT; i++)
            held[i] = take_node(shared.pool, fake_node_address(fake, node), -2);
        CHECK_STATUS(rediscluster_pool_get_by_node(shared.pool, fake_node_address(fake, 1), 0, &none,
                                                   &error),
                     REDISCLUSTER_ERROR_POOL_EXHAUSTED, error);
        for (int i = 0; i < LIMIT; i++)
            give_back(held[i]);
    }
    rediscluster_pool_free(shared.pool);
    fake_node_stop(fake);
    return 0;
}
