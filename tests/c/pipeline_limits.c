/* Pipelines over all shards from 8 threads with a limit of 2 connections in all: no deadlock, in either mode, and every
 * reply is its own. A call that holds connections never waits for a place: it goes on where one of its own comes free. */
#include "client.h"
#include "pools.h"
#include "threads.h"

#include <stdatomic.h>
#include <stdio.h>

enum { THREADS = 8, ROUNDS = 200 };

struct shared {
    rediscluster_client *client;
    int rounds;
    bool may_be_full;
    atomic_long answered;
    atomic_long full;
};

static void work(void *argument, int thread)
{
    struct shared *shared = argument;
    rediscluster_pipeline *pipeline = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_pipeline_new(shared->client, &pipeline, &error), error);
    for (int round = 0; round < shared->rounds; round++) {
        char texts[9][48];
        for (int i = 0; i < 9; i++) {
            snprintf(texts[i], sizeof texts[i], "%s%d %d %d", i % 3 == 0 ? AT1 : i % 3 == 1 ? AT2 : AT3, thread, round, i);
            CHECK_OK(rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", texts[i]), &error), error);
        }
        (void)rediscluster_pipeline_execute(pipeline, 60000, &error);
        for (size_t i = 0; i < 9; i++) {
            const rediscluster_error *why = rediscluster_pipeline_error(pipeline, i);
            if (why != NULL) {
                CHECK(shared->may_be_full);
                CHECK_INT(rediscluster_error_status(why), REDISCLUSTER_ERROR_POOL_EXHAUSTED);
                CHECK(!rediscluster_error_maybe_executed(why));
                atomic_fetch_add(&shared->full, 1);
                continue;
            }
            CHECK_STR(reply_text(rediscluster_pipeline_reply(pipeline, i)), texts[i]);
            atomic_fetch_add(&shared->answered, 1);
        }
        rediscluster_error_free(error);
        error = NULL;
    }
    rediscluster_pipeline_free(pipeline);
}

static void run(fake_node *fake, const char *limit, const char *per_node, const char *exhausted, int threads)
{
    struct shared shared = {0};
    shared.client = client_of(fake_node_address(fake, 1), "max_connections", limit, "max_connections_per_node", per_node,
                              "pool_exhausted", exhausted, NULL);
    shared.rounds = test_rounds(ROUNDS);
    shared.may_be_full = *exhausted == 'e' && threads > 1;
    threads_run(threads, work, &shared);
    CHECK_INT(client_stat(shared.client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(client_stat(shared.client, NULL, REDISCLUSTER_STAT_WAITING), 0);
    CHECK_BETWEEN(client_stat(shared.client, NULL, REDISCLUSTER_STAT_OPEN), 0, 3);
    CHECK_INT(atomic_load(&shared.answered) + atomic_load(&shared.full), 9 * threads * shared.rounds);
    CHECK(atomic_load(&shared.answered) > 0);
    rediscluster_client_free(shared.client);
}

int main(void)
{
    fake_node *fake = fake_node_start("log off\nnode *\nhandshake\n" THREE_SHARDS "\non GET * => bulk $arg1");
    run(fake, "2", "0", "block", THREADS);
    run(fake, "2", "0", "error", THREADS);
    run(fake, "3", "1", "block", THREADS);
    run(fake, "1", "0", "block", THREADS);
    /* Alone, limits are never an error: what is for the next node waits for the call's own connections. */
    run(fake, "1", "0", "error", 1);
    run(fake, "2", "1", "error", 1);
    fake_node_stop(fake);
    return 0;
}
