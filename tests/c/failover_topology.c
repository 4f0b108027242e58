/* A pool sees what becomes of a real cluster: after a failover the topology has the promoted replica as primary of its slots
 * and the old primary as its replica, connections follow, and a node that was removed is forgotten. topology_refresh_interval
 * in maintain finds both by itself. Addresses are translated, and each node is known by both of them all along.
 * ctest: timeout=180 */
#include "cluster.h"
#include "commands.h"
#include "options.h"
#include "pools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All is dialled by a name, as if 127.0.0.1 meant nothing here. */
static const char remap[] = "127.0.0.1=localhost";

static const char *as_dialled(const cluster *servers, int node)
{
    static char text[4][64];
    static int turn;
    char *place = text[turn++ % 4];
    snprintf(place, sizeof text[0], "localhost:%s", strrchr(cluster_address(servers, node), ':') + 1);
    return place;
}

static rediscluster_role role_of(rediscluster_pool *pool, const char *address)
{
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    rediscluster_role role = REDISCLUSTER_ROLE_UNKNOWN;
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    for (size_t i = 0; i < rediscluster_topology_node_count(topology); i++) {
        const rediscluster_node *node = rediscluster_topology_node(topology, i);
        if (strcmp(rediscluster_node_address(node), address) == 0)
            role = rediscluster_node_role(node);
    }
    rediscluster_topology_free(topology);
    return role;
}

/* Maintenance alone, until a node has this role. */
static void maintain_until(rediscluster_pool *pool, const char *address, rediscluster_role role)
{
    int64_t end = clock_ms() + 20000 * test_patience();
    while (role_of(pool, address) != role) {
        int64_t next = -1;
        rediscluster_pool_maintain(pool, 5000, &next, NULL);
        CHECK(clock_ms() < end);
        clock_sleep_ms(next > 0 && next < 50 ? next : 5);
    }
}

static void owner_is(rediscluster_pool *pool, const cluster *servers, int node)
{
    rediscluster_connection *connection = take_slot(pool, 0, 5000);
    CHECK_STR(rediscluster_connection_node(connection), as_dialled(servers, node));
    CHECK(!rediscluster_connection_is_readonly(connection));
    say_expect(connection, "OK", "SET", "{06S}k", "v", NULL); /* slot 0: a replica would answer MOVED */
    give_back(connection);
    connection = take_node(pool, cluster_address(servers, node), 5000); /* as it is announced */
    CHECK_STR(rediscluster_connection_node(connection), as_dialled(servers, node));
    give_back(connection);
}

static void followed(const char *server)
{
    cluster *servers = cluster_start("--server", server, "--primaries", "2", "--replicas", "1", NULL);
    rediscluster_pool *pool = pool_of(cluster_addresses(servers), "host_port_remap", remap, "topology_refresh_interval",
                                      "100", NULL);
    rediscluster_connection *none = NULL;
    rediscluster_error *error = NULL;
    owner_is(pool, servers, 1);
    maintain_until(pool, as_dialled(servers, 3), REDISCLUSTER_ROLE_REPLICA);

    free(cluster_control(servers, "failover 1"));
    maintain_until(pool, as_dialled(servers, 3), REDISCLUSTER_ROLE_PRIMARY);
    /* CLUSTER SLOTS leaves a replica out until its link is up. */
    maintain_until(pool, as_dialled(servers, 1), REDISCLUSTER_ROLE_REPLICA);
    CHECK_INT(role_of(pool, as_dialled(servers, 3)), REDISCLUSTER_ROLE_PRIMARY);
    owner_is(pool, servers, 3);

    free(cluster_control(servers, "remove 1"));
    maintain_until(pool, as_dialled(servers, 1), REDISCLUSTER_ROLE_UNKNOWN);
    CHECK_STATUS(rediscluster_pool_get_by_node(pool, cluster_address(servers, 1), 2000, &none, &error),
                 REDISCLUSTER_ERROR_UNKNOWN_NODE, error);
    CHECK_INT(pool_stat(pool, as_dialled(servers, 1), REDISCLUSTER_STAT_OPEN), -1);
    owner_is(pool, servers, 3);
    rediscluster_pool_free(pool);
    cluster_stop(servers);
}

int main(void)
{
    CHECK_INT(rediscluster_key_slot((const uint8_t *)"{06S}k", 6), 0);
    followed("redis");
    followed("valkey");
    return 0;
}
