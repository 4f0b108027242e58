/* L4: hostile answers to the handshake and to the topology's question: making a pool ends with a status that names the
 * node, in time and with little memory; where another node is sane the pool works. */
#include "commands.h"
#include "descriptors.h"
#include "fake_node.h"
#include "options.h"
#include "pools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void hostile(const char *rule)
{
    char script[400], nodes[64];
    long before = resident_kib();
    char silence[16];
    fake_node *fake;
    rediscluster_error *error;
    rediscluster_pool *pool;
    snprintf(silence, sizeof silence, "%d", (int)(150 * test_patience()));
    snprintf(script, sizeof script,
             "node *\nlog off\nhandshake\nnode 1\n%s\nnode 2\nstore\ntopology 0-16383=2", rule);
    fake = fake_node_start(script);
    error = pool_refused_of(fake_node_address(fake, 1), REDISCLUSTER_ERROR_UNREACHABLE, "socket_timeout",
                            silence, "socket_connect_timeout", silence, NULL);
    CHECK_CONTAINS(rediscluster_error_message(error), fake_node_address(fake, 1));
    CHECK(strlen(rediscluster_error_message(error)) < 600);
    CHECK_INT(rediscluster_error_attempt_count(error), 1);
    rediscluster_error_free(error);
    snprintf(nodes, sizeof nodes, "%s,%s", fake_node_address(fake, 1), fake_node_address(fake, 2));
    for (int round = 0; round < 2; round++) {
        rediscluster_connection *connection;
        pool = pool_of(nodes, "socket_timeout", silence, "socket_connect_timeout", silence, NULL);
        connection = take_slot(pool, 5, -2);
        say_expect(connection, "PONG", "PING", NULL);
        give_back(connection);
        rediscluster_pool_free(pool);
    }
    fake_node_stop(fake);
    if (getenv("REDISCLUSTER_TEST_TOOL") == NULL)
        CHECK_BETWEEN(resident_kib() - before, -1000000, 20 * 1024);
}

int main(void)
{
    const char *questions[] = {"HELLO", "CLUSTER"};
    const char *answers[] = {
        "repeat 100000 send \"*1\\r\\n\"",
        "send \"*2147483647\\r\\n\"",
        "send \"%2147483647\\r\\n\"",
        "send \"$-2\\r\\n\"",
        "send \"$9999999999\\r\\n\"",
        "send \"$536870912\\r\\n\"",
        "send \"*1\\r\\n*3\\r\\n:0\\r\\n:16383\\r\\n*2147483647\\r\\n\"",
        "fill 100000",
        "int 5",
        "resp { a b }",
        "resp [ [ 0 16383 ] ]",
        "repeat 3 resp [ ]",
        "repeat 5000 push invalidate a",
        "send \"\\x00\\x00\\x00\"; close",
        "reset",
        "dribble 200; resp [ [ 0 16383 [ 127.0.0.1 1 ] ] ]",
    };
    for (size_t question = 0; question < 2; question++)
        for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
            char rule[300];
            /* A map is what HELLO asks for. */
            if (question == 0 && strstr(answers[i], "{") != NULL)
                continue;
            snprintf(rule, sizeof rule, "on %s * => %s", questions[question], answers[i]);
            hostile(rule);
        }
    return 0;
}
