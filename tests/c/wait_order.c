/* D5: first come, first served. A released connection goes to the oldest waiter for its node, unless an
 * older one for another node is held up by the total limit alone: then it is closed and its place handed
 * over. Who waits for a full node is passed by who does not, and by nobody else. */
#include "fake_node.h"
#include "pools.h"

#include <pthread.h>

enum { MOST = 12 };

/* One thread that waits for a node, and what became of it. */
struct waiter {
    pthread_t thread;
    rediscluster_pool *pool;
    const char *node;
    rediscluster_connection *connection;
};

static struct waiter waiters[MOST];
static int count;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int served[MOST], served_count;

static void *wait_for(void *argument)
{
    struct waiter *self = argument;
    self->connection = take_node(self->pool, self->node, REDISCLUSTER_TIMEOUT_NEVER);
    pthread_mutex_lock(&lock);
    served[served_count++] = (int)(self - waiters);
    pthread_mutex_unlock(&lock);
    return NULL;
}

static int how_many(void)
{
    int number;
    pthread_mutex_lock(&lock);
    number = served_count;
    pthread_mutex_unlock(&lock);
    return number;
}

/* The next to arrive: waits for a node, and does wait. */
static void arrives(rediscluster_pool *pool, const char *node)
{
    int64_t before = pool_stat(pool, NULL, REDISCLUSTER_STAT_WAITING);
    struct waiter *self = &waiters[count++];
    self->pool = pool;
    self->node = node;
    CHECK(pthread_create(&self->thread, NULL, wait_for, self) == 0);
    WAIT_UNTIL(pool_stat(pool, NULL, REDISCLUSTER_STAT_WAITING) == before + 1, 10000);
}

/* The waiters that were served since the last look are this one, or none (-1). */
static void next_is(rediscluster_pool *pool, int expected)
{
    static int looked_at;
    if (expected < 0) {
        CHECK_INT(how_many(), looked_at);
        return;
    }
    WAIT_UNTIL(how_many() > looked_at, 10000);
    CHECK_INT(how_many(), looked_at + 1);
    CHECK_INT(served[looked_at], expected);
    CHECK_STR(rediscluster_connection_node(waiters[expected].connection), waiters[expected].node);
    CHECK(pthread_join(waiters[expected].thread, NULL) == 0);
    looked_at++;
    if (looked_at == count) {
        CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_WAITING), 0);
        count = looked_at = served_count = 0;
    }
}

static rediscluster_pool *blocking(fake_node *fake, const char *in_all, const char *a_node)
{
    return pool_of(fake_node_address(fake, 1), "max_connections", in_all,
                   "max_connections_per_node", a_node, "pool_exhausted", "block", NULL);
}

static void one_node(fake_node *fake)
{
    rediscluster_pool *pool = blocking(fake, "1", "0");
    const char *a = fake_node_address(fake, 1);
    rediscluster_connection *held = take_node(pool, a, -2), *none = NULL;
    rediscluster_error *error = NULL;
    for (int i = 0; i < MOST; i++)
        arrives(pool, a);
    for (int i = 0; i < MOST; i++) {
        give_back(held);
        /* The oldest has it from that moment on: who comes now finds nothing. */
        CHECK_STATUS(rediscluster_pool_get_by_node(pool, a, 0, &none, &error),
                     REDISCLUSTER_ERROR_POOL_EXHAUSTED, error);
        next_is(pool, i);
        held = waiters[i].connection;
    }
    give_back(held);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), 1);
    rediscluster_pool_free(pool);
}

static void total_limit_alone(fake_node *fake)
{
    rediscluster_pool *pool = blocking(fake, "1", "0");
    const char *a = fake_node_address(fake, 1), *b = fake_node_address(fake, 2);
    rediscluster_connection *held = take_node(pool, a, -2);
    arrives(pool, b); /* 0: the total limit alone */
    arrives(pool, a); /* 1: came later, though the connection is its node's */
    arrives(pool, b); /* 2 */
    give_back(held);
    next_is(pool, 0);
    CHECK_INT(pool_stat(pool, a, REDISCLUSTER_STAT_OPEN), 0);
    CHECK_INT(pool_stat(pool, a, REDISCLUSTER_STAT_EVICTED), 1);
    give_back(waiters[0].connection);
    next_is(pool, 1);
    CHECK_INT(pool_stat(pool, b, REDISCLUSTER_STAT_OPEN), 0);
    give_back(waiters[1].connection);
    next_is(pool, 2);
    give_back(waiters[2].connection);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_EVICTED), 3);
    rediscluster_pool_free(pool);
}

static void full_node_is_passed(fake_node *fake)
{
    rediscluster_pool *pool = blocking(fake, "2", "1");
    const char *a = fake_node_address(fake, 1), *b = fake_node_address(fake, 2);
    const char *c = fake_node_address(fake, 3);
    rediscluster_connection *held_a = take_node(pool, a, -2), *held_b = take_node(pool, b, -2);
    arrives(pool, a); /* 0: both limits hold it up */
    arrives(pool, c); /* 1: the total limit alone */
    arrives(pool, b); /* 2: both */
    arrives(pool, c); /* 3 */
    give_back(held_b); /* 0 could not have it; 1 can */
    next_is(pool, 1);
    CHECK_INT(pool_stat(pool, b, REDISCLUSTER_STAT_OPEN), 0);
    give_back(held_a); /* 0 is oldest, and it is its node's: nothing is closed */
    next_is(pool, 0);
    CHECK_INT(pool_stat(pool, a, REDISCLUSTER_STAT_CREATED), 1);
    give_back(waiters[1].connection); /* 2 is older than 3, though the connection is 3's node's */
    next_is(pool, 2);
    CHECK_INT(pool_stat(pool, c, REDISCLUSTER_STAT_OPEN), 0);
    give_back(waiters[0].connection);
    next_is(pool, 3);
    give_back(waiters[2].connection);
    give_back(waiters[3].connection);
    rediscluster_pool_free(pool);
}

/* A connection that cannot be pooled again leaves its place to who waits, in the same order. */
static void closed_instead(fake_node *fake)
{
    rediscluster_pool *pool = blocking(fake, "1", "0");
    const char *a = fake_node_address(fake, 1), *b = fake_node_address(fake, 2);
    rediscluster_connection *held = take_node(pool, a, -2);
    arrives(pool, a); /* 0 */
    arrives(pool, b); /* 1 */
    say_expect(held, "OK", "MULTI", NULL);
    give_back(held);
    next_is(pool, 0);
    CHECK_INT(pool_stat(pool, a, REDISCLUSTER_STAT_CREATED), 2);
    say_expect(waiters[0].connection, "OK", "MULTI", NULL);
    give_back(waiters[0].connection);
    next_is(pool, 1);
    give_back(waiters[1].connection);
    rediscluster_pool_free(pool);
}

int main(void)
{
    fake_node *fake = fake_node_start("node 1 2 3\nhandshake\nstore\non MULTI => ok\n"
                                      "topology 0-5000=1 5001-10000=2 10001-16383=3");
    one_node(fake);
    total_limit_alone(fake);
    full_node_is_passed(fake);
    closed_instead(fake);
    fake_node_stop(fake);
    return 0;
}
