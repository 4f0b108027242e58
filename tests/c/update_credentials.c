/* rediscluster_pool_update_credentials on real servers: idle connections log in anew at once and stay the same
 * connections, those in use do so when they are given out again, new ones use the new credentials, and so does a forked
 * child. A connection that the server refuses is closed, the call is AUTH, and the pool goes on: at nodes that know the
 * user, and everywhere once there are right credentials.
 * ctest: timeout=120 */
#define _POSIX_C_SOURCE 200809L

#include "cluster.h"
#include "commands.h"
#include "users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NODES = 3 };

static int64_t id_of(rediscluster_connection *connection)
{
    rediscluster_reply *reply = say(connection, "CLIENT", "ID", NULL);
    int64_t id = rediscluster_reply_integer(reply);
    rediscluster_reply_free(reply);
    return id;
}

/* The node shows the connection with this id as this user's. */
static void shown_as(rediscluster_pool *watcher, const char *node, int64_t id, const char *user)
{
    rediscluster_connection *connection = take_node(watcher, node, -2);
    char number[24], users[40];
    rediscluster_reply *reply;
    snprintf(number, sizeof number, "%lld", (long long)id);
    snprintf(users, sizeof users, " user=%s ", user);
    reply = say(connection, "CLIENT", "LIST", "ID", number, NULL);
    CHECK_CONTAINS(reply_text(reply), users);
    rediscluster_reply_free(reply);
    give_back(connection);
}

static void update(rediscluster_pool *pool, const char *username, const char *password, int32_t status)
{
    rediscluster_error *error = NULL;
    CHECK_STATUS(rediscluster_pool_update_credentials(pool, username, password, &error), status, error);
}

static void accepted(rediscluster_pool *pool, rediscluster_pool *watcher, const cluster *servers)
{
    const char *first = cluster_address(servers, 1);
    int64_t idle[NODES], held_id, created;
    rediscluster_connection *held = take_node(pool, first, -2);
    held_id = id_of(held);
    for (int i = 0; i < NODES; i++) {
        rediscluster_connection *connection = take_node(pool, cluster_address(servers, i + 1), -2);
        idle[i] = id_of(connection);
        give_back(connection);
    }
    created = pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED);
    update(pool, "two", "of-two", REDISCLUSTER_OK);
    for (int i = 0; i < NODES; i++)
        shown_as(watcher, cluster_address(servers, i + 1), idle[i], "two");
    shown_as(watcher, first, held_id, "one");
    say_expect(held, "one", "ACL", "WHOAMI", NULL);
    give_back(held);
    shown_as(watcher, first, held_id, "one");
    /* The newest first: the one that was held. */
    held = take_node(pool, first, -2);
    CHECK_INT(id_of(held), held_id);
    say_expect(held, "two", "ACL", "WHOAMI", NULL);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), created);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CLOSED), 0);
    /* A new one. */
    {
        rediscluster_connection *second = take_node(pool, first, -2), *third = take_node(pool, first, -2);
        CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), created + 1);
        say_expect(third, "two", "ACL", "WHOAMI", NULL);
        give_back(second);
        give_back(third);
    }
    give_back(held);
    users_whoami(pool, "two");
}

static void refused(rediscluster_pool *pool, const cluster *servers)
{
    const char *first = cluster_address(servers, 1);
    rediscluster_connection *held = take_node(pool, first, -2), *none = NULL;
    rediscluster_error *error = NULL;
    int64_t refreshes = pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES);
    CHECK_FAILS(rediscluster_pool_update_credentials(pool, "two", "not-of-two", &error), REDISCLUSTER_ERROR_AUTH, error);
    CHECK_STR(rediscluster_error_server_code(error), "WRONGPASS");
    CHECK(strstr(rediscluster_error_message(error), "of-two") == NULL);
    rediscluster_error_free(error);
    error = NULL;
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 0);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 1);
    /* Who is in is in. */
    say_expect(held, "two", "ACL", "WHOAMI", NULL);
    give_back(held);
    for (int i = 1; i <= NODES; i++)
        CHECK_STATUS(rediscluster_pool_get_by_node(pool, cluster_address(servers, i), -2, &none, &error),
                     REDISCLUSTER_ERROR_AUTH, error);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 0);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES), refreshes);
    update(pool, "one", "of-one", REDISCLUSTER_OK);
    users_whoami(pool, "one");
}

/* A user whom node 2 does not know. */
static void refused_by_one(rediscluster_pool *pool, cluster *servers)
{
    rediscluster_error *error = NULL;
    rediscluster_connection *none = NULL, *connection;
    int64_t ids[NODES];
    free(cluster_control(servers, "command 1 ACL SETUSER three on >of-three ~* &* +@all"));
    free(cluster_control(servers, "command 3 ACL SETUSER three on >of-three ~* &* +@all"));
    for (int i = 0; i < NODES; i++) {
        connection = take_node(pool, cluster_address(servers, i + 1), -2);
        ids[i] = id_of(connection);
        give_back(connection);
    }
    CHECK_FAILS(rediscluster_pool_update_credentials(pool, "three", "of-three", &error), REDISCLUSTER_ERROR_AUTH, error);
    CHECK_STR(rediscluster_error_node(error), cluster_address(servers, 2));
    rediscluster_error_free(error);
    error = NULL;
    for (int i = 0; i < NODES; i += 2) {
        connection = take_node(pool, cluster_address(servers, i + 1), -2);
        CHECK_INT(id_of(connection), ids[i]);
        say_expect(connection, "three", "ACL", "WHOAMI", NULL);
        give_back(connection);
    }
    CHECK_STATUS(rediscluster_pool_get_by_node(pool, cluster_address(servers, 2), -2, &none, &error),
                 REDISCLUSTER_ERROR_AUTH, error);
    /* Known there too, from now on. The node is asked again within a second. */
    free(cluster_control(servers, "command 2 ACL SETUSER three on >of-three ~* &* +@all"));
    WAIT_UNTIL(rediscluster_pool_get_by_node(pool, cluster_address(servers, 2), -2, &none, NULL) == REDISCLUSTER_OK, 10000);
    give_back(none);
    users_whoami(pool, "three");
}

static void after_a_fork(rediscluster_pool *pool)
{
    int status = -1;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        give_back(take_slot(pool, 0, -2)); /* by which it learns the topology */
        users_whoami(pool, "three");
        update(pool, "two", "of-two", REDISCLUSTER_OK);
        users_whoami(pool, "two");
        rediscluster_pool_free(pool);
        if (test_is_under_valgrind())
            execlp("true", "true", (char *)NULL);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    /* What the child replaced is the child's. */
    users_whoami(pool, "three");
}

static void on(const char *server)
{
    cluster *servers = cluster_start("--server", server, "--primaries", "3", "--config",
                                     "user one on >of-one ~* &* +@all", "--config", "user two on >of-two ~* &* +@all", NULL);
    rediscluster_pool *watcher = pool_of(cluster_addresses(servers), NULL);
    rediscluster_pool *pool = pool_of(cluster_addresses(servers), "username", "one", "password", "of-one", NULL);
    accepted(pool, watcher, servers);
    refused(pool, servers);
    refused_by_one(pool, servers);
    after_a_fork(pool);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_DIALING), 0);
    rediscluster_pool_free(pool);
    rediscluster_pool_free(watcher);
    cluster_stop(servers);
}

int main(void)
{
    on("redis");
    on("valkey");
    return 0;
}
