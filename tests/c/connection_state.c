/* What a connection says of itself: node, descriptor, readonly, broken; after its release nothing but that it is none.
 * MULTI, WATCH, SUBSCRIBE, MONITOR and CLIENT REPLY OFF are not pooled again; ended properly they are. Pushes are read as
 * they come.
 * ctest: cluster */
#include "commands.h"
#include "cluster.h"
#include "pools.h"

#include <poll.h>
#include <string.h>

static rediscluster_pool *pool;

/* Releases it, and checks whether it was kept. */
static void is_kept(rediscluster_connection *connection, bool kept)
{
    int64_t closed = pool_stat(pool, NULL, REDISCLUSTER_STAT_CLOSED);
    give_back(connection);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CLOSED), closed + (kept ? 0 : 1));
}

static void says(rediscluster_connection *connection, const char *first, const char *second)
{
    rediscluster_reply_free(ask(connection, first, second, NULL));
}

static void of_itself(const cluster *servers)
{
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK_INT(rediscluster_topology_node_count(topology), (size_t)cluster_count_nodes(servers));
    for (size_t i = 0; i < rediscluster_topology_node_count(topology); i++) {
        const rediscluster_node *node = rediscluster_topology_node(topology, i);
        rediscluster_connection *connection = take_node(pool, rediscluster_node_address(node), -2);
        struct pollfd readable;
        CHECK_STR(rediscluster_connection_node(connection), rediscluster_node_address(node));
        CHECK_INT(rediscluster_connection_is_readonly(connection),
                  rediscluster_node_role(node) == REDISCLUSTER_ROLE_REPLICA);
        CHECK(!rediscluster_connection_is_broken(connection));
        readable.fd = rediscluster_connection_fd(connection);
        readable.events = POLLIN | POLLOUT;
        CHECK(readable.fd >= 0 && poll(&readable, 1, 0) == 1 && readable.revents == POLLOUT);
        is_kept(connection, true);
        CHECK(rediscluster_connection_node(connection) == NULL);
        CHECK_INT(rediscluster_connection_fd(connection), -1);
        CHECK(!rediscluster_connection_is_readonly(connection));
        CHECK(rediscluster_connection_is_broken(connection));
    }
    rediscluster_topology_free(topology);
}

static void special_states(void)
{
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    rediscluster_command *command;
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    says(connection, "MULTI", NULL);
    is_kept(connection, false);
    connection = take_slot(pool, 0, -2);
    says(connection, "MULTI", NULL);
    says(connection, "PING", NULL);
    says(connection, "EXEC", NULL);
    is_kept(connection, true);
    connection = take_slot(pool, 0, -2);
    says(connection, "multi", NULL);
    says(connection, "DiscarD", NULL);
    is_kept(connection, true);
    connection = take_slot(pool, 0, -2);
    says(connection, "WATCH", "{06S}");
    is_kept(connection, false);
    connection = take_slot(pool, 0, -2);
    says(connection, "WATCH", "{06S}");
    says(connection, "UNWATCH", NULL);
    is_kept(connection, true);
    connection = take_slot(pool, 0, -2);
    command = command_of("SUBSCRIBE", "channel", NULL);
    CHECK_OK(rediscluster_connection_append(connection, command, &error), error);
    rediscluster_command_free(command);
    CHECK_OK(rediscluster_connection_read(connection, 5000, &reply, &error), error);
    CHECK_STR(reply_text(rediscluster_reply_at(reply, 0)), "subscribe");
    rediscluster_reply_free(reply);
    is_kept(connection, false);
    connection = take_slot(pool, 0, -2);
    says(connection, "MONITOR", NULL);
    is_kept(connection, false);
    connection = take_slot(pool, 0, -2);
    command = command_of("CLIENT", "REPLY", "OFF", NULL);
    CHECK_OK(rediscluster_connection_append(connection, command, &error), error);
    rediscluster_command_free(command);
    CHECK_OK(rediscluster_connection_flush(connection, -2, &error), error);
    is_kept(connection, false);
    /* An error reply breaks nothing. */
    connection = take_slot(pool, 0, -2);
    says(connection, "NO-SUCH-COMMAND", "x");
    CHECK(!rediscluster_connection_is_broken(connection));
    is_kept(connection, true);
}

/* A message published comes as a push, between replies and alone. */
static void messages(void)
{
    rediscluster_connection *hears = take_slot(pool, 0, -2), *says_so = take_slot(pool, 0, -2);
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    rediscluster_command *command = command_of("SUBSCRIBE", "news", NULL);
    CHECK_OK(rediscluster_connection_append(hears, command, &error), error);
    rediscluster_command_free(command);
    CHECK_OK(rediscluster_connection_read(hears, 5000, &reply, &error), error);
    rediscluster_reply_free(reply);
    for (int i = 0; i < 3; i++) {
        rediscluster_reply_free(ask(says_so, "PUBLISH", "news", "it rains", NULL));
        CHECK_OK(rediscluster_connection_read(hears, 5000, &reply, &error), error);
        CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_PUSH);
        CHECK_INT(rediscluster_reply_count(reply), 3);
        CHECK_STR(reply_text(rediscluster_reply_at(reply, 0)), "message");
        CHECK_STR(reply_text(rediscluster_reply_at(reply, 2)), "it rains");
        rediscluster_reply_free(reply);
        /* RESP3: commands go on beside. */
        say_expect(hears, "PONG", "PING", NULL);
    }
    CHECK_INT(rediscluster_connection_read(hears, 0, &reply, NULL), REDISCLUSTER_ERROR_TIMEOUT);
    is_kept(hears, false);
    is_kept(says_so, true);
}

int main(void)
{
    cluster *servers = cluster_shared();
    pool = pool_of(cluster_addresses(servers), NULL);
    of_itself(servers);
    special_states();
    messages();
    rediscluster_pool_free(pool);
    cluster_stop(servers);
    return 0;
}
