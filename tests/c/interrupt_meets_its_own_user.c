/* E4: a connection interrupted while another thread releases it: either the interrupt comes first and the
 * connection is closed, or it is told NOT_CHECKED_OUT; the next user never meets it. */
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

enum { ROUNDS = 5000 };

struct shared {
    rediscluster_pool *pool;
    pthread_barrier_t barrier;
    rediscluster_connection *connection;
    int rounds;
};

static void work(void *argument, int number)
{
    struct shared *shared = argument;
    for (int round = 0; round < shared->rounds; round++) {
        if (number == 0)
            shared->connection = take_slot(shared->pool, 0, -2);
        pthread_barrier_wait(&shared->barrier);
        if (number == 0) {
            rediscluster_connection *next;
            give_back(shared->connection);
            next = take_slot(shared->pool, 0, -2);
            say_expect(next, "PONG", "PING", NULL);
            CHECK(!rediscluster_connection_is_broken(next));
            give_back(next);
        } else {
            int32_t status
                = (int32_t)rediscluster_connection_interrupt(shared->connection, NULL);
            CHECK(status == REDISCLUSTER_OK || status == REDISCLUSTER_ERROR_NOT_CHECKED_OUT);
        }
        pthread_barrier_wait(&shared->barrier);
    }
}

int main(void)
{
    fake_node *fake = fake_node_start("log off\nnode 1\nhandshake\nstore\ntopology 0-16383=1");
    struct shared shared;
    shared.rounds = test_rounds(ROUNDS);
    shared.pool = pool_of(fake_node_address(fake, 1), NULL);
    CHECK(pthread_barrier_init(&shared.barrier, NULL, 2) == 0);
    threads_run(2, work, &shared);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    pthread_barrier_destroy(&shared.barrier);
    rediscluster_pool_free(shared.pool);
    fake_node_stop(fake);
    return 0;
}
