/* B3: a node is found by "host:port" in any letter case and by its id, primaries and replicas alike; an unknown one is
 * UNKNOWN_NODE, whatever the name looks like, and nothing is dialled for it. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

#include <stdio.h>
#include <string.h>

int main(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\nstore\n"
                                      "topology 0-8191=1,replica:3 8192-16383=2");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 2), NULL);
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    char name[128];
    const char *unknown[] = {"",          ":",        "127.0.0.1", "127.0.0.1:1", "nowhere:6379",
                             "127.0.0.1:", "[::1]:1", "host:99999", "0123456789012345678901234567890123456789"};

    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK_INT(rediscluster_topology_node_count(topology), 3);
    for (size_t i = 0; i < 3; i++) {
        const rediscluster_node *node = rediscluster_topology_node(topology, i);
        bool is_replica = rediscluster_node_role(node) == REDISCLUSTER_ROLE_REPLICA;
        const char *names[3];
        names[0] = rediscluster_node_address(node);
        names[1] = rediscluster_node_id(node);
        snprintf(name, sizeof name, "%s:%d", rediscluster_node_announced_host(node),
                 (int)rediscluster_node_announced_port(node));
        names[2] = name;
        for (size_t j = 0; j < 3; j++) {
            rediscluster_connection *connection = take_node(pool, names[j], -2);
            CHECK_STR(rediscluster_connection_node(connection), rediscluster_node_address(node));
            CHECK_INT(rediscluster_connection_is_readonly(connection), is_replica);
            say_expect(connection, "PONG", "PING", NULL);
            give_back(connection);
        }
        CHECK_INT(pool_stat(pool, names[0], REDISCLUSTER_STAT_CREATED), 1);
    }
    rediscluster_topology_free(topology);
    CHECK_INT(fake_node_count_on(fake, 3, "READONLY"), 1);
    CHECK_INT(fake_node_count_on(fake, 1, "READONLY"), 0);

    fake_node_control(fake, "clear");
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        rediscluster_connection *none = (rediscluster_connection *)(void *)&none;
        CHECK_FAILS(rediscluster_pool_get_by_node(pool, unknown[i], 2000, &none, &error),
                    REDISCLUSTER_ERROR_UNKNOWN_NODE, error);
        CHECK(none == NULL);
        CHECK_CONTAINS(rediscluster_error_message(error), unknown[i]);
        rediscluster_error_free(error);
        error = NULL;
    }
    CHECK_INT(fake_node_count(fake, "CLUSTER"), 0);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);

    /* Announced by name: found in any letter case, and by the name alone, not by where it leads. */
    fake = fake_node_start("nodes 2\nnode *\nhandshake\nstore\ntopology 0-8191=1 8192-16383=2@LocalHost");
    pool = pool_of(fake_node_address(fake, 1), NULL);
    for (int i = 0; i < 2; i++) {
        rediscluster_connection *connection;
        snprintf(name, sizeof name, "%s:%d", i == 0 ? "localhost" : "LOCALHOST", fake_node_port(fake, 2));
        connection = take_node(pool, name, -2);
        say_expect(connection, "PONG", "PING", NULL);
        give_back(connection);
    }
    CHECK_INT(fake_node_count_on(fake, 2, "PING"), 2);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
