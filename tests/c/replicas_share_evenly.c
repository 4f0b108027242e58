/* H1: with replica_preferred 100 reads go to the shard's two replicas, 50 each, none to the primary; writes go to the
 * primary; READONLY is said once a connection. The turns of shards are their own. A shard without replica is read at its
 * primary. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

static const char *script = "node *\nhandshake\nstore\n"
                            "topology 0-5460=1,replica:4,replica:5 5461-10922=2,replica:6,replica:7 10923-16383=3";

static void read_once(rediscluster_pool *pool, int32_t slot)
{
    rediscluster_connection *connection = take_reader(pool, slot, -2);
    CHECK_INT(rediscluster_connection_is_readonly(connection), slot <= 10922);
    rediscluster_reply_free(ask(connection, "GET", "key", NULL));
    give_back(connection);
}

int main(void)
{
    fake_node *fake = fake_node_start(script);
    rediscluster_pool *pool =
        pool_of(fake_node_address(fake, 1), "read_from", "replica_preferred", NULL);

    for (int i = 0; i < 100; i++)
        read_once(pool, 0);
    CHECK_INT(fake_node_count_on(fake, 4, "GET"), 50);
    CHECK_INT(fake_node_count_on(fake, 5, "GET"), 50);
    CHECK_INT(fake_node_count(fake, "GET"), 100);
    for (int i = 0; i < 100; i++) {
        rediscluster_connection *connection = take_slot(pool, 0, -2);
        CHECK(!rediscluster_connection_is_readonly(connection));
        say_expect(connection, "OK", "SET", "key", "value", NULL);
        give_back(connection);
    }
    CHECK_INT(fake_node_count_on(fake, 1, "SET"), 100);
    CHECK_INT(fake_node_count(fake, "SET"), 100);
    CHECK_INT(fake_node_count(fake, "READONLY"), 2);
    CHECK_INT(fake_node_count_on(fake, 4, "READONLY"), 1);
    CHECK_INT(fake_node_count_on(fake, 5, "READONLY"), 1);

    /* Two shards in turn: one counter for both would send each to one replica alone. */
    fake_node_control(fake, "clear");
    for (int i = 0; i < 100; i++) {
        read_once(pool, 5460);
        read_once(pool, 5461);
    }
    for (int node = 4; node <= 7; node++)
        CHECK_INT(fake_node_count_on(fake, node, "GET"), 50);

    /* Several at once share alike. */
    {
        rediscluster_connection *held[8];
        for (int i = 0; i < 8; i++)
            held[i] = take_reader(pool, 1, -2);
        for (int i = 0; i < 8; i++)
            give_back(held[i]);
        CHECK_INT(pool_stat(pool, fake_node_address(fake, 4), REDISCLUSTER_STAT_OPEN), 4);
        CHECK_INT(pool_stat(pool, fake_node_address(fake, 5), REDISCLUSTER_STAT_OPEN), 4);
    }

    fake_node_control(fake, "clear");
    for (int i = 0; i < 10; i++)
        read_once(pool, 16383);
    CHECK_INT(fake_node_count_on(fake, 3, "GET"), 10);
    CHECK_INT(fake_node_count(fake, "READONLY"), 0);

    /* A key's reads are its slot's. */
    fake_node_control(fake, "clear");
    for (int i = 0; i < 10; i++) {
        rediscluster_connection *connection = NULL;
        rediscluster_error *error = NULL;
        /* The empty key is in slot 0. */
        CHECK_OK(rediscluster_pool_get_by_key(pool, NULL, 0, REDISCLUSTER_READ, -2, &connection, &error), error);
        rediscluster_reply_free(ask(connection, "GET", "", NULL));
        give_back(connection);
    }
    CHECK_INT(fake_node_count_on(fake, 4, "GET"), 5);
    CHECK_INT(fake_node_count_on(fake, 5, "GET"), 5);

    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
