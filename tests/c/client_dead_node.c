/* ctest: drivers serial
 *
 * G4: 64 threads meet a dead node together: at most 3 refreshes in the first second, not all asked of one node; the other
 * shards go on, and the dead one's calls end with CONNECTION, nothing executed. When it is back its keys work again. */
#include "client.h"
#include "pools.h"
#include "threads.h"

#include <stdatomic.h>

enum { THREADS = 64 };

struct shared {
    rediscluster_client *client;
    int64_t end;
    atomic_long failures;
};

static void work(void *argument, int number)
{
    struct shared *shared = argument;
    (void)number;
    do {
        rediscluster_error *error =
            client_fails(shared->client, REDISCLUSTER_ERROR_CONNECTION, "INCR", AT1 "counter", NULL);
        CHECK(!rediscluster_error_maybe_executed(error));
        CHECK(rediscluster_error_is_retryable(error));
        rediscluster_error_free(error);
        atomic_fetch_add(&shared->failures, 1);
        client_expect(shared->client, "nil", "GET", AT2 "none", NULL);
    } while (clock_ms() < shared->end);
}

int main(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\nstore");
    struct shared shared = {0};
    int64_t before, begun, refreshes, elapsed;

    shared.client = client_of(fake_node_address(fake, 2), "retry_backoff_max", "50", NULL);
    client_expect(shared.client, "1", "INCR", AT1 "counter", NULL);
    fake_node_control(fake, "kill 1");
    /* Beyond the shortest time between two refreshes, so that the first trouble asks at once. */
    clock_sleep_ms(150);
    fake_node_control(fake, "clear");
    before = client_stat(shared.client, NULL, REDISCLUSTER_STAT_REFRESHES);
    begun = clock_ms();
    shared.end = begun + 900;
    threads_run(THREADS, work, &shared);
    elapsed = clock_ms() - begun;
    refreshes = client_stat(shared.client, NULL, REDISCLUSTER_STAT_REFRESHES) - before;
    /* Afterwards there is one in 0.8 s at most. */
    CHECK_BETWEEN(refreshes, 1, 3 + (elapsed > 1000 ? (elapsed - 1000) / 800 + 1 : 0));
    CHECK(atomic_load(&shared.failures) >= THREADS);
    CHECK_BETWEEN(fake_node_count(fake, "CLUSTER"), 1, 2 * refreshes);

    /* Of 30 refreshes not all ask the same node. */
    driver_free(shared.client);
    shared.client = client_of(fake_node_address(fake, 2), "retry_backoff_max", "0", "topology_refresh_min_interval", "0", NULL);
    fake_node_control(fake, "clear");
    for (int i = 0; i < 10; i++)
        rediscluster_error_free(
            client_fails(shared.client, REDISCLUSTER_ERROR_CONNECTION, "INCR", AT1 "counter", NULL));
    CHECK(fake_node_count_on(fake, 2, "CLUSTER") > 0 && fake_node_count_on(fake, 3, "CLUSTER") > 0);

    fake_node_control(fake, "revive 1");
    client_expect(shared.client, "2", "INCR", AT1 "counter", NULL);
    client_is_at_rest(shared.client);
    driver_free(shared.client);
    fake_node_stop(fake);
    return 0;
}
