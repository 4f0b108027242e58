/* Real clusters on ::1, on Redis 7.0 and Valkey 9.1: discovery by each of the three commands, gets by slot and by node, and
 * names that have an IPv6 address alone.
 * ctest: timeout=120 */
#include "cluster.h"
#include "commands.h"
#include "options.h"
#include "pools.h"

#include <stdio.h>
#include <string.h>

static void resolve(void *user_data, const char *name, rediscluster_ip_sink sink, void *sink_data)
{
    (void)user_data;
    CHECK_STR(name, "cluster.test");
    CHECK_INT(sink(sink_data, "::1"), REDISCLUSTER_OK);
}

static void used(const cluster *servers, const char *command)
{
    rediscluster_options *options;
    rediscluster_pool *pool = NULL;
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    char name[64];

    snprintf(name, sizeof name, "cluster.test:%s", strrchr(cluster_address(servers, 1), ':') + 1);
    options = options_of(name, "topology_command", command, "require_full_coverage", "yes", NULL);
    CHECK_OK(rediscluster_options_set_resolve(options, resolve, NULL, NULL, &error), error);
    CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
    rediscluster_options_free(options);
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK_INT(rediscluster_topology_node_count(topology), 4);
    for (size_t i = 0; i < 4; i++) {
        const rediscluster_node *node = rediscluster_topology_node(topology, i);
        rediscluster_connection *connection = take_node(pool, rediscluster_node_address(node), -2);
        snprintf(name, sizeof name, "[::1]:%d", (int)rediscluster_node_port(node));
        CHECK_STR(rediscluster_connection_node(connection), name);
        CHECK_STR(rediscluster_node_host(node), "::1");
        say_expect(connection, rediscluster_node_id(node), "CLUSTER", "MYID", NULL);
        give_back(connection);
    }
    rediscluster_topology_free(topology);
    for (int32_t slot = 0; slot < 16384; slot += 2731) {
        rediscluster_connection *connection = take_slot(pool, slot, -2);
        say_expect(connection, "PONG", "PING", NULL);
        give_back(connection);
    }
    rediscluster_pool_free(pool);
}

int main(void)
{
    const char *const both[] = {"redis", "valkey"};
    for (int i = 0; i < 2; i++) {
        cluster *servers = cluster_start("--server", both[i], "--primaries", "2", "--replicas", "1", "--bind", "::1", NULL);
        used(servers, "slots");
        used(servers, "shards");
        used(servers, "nodes");
        cluster_stop(servers);
    }
    return 0;
}
