/* L6 over TLS, on real servers: a process that has connections, one of them checked out, forks 200 times. The first call of
 * each child works, on a connection of its own; what was checked out gives FORKED for each call; eight threads of the child
 * contend for the same pool; and when the child has freed the pool and ended, the parent's connections are the same and
 * still work.
 * ctest: tls-cluster slow timeout=300 */
#define _POSIX_C_SOURCE 200809L

#include "certificates.h"
#include "children.h"
#include "cluster.h"
#include "commands.h"
#include "pools.h"
#include "threads.h"

#include <stdio.h>
#include <unistd.h>

enum { FORKS = 200, CHILD_THREADS = 8, IN_CHILD = 4 };

struct shared {
    rediscluster_pool *pool;
    rediscluster_connection *held;
};

static void echoes(rediscluster_connection *connection, long number)
{
    char text[48];
    snprintf(text, sizeof text, "%ld %ld", (long)getpid(), number);
    say_expect(connection, text, "ECHO", text, NULL);
}

static void contend(void *argument, int number)
{
    struct shared *shared = argument;
    for (int round = 0; round < IN_CHILD; round++) {
        rediscluster_connection *connection = take_slot(shared->pool, (number + round) % 2 ? 16383 : 0, 20000);
        echoes(connection, number * 100 + round);
        give_back(connection);
    }
}

static void child(void *argument)
{
    struct shared *shared = argument;
    const int forked = REDISCLUSTER_ERROR_FORKED;
    rediscluster_connection *connection = take_slot(shared->pool, 0, 20000);
    rediscluster_command *command = command_of("PING", NULL);
    rediscluster_reply *reply = NULL;
    CHECK(connection != shared->held);
    echoes(connection, 0);
    CHECK_INT(rediscluster_connection_command(shared->held, command, 1000, &reply, NULL), forked);
    CHECK_INT(rediscluster_connection_append(shared->held, command, NULL), forked);
    CHECK_INT(rediscluster_connection_flush(shared->held, 1000, NULL), forked);
    CHECK_INT(rediscluster_connection_read(shared->held, 1000, &reply, NULL), forked);
    CHECK_INT(rediscluster_connection_interrupt(shared->held, NULL), forked);
    CHECK_INT(rediscluster_connection_release(shared->held, NULL), forked);
    CHECK_INT(rediscluster_pool_release(shared->pool, shared->held, NULL), forked);
    CHECK_INT(rediscluster_connection_fd(shared->held), -1);
    CHECK(reply == NULL);
    CHECK_INT(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_IN_USE), 1);
    CHECK_INT(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_CREATED), 1);
    give_back(connection);
    rediscluster_command_free(command);
    threads_run(CHILD_THREADS, contend, shared);
    CHECK_INT(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_OPEN) <= 4);
    rediscluster_pool_free(shared->pool);
}

int main(void)
{
    cluster *servers = cluster_shared_tls();
    struct shared shared;
    rediscluster_connection *idle;
    rediscluster_reply *id, *id_later;
    int64_t created;
    int forks = test_rounds(FORKS);

    shared.pool = pool_of(cluster_addresses(servers), "ssl", "yes", "ssl_ca_certs", certificates_file("ca.pem"),
                          "ssl_certfile", certificates_file("client.pem"), "ssl_keyfile", certificates_file("client.key"),
                          "username", "app", "password", "app-secret", "max_connections", "4", "pool_exhausted", "block",
                          NULL);
    shared.held = take_slot(shared.pool, 0, -2);
    id = say(shared.held, "CLIENT", "ID", NULL);
    idle = take_slot(shared.pool, 0, -2);
    give_back(take_slot(shared.pool, 16383, -2));
    give_back(idle);
    created = pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_CREATED);
    for (int i = 0; i < forks; i++) {
        child_run(child, &shared, i % 2 ? CHILD_EXIT : CHILD_EXIT_NOW);
        echoes(shared.held, i);
        idle = take_slot(shared.pool, i % 3 ? 0 : 16383, -2);
        echoes(idle, i);
        give_back(idle);
    }
    id_later = say(shared.held, "CLIENT", "ID", NULL);
    CHECK_INT(rediscluster_reply_integer(id_later), rediscluster_reply_integer(id));
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_CREATED), created);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_CLOSED), 0);
    rediscluster_reply_free(id);
    rediscluster_reply_free(id_later);
    give_back(shared.held);
    rediscluster_pool_free(shared.pool);
    cluster_stop(servers);
    return 0;
}
