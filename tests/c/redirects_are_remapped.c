/* MOVED and ASK name a node as the cluster announces it: the mapped address is dialled, by rules and by callback. */
#include "fake_node.h"
#include "pools.h"

#include <stdio.h>
#include <string.h>

/* What no rule takes: 10.9.9.8 is this machine, too. */
static void translate(void *user_data, const char *host, uint16_t port, rediscluster_address_sink sink, void *sink_data)
{
    (void)user_data;
    if (strcmp(host, "10.9.9.8") == 0)
        CHECK_INT(sink(sink_data, "127.0.0.1", port), REDISCLUSTER_OK);
}

static void goes_to(rediscluster_pool *pool, int32_t slot, const char *node)
{
    rediscluster_connection *connection = take_slot(pool, slot, -2);
    CHECK_STR(rediscluster_connection_node(connection), node);
    give_back(connection);
}

int main(void)
{
    static const char *const hosts[] = {"10.9.9.9", "10.9.9.8"};
    fake_node *fake = fake_node_start("node *\nhandshake\ntopology 0-16383=1@10.9.9.9");
    rediscluster_options *options = NULL;
    rediscluster_pool *pool = NULL;
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_options_new(&options, &error), error);
    CHECK_OK(rediscluster_options_set(options, "startup_nodes", fake_node_address(fake, 1), &error), error);
    CHECK_OK(rediscluster_options_set(options, "host_port_remap", "10.9.9.9=127.0.0.1", &error), error);
    CHECK_OK(rediscluster_options_set_translate(options, translate, NULL, NULL, &error), error);
    CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
    rediscluster_options_free(options);
    goes_to(pool, 7, fake_node_address(fake, 1));

    for (int i = 0; i < 2; i++) {
        char node[64];
        rediscluster_connection *connection = NULL;
        snprintf(node, sizeof node, "%s:%d", hosts[i], fake_node_port(fake, 1));
        CHECK_OK(rediscluster_pool_ask(pool, node, 20000, &connection, &error), error);
        CHECK_STR(rediscluster_connection_node(connection), fake_node_address(fake, 1));
        give_back(connection);
        /* The owner already: nothing changes. */
        CHECK_OK(rediscluster_pool_moved(pool, 7, node, &error), error);
        goes_to(pool, 7, fake_node_address(fake, 1));
    }
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK_INT(rediscluster_topology_node_count(topology), 1);
    rediscluster_topology_free(topology);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
