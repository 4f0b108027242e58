/* Pool, max_idle_time: maintain closes what has been idle for so long and nothing else, says when there is
 * something to do again, and a checkout does not hand out what has expired; health checks do not keep an
 * unused connection alive. */
#include "fake_node.h"
#include "pools.h"

static int64_t maintain(rediscluster_pool *pool, int64_t budget_ms)
{
    rediscluster_error *error = NULL;
    int64_t next = -9;
    CHECK_OK(rediscluster_pool_maintain(pool, budget_ms, &next, &error), error);
    return next;
}

static int64_t idle(rediscluster_pool *pool)
{
    return pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE);
}

int main(void)
{
    fake_node *fake = fake_node_start("node 1\nhandshake\nstore\ntopology 0-16383=1");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "max_idle_time", "300", NULL);
    rediscluster_connection *one = take_slot(pool, 0, -2), *two = take_slot(pool, 0, -2);
    int64_t begun, next;

    /* Nothing idle: whatever is released next is due an interval later. */
    CHECK_BETWEEN(maintain(pool, -1), 1, 300);
    begun = clock_ms();
    give_back(one);
    next = maintain(pool, 0);
    if (clock_ms() - begun < 100) {
        CHECK_BETWEEN(next, 150, 310);
        CHECK_INT(idle(pool), 1);
    }
    /* A program that sleeps for as long as it is told finds the work done in time. */
    while (idle(pool) == 1) {
        CHECK(next >= 0);
        clock_sleep_ms(next > 0 ? next : 1);
        next = maintain(pool, 0);
    }
    /* 10 ms: ages are taken on the kernel's coarse clock. */
    CHECK_BETWEEN(clock_ms() - begun, 290, 300 + 200 * test_patience());
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IN_USE), 1);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CLOSED), 1);
    say_expect(two, "PONG", "PING", NULL); /* in use it does not age */

    /* Without maintain a checkout closes what it finds expired, and dials in its place. */
    give_back(two);
    clock_sleep_ms(320);
    one = take_slot(pool, 0, -2);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), 3);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CLOSED), 2);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 1);
    say_expect(one, "PONG", "PING", NULL);
    give_back(one);
    rediscluster_pool_free(pool);

    pool = pool_of(fake_node_address(fake, 1), "max_idle_time", "400", "health_check_interval", "50",
                   NULL);
    give_back(take_slot(pool, 0, -2));
    begun = clock_ms();
    while (idle(pool) == 1) {
        CHECK(clock_ms() - begun < 400 + 400 * test_patience());
        clock_sleep_ms(10);
        maintain(pool, 1000);
    }
    CHECK(clock_ms() - begun >= 390);
    CHECK(fake_node_count(fake, "PING") >= 3);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
