/* A5: an empty or NULL host in CLUSTER SLOTS, SHARDS and NODES is the host that answered; "?" is never dialled,
 * nor looked up: its slots count as served by nobody. */
#include "fake_node.h"
#include "options.h"
#include "pools.h"

#include <stdio.h>
#include <string.h>

/* Node 2 is announced in a way that means "the host I answered from". */
static void answered_from(const char *command, const char *topology_line, const char *at)
{
    char script[300];
    const rediscluster_node *known;
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    rediscluster_connection *connection;
    rediscluster_pool *pool;
    fake_node *fake;

    snprintf(script, sizeof script, "nodes 2\nnode *\nhandshake\nstore\n%s 0-8191=1 8192-16383=2%s",
             topology_line, at);
    fake = fake_node_start(script);
    pool = pool_of(fake_node_address(fake, 1), "topology_command", command, NULL);
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK_INT(rediscluster_topology_node_count(topology), 2);
    known = rediscluster_topology_slot_node(topology, 8192, 0);
    CHECK_STR(rediscluster_node_address(known), fake_node_address(fake, 2));
    CHECK_STR(rediscluster_node_host(known), "127.0.0.1");
    CHECK_INT(rediscluster_node_port(known), fake_node_port(fake, 2));
    CHECK_STR(rediscluster_node_announced_host(known), "");
    CHECK_INT(rediscluster_node_announced_port(known), fake_node_port(fake, 2));
    rediscluster_topology_free(topology);
    connection = take_slot(pool, 8192, -2);
    CHECK_STR(rediscluster_connection_node(connection), fake_node_address(fake, 2));
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
    CHECK_INT(fake_node_count_on(fake, 2, "PING"), 1);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

static void question_mark(const char *command, const char *topology_line)
{
    char script[300], name[32];
    fake_node *fake;
    rediscluster_pool *pool;
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    rediscluster_connection *none = NULL;

    snprintf(script, sizeof script, "nodes 2\nnode *\nhandshake\nstore\n%s 0-8191=1 8192-16383=2@?",
             topology_line);
    fake = fake_node_start(script);
    pool = pool_of(fake_node_address(fake, 1), "topology_command", command, NULL);
    CHECK_STATUS(rediscluster_pool_get_by_slot(pool, 8192, REDISCLUSTER_READ, 1000, &none, &error),
                 REDISCLUSTER_ERROR_SLOT_NOT_COVERED, error);
    snprintf(name, sizeof name, "?:%d", fake_node_port(fake, 2));
    CHECK_STATUS(rediscluster_pool_get_by_node(pool, name, 1000, &none, &error),
                 REDISCLUSTER_ERROR_UNKNOWN_NODE, error);
    CHECK_STATUS(rediscluster_pool_get_by_node(pool, fake_node_address(fake, 2), 1000, &none, &error),
                 REDISCLUSTER_ERROR_UNKNOWN_NODE, error);
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    for (size_t i = 0; i < rediscluster_topology_node_count(topology); i++)
        CHECK(strchr(rediscluster_node_address(rediscluster_topology_node(topology, i)), '?') == NULL);
    rediscluster_topology_free(topology);
    for (int i = 0; i < 20; i++) {
        rediscluster_connection *connection = NULL;
        CHECK_OK(rediscluster_pool_get_random(pool, 1000, &connection, &error), error);
        CHECK_STR(rediscluster_connection_node(connection), fake_node_address(fake, 1));
        give_back(connection);
    }
    CHECK_INT(fake_node_connections_of(fake, 2).total, 0);
    CHECK_INT(pool_stat(pool, name, REDISCLUSTER_STAT_OPEN), -1);
    rediscluster_pool_free(pool);
    error = pool_refused_of(fake_node_address(fake, 1), REDISCLUSTER_ERROR_SLOT_NOT_COVERED,
                            "topology_command", command, "require_full_coverage", "yes", NULL);
    CHECK_CONTAINS(rediscluster_error_message(error), "8192 of 16384");
    rediscluster_error_free(error);
    fake_node_stop(fake);
}

int main(void)
{
    answered_from("slots", "slots", "@");
    answered_from("slots", "slots", "@nil");
    answered_from("shards", "shards", "@");
    answered_from("shards", "shards", "@nil");
    answered_from("nodes", "cluster-nodes", "@");
    question_mark("slots", "slots");
    question_mark("shards", "shards");
    question_mark("nodes", "cluster-nodes");
    return 0;
}
