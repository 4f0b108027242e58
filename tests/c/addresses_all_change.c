/* G7: every address of a cluster changes and only the startup name still leads to it. The same pool recovers within the get
 * that meets the change, whether or not nodemanager_follow_cluster asks the nodes known before; also where the old addresses
 * swallow packets; and maintain finds it by itself after topology_refresh_interval. */
#include "commands.h"
#include "fake_node.h"
#include "options.h"
#include "pools.h"

#include <stdio.h>
#include <string.h>

/* The cluster before the change and after it: the name stands for one or the other's host. */
struct scene {
    fake_node *old, *new;
    const char *host;
    int lookups;
    char nodes[100];
};

static void resolve(void *user_data, const char *name, rediscluster_ip_sink sink, void *sink_data)
{
    struct scene *scene = user_data;
    CHECK_STR(name, "cluster.test");
    CHECK_INT(sink(sink_data, scene->host), REDISCLUSTER_OK);
    scene->lookups++;
}

static const char script[] = "host %s\nnodes 2\nnode *\nhandshake\nstore\ntopology 0-8191=1 8192-16383=2";

static void begin(struct scene *scene)
{
    char text[200];
    snprintf(text, sizeof text, script, "127.0.0.1");
    scene->old = fake_node_start(text);
    snprintf(text, sizeof text, script, "127.0.0.2");
    scene->new = fake_node_start(text);
    scene->host = "127.0.0.1";
    scene->lookups = 0;
    /* The fakes have no port in common: the first is good before the change, the second after it. */
    snprintf(scene->nodes, sizeof scene->nodes, "cluster.test:%d,cluster.test:%d", fake_node_port(scene->old, 1),
             fake_node_port(scene->new, 1));
}

static void end(struct scene *scene)
{
    fake_node_stop(scene->old);
    fake_node_stop(scene->new);
}

static rediscluster_pool *pool_in(struct scene *scene, const char *name, const char *value)
{
    rediscluster_options *options = options_of(scene->nodes, "topology_refresh_min_interval", "0",
                                               "socket_connect_timeout", "500", name, value, NULL);
    rediscluster_pool *pool = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_options_set_resolve(options, resolve, scene, NULL, &error), error);
    CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
    rediscluster_options_free(options);
    return pool;
}

static void serves(rediscluster_pool *pool, fake_node *fake)
{
    for (int i = 1; i <= 2; i++) {
        char host[64];
        rediscluster_connection *connection = take_slot(pool, i == 1 ? 0 : 16383, -2);
        snprintf(host, sizeof host, "%s", fake_node_address(fake, i));
        CHECK_STR(strrchr(rediscluster_connection_node(connection), ':'), strrchr(host, ':'));
        say_expect(connection, "PONG", "PING", NULL);
        give_back(connection);
    }
}

static void shows(rediscluster_pool *pool, fake_node *fake, const char *host)
{
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK_INT(rediscluster_topology_node_count(topology), 2);
    for (int i = 1; i <= 2; i++) {
        const rediscluster_node *node = rediscluster_topology_slot_node(topology, i == 1 ? 0 : 16383, 0);
        CHECK_STR(rediscluster_node_host(node), host);
        CHECK_INT(rediscluster_node_port(node), fake_node_port(fake, i));
    }
    rediscluster_topology_free(topology);
}

/* The nodes are somewhere else from one moment to the next, and what is left of the old ones is said by `how`. */
static void change(struct scene *scene, const char *how)
{
    for (int i = 1; i <= 2; i++)
        fake_node_control(scene->old, "%s %d", how, i);
    scene->host = "127.0.0.2";
}

static void recovers(const char *follow, const char *how)
{
    struct scene scene;
    rediscluster_pool *pool;
    rediscluster_connection *kept;
    rediscluster_error *error = NULL;
    rediscluster_reply *none = NULL;
    rediscluster_command *ping = command_of("PING", NULL);
    int lookups;
    begin(&scene);
    pool = pool_in(&scene, "nodemanager_follow_cluster", follow);
    serves(pool, scene.old);
    shows(pool, scene.old, "127.0.0.1");
    kept = take_slot(pool, 0, -2);
    lookups = scene.lookups;
    change(&scene, how);
    serves(pool, scene.new);
    shows(pool, scene.new, "127.0.0.2");
    CHECK(scene.lookups > lookups);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 2);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IN_USE), 1);
    /* Who had a connection to what is gone hears of it, and its place is free afterwards. */
    if (strcmp(how, "kill") == 0)
        CHECK_STATUS(rediscluster_connection_command(kept, ping, 2000, &none, &error), REDISCLUSTER_ERROR_CONNECTION, error);
    give_back(kept);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 2);
    serves(pool, scene.new);
    for (int i = 1; i <= 2; i++)
        WAIT_UNTIL(fake_node_connections_of(scene.new, i).open == 1, 5000);
    rediscluster_command_free(ping);
    rediscluster_pool_free(pool);
    end(&scene);
}

static void maintained(void)
{
    struct scene scene;
    rediscluster_pool *pool;
    rediscluster_error *error = NULL;
    int64_t next = -9, refreshes;
    begin(&scene);
    pool = pool_in(&scene, "topology_refresh_interval", "50");
    serves(pool, scene.old);
    change(&scene, "kill");
    clock_sleep_ms(60);
    refreshes = pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES);
    CHECK_OK(rediscluster_pool_maintain(pool, 10000, &next, &error), error);
    shows(pool, scene.new, "127.0.0.2"); /* before anybody asked for a slot */
    serves(pool, scene.new);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES), refreshes + 1);
    rediscluster_pool_free(pool);
    end(&scene);
}

int main(void)
{
    recovers("yes", "kill");
    recovers("no", "kill");
    recovers("yes", "blackhole");
    recovers("no", "blackhole");
    maintained();
    return 0;
}
