/* G3: every node is a black hole and the deadline is 300 ms: a get returns after 300 to 320 ms (four times as wide under
 * load; the best of five), whether it has to discover or to dial, by slot, by key, by node and at random. A refresh
 * likewise. None ever returns earlier. */
#include "fake_node.h"
#include "pools.h"

#include <stdio.h>
#include <string.h>

enum { DEADLINE = 300, LATE = 20 };

/* True if the call was as quick as promised; it must never be quicker. (A millisecond: the clock's grain.) */
static bool in_time(int64_t begun)
{
    int64_t took = clock_ms() - begun;
    CHECK(took >= DEADLINE - 1);
    return took <= DEADLINE + LATE * test_patience();
}

/* The best of five calls ends in time. */
#define ENDS_IN_TIME(call, expected)                                                               \
    do {                                                                                           \
        rediscluster_error *one_error = NULL, **error_out = &one_error;                            \
        bool was_in_time = false;                                                                  \
        for (int round = 0; round < 5 && !was_in_time; round++) {                                  \
            int64_t begun = clock_ms();                                                            \
            CHECK_STATUS(call, expected, one_error);                                               \
            was_in_time = in_time(begun);                                                          \
        }                                                                                          \
        CHECK(was_in_time);                                                                        \
    } while (0)

static void undiscovered(void)
{
    fake_node *fake = fake_node_start("nodes 5\nnode *\nlisten blackhole");
    char nodes[200] = "";
    rediscluster_connection *none = NULL;
    rediscluster_error *error = NULL;
    rediscluster_pool *pool;
    for (int node = 1; node <= 5; node++)
        sprintf(nodes + strlen(nodes), "%s%s", node > 1 ? "," : "", fake_node_address(fake, node));
    pool = pool_of(nodes, "init_slot_cache", "no", NULL);
    CHECK_FAILS(rediscluster_pool_get_by_slot(pool, 0, REDISCLUSTER_WRITE, DEADLINE, &none, &error),
                REDISCLUSTER_ERROR_TIMEOUT, error);
    CHECK(none == NULL);
    CHECK(rediscluster_error_is_retryable(error) && !rediscluster_error_maybe_executed(error));
    CHECK_CONTAINS(rediscluster_error_message(error), "127.0.0.1:");
    CHECK(rediscluster_error_attempt_count(error) > 0);
    rediscluster_error_free(error);
    ENDS_IN_TIME(rediscluster_pool_get_by_slot(pool, 0, REDISCLUSTER_WRITE, DEADLINE, &none, error_out),
                 REDISCLUSTER_ERROR_TIMEOUT);
    ENDS_IN_TIME(rediscluster_pool_get_random(pool, DEADLINE, &none, error_out), REDISCLUSTER_ERROR_TIMEOUT);
    ENDS_IN_TIME(rediscluster_pool_refresh(pool, DEADLINE, error_out), REDISCLUSTER_ERROR_TIMEOUT);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_DIALING), 0);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

static void discovered(const char *trouble)
{
    fake_node *fake = fake_node_start("node 1 2\nhandshake\nstore\ntopology 0-8191=1 8192-16383=2");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "topology_refresh_min_interval", "0", NULL);
    rediscluster_connection *none = NULL;
    rediscluster_error *error = NULL;
    fake_node_control(fake, "%s 1", trouble);
    fake_node_control(fake, "%s 2", trouble);

    CHECK_FAILS(rediscluster_pool_get_by_slot(pool, 16383, REDISCLUSTER_READ, DEADLINE, &none, &error),
                REDISCLUSTER_ERROR_TIMEOUT, error);
    CHECK_STR(rediscluster_error_node(error), fake_node_address(fake, 2));
    CHECK_INT(rediscluster_error_slot(error), 16383);
    rediscluster_error_free(error);
    error = NULL;
    CHECK_FAILS(rediscluster_pool_get_by_node(pool, fake_node_address(fake, 1), DEADLINE, &none, &error),
                REDISCLUSTER_ERROR_TIMEOUT, error);
    CHECK_STR(rediscluster_error_node(error), fake_node_address(fake, 1));
    rediscluster_error_free(error);
    ENDS_IN_TIME(rediscluster_pool_get_by_slot(pool, 16383, REDISCLUSTER_READ, DEADLINE, &none, error_out),
                 REDISCLUSTER_ERROR_TIMEOUT);
    ENDS_IN_TIME(rediscluster_pool_get_by_key(pool, (const uint8_t *)"k", 1, REDISCLUSTER_WRITE, DEADLINE, &none,
                                              error_out),
                 REDISCLUSTER_ERROR_TIMEOUT);
    ENDS_IN_TIME(rediscluster_pool_get_by_node(pool, fake_node_address(fake, 1), DEADLINE, &none, error_out),
                 REDISCLUSTER_ERROR_TIMEOUT);
    ENDS_IN_TIME(rediscluster_pool_get_random(pool, DEADLINE, &none, error_out), REDISCLUSTER_ERROR_TIMEOUT);
    CHECK(none == NULL);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 0);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_DIALING), 0);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

int main(void)
{
    undiscovered();
    discovered("blackhole"); /* connecting hangs */
    discovered("pause");     /* connecting works, nothing is answered */
    return 0;
}
