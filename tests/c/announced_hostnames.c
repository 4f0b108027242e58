/* Servers that announce host names (cluster-announce-hostname, cluster-preferred-endpoint-type), on Redis 7.0 and Valkey 9.1,
 * by each of the three commands: a preferred name is dialled and resolved at each dial, an unknown endpoint is the host that
 * answered, and where the ip is preferred the name is only metadata, that nobody dials and nothing translates, by which a
 * node is found all the same.
 * ctest: timeout=180 */
#include "cluster.h"
#include "commands.h"
#include "options.h"
#include "pools.h"

#include <stdio.h>
#include <string.h>

static int lookups;

static void resolve(void *user_data, const char *name, rediscluster_ip_sink sink, void *sink_data)
{
    (void)user_data;
    CHECK_STR(name, "node.test");
    lookups++;
    CHECK_INT(sink(sink_data, "127.0.0.1"), REDISCLUSTER_OK);
}

static const char *port_of(const char *address)
{
    return strrchr(address, ':') + 1;
}

static void seen_by(const cluster *servers, const char *command, const char *dialled, const char *announced)
{
    rediscluster_options *options = options_of(cluster_address(servers, 1), "topology_command", command,
                                               "require_full_coverage", "yes", "host_port_remap", "other.test=gone.test",
                                               NULL);
    rediscluster_pool *pool = NULL;
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_options_set_resolve(options, resolve, NULL, NULL, &error), error);
    lookups = 0;
    CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
    rediscluster_options_free(options);
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK_INT(rediscluster_topology_node_count(topology), 4);
    for (size_t i = 0; i < 4; i++) {
        const rediscluster_node *node = rediscluster_topology_node(topology, i);
        char name[3][100];
        CHECK_STR(rediscluster_node_host(node), dialled);
        CHECK_STR(rediscluster_node_announced_host(node), announced);
        snprintf(name[0], sizeof name[0], "%s", rediscluster_node_address(node));
        snprintf(name[1], sizeof name[1], "Node.TEST:%d", (int)rediscluster_node_announced_port(node));
        snprintf(name[2], sizeof name[2], "%s", rediscluster_node_id(node));
        for (int j = 0; j < 3; j++) {
            rediscluster_connection *connection = take_node(pool, name[j], -2);
            CHECK_STR(rediscluster_connection_node(connection), rediscluster_node_address(node));
            CHECK_STR(port_of(rediscluster_connection_node(connection)), port_of(rediscluster_node_address(node)));
            say_expect(connection, rediscluster_node_id(node), "CLUSTER", "MYID", NULL);
            give_back(connection);
        }
    }
    CHECK_INT(lookups, strcmp(dialled, "node.test") == 0 ? 4 : 0); /* one dial a node */
    rediscluster_topology_free(topology);
    for (int32_t slot = 0; slot < 16384; slot += 2731) {
        rediscluster_connection *connection = take_slot(pool, slot, -2);
        say_expect(connection, "PONG", "PING", NULL);
        give_back(connection);
    }
    rediscluster_pool_free(pool);
}

static void kind(const char *server, const char *preferred, const char *dialled, const char *announced)
{
    char line[80];
    cluster *servers;
    snprintf(line, sizeof line, "cluster-preferred-endpoint-type %s", preferred);
    servers = cluster_start("--server", server, "--primaries", "2", "--replicas", "1", "--config",
                            "cluster-announce-hostname node.test", "--config", line, NULL);
    seen_by(servers, "slots", dialled, announced);
    seen_by(servers, "shards", dialled, announced);
    /* CLUSTER NODES always tells the ip, and the name beside it. */
    seen_by(servers, "nodes", "127.0.0.1", "127.0.0.1");
    cluster_stop(servers);
}

int main(void)
{
    const char *const both[] = {"redis", "valkey"};
    for (int i = 0; i < 2; i++) {
        kind(both[i], "hostname", "node.test", "node.test");
        kind(both[i], "unknown-endpoint", "127.0.0.1", "");
        kind(both[i], "ip", "127.0.0.1", "127.0.0.1");
    }
    return 0;
}
