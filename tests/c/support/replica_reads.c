#include "replica_reads.h"

#include "cluster.h"
#include "commands.h"
#include "pools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 9 };

static const char *const key = "key";

/* How many GET a node has had, by its own count. */
static long gets_on(rediscluster_pool *pool, const char *node)
{
    rediscluster_connection *connection = take_node(pool, node, -2);
    rediscluster_reply *reply = say(connection, "INFO", "commandstats", NULL);
    const char *at = strstr(reply_text(reply), "cmdstat_get:calls=");
    long count = at != NULL ? strtol(strchr(at, '=') + 1, NULL, 10) : 0;
    rediscluster_reply_free(reply);
    give_back(connection);
    return count;
}

static void read_times(rediscluster_pool *pool, int times)
{
    int32_t slot = rediscluster_key_slot((const uint8_t *)key, strlen(key));
    for (int i = 0; i < times; i++) {
        rediscluster_connection *connection = take_reader(pool, slot, -2);
        say_expect(connection, "value", "GET", key, NULL);
        give_back(connection);
    }
}

/* The key's primary and its two replicas. */
static void shard_of_key(rediscluster_pool *pool, char nodes[3][64])
{
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    int32_t slot = rediscluster_key_slot((const uint8_t *)key, strlen(key));
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    for (size_t i = 0; i < 3; i++)
        snprintf(nodes[i], 64, "%s", rediscluster_node_address(rediscluster_topology_slot_node(topology, slot, i)));
    CHECK(rediscluster_topology_slot_node(topology, slot, 3) == NULL);
    rediscluster_topology_free(topology);
}

static int number_of(const cluster *servers, const char *node)
{
    for (int i = 1; i <= NODES; i++)
        if (strcmp(cluster_address(servers, i), node) == 0)
            return i;
    CHECK(false);
    return 0;
}

static void evenly(const cluster *servers)
{
    rediscluster_pool *pool = pool_of(cluster_addresses(servers), "read_from", "replica_preferred", NULL);
    rediscluster_connection *connection;
    rediscluster_reply *reply;
    char nodes[3][64];
    long before[3];
    shard_of_key(pool, nodes);
    connection = take_slot(pool, rediscluster_key_slot((const uint8_t *)key, strlen(key)), -2);
    CHECK_STR(rediscluster_connection_node(connection), nodes[0]);
    say_expect(connection, "OK", "SET", key, "value", NULL);
    reply = say(connection, "WAIT", "2", "10000", NULL);
    CHECK_INT(rediscluster_reply_integer(reply), 2);
    rediscluster_reply_free(reply);
    give_back(connection);
    for (int i = 0; i < 3; i++)
        before[i] = gets_on(pool, nodes[i]);
    read_times(pool, 100);
    CHECK_INT(gets_on(pool, nodes[0]) - before[0], 0);
    CHECK_INT(gets_on(pool, nodes[1]) - before[1], 50);
    CHECK_INT(gets_on(pool, nodes[2]) - before[2], 50);
    rediscluster_pool_free(pool);
}

static void by_zone(cluster *servers, bool servers_tell_zones)
{
    rediscluster_pool *pool = pool_of(cluster_addresses(servers), NULL);
    char nodes[3][64], zones[200] = "";
    long before[3];
    shard_of_key(pool, nodes);
    rediscluster_pool_free(pool);
    for (int i = 0; i < 3; i++) {
        const char *zone = i == 2 ? "near" : "far";
        if (servers_tell_zones)
            free(cluster_control(servers, "command %d CONFIG SET availability-zone %s", number_of(servers, nodes[i]), zone));
        else
            snprintf(zones + strlen(zones), sizeof zones - strlen(zones), "%s%s=%s", i > 0 ? "," : "", nodes[i], zone);
    }
    pool = pool_of(cluster_addresses(servers), "read_from", "az", "client_az", "near", "availability_zones", zones, NULL);
    /* A node that is dialled tells its zone, if nobody else did. */
    for (int i = 0; i < 3; i++)
        before[i] = gets_on(pool, nodes[i]);
    read_times(pool, 100);
    CHECK_INT(gets_on(pool, nodes[0]) - before[0], 0);
    CHECK_INT(gets_on(pool, nodes[1]) - before[1], 0);
    CHECK_INT(gets_on(pool, nodes[2]) - before[2], 100);
    rediscluster_pool_free(pool);
}

static void a_replica_dies(cluster *servers)
{
    rediscluster_pool *pool = pool_of(cluster_addresses(servers), "read_from", "replica", "replica_cooldown", "60000", NULL);
    char nodes[3][64];
    long before;
    shard_of_key(pool, nodes);
    read_times(pool, 2);
    free(cluster_control(servers, "kill %d", number_of(servers, nodes[1])));
    before = gets_on(pool, nodes[2]);
    read_times(pool, 50);
    CHECK_INT(gets_on(pool, nodes[2]) - before, 50);
    rediscluster_pool_free(pool);
}

void replica_reads(const char *server, bool servers_tell_zones)
{
    cluster *servers = cluster_start("--server", server, "--primaries", "3", "--replicas", "2", "--config",
                                     "repl-ping-replica-period 1", NULL);
    CHECK_INT(cluster_count_nodes(servers), NODES);
    evenly(servers);
    by_zone(servers, servers_tell_zones);
    a_replica_dies(servers);
    cluster_stop(servers);
}
