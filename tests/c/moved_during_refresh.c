/* MOVED while another thread asks for the topology: the view that was asked for before does not undo the patch, the
 * cluster is asked again. */
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

static void refresh(void *pool, int number)
{
    rediscluster_error *error = NULL;
    (void)number;
    CHECK_OK(rediscluster_pool_refresh(pool, 20000, &error), error);
}

struct mover {
    rediscluster_pool *pool;
    fake_node *fake;
};

static void both(void *argument, int number)
{
    struct mover *mover = argument;
    rediscluster_error *error = NULL;
    if (number == 0) {
        refresh(mover->pool, number);
        return;
    }
    /* The question has come, and its answer, the old view, waits at the gate. */
    while (fake_node_count(mover->fake, "CLUSTER SLOTS") < 2)
        ;
    CHECK_OK(rediscluster_pool_moved(mover->pool, 7, fake_node_address(mover->fake, 2), &error), error);
    fake_node_control(mover->fake, "open answer");
}

int main(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\n"
                                      "once on CLUSTER SLOTS => slots 0-8191=1 8192-16383=2\n"
                                      "once on CLUSTER SLOTS => gate answer; slots 0-8191=1 8192-16383=2\n"
                                      "topology 0-6=1 8-8191=1 7+8192-16383=2\n");
    struct mover mover = {pool_of(fake_node_address(fake, 1), "nodemanager_follow_cluster", "no", "reinitialize_steps",
                                  "0", NULL),
                          fake};
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    threads_run(2, both, &mover);
    CHECK_OK(rediscluster_pool_topology(mover.pool, &topology, &error), error);
    CHECK_STR(rediscluster_node_address(rediscluster_topology_slot_node(topology, 7, 0)), fake_node_address(fake, 2));
    CHECK_STR(rediscluster_node_address(rediscluster_topology_slot_node(topology, 6, 0)), fake_node_address(fake, 1));
    /* The pool's first, the one that came too late, and the one that was asked for it. */
    CHECK_INT(fake_node_count(fake, "CLUSTER SLOTS"), 3);
    rediscluster_topology_free(topology);
    rediscluster_pool_free(mover.pool);
    fake_node_stop(fake);
    return 0;
}
