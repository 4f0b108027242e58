/* ctest: drivers serial
 *
 * G5: a node accepts and never answers, and 16 threads are stuck on it: no call on another shard waits for it, be it of
 * one node or a pipeline's part. The calls' own times and the nodes' logs say so. */
#include "client.h"
#include "pools.h"
#include "threads.h"

#include <stdatomic.h>

enum { STUCK = 16, FREE = 4 };

struct shared {
    rediscluster_client *client;
    atomic_int stuck;
    atomic_long calls;
    atomic_llong longest;
};

static void is_stuck(struct shared *shared)
{
    rediscluster_error *error =
        client_fails(shared->client, REDISCLUSTER_ERROR_TIMEOUT, "GET", AT1 "key", NULL);
    rediscluster_error_free(error);
    atomic_fetch_sub(&shared->stuck, 1);
}

static void is_free(struct shared *shared)
{
    do {
        int64_t begun = clock_ms(), took;
        long long longest;
        client_expect(shared->client, "value", "GET", AT2 "key", NULL);
        client_expect(shared->client, "OK", "SET", AT3 "key", "value", NULL);
        took = clock_ms() - begun;
        longest = atomic_load(&shared->longest);
        while (took > longest && !atomic_compare_exchange_weak(&shared->longest, &longest, took))
            ;
        atomic_fetch_add(&shared->calls, 2);
        clock_sleep_ms(2);
    } while (atomic_load(&shared->stuck) > 0);
}

static void work(void *argument, int number)
{
    if (number < STUCK)
        is_stuck(argument);
    else
        is_free(argument);
}

int main(void)
{
    fake_node *fake = fake_node_start("log off\nnode *\nhandshake\n" THREE_SHARDS "\nstore");
    struct shared shared = {0};
    int64_t begun;

    shared.client = client_of(fake_node_address(fake, 1), "command_timeout", "1000", "socket_timeout", "400",
                              "socket_connect_timeout", "300", NULL);
    client_expect(shared.client, "OK", "SET", AT1 "key", "value", NULL);
    client_expect(shared.client, "OK", "SET", AT2 "key", "value", NULL);
    fake_node_control(fake, "pause 1");
    atomic_store(&shared.stuck, STUCK);
    begun = clock_ms();
    threads_run(STUCK + FREE, work, &shared);
    CHECK_BETWEEN(clock_ms() - begun, 1000, 1000 + 50 * test_patience());
    CHECK(atomic_load(&shared.calls) > 100);
    /* Two calls, which take less than a millisecond. */
    CHECK_BETWEEN(atomic_load(&shared.longest), 0, 20 * test_patience());

    fake_node_control(fake, "resume 1");
    client_expect(shared.client, "value", "GET", AT1 "key", NULL);
    client_is_at_rest(shared.client);
    driver_free(shared.client);
    fake_node_stop(fake);
    return 0;
}
