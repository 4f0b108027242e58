/* A7: 16384 ranges of one slot, unsorted, with ids and metadata, over three nodes; and a thousand nodes: each slot
 * has its owner. (The instructions an element costs are counted in bench/.) */
#include "fake_node.h"
#include "pools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void one_slot_ranges(void)
{
    /* Slot s is node s % 3 + 1's; answered in the order 7, 14, 21, ... mod 16384. */
    size_t room = 16384 * 24 + 300, length;
    char *script = malloc(room);
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    rediscluster_pool *pool;
    fake_node *fake;
    CHECK(script != NULL);
    length = (size_t)snprintf(script, room, "nodes 3\nlog off\nnode *\nhandshake\nslots");
    for (unsigned i = 0; i < 16384; i++) {
        unsigned slot = i * 7 % 16384;
        length += (size_t)snprintf(script + length, room - length, " %u=%u/hostname=h", slot,
                                   slot % 3 + 1);
    }
    fake = fake_node_start(script);
    free(script);
    pool = pool_of(fake_node_address(fake, 2), "require_full_coverage", "yes", NULL);
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK_INT(rediscluster_topology_node_count(topology), 3);
    for (int32_t slot = 0; slot < 16384; slot++)
        CHECK_INT(rediscluster_node_port(rediscluster_topology_slot_node(topology, slot, 0)),
                  fake_node_port(fake, slot % 3 + 1));
    for (size_t i = 0; i < 3; i++) {
        const rediscluster_node *node = rediscluster_topology_node(topology, i);
        int32_t first = rediscluster_node_port(node) == fake_node_port(fake, 1)   ? 0
                        : rediscluster_node_port(node) == fake_node_port(fake, 2) ? 1
                                                                                  : 2;
        size_t count = rediscluster_node_slot_range_count(node);
        int32_t start, end;
        CHECK_INT(strlen(rediscluster_node_id(node)), 40);
        CHECK_INT(count, (16384 - first + 2) / 3);
        for (size_t range = 0; range < count; range++) {
            CHECK(rediscluster_node_slot_range(node, range, &start, &end));
            CHECK_INT(start, first + 3 * (int32_t)range);
            CHECK_INT(end, start);
        }
        CHECK(!rediscluster_node_slot_range(node, count, &start, &end));
        CHECK(start == -1 && end == -1);
    }
    rediscluster_topology_free(topology);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

static void a_thousand_nodes(void)
{
    /* 500 primaries with a replica each; only node 1 is there, the others are never dialled. */
    size_t room = 500 * 80 + 300, length;
    char *script = malloc(room), name[32];
    const rediscluster_node **replicas = calloc(600, sizeof *replicas);
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    rediscluster_pool *pool;
    fake_node *fake;
    CHECK(script != NULL && replicas != NULL);
    length = (size_t)snprintf(script, room, "nodes 1\nlog off\nnode *\nhandshake\ntopology");
    for (int i = 0; i < 500; i++)
        length += (size_t)snprintf(script + length, room - length,
                                   " %d-%d=10.1.%d.%d:7000,replica:10.2.%d.%d:7000",
                                   i * 16384 / 500, (i + 1) * 16384 / 500 - 1, i / 250, i % 250,
                                   i / 250, i % 250);
    fake = fake_node_start(script);
    free(script);
    for (int command = 0; command < 3; command++) {
        const char *commands[] = {"slots", "shards", "nodes"};
        pool = pool_of(fake_node_address(fake, 1), "topology_command", commands[command],
                       "require_full_coverage", "yes", NULL);
        CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
        CHECK_INT(rediscluster_topology_node_count(topology), 1000);
        for (int i = 0; i < 500; i++) {
            int32_t slot = i * 16384 / 500;
            const rediscluster_node *primary = rediscluster_topology_slot_node(topology, slot, 0);
            const rediscluster_node *replica = rediscluster_topology_slot_node(topology, slot, 1);
            snprintf(name, sizeof name, "10.1.%d.%d:7000", i / 250, i % 250);
            CHECK_STR(rediscluster_node_address(primary), name);
            snprintf(name, sizeof name, "10.2.%d.%d:7000", i / 250, i % 250);
            CHECK_STR(rediscluster_node_address(replica), name);
            CHECK_INT(rediscluster_node_role(replica), REDISCLUSTER_ROLE_REPLICA);
            CHECK(rediscluster_topology_node(
                      topology, (size_t)rediscluster_node_primary(replica)) == primary);
            CHECK(rediscluster_topology_slot_node(topology, slot, 2) == NULL);
        }
        CHECK_INT(rediscluster_topology_nodes_by_role(topology, REDISCLUSTER_ROLE_REPLICA, replicas, 600),
                  500);
        CHECK(replicas[499] != NULL && replicas[500] == NULL);
        rediscluster_topology_free(topology);
        rediscluster_pool_free(pool);
    }
    free(replicas);
    fake_node_stop(fake);
}

int main(void)
{
    one_slot_ranges();
    a_thousand_nodes();
    return 0;
}
