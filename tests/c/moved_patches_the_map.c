/* F1, F2: what MOVED says of one slot is known at once, without a question to the cluster: a replica of the shard swaps
 * roles with its primary for all of its slots; another primary has the slot alone; a node that no map names, too. To the
 * owner nothing changes. Bad slots and nodes are refused and change nothing, and a closed pool is CLOSED. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

static rediscluster_error *error;

static void moved(rediscluster_pool *pool, int32_t slot, const char *node)
{
    CHECK_OK(rediscluster_pool_moved(pool, slot, node, &error), error);
}

static uint64_t version(rediscluster_pool *pool)
{
    rediscluster_topology *topology = NULL;
    uint64_t version;
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    version = rediscluster_topology_version(topology);
    rediscluster_topology_free(topology);
    return version;
}

static void owner_is(rediscluster_pool *pool, int32_t slot, const char *node)
{
    rediscluster_connection *connection = take_slot(pool, slot, -2);
    CHECK_STR(rediscluster_connection_node(connection), node);
    CHECK(!rediscluster_connection_is_readonly(connection));
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
}

static void reader_is(rediscluster_pool *pool, int32_t slot, const char *node)
{
    rediscluster_connection *connection = take_reader(pool, slot, -2);
    CHECK_STR(rediscluster_connection_node(connection), node);
    CHECK(rediscluster_connection_is_readonly(connection));
    give_back(connection);
}

static void refused(rediscluster_pool *pool, int32_t slot, const char *node, const char *why)
{
    rediscluster_connection *none = NULL;
    CHECK_FAILS(rediscluster_pool_moved(pool, slot, node, &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_CONTAINS(rediscluster_error_message(error), why);
    rediscluster_error_free(error);
    error = NULL;
    if (slot == 0)
        CHECK_STATUS(rediscluster_pool_ask(pool, node, -2, &none, &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK(none == NULL);
}

int main(void)
{
    fake_node *fake = fake_node_start("nodes 4\nnode *\nhandshake\nstore\ntopology 0-8191=1,replica:3 8192-16383=2");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "read_from", "replica_preferred",
                                      "reinitialize_steps", "0", NULL);
    rediscluster_connection *held;
    const char *one = fake_node_address(fake, 1), *two = fake_node_address(fake, 2);
    const char *three = fake_node_address(fake, 3), *four = fake_node_address(fake, 4);
    rediscluster_topology *topology = NULL;
    const rediscluster_node *node;
    uint64_t before = version(pool);

    fake_node_control(fake, "clear");
    owner_is(pool, 0, one);
    moved(pool, 0, one);
    CHECK_INT(version(pool), before);

    refused(pool, -1, one, "slot -1");
    refused(pool, 16384, one, "slot 16384");
    refused(pool, 0, ":6381", "host that answered");
    refused(pool, 0, "?:6381", "dialled");
    refused(pool, 0, "host", "port");
    refused(pool, 0, "host:0", "port");
    refused(pool, 0, "host:99999", "port");
    refused(pool, 0, "x y:1", "blank");
    CHECK_INT(version(pool), before);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_MOVED), 1);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_ASK), 0);

    /* The replica has been promoted: all of the shard is its own, and the old primary is read from. */
    reader_is(pool, 100, three);
    held = take_slot(pool, 100, -2);
    moved(pool, 100, three);
    CHECK(version(pool) > before);
    owner_is(pool, 0, three);
    owner_is(pool, 8191, three);
    owner_is(pool, 8192, two);
    reader_is(pool, 0, one);
    /* Its old connections, with READONLY or without, are of no use for the new roles. */
    say_expect(held, "PONG", "PING", NULL);
    give_back(held);
    WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 1, 5000);
    CHECK_INT(fake_node_count_on(fake, 3, "READONLY"), 1);
    CHECK_INT(fake_node_connections_of(fake, 3).open, 1);

    moved(pool, 8191, two);
    owner_is(pool, 8191, two);
    owner_is(pool, 8190, three);

    /* No map names it: a primary without an id, until the next map. */
    moved(pool, 5, four);
    owner_is(pool, 5, four);
    owner_is(pool, 4, three);
    owner_is(pool, 6, three);
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK_INT(rediscluster_topology_node_count(topology), 4);
    node = rediscluster_topology_slot_node(topology, 5, 0);
    CHECK_STR(rediscluster_node_address(node), four);
    CHECK_STR(rediscluster_node_id(node), "");
    CHECK_INT(rediscluster_node_role(node), REDISCLUSTER_ROLE_PRIMARY);
    rediscluster_topology_free(topology);
    topology = NULL;

    /* A replica of another shard has the slot, not the shard. */
    moved(pool, 9000, one);
    owner_is(pool, 9000, one);
    owner_is(pool, 9001, two);

    /* As servers write IPv6. */
    moved(pool, 7, "::1:6381");
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK_STR(rediscluster_node_address(rediscluster_topology_slot_node(topology, 7, 0)), "[::1]:6381");
    rediscluster_topology_free(topology);
    before = version(pool);
    moved(pool, 7, "[::1]:6381");
    CHECK_INT(version(pool), before);

    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_MOVED), 7);
    CHECK_INT(pool_stat(pool, one, REDISCLUSTER_STAT_MOVED), 0);
    /* All of it without a question. */
    CHECK_INT(fake_node_count(fake, "CLUSTER"), 0);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    CHECK_OK(rediscluster_pool_refresh(pool, -2, &error), error);
    owner_is(pool, 5, one);
    CHECK_INT(pool_stat(pool, four, REDISCLUSTER_STAT_OPEN), -1);

    CHECK_OK(rediscluster_pool_close(pool, &error), error);
    held = NULL;
    CHECK_STATUS(rediscluster_pool_moved(pool, 0, one, &error), REDISCLUSTER_ERROR_CLOSED, error);
    CHECK_STATUS(rediscluster_pool_ask(pool, one, -2, &held, &error), REDISCLUSTER_ERROR_CLOSED, error);
    CHECK(held == NULL);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_MOVED), 7);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
