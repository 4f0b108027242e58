/* F4: what ASK names is connected to, also where no map names it: ASKING and the command go out in one write on one
 * connection, the map stays, the connection is pooled and the next command on it is not asking. Released after ASKING
 * alone it is closed. Limits hold, and the next map lets the node leave. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rediscluster_error *error;

static rediscluster_connection *asked(rediscluster_pool *pool, const char *node)
{
    rediscluster_connection *connection = NULL;
    CHECK_OK(rediscluster_pool_ask(pool, node, -2, &connection, &error), error);
    CHECK_STR(rediscluster_connection_node(connection), node);
    return connection;
}

static void append(rediscluster_connection *connection, rediscluster_command *command)
{
    CHECK_OK(rediscluster_connection_append(connection, command, &error), error);
    rediscluster_command_free(command);
}

static void read_text(rediscluster_connection *connection, const char *expected)
{
    rediscluster_reply *reply = NULL;
    CHECK_OK(rediscluster_connection_read(connection, -2, &reply, &error), error);
    CHECK_STR(reply_text(reply), expected);
    rediscluster_reply_free(reply);
}

/* The read ("READ" of the log) that a command came with on a node: "MS NODE CONNECTION command READ NAME". */
static long read_of(fake_node *fake, const char *name)
{
    char *log = fake_node_log(fake), kind[32], word[32];
    long at = -1, node, connection, number;
    double ms;
    for (char *line = strtok(log, "\n"); line != NULL; line = strtok(NULL, "\n"))
        if (sscanf(line, "%lf %ld %ld %31s %ld %31s", &ms, &node, &connection, kind, &number, word) == 6 &&
            strcmp(kind, "command") == 0 && strcmp(word, name) == 0)
            at = number;
    free(log);
    return at;
}

int main(void)
{
    fake_node *fake = fake_node_start("nodes 3\nnode *\nhandshake\nstore\ntopology 0-8191=1 8192-16383=2");
    rediscluster_pool *pool =
        pool_of(fake_node_address(fake, 1), "max_connections_per_node", "2", "reinitialize_steps", "1", NULL);
    const char *target = fake_node_address(fake, 3);
    rediscluster_connection *connection, *other, *none = NULL;
    rediscluster_topology *topology = NULL;
    uint64_t version;

    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    version = rediscluster_topology_version(topology);
    rediscluster_topology_free(topology);
    fake_node_control(fake, "clear");

    connection = asked(pool, target);
    append(connection, command_of("ASKING", NULL));
    append(connection, command_of("SET", "key", "value", NULL));
    CHECK_OK(rediscluster_connection_flush(connection, -2, &error), error);
    read_text(connection, "OK");
    read_text(connection, "OK");
    CHECK(read_of(fake, "ASKING") >= 0);
    CHECK_INT(read_of(fake, "ASKING"), read_of(fake, "SET"));
    CHECK_INT(fake_node_count_on(fake, 3, "ASKING"), 1);
    give_back(connection);

    /* Pooled, and what follows on it is not asking. */
    CHECK_INT(pool_stat(pool, target, REDISCLUSTER_STAT_IDLE), 1);
    connection = asked(pool, target);
    CHECK_INT(pool_stat(pool, target, REDISCLUSTER_STAT_CREATED), 1);
    say_expect(connection, "value", "GET", "key", NULL);
    CHECK_INT(fake_node_count(fake, "ASKING"), 1);

    /* The node's limit holds for it, too. */
    other = asked(pool, target);
    CHECK_STATUS(rediscluster_pool_ask(pool, target, -2, &none, &error), REDISCLUSTER_ERROR_POOL_EXHAUSTED, error);
    CHECK(none == NULL);
    give_back(other);

    /* ASKING alone: nobody else's command shall be asked. With a command behind it all is well again. */
    say_expect(connection, "OK", "ASKING", NULL);
    give_back(connection);
    WAIT_UNTIL(fake_node_connections_of(fake, 3).open == 1, 5000);
    CHECK_INT(pool_stat(pool, target, REDISCLUSTER_STAT_OPEN), 1);
    connection = asked(pool, target);
    say_expect(connection, "OK", "ASKING", NULL);
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
    CHECK_INT(pool_stat(pool, target, REDISCLUSTER_STAT_IDLE), 1);

    /* To a node of the map, by whatever letter case; its own connections serve. */
    give_back(take_slot(pool, 0, -2));
    give_back(asked(pool, fake_node_address(fake, 1)));
    CHECK_INT(pool_stat(pool, fake_node_address(fake, 1), REDISCLUSTER_STAT_CREATED), 1);

    /* The map stayed, nobody was asked for it, and the slot is its owner's. */
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK_INT(rediscluster_topology_version(topology), version);
    CHECK_INT(rediscluster_topology_node_count(topology), 2);
    rediscluster_topology_free(topology);
    CHECK_INT(fake_node_count(fake, "CLUSTER"), 0);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_ASK), 6);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_MOVED), 0);

    /* The next map does not name it. */
    connection = asked(pool, target);
    CHECK_OK(rediscluster_pool_refresh(pool, -2, &error), error);
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
    WAIT_UNTIL(fake_node_connections_of(fake, 3).open == 0, 5000);
    CHECK_INT(pool_stat(pool, target, REDISCLUSTER_STAT_OPEN), -1);
    connection = asked(pool, target);
    give_back(connection);
    CHECK_INT(pool_stat(pool, target, REDISCLUSTER_STAT_IDLE), 1);
    rediscluster_pool_free(pool);

    /* Before the first discovery there is no map at all. */
    pool = pool_of(fake_node_address(fake, 1), "init_slot_cache", "no", NULL);
    connection = asked(pool, target);
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
    fake_node_control(fake, "clear");
    CHECK_OK(rediscluster_pool_moved(pool, 0, target, &error), error);
    give_back(take_slot(pool, 0, -2));
    CHECK_INT(fake_node_count(fake, "CLUSTER"), 1);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
