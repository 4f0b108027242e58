/* E4: the same connection released by 8 threads at once, 10,000 times: exactly one of them gives it back,
 * the others are answered NOT_CHECKED_OUT, and it is given out to one at a time. */
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

enum { THREADS = 8, ROUNDS = 10000 };

struct shared {
    rediscluster_pool *pool, *other;
    pthread_barrier_t barrier;
    rediscluster_connection *connection;
    pthread_mutex_t lock;
    int released, rounds;
};

static void work(void *argument, int number)
{
    struct shared *shared = argument;
    for (int round = 0; round < shared->rounds; round++) {
        rediscluster_connection *connection;
        int32_t status;
        if (number == 0) {
            shared->released = 0;
            shared->connection = take_slot(shared->pool, round % 16384, -2);
        }
        pthread_barrier_wait(&shared->barrier);
        connection = shared->connection;
        /* Half of them through the pool; one through a pool that it is not of. */
        if (number == 7)
            status = (int32_t)rediscluster_pool_release(shared->other, connection, NULL);
        else if (number % 2 == 0)
            status = (int32_t)rediscluster_pool_release(shared->pool, connection, NULL);
        else
            status = (int32_t)rediscluster_connection_release(connection, NULL);
        if (number == 7) {
            CHECK(status == REDISCLUSTER_ERROR_INVALID_ARGUMENT
                  || status == REDISCLUSTER_ERROR_NOT_CHECKED_OUT);
        } else if (status == REDISCLUSTER_OK) {
            pthread_mutex_lock(&shared->lock);
            shared->released++;
            pthread_mutex_unlock(&shared->lock);
        } else {
            CHECK_INT(status, REDISCLUSTER_ERROR_NOT_CHECKED_OUT);
        }
        pthread_barrier_wait(&shared->barrier);
        if (number == 0) {
            CHECK_INT(shared->released, 1);
            if (round % 100 == 0) {
                rediscluster_connection *one = take_slot(shared->pool, 0, 0), *two;
                two = take_slot(shared->pool, 0, -2);
                CHECK(one != two);
                CHECK(rediscluster_connection_fd(one) != rediscluster_connection_fd(two));
                say_expect(one, "PONG", "PING", NULL);
                say_expect(two, "PONG", "PING", NULL);
                give_back(one);
                give_back(two);
            }
        }
    }
}

int main(void)
{
    fake_node *fake = fake_node_start("log off\nnode 1\nhandshake\nstore\ntopology 0-16383=1");
    struct shared shared;
    shared.rounds = test_rounds(ROUNDS);
    shared.pool = pool_of(fake_node_address(fake, 1), NULL);
    shared.other = pool_of(fake_node_address(fake, 1), NULL);
    CHECK(pthread_barrier_init(&shared.barrier, NULL, THREADS) == 0);
    CHECK(pthread_mutex_init(&shared.lock, NULL) == 0);
    threads_run(THREADS, work, &shared);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_CREATED), 2);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_CLOSED), 0);
    CHECK_INT(pool_stat(shared.other, NULL, REDISCLUSTER_STAT_CREATED), 0);
    pthread_barrier_destroy(&shared.barrier);
    pthread_mutex_destroy(&shared.lock);
    rediscluster_pool_free(shared.pool);
    rediscluster_pool_free(shared.other);
    fake_node_stop(fake);
    return 0;
}
