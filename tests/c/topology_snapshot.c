/* A topology is a snapshot: nodes with id, address, announced address, role, primary, zone, health and slots; slots with
 * their primary first and then the replicas; it stays as it was when the pool's changes, and outlives the pool. */
#include "fake_node.h"
#include "pools.h"

#include <string.h>

static const char *id = "0123456789abcdef0123456789abcdef01234567";

static rediscluster_topology *topology_of(const rediscluster_pool *pool)
{
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    return topology;
}

int main(void)
{
    fake_node *fake = fake_node_start(
        "nodes 5\nnode *\nhandshake\nstore\n"
        "scene before\nnode *\n"
        "shards 0-99+200-299=1/zone=east/id=0123456789abcdef0123456789abcdef01234567,replica:3/zone=west,"
        "replica:4/health=loading 300-16383=2\n"
        "scene after\nnode *\nshards 0-16383=2,replica:1");
    rediscluster_pool *pool;
    rediscluster_topology *before, *after;
    const rediscluster_node *primary, *replica, *other, *all[8] = {NULL};
    rediscluster_error *error = NULL;
    int32_t start, end;
    uint64_t version;

    fake_node_control(fake, "use before");
    pool = pool_of(fake_node_address(fake, 5), "topology_command", "shards", NULL);
    before = topology_of(pool);
    version = rediscluster_topology_version(before);
    CHECK(version > 0);
    CHECK_INT(rediscluster_topology_node_count(before), 4);

    primary = rediscluster_topology_slot_node(before, 50, 0);
    CHECK_STR(rediscluster_node_address(primary), fake_node_address(fake, 1));
    CHECK_STR(rediscluster_node_id(primary), id);
    CHECK_STR(rediscluster_node_zone(primary), "east");
    CHECK_INT(rediscluster_node_role(primary), REDISCLUSTER_ROLE_PRIMARY);
    CHECK_INT(rediscluster_node_primary(primary), -1);
    CHECK_INT(rediscluster_node_health(primary), REDISCLUSTER_HEALTH_ONLINE);
    CHECK_STR(rediscluster_node_announced_host(primary), "127.0.0.1");
    CHECK_INT(rediscluster_node_announced_port(primary), fake_node_port(fake, 1));
    CHECK_INT(rediscluster_node_slot_range_count(primary), 2);
    CHECK(rediscluster_node_slot_range(primary, 0, &start, &end) && start == 0 && end == 99);
    CHECK(rediscluster_node_slot_range(primary, 1, &start, &end) && start == 200 && end == 299);
    CHECK(rediscluster_node_slot_range(primary, 1, NULL, &end) && rediscluster_node_slot_range(primary, 1, &start, NULL));
    CHECK(rediscluster_topology_slot_node(before, 250, 0) == primary);
    CHECK(rediscluster_topology_slot_node(before, 150, 0) == NULL);

    for (size_t i = 1; i <= 2; i++) {
        replica = rediscluster_topology_slot_node(before, 0, i);
        CHECK_INT(rediscluster_node_role(replica), REDISCLUSTER_ROLE_REPLICA);
        CHECK(rediscluster_topology_node(before, (size_t)rediscluster_node_primary(replica)) == primary);
        CHECK_INT(rediscluster_node_slot_range_count(replica), 0);
        CHECK(!rediscluster_node_slot_range(replica, 0, &start, &end) && start == -1 && end == -1);
        if (strcmp(rediscluster_node_address(replica), fake_node_address(fake, 3)) == 0) {
            CHECK_STR(rediscluster_node_zone(replica), "west");
        } else {
            CHECK_STR(rediscluster_node_address(replica), fake_node_address(fake, 4));
            CHECK_STR(rediscluster_node_zone(replica), "");
            CHECK_INT(rediscluster_node_health(replica), REDISCLUSTER_HEALTH_LOADING);
        }
    }
    CHECK(rediscluster_topology_slot_node(before, 0, 3) == NULL);
    other = rediscluster_topology_slot_node(before, 16383, 0);
    CHECK_STR(rediscluster_node_host(other), "127.0.0.1");
    CHECK_INT(rediscluster_node_port(other), fake_node_port(fake, 2));
    CHECK(rediscluster_topology_slot_node(before, 16383, 1) == NULL);

    /* By role: no more is written than there is room for. */
    CHECK_INT(rediscluster_topology_nodes_by_role(before, REDISCLUSTER_ROLE_PRIMARY, all, 8), 2);
    CHECK(all[0] == primary && all[1] == other && all[2] == NULL);
    all[1] = NULL;
    CHECK_INT(rediscluster_topology_nodes_by_role(before, REDISCLUSTER_ROLE_REPLICA, all, 1), 2);
    CHECK(all[0] != NULL && all[1] == NULL);

    fake_node_control(fake, "use after");
    CHECK_OK(rediscluster_pool_refresh(pool, -2, &error), error);
    after = topology_of(pool);
    CHECK(rediscluster_topology_version(after) > version);
    CHECK_INT(rediscluster_topology_node_count(after), 2);
    CHECK_STR(rediscluster_node_address(rediscluster_topology_slot_node(after, 50, 0)), fake_node_address(fake, 2));
    CHECK_STR(rediscluster_node_address(rediscluster_topology_slot_node(after, 50, 1)), fake_node_address(fake, 1));
    rediscluster_pool_free(pool);
    fake_node_stop(fake);

    CHECK_INT(rediscluster_topology_version(before), version);
    CHECK_INT(rediscluster_topology_node_count(before), 4);
    CHECK_STR(rediscluster_node_id(primary), id);
    CHECK(rediscluster_topology_slot_node(before, 50, 0) == primary);
    rediscluster_topology_free(before);
    CHECK_INT(rediscluster_topology_node_count(after), 2);
    rediscluster_topology_free(after);
    return 0;
}
