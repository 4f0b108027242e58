/* L6: a child's child, and its child in turn, plain and over TLS: each process uses the pool by connections of its own,
 * while what the processes before it have checked out gives FORKED; and each goes on with its own when its child is gone. */
#define _POSIX_C_SOURCE 200809L

#include "certificates.h"
#include "children.h"
#include "commands.h"
#include "fake_node.h"
#include "options.h"
#include "pools.h"

#include <stdio.h>
#include <unistd.h>

enum { DEPTH = 4 };

struct shared {
    rediscluster_pool *pool;
    rediscluster_connection *held[DEPTH]; /* by each process */
    int depth;
};

static void says_its_name(rediscluster_connection *connection)
{
    char name[32];
    snprintf(name, sizeof name, "%ld", (long)getpid());
    say_expect(connection, name, "ECHO", name, NULL);
}

static void generation(void *argument)
{
    struct shared *shared = argument;
    int depth = shared->depth;
    rediscluster_connection *idle;
    rediscluster_command *command = command_of("PING", NULL);
    shared->held[depth] = take_slot(shared->pool, 0, 60000);
    idle = take_slot(shared->pool, 16383, 60000);
    says_its_name(idle);
    give_back(idle);
    for (int before = 0; before < depth; before++) {
        rediscluster_reply *reply = NULL;
        CHECK(shared->held[before] != shared->held[depth]);
        CHECK_INT(rediscluster_connection_command(shared->held[before], command, 1000, &reply, NULL),
                  REDISCLUSTER_ERROR_FORKED);
        CHECK_INT(rediscluster_connection_release(shared->held[before], NULL), REDISCLUSTER_ERROR_FORKED);
    }
    if (depth + 1 < DEPTH) {
        pid_t children[2];
        shared->depth = depth + 1;
        for (int i = 0; i < 2; i++)
            children[i] = child_start(generation, shared, i ? CHILD_EXIT : CHILD_EXIT_NOW);
        says_its_name(shared->held[depth]);
        for (int i = 0; i < 2; i++)
            child_join(children[i]);
    }
    says_its_name(shared->held[depth]);
    idle = take_slot(shared->pool, 16383, 60000);
    says_its_name(idle);
    give_back(idle);
    CHECK_INT(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_CREATED), 2);
    CHECK_INT(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_IN_USE), 1);
    give_back(shared->held[depth]);
    rediscluster_command_free(command);
    rediscluster_pool_free(shared->pool);
}

int main(void)
{
    for (int tls = 0; tls < 2; tls++) {
        struct shared shared = {0};
        fake_node *fake = fake_node_start_format("%s%s\nnode 1 2\nhandshake\nstore\ntopology 0-8191=1 8192-16383=2",
                                                 tls ? "tls " : "", tls ? certificates_folder() : "");
        rediscluster_options *options = options_of(fake_node_address(fake, 1), NULL);
        rediscluster_error *error = NULL;
        if (tls) {
            CHECK_OK(rediscluster_options_set(options, "ssl", "yes", &error), error);
            CHECK_OK(rediscluster_options_set(options, "ssl_ca_certs", certificates_file("ca.pem"), &error), error);
            /* A child's first dial makes a TLS context, which takes long under a tool and where many do. */
            CHECK_OK(rediscluster_options_set(options, "socket_connect_timeout", "60000", &error), error);
        }
        CHECK_OK(rediscluster_pool_new(options, &shared.pool, &error), error);
        rediscluster_options_free(options);
        generation(&shared);
        fake_node_stop(fake);
    }
    return 0;
}
