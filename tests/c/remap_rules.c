/* K1: addresses that a cluster announces and nobody can reach are dialled where host_port_remap says, alike by CLUSTER
 * SLOTS, SHARDS and NODES: a host, a port or both, names in any letter case, IPv4 and IPv6. A topology shows both addresses,
 * and a node is found by either and by its id. The first rule that matches is applied, once; startup nodes are dialled as
 * they are written. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

#include <stdio.h>
#include <string.h>

static const char *const forms[][2] = {{"slots", "slots"}, {"shards", "shards"}, {"nodes", "cluster-nodes"}};

/* Whoever owns the slot is announced there and dialled at that node of the fake. */
static void leads(rediscluster_pool *pool, fake_node *fake, int32_t slot, const char *announced, int to)
{
    rediscluster_topology *topology = NULL;
    rediscluster_connection *connection;
    rediscluster_error *error = NULL;
    const rediscluster_node *node;
    const char *names[3];
    char was[128], before[64];
    long pings = fake_node_count_on(fake, to, "PING");

    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    node = rediscluster_topology_slot_node(topology, slot, 0);
    CHECK_STR(rediscluster_node_address(node), fake_node_address(fake, to));
    CHECK_INT(rediscluster_node_port(node), fake_node_port(fake, to));
    snprintf(was, sizeof was, strchr(rediscluster_node_announced_host(node), ':') != NULL ? "[%s]:%d" : "%s:%d",
             rediscluster_node_announced_host(node), (int)rediscluster_node_announced_port(node));
    CHECK_STR(was, announced);
    snprintf(before, sizeof before, "%s", rediscluster_node_id(node));
    names[0] = fake_node_address(fake, to);
    names[1] = announced;
    names[2] = before;
    connection = take_slot(pool, slot, -2);
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
    for (int i = 0; i < 3; i++) {
        connection = take_node(pool, names[i], -2);
        CHECK_STR(rediscluster_connection_node(connection), fake_node_address(fake, to));
        say_expect(connection, "PONG", "PING", NULL);
        give_back(connection);
    }
    CHECK_INT(fake_node_count_on(fake, to, "PING"), pings + 4);
    rediscluster_topology_free(topology);
}

static fake_node *announcing(const char *form, const char *topology)
{
    char script[400];
    snprintf(script, sizeof script, "nodes 3\nnode *\nhandshake\nstore\n%s %s", form, topology);
    return fake_node_start(script);
}

static void whole_addresses(const char *command, const char *form)
{
    fake_node *fake = announcing(form, "0-99=10.99.0.1:7001 100-199=Node-B.example:7002 200-16383=fd00:0::7:7003");
    char rules[400];
    rediscluster_pool *pool;
    snprintf(rules, sizeof rules,
             "10.99.0.1:7001=127.0.0.1:%d, node-b.EXAMPLE:7002=127.0.0.1:%d, [FD00::0:7]:7003=127.0.0.1:%d",
             fake_node_port(fake, 1), fake_node_port(fake, 2), fake_node_port(fake, 3));
    pool = pool_of(fake_node_address(fake, 1), "topology_command", command, "host_port_remap", rules, NULL);
    leads(pool, fake, 0, "10.99.0.1:7001", 1);
    leads(pool, fake, 100, "Node-B.example:7002", 2);
    leads(pool, fake, 200, "[fd00::7]:7003", 3);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

static void hosts_alone_and_ports_alone(const char *command, const char *form)
{
    fake_node *fake;
    rediscluster_pool *pool;
    char rules[400], name[64];

    /* A host with any port: nodes 1 and 2 announce an address of their own. */
    fake = announcing(form, "0-99=1@10.99.0.1 100-199=2@10.99.0.1 200-16383=3");
    pool = pool_of(fake_node_address(fake, 1), "topology_command", command, "host_port_remap", "10.99.0.1=127.0.0.1",
                   NULL);
    for (int i = 1; i <= 3; i++) {
        snprintf(name, sizeof name, "%s:%d", i < 3 ? "10.99.0.1" : "127.0.0.1", fake_node_port(fake, i));
        leads(pool, fake, 100 * (i - 1), name, i);
    }
    rediscluster_pool_free(pool);
    fake_node_stop(fake);

    /* A port with any host, and an empty host, which is the one that answered. */
    fake = announcing(form, "0-99=127.0.0.1:7001 100-16383=127.0.0.1:7002");
    snprintf(rules, sizeof rules, ":7001=:%d,:7002=:%d", fake_node_port(fake, 1), fake_node_port(fake, 2));
    pool = pool_of(fake_node_address(fake, 1), "topology_command", command, "host_port_remap", rules, NULL);
    leads(pool, fake, 0, "127.0.0.1:7001", 1);
    leads(pool, fake, 100, "127.0.0.1:7002", 2);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

static void first_match_once(const char *command, const char *form)
{
    fake_node *fake = announcing(form, "0-99=10.99.0.1:7001 100-199=10.99.0.1:7002 200-16383=3");
    char rules[400];
    rediscluster_pool *pool;
    /* The second rule would turn back what the first gave; the third never has its turn. */
    snprintf(rules, sizeof rules, "10.99.0.1:7001=127.0.0.1:%d,127.0.0.1:%d=10.99.0.9:1,10.99.0.1:7001=10.99.0.9:1,"
             "10.99.0.1:7002=127.0.0.1:%d,:7002=:1", fake_node_port(fake, 1), fake_node_port(fake, 1),
             fake_node_port(fake, 2));
    pool = pool_of(fake_node_address(fake, 3), "topology_command", command, "host_port_remap", rules, NULL);
    leads(pool, fake, 0, "10.99.0.1:7001", 1);
    leads(pool, fake, 100, "10.99.0.1:7002", 2);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

/* A rule for the very address of the startup node: what is announced there leads elsewhere, the startup node does not. */
static void not_the_startup_nodes(const char *command, const char *form)
{
    fake_node *fake = announcing(form, "0-16383=1");
    char rules[100], known[64];
    rediscluster_pool *pool;
    rediscluster_error *error = NULL;
    snprintf(rules, sizeof rules, ":%d=:%d", fake_node_port(fake, 1), fake_node_port(fake, 2));
    snprintf(known, sizeof known, "127.0.0.1:%d", fake_node_port(fake, 1));
    pool = pool_of(known, "topology_command", command, "host_port_remap", rules, "nodemanager_follow_cluster", "no", NULL);
    CHECK(fake_node_count_on(fake, 1, "CLUSTER") > 0);
    CHECK_INT(fake_node_count_on(fake, 2, "CLUSTER"), 0);
    leads(pool, fake, 0, known, 2);
    CHECK_OK(rediscluster_pool_refresh(pool, -2, &error), error);
    CHECK_INT(fake_node_count_on(fake, 2, "CLUSTER"), 0);
    rediscluster_pool_free(pool);

    /* In a URL. */
    {
        char url[200];
        rediscluster_options *options = NULL;
        snprintf(url, sizeof url, "redis://127.0.0.1:%d?host_port_remap=%s&topology_command=%s", fake_node_port(fake, 1),
                 rules, command);
        CHECK_OK(rediscluster_options_from_url(url, &options, &error), error);
        CHECK_STR(rediscluster_options_get(options, "host_port_remap"), rules);
        CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
        rediscluster_options_free(options);
        leads(pool, fake, 0, known, 2);
        rediscluster_pool_free(pool);
    }
    fake_node_stop(fake);
}

int main(void)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        whole_addresses(forms[i][0], forms[i][1]);
        hosts_alone_and_ports_alone(forms[i][0], forms[i][1]);
        first_match_once(forms[i][0], forms[i][1]);
        not_the_startup_nodes(forms[i][0], forms[i][1]);
    }
    return 0;
}
