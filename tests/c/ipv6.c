/* Clusters on IPv6: startup nodes, discovery by CLUSTER SLOTS, SHARDS and NODES, addresses in brackets wherever host and port
 * stand together and without them where a host stands alone, gets by slot and by node in every way of writing an address,
 * statistics by node, and the node's name in errors. */
#include "commands.h"
#include "fake_node.h"
#include "options.h"
#include "pools.h"

#include <stdio.h>
#include <string.h>

static void used(const char *command, const char *announced)
{
    char script[300], names[5][80], shown[80];
    fake_node *fake;
    rediscluster_pool *pool;
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    rediscluster_connection *connection = NULL;
    int port;

    snprintf(script, sizeof script, "host ::1\nnodes 2\nnode *\nhandshake\nstore\ntopology 0-8191=1%s 8192-16383=2%s",
             announced, announced);
    fake = fake_node_start(script);
    port = fake_node_port(fake, 2);
    snprintf(shown, sizeof shown, "[::1]:%d", port);
    snprintf(names[0], sizeof names[0], "[::1]:%d", fake_node_port(fake, 1));
    pool = pool_of(names[0], "topology_command", command, "require_full_coverage", "yes", NULL);

    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK_INT(rediscluster_topology_node_count(topology), 2);
    {
        const rediscluster_node *node = rediscluster_topology_slot_node(topology, 8192, 0);
        CHECK_STR(rediscluster_node_address(node), shown);
        CHECK_STR(rediscluster_node_host(node), "::1");
        CHECK_INT(rediscluster_node_port(node), port);
        CHECK_STR(rediscluster_node_announced_host(node), strcmp(announced, "@") == 0 || strcmp(announced, "@nil") == 0 ? "" : "::1");
        snprintf(names[3], sizeof names[3], "%s", rediscluster_node_id(node));
    }
    rediscluster_topology_free(topology);

    connection = take_slot(pool, 8192, -2);
    CHECK_STR(rediscluster_connection_node(connection), shown);
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
    snprintf(names[0], sizeof names[0], "[::1]:%d", port);
    snprintf(names[1], sizeof names[1], "::1:%d", port);
    snprintf(names[2], sizeof names[2], "[0:0:0:0:0:0:0:1]:%d", port);
    snprintf(names[4], sizeof names[4], "[0000::0001]:%d", port);
    for (int i = 0; i < 5; i++) {
        connection = take_node(pool, names[i], -2);
        CHECK_STR(rediscluster_connection_node(connection), shown);
        say_expect(connection, "PONG", "PING", NULL);
        give_back(connection);
    }
    CHECK_INT(pool_stat(pool, shown, REDISCLUSTER_STAT_CREATED), 1);
    CHECK_INT(fake_node_count_on(fake, 2, "PING"), 6);

    fake_node_control(fake, "kill 2");
    CHECK_FAILS(rediscluster_pool_get_by_slot(pool, 8192, REDISCLUSTER_WRITE, 2000, &connection, &error),
                REDISCLUSTER_ERROR_CONNECTION, error);
    CHECK_STR(rediscluster_error_node(error), shown);
    CHECK_CONTAINS(rediscluster_error_message(error), shown);
    CHECK(rediscluster_error_attempt_count(error) > 0);
    CHECK_STR(rediscluster_attempt_node(rediscluster_error_attempt(error, 0)), shown);
    rediscluster_error_free(error);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

static void options(void)
{
    rediscluster_options *options = NULL;
    rediscluster_error *error = NULL;
    const char *message;
    CHECK_OK(rediscluster_options_from_url("redis://[0:0::1]:1,[::1]", &options, &error), error);
    CHECK_STR(rediscluster_options_get(options, "startup_nodes"), "[::1]:1,[::1]:6379");
    CHECK_OK(rediscluster_options_set(options, "startup_nodes", "[::1]:1,::1:2", &error), error);
    CHECK_STR(rediscluster_options_get(options, "startup_nodes"), "[::1]:1,[::1]:2");
    error = pool_refused(options, REDISCLUSTER_ERROR_UNREACHABLE);
    message = rediscluster_error_message(error);
    CHECK_CONTAINS(message, "[::1]:1");
    CHECK_CONTAINS(message, "[::1]:2");
    rediscluster_error_free(error);
    rediscluster_options_free(options);
}

int main(void)
{
    options();
    used("slots", "");
    used("shards", "");
    used("nodes", "");
    used("slots", "@");
    used("shards", "@nil");
    used("nodes", "@");
    used("slots", "@[::1]");
    used("slots", "@0:0:0:0:0:0:0:1");
    used("nodes", "@0:0:0:0:0:0:0:1");
    return 0;
}
