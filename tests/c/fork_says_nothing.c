/* L6: on the parent's connections the servers see nothing of a child: no close, no command, no byte, whether it used the
 * pool, freed it or did neither, and whether it ended by exit() or _exit(); plain and over TLS. They are closed when the
 * parent closes them. */
#define _POSIX_C_SOURCE 200809L

#include "certificates.h"
#include "children.h"
#include "commands.h"
#include "fake_node.h"
#include "options.h"
#include "pools.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct shared {
    rediscluster_pool *pool;
    bool uses, closes, frees;
};

static void child(void *argument)
{
    struct shared *shared = argument;
    rediscluster_error *error = NULL;
    if (shared->uses) {
        rediscluster_connection *connection = take_slot(shared->pool, 0, 20000);
        say_expect(connection, "PONG", "PING", NULL);
        give_back(connection);
    }
    if (shared->closes) {
        CHECK_OK(rediscluster_pool_disconnect(shared->pool, &error), error);
        CHECK_OK(rediscluster_pool_close(shared->pool, &error), error);
    }
    if (shared->frees)
        rediscluster_pool_free(shared->pool);
}

/* Nothing stands in the log of connections up to this number. */
static void untouched(fake_node *fake, int parents)
{
    char *log = fake_node_log(fake), *rest = NULL;
    for (char *line = strtok_r(log, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        double at;
        int node, connection;
        CHECK_INT(sscanf(line, "%lf %d %d", &at, &node, &connection), 3);
        if (connection <= parents)
            check_fail(__FILE__, __LINE__, "on a connection of the parent's: %s", line);
    }
    free(log);
}

static void with(bool tls)
{
    struct shared shared;
    fake_node *fake = fake_node_start_format("%s%s\nnode 1\nhandshake\nstore\ntopology 0-16383=1", tls ? "tls " : "",
                                             tls ? certificates_folder() : "");
    rediscluster_options *options = options_of(fake_node_address(fake, 1), NULL);
    rediscluster_error *error = NULL;
    rediscluster_connection *held, *idle;
    int parents;
    if (tls) {
        CHECK_OK(rediscluster_options_set(options, "ssl", "yes", &error), error);
        CHECK_OK(rediscluster_options_set(options, "ssl_ca_certs", certificates_file("ca.pem"), &error), error);
    }
    CHECK_OK(rediscluster_pool_new(options, &shared.pool, &error), error);
    rediscluster_options_free(options);
    held = take_slot(shared.pool, 0, -2);
    idle = take_slot(shared.pool, 0, -2);
    give_back(idle);
    /* That of the discovery is closed by now. */
    WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 2, 10000);
    parents = (int)fake_node_connections_of(fake, 1).total;
    for (int way = 0; way < 16; way++) {
        shared.uses = way & 1;
        shared.closes = way & 2;
        shared.frees = way & 4;
        fake_node_control(fake, "clear");
        child_run(child, &shared, way & 8 ? CHILD_EXIT : CHILD_EXIT_NOW);
        /* The child's own are gone, and with them all it may have said. */
        WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 2, 10000);
        untouched(fake, parents);
        say_expect(held, "PONG", "PING", NULL);
        idle = take_slot(shared.pool, 0, -2);
        say_expect(idle, "PONG", "PING", NULL);
        give_back(idle);
        CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_CREATED), 2);
    }
    rediscluster_pool_free(shared.pool);
    WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 1, 10000);
    say_expect(held, "PONG", "PING", NULL);
    give_back(held);
    WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 0, 10000);
    fake_node_stop(fake);
}

int main(void)
{
    with(false);
    with(true);
    return 0;
}
