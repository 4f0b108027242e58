/* MOVED from eight threads at once, each for slots of its own, while gets go on: each patch is made to the map that is
 * there, and none is lost. */
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

enum { THREADS = 8, SLOTS = 10 };

struct shared {
    rediscluster_pool *pool;
    const char *to;
};

static void work(void *argument, int number)
{
    struct shared *shared = argument;
    rediscluster_error *error = NULL;
    for (int i = 0; i < SLOTS; i++) {
        CHECK_OK(rediscluster_pool_moved(shared->pool, i * THREADS + number, shared->to, &error), error);
        give_back(take_slot(shared->pool, i * THREADS + number, -2));
    }
}

int main(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\ntopology 0-8191=1 8192-16383=2");
    struct shared shared;
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    shared.pool = pool_of(fake_node_address(fake, 1), "reinitialize_steps", "0", NULL);
    shared.to = fake_node_address(fake, 2);
    threads_run(THREADS, work, &shared);
    CHECK_OK(rediscluster_pool_topology(shared.pool, &topology, &error), error);
    for (int32_t slot = 0; slot < 16384; slot++)
        CHECK_STR(rediscluster_node_address(rediscluster_topology_slot_node(topology, slot, 0)),
                  slot < THREADS * SLOTS || slot > 8191 ? shared.to : fake_node_address(fake, 1));
    rediscluster_topology_free(topology);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_MOVED), THREADS * SLOTS);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    rediscluster_pool_free(shared.pool);
    fake_node_stop(fake);
    return 0;
}
