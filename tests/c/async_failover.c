/* ctest: serial timeout=120
 *
 * A primary of a real cluster is killed, and another hands over, under a loop of its own with a hundred commands in flight.
 * Keys of the dead one work again once its replica has been promoted; those of the others go on meanwhile, without an
 * error; every INCR that was acknowledged after the handover is there once. */
#include "asyncs.h"
#include "cluster.h"
#include "pools.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEYS = 120, MOST = 200 };

static rediscluster_client *client;
static rediscluster_async *loop;
static long acknowledged[KEYS], maybe[KEYS], in_flight[KEYS];
static long errors_elsewhere, replies[3];

/* Keys of shard number % 3. */
static void submit(int number)
{
    char key[32];
    const char *const tags[] = {AT1, AT2, AT3};
    snprintf(key, sizeof key, "%s%d", tags[number % 3], number);
    async_submit(loop, (uint64_t)number, command_of("INCR", key, NULL));
    in_flight[number]++;
}

static void turn(int64_t wait)
{
    static rediscluster_completion completions[MOST];
    rediscluster_error *error = NULL;
    size_t count = 0;
    CHECK_OK(rediscluster_async_poll(loop, completions, MOST, wait, &count, &error), error);
    for (size_t i = 0; i < count; i++) {
        int number = (int)completions[i].tag;
        in_flight[number]--;
        if (completions[i].reply != NULL) {
            CHECK_INT(rediscluster_reply_kind(completions[i].reply), REDISCLUSTER_REPLY_INTEGER);
            acknowledged[number]++;
            replies[number % 3]++;
        } else {
            maybe[number] += rediscluster_error_maybe_executed(completions[i].error);
            if (number % 3 != 0) {
                fprintf(stderr, "%s\n", rediscluster_error_message(completions[i].error));
                errors_elsewhere++;
            }
        }
        rediscluster_reply_free(completions[i].reply);
        rediscluster_error_free(completions[i].error);
    }
}

static void run_for(int64_t ms)
{
    for (int64_t end = clock_ms() + ms; clock_ms() < end;) {
        for (int number = 0; number < KEYS; number++)
            if (in_flight[number] == 0)
                submit(number);
        turn(20);
    }
}

int main(void)
{
    cluster *servers = cluster_start("--replicas", "1", "--node-timeout", "1000", NULL);
    long before;
    int64_t killed;
    client = client_of(cluster_addresses(servers), NULL);
    loop = async_of(client);
    run_for(300);
    free(cluster_control(servers, "kill 1"));
    killed = clock_ms();
    for (before = replies[1]; clock_ms() - killed < 500;)
        run_for(50);
    CHECK(replies[1] > before + 100);
    before = replies[0];
    while (replies[0] == before) {
        CHECK(clock_ms() - killed < 15000 * test_patience());
        run_for(20);
    }
    fprintf(stderr, "back after %d ms\n", (int)(clock_ms() - killed));
    run_for(300);
    CHECK_INT(errors_elsewhere, 0);
    /* An orderly handover loses nothing and fails nobody. */
    free(cluster_control(servers, "failover 2"));
    run_for(300);
    CHECK_INT(errors_elsewhere, 0);
    for (int i = 0; i < KEYS; i++)
        while (in_flight[i] > 0)
            turn(1000);
    for (int number = 1; number < KEYS; number++) {
        char key[32];
        const char *const tags[] = {AT1, AT2, AT3};
        rediscluster_completion completion;
        if (number % 3 == 0)
            continue; /* the dead primary may have taken some along */
        snprintf(key, sizeof key, "%s%d", tags[number % 3], number);
        completion = async_run(loop, command_of("GET", key, NULL));
        CHECK(completion.reply != NULL);
        CHECK_INT(strtol((const char *)rediscluster_reply_bytes(completion.reply, NULL), NULL, 10), acknowledged[number]);
        CHECK_INT(maybe[number], 0);
        rediscluster_reply_free(completion.reply);
    }
    rediscluster_async_free(loop);
    rediscluster_client_free(client);
    cluster_stop(servers);
    return 0;
}
