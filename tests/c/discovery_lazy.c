/* A4: with init_slot_cache=no making a pool opens no connection, nor do its statistics and topology; the first
 * get discovers, once for all threads that come together. */
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

static void work(void *pool, int number)
{
    give_back(take_slot(pool, number * 1000, 10000));
}

int main(void)
{
    fake_node *fake = fake_node_start("node 1\nhandshake\nstore\ntopology 0-16383=1");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "init_slot_cache", "no", NULL);
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    int64_t next = 0;
    long total;

    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK_INT(rediscluster_topology_version(topology), 0);
    CHECK_INT(rediscluster_topology_node_count(topology), 0);
    CHECK(rediscluster_topology_slot_node(topology, 0, 0) == NULL);
    rediscluster_topology_free(topology);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES), 0);
    CHECK_OK(rediscluster_pool_maintain(pool, 1000, &next, &error), error);
    CHECK_INT(next, -1);
    CHECK_OK(rediscluster_pool_disconnect(pool, &error), error);
    CHECK_INT(fake_node_connections_of(fake, 1).total, 0);

    threads_run(8, work, pool);
    CHECK_INT(fake_node_count(fake, "CLUSTER"), 1);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK(rediscluster_topology_version(topology) > 0);
    rediscluster_topology_free(topology);
    rediscluster_pool_free(pool);

    /* A pool that was never used closes without a word. */
    total = fake_node_connections_of(fake, 1).total;
    pool = pool_of(fake_node_address(fake, 1), "init_slot_cache", "no", NULL);
    rediscluster_pool_free(pool);
    CHECK_INT(fake_node_connections_of(fake, 1).total, total);
    fake_node_stop(fake);
    return 0;
}
