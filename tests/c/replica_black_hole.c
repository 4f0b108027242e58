/* H2: a replica that is a black hole takes no more than its share of a get's deadline, and the get is given another node's
 * connection; while it rests nobody dials it, and afterwards one call at a time, however many threads read. Where all
 * replicas are black holes and nothing else may be read from, the get ends at its deadline. */
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

#include <stdatomic.h>

enum { DEADLINE = 900, THREADS = 16 };

static const char *const script = "node 2\nlisten blackhole\nnode *\nhandshake\nstore\n"
                                  "topology 0-16383=1,replica:2,replica:3";

struct shared {
    rediscluster_pool *pool;
    const char *hole;
    int64_t end;
    atomic_int most;
    atomic_int probes;
};

static void work(void *argument, int number)
{
    struct shared *shared = argument;
    while (clock_ms() < shared->end) {
        int dialing = (int)pool_stat(shared->pool, shared->hole, REDISCLUSTER_STAT_DIALING);
        if (dialing > atomic_load(&shared->most))
            atomic_store(&shared->most, dialing);
        if (dialing > 0)
            atomic_store(&shared->probes, 1);
        if (number > 0)
            give_back(take_reader(shared->pool, 0, DEADLINE));
    }
}

int main(void)
{
    fake_node *fake = fake_node_start(script);
    struct shared shared = {0};
    rediscluster_connection *none = NULL;
    rediscluster_error *error = NULL;
    int64_t longest = 0, begun;

    shared.pool = pool_of(fake_node_address(fake, 1), "read_from", "replica_preferred", "replica_cooldown", "400", NULL);
    shared.hole = fake_node_address(fake, 2);
    /* Of two reads one begins with it: three candidates, a third of the time. */
    for (int i = 0; i < 2; i++) {
        rediscluster_connection *connection;
        begun = clock_ms();
        connection = take_reader(shared.pool, 0, DEADLINE);
        longest = clock_ms() - begun > longest ? clock_ms() - begun : longest;
        CHECK_STR(rediscluster_connection_node(connection), fake_node_address(fake, 3));
        give_back(connection);
    }
    CHECK_BETWEEN(longest, DEADLINE / 3 - 2, DEADLINE * 2 / 3);
    for (int i = 0; i < 20; i++) {
        begun = clock_ms();
        give_back(take_reader(shared.pool, 0, DEADLINE));
        CHECK_BETWEEN(clock_ms() - begun, 0, 50 * test_patience());
    }

    shared.end = clock_ms() + 1500;
    threads_run(THREADS, work, &shared);
    CHECK_INT(atomic_load(&shared.probes), 1);
    CHECK_INT(atomic_load(&shared.most), 1);
    CHECK_INT(pool_stat(shared.pool, shared.hole, REDISCLUSTER_STAT_CREATED), 0);
    rediscluster_pool_free(shared.pool);
    fake_node_stop(fake);

    fake = fake_node_start("node 2 3\nlisten blackhole\nnode *\nhandshake\ntopology 0-16383=1,replica:2,replica:3");
    shared.pool = pool_of(fake_node_address(fake, 1), "read_from", "replica", NULL);
    for (int i = 0; i < 3; i++) {
        begun = clock_ms();
        CHECK_STATUS(rediscluster_pool_get_by_slot(shared.pool, 0, REDISCLUSTER_READ, 300, &none, &error),
                     REDISCLUSTER_ERROR_TIMEOUT, error);
        CHECK_BETWEEN(clock_ms() - begun, 299, 300 + 50 * test_patience());
    }
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_DIALING), 0);
    rediscluster_pool_free(shared.pool);
    fake_node_stop(fake);
    return 0;
}
