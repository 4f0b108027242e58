/* H2: a replica that is gone: the same get is given another node's connection, and nobody dials the dead one before
 * replica_cooldown is over; then one get does, and once it is back it is read from again. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

#include <string.h>

enum { COOLDOWN = 400 };

static void read_once(rediscluster_pool *pool)
{
    rediscluster_connection *connection = take_reader(pool, 0, -2);
    rediscluster_reply_free(ask(connection, "GET", "key", NULL));
    give_back(connection);
}

/* Both replicas share; one dies; the other has all of it. */
static void another_replica(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\nstore\ntopology 0-16383=1,replica:2,replica:3");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "read_from", "replica_preferred",
                                      "replica_cooldown", "60000", NULL);
    for (int i = 0; i < 4; i++)
        read_once(pool);
    CHECK_INT(fake_node_count_on(fake, 2, "GET"), 2);
    fake_node_control(fake, "kill 2");
    fake_node_control(fake, "clear");
    for (int i = 0; i < 50; i++)
        read_once(pool);
    CHECK_INT(fake_node_count_on(fake, 3, "GET"), 50);
    CHECK_INT(fake_node_count(fake, "GET"), 50);
    /* The failure was nobody's business but the read's: the topology was not asked for. */
    CHECK_INT(fake_node_count(fake, "CLUSTER"), 0);

    /* Back, but it rests on. */
    fake_node_control(fake, "revive 2");
    for (int i = 0; i < 10; i++)
        read_once(pool);
    CHECK_INT(fake_node_count_on(fake, 3, "GET"), 60);

    /* Both gone: the primary. */
    fake_node_control(fake, "kill 3");
    for (int i = 0; i < 10; i++)
        read_once(pool);
    CHECK_INT(fake_node_count_on(fake, 1, "GET"), 10);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

static void comes_back(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\nstore\ntopology 0-16383=1,replica:2");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "read_from", "replica_preferred",
                                      "replica_cooldown", "400", NULL);
    int64_t begun;
    fake_node_control(fake, "kill 2");
    begun = clock_ms();
    read_once(pool);
    fake_node_control(fake, "revive 2");
    while (fake_node_count_on(fake, 2, "GET") == 0) {
        read_once(pool);
        clock_sleep_ms(5);
    }
    /* The rest is measured on a clock of a few milliseconds' grain. */
    CHECK_BETWEEN(clock_ms() - begun, COOLDOWN - 20, COOLDOWN + 500 * test_patience());
    for (int i = 0; i < 10; i++)
        read_once(pool);
    CHECK_BETWEEN(fake_node_count_on(fake, 2, "GET"), 11, 11);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

/* Without a cooldown it is dialled each time its turn comes, and each read is answered all the same. */
static void without_rest(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\nstore\ntopology 0-16383=1,replica:2");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "read_from", "replica_preferred",
                                      "replica_cooldown", "0", NULL);
    fake_node_control(fake, "kill 2");
    for (int i = 0; i < 10; i++)
        read_once(pool);
    CHECK_INT(fake_node_count_on(fake, 1, "GET"), 10);
    fake_node_control(fake, "revive 2");
    read_once(pool);
    CHECK_INT(fake_node_count_on(fake, 2, "GET"), 1);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

/* read_from=replica never reads at the primary of a shard that has replicas: those that rest are tried all the same,
 * and where none answers, the error tells of each. */
static void replicas_alone(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\nstore\ntopology 0-16383=1,replica:2,replica:3");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "read_from", "replica", "replica_cooldown",
                                      "60000", NULL);
    rediscluster_connection *none = NULL;
    rediscluster_error *error = NULL;
    bool told[2] = {false, false};
    fake_node_control(fake, "kill 2");
    fake_node_control(fake, "kill 3");
    CHECK_FAILS(rediscluster_pool_get_by_slot(pool, 9, REDISCLUSTER_READ, 5000, &none, &error),
                REDISCLUSTER_ERROR_CONNECTION, error);
    CHECK_INT(rediscluster_error_slot(error), 9);
    for (size_t i = 0; i < rediscluster_error_attempt_count(error); i++)
        for (int node = 2; node <= 3; node++)
            if (strcmp(rediscluster_attempt_node(rediscluster_error_attempt(error, i)),
                       fake_node_address(fake, node)) == 0)
                told[node - 2] = true;
    CHECK(told[0] && told[1]);
    rediscluster_error_free(error);
    error = NULL;
    CHECK_INT(fake_node_count(fake, "GET"), 0);
    fake_node_control(fake, "revive 3");
    for (int i = 0; i < 10; i++)
        read_once(pool);
    CHECK_INT(fake_node_count_on(fake, 3, "GET"), 10);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

int main(void)
{
    another_replica();
    comes_back();
    without_rest();
    replicas_alone();
    return 0;
}
