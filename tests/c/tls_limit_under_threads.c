/* ctest: tls-cluster */
/* C4 with TLS: 64 threads on a real cluster with 8 connections in all and 4 a node, every one of which reads its
 * own values; at the end nothing is in use and nobody waits. */
#include "cluster.h"
#include "pools.h"
#include "threads.h"
#include "tls.h"

#include <stdio.h>
#include <string.h>

enum { THREADS = 64, ROUNDS = 100, LIMIT = 8 };

struct shared {
    rediscluster_pool *pool;
    int rounds;
};

static void work(void *argument, int number)
{
    struct shared *shared = argument;
    char key[40], value[48];
    snprintf(key, sizeof key, "tls key of %d", number);
    for (int round = 0; round < shared->rounds; round++) {
        rediscluster_connection *connection = NULL;
        rediscluster_error *error = NULL;
        CHECK_OK(rediscluster_pool_get_by_key(shared->pool, (const uint8_t *)key, strlen(key), REDISCLUSTER_WRITE,
                                              REDISCLUSTER_TIMEOUT_NEVER, &connection, &error),
                 error);
        snprintf(value, sizeof value, "%d of %d", round, number);
        say_expect(connection, "OK", "SET", key, value, NULL);
        say_expect(connection, value, "GET", key, NULL);
        if (round == shared->rounds - 1)
            say_expect(connection, "1", "DEL", key, NULL);
        give_back(connection);
    }
}

int main(void)
{
    cluster *servers = cluster_shared_tls();
    struct shared shared;
    shared.pool = tls_pool_of(cluster_addresses(servers), "max_connections", "8", "max_connections_per_node", "4",
                              "pool_exhausted", "block", NULL);
    shared.rounds = test_rounds(ROUNDS);
    threads_run(THREADS, work, &shared);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_WAITING), 0);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_DIALING), 0);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_TIMEOUTS), 0);
    CHECK_BETWEEN(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_OPEN), 1, LIMIT);
    rediscluster_pool_free(shared.pool);
    cluster_stop(servers);
    return 0;
}
