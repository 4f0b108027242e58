/* Commands for all shards or all nodes, on real servers, by their policies: DBSIZE adds up, KEYS puts together, FLUSHALL
 * and SCRIPT LOAD are OK where all are, SCRIPT EXISTS holds where it holds everywhere, PING and RANDOMKEY give one reply, and
 * what has no policy, or a route by hand, is a map from node to reply. */
#include "client.h"
#include "cluster.h"
#include "pools.h"

#include <stdio.h>
#include <string.h>

enum { KEYS = 50 };

static rediscluster_client *client;
static cluster *servers;

/* A map whose keys are `count` of the cluster's nodes; all values are of this kind. */
static void is_map(rediscluster_reply *reply, size_t count, rediscluster_kind kind)
{
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_MAP);
    CHECK_INT(rediscluster_reply_count(reply), 2 * count);
    for (size_t i = 0; i < 2 * count; i += 2) {
        CHECK_CONTAINS(cluster_addresses(servers), reply_text(rediscluster_reply_at(reply, i)));
        CHECK_INT(rediscluster_reply_kind(rediscluster_reply_at(reply, i + 1)), kind);
        for (size_t j = 0; j < i; j += 2)
            CHECK(strcmp(reply_text(rediscluster_reply_at(reply, i)), reply_text(rediscluster_reply_at(reply, j))) != 0);
    }
    rediscluster_reply_free(reply);
}

static rediscluster_reply *routed(int32_t route, const char *name, const char *argument)
{
    rediscluster_command *command = command_of(name, argument, NULL);
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_command_set_route(command, route, 0, NULL, &error), error);
    return client_run(client, command);
}

int main(void)
{
    const char *script = "return 'here'";
    char sha[48];
    rediscluster_reply *reply;
    int seen[KEYS] = {0};
    int64_t begun;

    servers = cluster_start("--primaries", "3", "--replicas", "1", NULL);
    client = client_of(cluster_addresses(servers), NULL);
    client_expect(client, "0", "DBSIZE", NULL);
    client_expect(client, "nil", "RANDOMKEY", NULL);
    for (int i = 0; i < KEYS; i++) {
        char key[16];
        snprintf(key, sizeof key, "key:%d", i);
        client_expect(client, "OK", "SET", key, "value", NULL);
    }
    client_expect(client, "50", "DBSIZE", NULL);
    reply = client_say(client, "KEYS", "key:*", NULL);
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_ARRAY);
    CHECK_INT(rediscluster_reply_count(reply), KEYS);
    for (const rediscluster_reply *key = rediscluster_reply_at(reply, 0); key != NULL; key = rediscluster_reply_next(key)) {
        int number = -1;
        CHECK(sscanf(reply_text(key), "key:%d", &number) == 1 && number >= 0 && number < KEYS);
        CHECK_INT(seen[number]++, 0);
    }
    rediscluster_reply_free(reply);
    reply = client_say(client, "KEYS", "none:*", NULL);
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_ARRAY);
    CHECK_INT(rediscluster_reply_count(reply), 0);
    rediscluster_reply_free(reply);
    for (int i = 0; i < 20; i++) {
        reply = client_say(client, "RANDOMKEY", NULL);
        CHECK_CONTAINS(reply_text(reply), "key:");
        rediscluster_reply_free(reply);
    }
    client_expect(client, "PONG", "PING", NULL);

    /* Scripts: on every node. */
    reply = client_say(client, "SCRIPT", "LOAD", script, NULL);
    snprintf(sha, sizeof sha, "%s", reply_text(reply));
    CHECK_INT(strlen(sha), 40);
    rediscluster_reply_free(reply);
    client_expect(client, "here", "EVALSHA", sha, "1", "key:1", NULL);
    client_expect(client, "here", "EVALSHA", sha, "1", "key:2", NULL);
    client_expect(client, "here", "EVALSHA", sha, "1", "key:3", NULL);
    reply = client_say(client, "SCRIPT", "EXISTS", sha, "0000000000000000000000000000000000000000", NULL);
    CHECK_INT(rediscluster_reply_integer(rediscluster_reply_at(reply, 0)), 1);
    CHECK_INT(rediscluster_reply_integer(rediscluster_reply_at(reply, 1)), 0);
    rediscluster_reply_free(reply);
    /* Gone from one node, it is not there everywhere. */
    {
        rediscluster_command *command = command_of("SCRIPT", "FLUSH", NULL);
        rediscluster_error *error = NULL;
        CHECK_OK(rediscluster_command_set_route(command, REDISCLUSTER_ROUTE_NODE, 0, cluster_address(servers, 1), &error),
                 error);
        rediscluster_reply_free(client_run(client, command));
    }
    reply = client_say(client, "SCRIPT", "EXISTS", sha, NULL);
    CHECK_INT(rediscluster_reply_integer(rediscluster_reply_at(reply, 0)), 0);
    rediscluster_reply_free(reply);

    /* Maps. */
    reply = client_say(client, "INFO", "server", NULL);
    CHECK(rediscluster_reply_kind(reply) == REDISCLUSTER_REPLY_MAP);
    CHECK_CONTAINS(reply_text(rediscluster_reply_at(reply, 1)), "redis_version");
    is_map(reply, rediscluster_reply_count(reply) / 2,
           (rediscluster_kind)rediscluster_reply_kind(rediscluster_reply_at(reply, 1)));
    is_map(routed(REDISCLUSTER_ROUTE_ALL_PRIMARIES, "PING", NULL), 3, REDISCLUSTER_REPLY_STATUS);
    is_map(routed(REDISCLUSTER_ROUTE_ALL_REPLICAS, "PING", NULL), 3, REDISCLUSTER_REPLY_STATUS);
    is_map(routed(REDISCLUSTER_ROUTE_ALL_NODES, "DBSIZE", NULL), 6, REDISCLUSTER_REPLY_INTEGER);
    /* To all nodes goes what it says, keys or none. */
    is_map(routed(REDISCLUSTER_ROUTE_ALL_NODES, "ECHO", "text"), 6, REDISCLUSTER_REPLY_STRING);
    reply = routed(REDISCLUSTER_ROUTE_RANDOM, "DBSIZE", NULL);
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_INTEGER);
    CHECK_BETWEEN(rediscluster_reply_integer(reply), 1, KEYS - 1);
    rediscluster_reply_free(reply);

    /* A replica that was chosen by hand refuses a write by itself, at once. */
    begun = clock_ms();
    reply = routed(REDISCLUSTER_ROUTE_ALL_REPLICAS, "FLUSHALL", NULL);
    CHECK_BETWEEN(clock_ms() - begun, 0, 100 * test_patience());
    for (size_t i = 1; i < rediscluster_reply_count(reply); i += 2)
        CHECK_CONTAINS(reply_text(rediscluster_reply_at(reply, i)), "READONLY You can't write against a read only");
    is_map(reply, 3, REDISCLUSTER_REPLY_ERROR);
    client_expect(client, "50", "DBSIZE", NULL);
    client_expect(client, "OK", "FLUSHALL", NULL);
    client_expect(client, "0", "DBSIZE", NULL);
    rediscluster_client_free(client);
    cluster_stop(servers);
    return 0;
}
