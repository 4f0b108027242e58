/* C2: with 32 in all and 8 a node, the ninth connection to one node is refused, 32 over four nodes are
 * given, and the 33rd is refused; each refusal names the limit that was met. */
#include "fake_node.h"
#include "pools.h"

enum { NODES = 5, A_NODE = 8, IN_ALL = 32 };

static void refused(rediscluster_pool *pool, const char *node, const char *why)
{
    rediscluster_connection *connection = NULL;
    rediscluster_error *error = NULL;
    CHECK_FAILS(rediscluster_pool_get_by_node(pool, node, REDISCLUSTER_TIMEOUT_DEFAULT, &connection,
                                              &error),
                REDISCLUSTER_ERROR_POOL_EXHAUSTED, error);
    CHECK_CONTAINS(rediscluster_error_message(error), why);
    CHECK_STR(rediscluster_error_node(error), node);
    rediscluster_error_free(error);
}

int main(void)
{
    fake_node *fake = fake_node_start("node 1 2 3 4 5\nhandshake\nstore\n"
                                      "topology 0-3999=1 4000-7999=2 8000-11999=3 12000-15999=4 "
                                      "16000-16383=5");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "max_connections", "32",
                                      "max_connections_per_node", "8", NULL);
    rediscluster_connection *taken[IN_ALL];
    int count = 0;

    for (int node = 1; node <= IN_ALL / A_NODE; node++) {
        for (int i = 0; i < A_NODE; i++)
            taken[count++] = take_node(pool, fake_node_address(fake, node), -2);
        refused(pool, fake_node_address(fake, node), "limit of 8 a node");
        CHECK_INT(pool_stat(pool, fake_node_address(fake, node), REDISCLUSTER_STAT_IN_USE), A_NODE);
    }
    CHECK_INT(count, IN_ALL);
    refused(pool, fake_node_address(fake, NODES), "limit of 32 in all");
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IN_USE), IN_ALL);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), IN_ALL);

    /* One less of a node that is not full makes room for exactly one more, of any node below its own
     * limit: the idle one gives way. */
    give_back(taken[0]);
    refused(pool, fake_node_address(fake, 2), "limit of 8 a node");
    taken[0] = take_node(pool, fake_node_address(fake, NODES), -2);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_EVICTED), 1);
    CHECK_INT(pool_stat(pool, fake_node_address(fake, 1), REDISCLUSTER_STAT_OPEN), A_NODE - 1);
    refused(pool, fake_node_address(fake, 1), "limit of 32 in all");
    refused(pool, fake_node_address(fake, NODES), "limit of 32 in all");

    for (int i = 0; i < count; i++) {
        say_expect(taken[i], "PONG", "PING", NULL);
        give_back(taken[i]);
    }
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), IN_ALL);
    for (int node = 2; node < NODES; node++)
        CHECK_INT(fake_node_connections_of(fake, node).max, A_NODE);
    CHECK_BETWEEN(fake_node_connections_of(fake, 1).max, A_NODE, A_NODE + 1); /* and the discovery's */
    CHECK_INT(fake_node_connections_of(fake, NODES).total, 1);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
