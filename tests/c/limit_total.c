/* C1: with a limit of 2 and no waiting, the third get is answered POOL_EXHAUSTED at once, says why, and
 * asks no node for anything. */
#include "fake_node.h"
#include "pools.h"

int main(void)
{
    fake_node *fake = fake_node_start("node 1\nhandshake\nstore\ntopology 0-16383=1");
    const char *node = fake_node_address(fake, 1);
    rediscluster_pool *pool = pool_of(node, "max_connections", "2", NULL);
    rediscluster_connection *first = take_slot(pool, 0, REDISCLUSTER_TIMEOUT_DEFAULT);
    rediscluster_connection *second = take_slot(pool, 16383, REDISCLUSTER_TIMEOUT_DEFAULT);
    rediscluster_connection *third = first;
    rediscluster_error *error = NULL;
    long commands = fake_node_count(fake, "");
    int64_t begun = clock_ms();

    /* Whatever the timeout says, nobody waits; 20 ms for four calls is "at once". */
    CHECK_FAILS(rediscluster_pool_get_by_slot(pool, 7, REDISCLUSTER_WRITE,
                                              REDISCLUSTER_TIMEOUT_NEVER, &third, &error),
                REDISCLUSTER_ERROR_POOL_EXHAUSTED, error);
    CHECK(third == NULL);
    CHECK_CONTAINS(rediscluster_error_message(error), "2 in use, 0 idle");
    CHECK_CONTAINS(rediscluster_error_message(error), "limit of 2 in all");
    CHECK_CONTAINS(rediscluster_error_message(error), "oldest checkout");
    CHECK_STR(rediscluster_error_node(error), node);
    CHECK_INT(rediscluster_error_slot(error), 7);
    CHECK(rediscluster_error_is_retryable(error));
    CHECK(!rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
    error = NULL;
    CHECK_STATUS(rediscluster_pool_get_by_key(pool, (const uint8_t *)"k", 1, REDISCLUSTER_READ,
                                              REDISCLUSTER_TIMEOUT_DEFAULT, &third, &error),
                 REDISCLUSTER_ERROR_POOL_EXHAUSTED, error);
    CHECK_STATUS(rediscluster_pool_get_by_node(pool, node, 5000, &third, &error),
                 REDISCLUSTER_ERROR_POOL_EXHAUSTED, error);
    CHECK_STATUS(rediscluster_pool_get_random(pool, 5000, &third, &error),
                 REDISCLUSTER_ERROR_POOL_EXHAUSTED, error);
    CHECK_BETWEEN(clock_ms() - begun, 0, 20 * test_patience());
    CHECK(third == NULL);
    CHECK_INT(fake_node_count(fake, ""), commands);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_WAITS), 0);

    /* The two are whole, and a returned one is the third's. */
    say_expect(first, "PONG", "PING", NULL);
    give_back(first);
    third = take_slot(pool, 7, REDISCLUSTER_TIMEOUT_NOW);
    say_expect(third, "PONG", "PING", NULL);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), 2);
    give_back(second);
    give_back(third);
    CHECK_INT(fake_node_connections_of(fake, 1).total, 3); /* with the discovery's */
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
