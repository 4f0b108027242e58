#include "round_trip.h"

#include "cluster.h"
#include "commands.h"
#include "pools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void discovery(const cluster *servers, const char *command)
{
    rediscluster_pool *pool = pool_of(cluster_address(servers, 5), "topology_command", command,
                                      "require_full_coverage", "yes", NULL);
    const rediscluster_node *nodes[6];
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    size_t slots = 0;
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK_INT(rediscluster_topology_node_count(topology), 6);
    CHECK_INT(rediscluster_topology_nodes_by_role(topology, REDISCLUSTER_ROLE_PRIMARY, nodes, 6), 3);
    for (size_t i = 0; i < 3; i++) {
        int32_t start, end;
        for (size_t j = 0; rediscluster_node_slot_range(nodes[i], j, &start, &end); j++)
            slots += (size_t)(end - start + 1);
        CHECK_INT(strlen(rediscluster_node_id(nodes[i])), 40);
        CHECK_INT(rediscluster_node_health(nodes[i]), REDISCLUSTER_HEALTH_ONLINE);
    }
    CHECK_INT(slots, 16384);
    for (size_t i = 0; i < 6; i++) {
        /* Its address and its id lead to the node itself. */
        const rediscluster_node *node = rediscluster_topology_node(topology, i);
        rediscluster_connection *connection = take_node(pool, rediscluster_node_id(node), -2);
        CHECK_STR(rediscluster_connection_node(connection), rediscluster_node_address(node));
        say_expect(connection, rediscluster_node_id(node), "CLUSTER", "MYID", NULL);
        give_back(connection);
    }
    rediscluster_topology_free(topology);
    rediscluster_pool_free(pool);
}

static void values(const cluster *servers, const char *protocol)
{
    rediscluster_pool *pool = pool_of(cluster_addresses(servers), "protocol", protocol, "client_name",
                                      "round-trip", NULL);
    rediscluster_error *error = NULL;
    rediscluster_reply *reply;
    for (size_t i = 0; i < 24; i++) {
        rediscluster_connection *connection = NULL;
        size_t size = (size_t)1 << i >> 1, length = 0;
        uint8_t *value = malloc(size + 1);
        rediscluster_command *command;
        char key[32];
        CHECK(value != NULL);
        for (size_t j = 0; j < size; j++)
            value[j] = (uint8_t)(j * 7 + i);
        snprintf(key, sizeof key, "key:%d", (int)i);
        CHECK_OK(rediscluster_pool_get_by_key(pool, (const uint8_t *)key, strlen(key), REDISCLUSTER_WRITE, -2,
                                              &connection, &error),
                 error);
        command = command_of("SET", key, NULL);
        CHECK_OK(rediscluster_command_append(command, value, size, &error), error);
        CHECK_OK(rediscluster_connection_command(connection, command, -2, &reply, &error), error);
        CHECK_STR(reply_text(reply), "OK");
        rediscluster_reply_free(reply);
        rediscluster_command_free(command);
        reply = ask(connection, "GET", key, NULL);
        CHECK(memcmp(rediscluster_reply_bytes(reply, &length), value, size) == 0);
        CHECK_INT(length, size);
        rediscluster_reply_free(reply);
        say_expect(connection, "1", "DEL", key, NULL);
        reply = ask(connection, "GET", key, NULL);
        CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_NIL);
        rediscluster_reply_free(reply);
        give_back(connection);
        free(value);
    }
    rediscluster_pool_free(pool);
}

static void kinds(const cluster *servers, const char *protocol, bool maps)
{
    rediscluster_pool *pool = pool_of(cluster_addresses(servers), "protocol", protocol, NULL);
    rediscluster_connection *connection = NULL;
    rediscluster_error *error = NULL;
    rediscluster_reply *reply;
    CHECK_OK(rediscluster_pool_get_by_key(pool, (const uint8_t *)"{tag}", 5, REDISCLUSTER_WRITE, -2, &connection,
                                          &error),
             error);
    say_expect(connection, "2", "HSET", "{tag}h", "a", "1", "b", "2", NULL);
    reply = ask(connection, "HGETALL", "{tag}h", NULL);
    CHECK_INT(rediscluster_reply_kind(reply), maps ? REDISCLUSTER_REPLY_MAP : REDISCLUSTER_REPLY_ARRAY);
    CHECK_INT(rediscluster_reply_count(reply), 4);
    rediscluster_reply_free(reply);
    say_expect(connection, "3", "RPUSH", "{tag}l", "x", "y", "z", NULL);
    reply = ask(connection, "LRANGE", "{tag}l", "0", "-1", NULL);
    CHECK_STR(reply_text(rediscluster_reply_at(reply, 2)), "z");
    rediscluster_reply_free(reply);
    reply = ask(connection, "INCR", "{tag}l", NULL);
    CHECK_FAILS(rediscluster_reply_check(reply, &error), REDISCLUSTER_ERROR_SERVER, error);
    CHECK_STR(rediscluster_error_server_code(error), "WRONGTYPE");
    rediscluster_error_free(error);
    rediscluster_reply_free(reply);
    say_expect(connection, "2", "DEL", "{tag}h", "{tag}l", NULL);
    give_back(connection);
    for (int i = 0; i < 20; i++) {
        error = NULL;
        CHECK_OK(rediscluster_pool_get_random(pool, -2, &connection, &error), error);
        CHECK(!rediscluster_connection_is_readonly(connection));
        say_expect(connection, "PONG", "PING", NULL);
        give_back(connection);
    }
    rediscluster_pool_free(pool);
}

static void pipelines(const cluster *servers)
{
    rediscluster_pool *pool = pool_of(cluster_addresses(servers), NULL);
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    rediscluster_error *error = NULL;
    rediscluster_reply *reply = NULL;
    rediscluster_command *command = command_of("INCR", "{06S}n", NULL);
    CHECK_INT(rediscluster_key_slot((const uint8_t *)"{06S}n", 6), 0);
    for (int i = 0; i < 1000; i++)
        CHECK_OK(rediscluster_connection_append(connection, command, &error), error);
    CHECK_OK(rediscluster_connection_flush(connection, -2, &error), error);
    for (int i = 0; i < 1000; i++) {
        CHECK_OK(rediscluster_connection_read(connection, -2, &reply, &error), error);
        CHECK_INT(rediscluster_reply_integer(reply), i + 1);
        rediscluster_reply_free(reply);
    }
    rediscluster_command_free(command);
    say_expect(connection, "1", "DEL", "{06S}n", NULL);
    give_back(connection);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 1);
    rediscluster_pool_free(pool);
}

void round_trip(const char *server)
{
    cluster *servers = cluster_start("--server", server, "--primaries", "3", "--replicas", "1", "--config",
                                     "repl-ping-replica-period 1", NULL);
    discovery(servers, "slots");
    discovery(servers, "shards");
    discovery(servers, "nodes");
    values(servers, "2");
    values(servers, "3");
    kinds(servers, "2", false);
    kinds(servers, "3", true);
    kinds(servers, "auto", true);
    pipelines(servers);
    cluster_stop(servers);
}
