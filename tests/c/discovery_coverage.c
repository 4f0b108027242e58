/* A3: slot 5460 is served by nobody: with require_full_coverage the pool is refused with "16383 of 16384"; without,
 * a get for slot 5460 ends with SLOT_NOT_COVERED, and 5461 works. */
#include "fake_node.h"
#include "options.h"
#include "pools.h"

static void without_slot_5460(const char *command)
{
    fake_node *fake = fake_node_start("node 1 2\nhandshake\nstore\ntopology 0-5459=1 5461-16383=2");
    const char *node = fake_node_address(fake, 1);
    rediscluster_connection *connection = NULL;
    rediscluster_topology *topology = NULL;
    rediscluster_error *error;
    rediscluster_pool *pool;

    error = pool_refused_of(node, REDISCLUSTER_ERROR_SLOT_NOT_COVERED, "topology_command", command,
                            "require_full_coverage", "yes", NULL);
    CHECK_CONTAINS(rediscluster_error_message(error), "16383 of 16384");
    CHECK_CONTAINS(rediscluster_error_message(error), "5460");
    CHECK_INT(rediscluster_error_slot(error), 5460);
    rediscluster_error_free(error);
    error = pool_refused_of(node, REDISCLUSTER_ERROR_SLOT_NOT_COVERED, "topology_command", command,
                            "skip_full_coverage_check", "no", NULL);
    rediscluster_error_free(error);
    error = NULL;

    pool = pool_of(node, "topology_command", command, NULL);
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK(rediscluster_topology_slot_node(topology, 5460, 0) == NULL);
    CHECK_STR(rediscluster_node_address(rediscluster_topology_slot_node(topology, 5459, 0)), node);
    rediscluster_topology_free(topology);
    CHECK_FAILS(rediscluster_pool_get_by_slot(pool, 5460, REDISCLUSTER_WRITE, 2000, &connection, &error),
                REDISCLUSTER_ERROR_SLOT_NOT_COVERED, error);
    CHECK(connection == NULL);
    CHECK_INT(rediscluster_error_slot(error), 5460);
    CHECK(rediscluster_error_is_retryable(error));
    rediscluster_error_free(error);
    error = NULL;
    connection = take_slot(pool, 5461, -2);
    CHECK_STR(rediscluster_connection_node(connection), fake_node_address(fake, 2));
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
    connection = take_slot(pool, 5459, -2);
    CHECK_STR(rediscluster_connection_node(connection), node);
    give_back(connection);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

/* A slot that comes to be served later is found by the refresh that its absence asks for. */
static void served_later(void)
{
    fake_node *fake = fake_node_start("node 1\nhandshake\nstore\n"
                                      "topology 0-5459+5461-16383=1\n"
                                      "scene after\nnode 1\ntopology 0-16383=1");
    rediscluster_pool *pool =
        pool_of(fake_node_address(fake, 1), "topology_refresh_min_interval", "0", NULL);
    rediscluster_connection *connection = NULL;
    rediscluster_error *error = NULL;

    CHECK_STATUS(rediscluster_pool_get_by_slot(pool, 5460, REDISCLUSTER_READ, 2000, &connection, &error),
                 REDISCLUSTER_ERROR_SLOT_NOT_COVERED, error);
    fake_node_control(fake, "use after");
    give_back(take_slot(pool, 5460, 2000));
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

int main(void)
{
    without_slot_5460("slots");
    without_slot_5460("shards");
    without_slot_5460("nodes");
    served_later();
    return 0;
}
