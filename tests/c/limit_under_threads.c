/* ctest: slow timeout=300 */
/* C4: 64 threads, 10,000 times each: get, SET, GET, release, with 8 connections in all. The server never
 * sees more, every thread reads its own values, and at the end nothing is in use and nobody waits. */
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

#include <stdio.h>
#include <string.h>

enum { THREADS = 64, ROUNDS = 10000, LIMIT = 8 };

struct shared {
    rediscluster_pool *pool;
    int rounds;
};

static void set(rediscluster_command *command, const char *first, const char *second,
                const char *third)
{
    rediscluster_error *error = NULL;
    const char *words[3];
    words[0] = first, words[1] = second, words[2] = third;
    rediscluster_command_clear(command);
    for (int i = 0; i < 3 && words[i] != NULL; i++)
        CHECK_OK(rediscluster_command_append(command, (const uint8_t *)words[i], strlen(words[i]),
                                             &error),
                 error);
}

static void expect(rediscluster_connection *connection, const rediscluster_command *command,
                   const char *expected)
{
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_connection_command(connection, command, -2, &reply, &error), error);
    CHECK_STR((const char *)rediscluster_reply_bytes(reply, NULL), expected);
    rediscluster_reply_free(reply);
}

static void work(void *argument, int number)
{
    struct shared *shared = argument;
    rediscluster_command *command = NULL;
    rediscluster_error *error = NULL;
    char key[32], value[48];
    CHECK_OK(rediscluster_command_new(&command, &error), error);
    snprintf(key, sizeof key, "key of %d", number);
    for (int round = 0; round < shared->rounds; round++) {
        rediscluster_connection *connection = NULL;
        CHECK_OK(rediscluster_pool_get_by_key(shared->pool, (const uint8_t *)key, strlen(key),
                                              REDISCLUSTER_WRITE, REDISCLUSTER_TIMEOUT_NEVER,
                                              &connection, &error),
                 error);
        snprintf(value, sizeof value, "%d of %d", round, number);
        set(command, "SET", key, value);
        expect(connection, command, "OK");
        set(command, "GET", key, NULL);
        expect(connection, command, value);
        give_back(connection);
    }
    rediscluster_command_free(command);
}

int main(void)
{
    fake_node *fake = fake_node_start("log off\nnode 1\nhandshake\nstore\ntopology 0-16383=1");
    struct shared shared;
    shared.pool = pool_of(fake_node_address(fake, 1), "max_connections", "8", "pool_exhausted",
                          "block", NULL);
    shared.rounds = test_rounds(ROUNDS);
    WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 0, 5000); /* the discovery's */
    threads_run(THREADS, work, &shared);

    CHECK_INT(fake_node_connections_of(fake, 1).max, LIMIT);
    CHECK_INT(fake_node_connections_of(fake, 1).total, LIMIT + 1);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_WAITING), 0);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_DIALING), 0);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_IDLE), LIMIT);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_CREATED), LIMIT);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_TIMEOUTS), 0);
    CHECK(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_WAITS) > 0);
    rediscluster_pool_free(shared.pool);
    fake_node_stop(fake);
    return 0;
}
