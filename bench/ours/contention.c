/* threads THREADS PAIRS HOST:PORT: so many threads check out and release on one pool, PAIRS in all; prints the time
 * and the process's CPU time a pair, in nanoseconds. */
#include <pthread.h>
#include <rediscluster.h>

#include "../workload.h"

static rediscluster_pool *pool;
static pthread_barrier_t all_open, ready, begin;
static long pairs_a_thread;

static void *work(void *unused)
{
    (void)unused;
    rediscluster_connection *connection = NULL;
    const int32_t slot = rediscluster_key_slot((const uint8_t *)SMALL_KEY, strlen(SMALL_KEY));
    /* A connection each is open before the clock runs. */
    must(rediscluster_pool_get_by_slot(pool, slot, REDISCLUSTER_READ, -1, &connection, NULL) == REDISCLUSTER_OK, "get");
    pthread_barrier_wait(&all_open);
    must(rediscluster_connection_release(connection, NULL) == REDISCLUSTER_OK, "release");
    pthread_barrier_wait(&ready);
    pthread_barrier_wait(&begin);
    for (long i = 0; i < pairs_a_thread; i++)
        must(rediscluster_pool_get_by_slot(pool, slot, REDISCLUSTER_READ, -1, &connection, NULL) == REDISCLUSTER_OK &&
                 rediscluster_connection_release(connection, NULL) == REDISCLUSTER_OK,
             "pair");
    return NULL;
}

int main(int argc, char **argv)
{
    must(argc == 4, "usage: threads THREADS PAIRS HOST:PORT");
    unsigned threads = (unsigned)atoi(argv[1]);
    pairs_a_thread = atol(argv[2]) / (long)threads;
    char url[128];
    snprintf(url, sizeof url, "redis://%s", argv[3]);
    rediscluster_options *options;
    must(rediscluster_options_from_url(url, &options, NULL) == REDISCLUSTER_OK, "options");
    must(rediscluster_pool_new(options, &pool, NULL) == REDISCLUSTER_OK, "pool");
    pthread_barrier_init(&all_open, NULL, threads);
    pthread_barrier_init(&ready, NULL, threads + 1);
    pthread_barrier_init(&begin, NULL, threads + 1);
    pthread_t *ids = calloc(threads, sizeof *ids);
    for (unsigned i = 0; i < threads; i++)
        must(pthread_create(&ids[i], NULL, work, NULL) == 0, "pthread_create");
    pthread_barrier_wait(&ready);
    /* All wait for this one: none begins before the clock. */
    double wall_begin = wall(), cpu_begin = cpu();
    pthread_barrier_wait(&begin);
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    report(wall_begin, cpu_begin, pairs_a_thread * (long)threads);
    free(ids);
    rediscluster_pool_free(pool);
    rediscluster_options_free(options);
    return 0;
}
