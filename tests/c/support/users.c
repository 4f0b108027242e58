#define _POSIX_C_SOURCE 200809L

#include "users.h"

#include "cluster.h"
#include "commands.h"
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int users_connections(rediscluster_connection *asked, const char *name, const char *user)
{
    rediscluster_reply *reply = say(asked, "CLIENT", "LIST", NULL);
    char *lines = strdup(reply_text(reply)), *rest = NULL, named[80], users[80];
    int count = 0;
    CHECK(lines != NULL);
    snprintf(named, sizeof named, " name=%s ", name);
    snprintf(users, sizeof users, " user=%s ", user);
    for (char *line = strtok_r(lines, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        if (strstr(line, named) == NULL)
            continue;
        CHECK_CONTAINS(line, users);
        count++;
    }
    free(lines);
    rediscluster_reply_free(reply);
    return count;
}

void users_whoami(rediscluster_pool *pool, const char *user)
{
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK(rediscluster_topology_node_count(topology) > 0);
    for (size_t i = 0; i < rediscluster_topology_node_count(topology); i++) {
        rediscluster_connection *connection =
            take_node(pool, rediscluster_node_id(rediscluster_topology_node(topology, i)), -2);
        say_expect(connection, user, "ACL", "WHOAMI", NULL);
        give_back(connection);
    }
    rediscluster_topology_free(topology);
}

struct watcher {
    cluster *servers;
    rediscluster_pool *pool; /* with connections of its own */
    const char *user;
    int discoveries;
};

/* The line that tells a discovery's end comes while its last connection is still there. */
static void during_discovery(void *user_data, rediscluster_log_level level, const char *message)
{
    struct watcher *watcher = user_data;
    int seen = 0;
    if (level != REDISCLUSTER_LOG_INFO || strncmp(message, "topology ", 9) != 0)
        return;
    for (int i = 1; i <= cluster_count_nodes(watcher->servers); i++) {
        rediscluster_connection *connection =
            take_node(watcher->pool, cluster_address(watcher->servers, i), -2);
        seen += users_connections(connection, "watched", watcher->user);
        give_back(connection);
    }
    CHECK(seen > 0);
    watcher->discoveries++;
}

/* The node that was asked may not have heard of all others yet, a moment after they came up. */
static bool knows(rediscluster_pool *pool, size_t nodes)
{
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    bool all;
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    all = rediscluster_topology_node_count(topology) == nodes;
    rediscluster_topology_free(topology);
    if (!all)
        CHECK_OK(rediscluster_pool_refresh(pool, REDISCLUSTER_TIMEOUT_DEFAULT, &error), error);
    return all;
}

static void as_user(struct watcher *watcher, const char *username, const char *password, const char *user,
                    bool restart)
{
    cluster *servers = watcher->servers;
    rediscluster_options *options =
        options_of(cluster_addresses(servers), "username", username, "password", password, "client_name",
                   "watched", "topology_refresh_min_interval", "0", NULL);
    rediscluster_error *error = NULL;
    rediscluster_pool *pool = NULL;
    int discoveries = watcher->discoveries;
    int64_t created;

    watcher->user = user;
    CHECK_OK(rediscluster_options_set_log(options, during_discovery, watcher, NULL, &error), error);
    CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
    rediscluster_options_free(options);
    CHECK(watcher->discoveries > discoveries);
    WAIT_UNTIL(knows(pool, (size_t)cluster_count_nodes(servers)), 10000);
    users_whoami(pool, user);
    for (int i = 1; i <= cluster_count_nodes(servers); i++) {
        rediscluster_connection *connection = take_node(watcher->pool, cluster_address(servers, i), -2);
        CHECK_INT(users_connections(connection, "watched", user), 1);
        give_back(connection);
    }

    /* Killed while idle: others take their places, as the same user. */
    created = pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED);
    for (int i = 1; i <= cluster_count_nodes(servers); i++) {
        rediscluster_connection *connection = take_node(pool, cluster_address(servers, i), -2);
        rediscluster_reply *id = say(connection, "CLIENT", "ID", NULL);
        rediscluster_connection *other = take_node(watcher->pool, cluster_address(servers, i), -2);
        char number[24];
        snprintf(number, sizeof number, "%lld", (long long)rediscluster_reply_integer(id));
        give_back(connection);
        say_expect(other, "1", "CLIENT", "KILL", "ID", number, NULL);
        WAIT_UNTIL(users_connections(other, "watched", user) == 0, 10000);
        give_back(other);
        rediscluster_reply_free(id);
    }
    users_whoami(pool, user);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), created + cluster_count_nodes(servers));

    if (!restart) {
        rediscluster_pool_free(pool);
        return;
    }
    /* A primary and a replica begin anew. */
    free(cluster_control(servers, "restart 1"));
    free(cluster_control(servers, "restart 6"));
    discoveries = watcher->discoveries;
    CHECK_OK(rediscluster_pool_refresh(pool, 20000, &error), error);
    CHECK(watcher->discoveries > discoveries);
    users_whoami(pool, user);
    rediscluster_pool_free(pool);
}

void users_on_every_node(const char *server)
{
    cluster *servers = cluster_start("--server", server, "--primaries", "3", "--replicas", "1", "--password",
                                     "of default", "--config", "repl-ping-replica-period 1", "--config",
                                     "user app on >of-app ~* &* +@all", NULL);
    struct watcher watcher = {servers, NULL, NULL, 0};
    rediscluster_error *error;
    watcher.pool = pool_of(cluster_addresses(servers), "password", "of default", NULL);
    as_user(&watcher, "app", "of-app", "app", true);
    as_user(&watcher, "", "of default", "default", false);
    /* Nobody is let in without. */
    error = pool_refused_of(cluster_addresses(servers), REDISCLUSTER_ERROR_AUTH, NULL);
    CHECK_CONTAINS(rediscluster_error_message(error), "asks for a password");
    rediscluster_error_free(error);
    rediscluster_pool_free(watcher.pool);
    cluster_stop(servers);
}
