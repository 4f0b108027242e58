/* H1: with read_from=az reads go to the replicas in client_az in turn, else to the primary if it is there, else to the
 * other replicas in turn, else to the primary. A node's zone is what availability_zones says, else what the topology
 * says by SLOTS, SHARDS or NODES, else what the node itself tells when it is dialled. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

#include <stdio.h>

enum { NODES = 4 };

static void read_times(rediscluster_pool *pool, int times)
{
    for (int i = 0; i < times; i++) {
        rediscluster_connection *connection = take_reader(pool, 0, -2);
        rediscluster_reply_free(ask(connection, "GET", "key", NULL));
        give_back(connection);
    }
}

/* How many of 60 reads each of the nodes answers. */
static void shares(fake_node *fake, rediscluster_pool *pool, const int expected[NODES])
{
    fake_node_control(fake, "clear");
    read_times(pool, 60);
    for (int node = 1; node <= NODES; node++)
        CHECK_INT(fake_node_count_on(fake, node, "GET"), expected[node - 1]);
}

/* The tiers, as they fail one after another. Of nodes 2 to 4 the last two are in the zone. */
static void by_tiers(fake_node *fake, rediscluster_pool *pool, bool primary_is_near)
{
    shares(fake, pool, (const int[]){0, 0, 30, 30});
    fake_node_control(fake, "kill 3");
    shares(fake, pool, (const int[]){0, 0, 0, 60});
    fake_node_control(fake, "kill 4");
    if (primary_is_near) {
        shares(fake, pool, (const int[]){60, 0, 0, 0});
    } else {
        shares(fake, pool, (const int[]){0, 60, 0, 0});
        fake_node_control(fake, "kill 2");
        shares(fake, pool, (const int[]){60, 0, 0, 0});
    }
}

static rediscluster_pool *pool_in(fake_node *fake, const char *zones, const char *command)
{
    return pool_of(fake_node_address(fake, 1), "read_from", "az", "client_az", "near", "availability_zones", zones,
                   "topology_command", command, "replica_cooldown", "60000", NULL);
}

static void told_by_options(bool primary_is_near)
{
    /* What the map says of nodes 2 and 3 is overruled. */
    fake_node *fake = fake_node_start("node *\nhandshake\nstore\n"
                                      "topology 0-16383=1,replica:2/zone=near,replica:3/zone=far,replica:4");
    char zones[300];
    rediscluster_pool *pool;
    snprintf(zones, sizeof zones, "%s=%s,%s=far,%s=near, %s = near", fake_node_address(fake, 1),
             primary_is_near ? "near" : "far", fake_node_address(fake, 2), fake_node_address(fake, 3),
             fake_node_address(fake, 4));
    pool = pool_in(fake, zones, "auto");
    by_tiers(fake, pool, primary_is_near);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

/* By the address that is announced, where another is dialled. */
static void told_by_announced_address(void)
{
    fake_node *fake = fake_node_start("nodes 3\nnode *\nhandshake\nstore\ntopology 0-16383=1,replica:2@,replica:3@LocalHost");
    char zones[100];
    rediscluster_pool *pool;
    snprintf(zones, sizeof zones, "localhost:%d=near,%s=far", fake_node_port(fake, 3),
             fake_node_address(fake, 2));
    pool = pool_in(fake, zones, "auto");
    for (int i = 0; i < 10; i++)
        read_times(pool, 1);
    CHECK_INT(fake_node_count_on(fake, 3, "GET"), 10);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

static void told_by_topology(const char *command)
{
    fake_node *fake = fake_node_start(
        "node *\nhandshake\nstore\n"
        "on CLUSTER NODES => bulk \""
        "$id1 $addr1@1,,availability-zone=near master - 0 0 1 connected 0-16383\\n"
        "$id2 $addr2@1,,availability-zone=far slave $id1 0 0 1 connected\\n"
        "$id3 $addr3@1,,availability-zone=near slave $id1 0 0 1 connected\\n"
        "$id4 $addr4@1,,availability-zone=near slave $id1 0 0 1 connected\\n\"\n"
        "topology 0-16383=1/zone=near,replica:2/zone=far,replica:3/zone=near,replica:4/zone=near");
    rediscluster_pool *pool = pool_in(fake, "", command);
    by_tiers(fake, pool, true);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

static void told_by_the_node(void)
{
    fake_node *fake = fake_node_start(
        "node 3 4\non HELLO * => send \"%1\\r\\n$17\\r\\navailability_zone\\r\\n$4\\r\\nnear\\r\\n\"\n"
        "node 2\non HELLO * => send \"%1\\r\\n$17\\r\\navailability_zone\\r\\n$3\\r\\nfar\\r\\n\"\n"
        "node *\nhandshake\nstore\ntopology 0-16383=1,replica:2,replica:3,replica:4");
    rediscluster_pool *pool = pool_in(fake, "", "auto");
    /* Each is dialled once before it can be known, and counts as near until then. */
    read_times(pool, 6);
    CHECK_INT(fake_node_count_on(fake, 2, "GET"), 1);
    CHECK_INT(fake_node_count_on(fake, 1, "GET"), 0);
    by_tiers(fake, pool, false);
    rediscluster_pool_free(pool);

    /* What is told of it does not get lost with another map. */
    fake_node_control(fake, "revive 2");
    fake_node_control(fake, "revive 3");
    fake_node_control(fake, "revive 4");
    pool = pool_in(fake, "", "auto");
    read_times(pool, 6);
    {
        rediscluster_error *error = NULL;
        CHECK_OK(rediscluster_pool_refresh(pool, -2, &error), error);
    }
    by_tiers(fake, pool, false);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

int main(void)
{
    told_by_options(false);
    told_by_options(true);
    told_by_announced_address();
    told_by_topology("slots");
    told_by_topology("shards");
    told_by_topology("nodes");
    told_by_the_node();
    return 0;
}
