/* E1: reset with two idle connections and one in use: the idle ones are closed now, the other works until
 * its release and is closed then; the cluster is asked for its topology once. */
#include "fake_node.h"
#include "pools.h"

int main(void)
{
    fake_node *fake = fake_node_start("node 1 2\nhandshake\nstore\ntopology 0-8191=1 8192-16383=2");
    const char *node = fake_node_address(fake, 1);
    rediscluster_pool *pool = pool_of(node, NULL);
    rediscluster_connection *used, *idle[2], *fresh;
    rediscluster_error *error = NULL;
    long asked;

    WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 0, 5000); /* the discovery's */
    used = take_slot(pool, 0, -2);
    idle[0] = take_slot(pool, 0, -2);
    idle[1] = take_slot(pool, 16383, -2);
    give_back(idle[0]);
    give_back(idle[1]);
    CHECK_INT(fake_node_connections_of(fake, 1).open + fake_node_connections_of(fake, 2).open, 3);

    asked = fake_node_count(fake, "CLUSTER SLOTS") + fake_node_count(fake, "CLUSTER SHARDS")
            + fake_node_count(fake, "CLUSTER NODES");
    CHECK_OK(rediscluster_pool_reset(pool, -2, &error), error);
    CHECK_INT(fake_node_count(fake, "CLUSTER SLOTS") + fake_node_count(fake, "CLUSTER SHARDS")
                  + fake_node_count(fake, "CLUSTER NODES"),
              asked + 1);
    CHECK_INT(fake_node_count(fake, "CLUSTER SLOTS"), 2); /* the pool's first, and this one */
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 0);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IN_USE), 1);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES), 2);
    WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 1, 5000);
    WAIT_UNTIL(fake_node_connections_of(fake, 2).open == 0, 5000);

    say_expect(used, "OK", "SET", "k", "v", NULL);
    say_expect(used, "v", "GET", "k", NULL);
    fresh = take_slot(pool, 0, -2);
    give_back(used);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 0);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CLOSED), 3);
    WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 1, 5000);
    say_expect(fresh, "PONG", "PING", NULL);
    give_back(fresh);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 1);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
