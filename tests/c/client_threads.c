/* ctest: cluster timeout=120
 *
 * 64 threads on one client of real servers: each reads the values it wrote, and no other's, without limits, with limits
 * that are waited for, and with limits that are an error, which says that nothing was sent. */
#define _POSIX_C_SOURCE 200809L

#include "client.h"
#include "cluster.h"
#include "pools.h"
#include "threads.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { THREADS = 64, ROUNDS = 400 };

struct shared {
    rediscluster_client *client;
    const char *name;
    int rounds;
    bool may_be_full;
    atomic_long full;
};

/* False: the pool was full. */
static bool executed(struct shared *shared, rediscluster_command *command, const char *expected)
{
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    rediscluster_status status = rediscluster_client_execute(shared->client, command, &reply, &error);
    rediscluster_command_free(command);
    if (shared->may_be_full && status == REDISCLUSTER_ERROR_POOL_EXHAUSTED) {
        CHECK(!rediscluster_error_maybe_executed(error));
        rediscluster_error_free(error);
        atomic_fetch_add(&shared->full, 1);
        clock_sleep_ms(5);
        return false;
    }
    CHECK_OK(status, error);
    CHECK_STR(reply_text(reply), expected);
    rediscluster_reply_free(reply);
    return true;
}

static void work(void *argument, int thread)
{
    struct shared *shared = argument;
    char key[64], value[64];
    for (int round = 0; round < shared->rounds; round++) {
        snprintf(key, sizeof key, "%s %d %d %d", shared->name, (int)getpid(), thread, round % 8);
        snprintf(value, sizeof value, "%d of %d", round, thread);
        while (!executed(shared, command_of("SET", key, value, "EX", "100", NULL), "OK"))
            ;
        while (!executed(shared, command_of("GET", key, NULL), value))
            ;
    }
}

static void run(const char *nodes, const char *name, const char *limit, const char *per_node, const char *exhausted)
{
    struct shared shared = {0};
    shared.client = client_of(nodes, "max_connections", limit, "max_connections_per_node", per_node, "pool_exhausted",
                              exhausted, "command_timeout", "60000", NULL);
    shared.name = name;
    shared.may_be_full = *exhausted == 'e' && *limit != '0';
    /* Who is refused comes again, and so there are far more calls. */
    shared.rounds = test_rounds(shared.may_be_full ? ROUNDS / 10 : ROUNDS);
    threads_run(THREADS, work, &shared);
    CHECK_INT(client_stat(shared.client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(client_stat(shared.client, NULL, REDISCLUSTER_STAT_WAITING), 0);
    if (*limit != '0')
        CHECK_BETWEEN(client_stat(shared.client, NULL, REDISCLUSTER_STAT_OPEN), 1, 5);
    rediscluster_client_free(shared.client);
}

int main(void)
{
    cluster *servers = cluster_shared();
    run(cluster_addresses(servers), "free", "0", "0", "error");
    run(cluster_addresses(servers), "waits", "5", "2", "block");
    run(cluster_addresses(servers), "fails", "5", "2", "error");
    cluster_stop(servers);
    return 0;
}
