/* A9: no CONFIG, no COMMAND and no CLUSTER SHARDS is ever sent, so a server that denies them is served: over discovery,
 * gets of every kind, refreshes, maintenance, failures and reset, each command sent is one of a known few. */
#include "commands.h"
#include "fake_node.h"
#include "options.h"
#include "pools.h"

#include <stdlib.h>
#include <string.h>

static const char *allowed[] = {"HELLO",          "CLIENT SETNAME", "CLIENT SETINFO", "CLUSTER SLOTS",
                                "CLUSTER NODES",  "ROLE",           "READONLY",       "PING",           "GET"};

int main(void)
{
    fake_node *fake = fake_node_start(
        "node *\n"
        "on CONFIG * => error \"NOPERM this user has no permissions to run the 'config' command\"\n"
        "on COMMAND * => error \"NOPERM this user has no permissions to run the 'command' command\"\n"
        "on CLUSTER SHARDS => error \"NOPERM this user has no permissions\"\n"
        "on INFO * => error \"NOPERM this user has no permissions\"\n"
        "handshake\nstore\ntopology 0-8191=1,replica:3 8192-16383=2");
    rediscluster_pool *pool =
        pool_of(fake_node_address(fake, 1), "client_name", "app", "health_check_interval", "1",
                "topology_refresh_interval", "1", "topology_refresh_min_interval", "0", NULL);
    rediscluster_error *error = NULL;
    rediscluster_connection *connection = NULL;
    char *log, *line, *rest;
    int commands = 0;

    for (int round = 0; round < 3; round++) {
        give_back(take_slot(pool, 0, -2));
        give_back(take_slot(pool, 16383, -2));
        CHECK_OK(rediscluster_pool_get_by_node(pool, fake_node_address(fake, 3), -2, &connection, &error),
                 error);
        CHECK(rediscluster_connection_is_readonly(connection));
        give_back(connection);
        CHECK_OK(rediscluster_pool_get_random(pool, -2, &connection, &error), error);
        rediscluster_reply_free(ask(connection, "GET", "k", NULL));
        give_back(connection);
        CHECK_OK(rediscluster_pool_refresh(pool, -2, &error), error);
        clock_sleep_ms(5);
        CHECK_OK(rediscluster_pool_maintain(pool, 2000, NULL, &error), error);
        CHECK_OK(rediscluster_pool_reset(pool, -2, &error), error);
        if (round == 1)
            fake_node_control(fake, "kill 2");
        if (rediscluster_pool_get_by_slot(pool, 16383, REDISCLUSTER_WRITE, 500, &connection, NULL) == 0)
            give_back(connection);
        if (round == 1)
            fake_node_control(fake, "revive 2");
    }
    rediscluster_pool_free(pool);

    log = fake_node_log(fake);
    for (line = log; line != NULL && *line != '\0'; line = rest) {
        char *command;
        size_t i = 0;
        if ((rest = strchr(line, '\n')) != NULL)
            *rest++ = '\0';
        CHECK(strstr(line, " unscripted ") == NULL && strstr(line, " rubbish ") == NULL);
        if ((command = strstr(line, " command ")) == NULL)
            continue;
        command = strchr(command + strlen(" command "), ' ') + 1; /* behind the read's number */
        while (i < sizeof allowed / sizeof *allowed
               && strncmp(command, allowed[i], strlen(allowed[i])) != 0)
            i++;
        if (i == sizeof allowed / sizeof *allowed)
            check_fail(__FILE__, __LINE__, "sent: %s", command);
        commands++;
    }
    free(log);
    CHECK(commands > 40);
    CHECK_INT(fake_node_count(fake, "CONFIG"), 0);
    CHECK_INT(fake_node_count(fake, "COMMAND"), 0);
    CHECK(fake_node_count(fake, "PING") > 0);
    fake_node_stop(fake);
    return 0;
}
