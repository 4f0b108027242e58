/* With readonly=yes a get for writing is READ_ONLY at once: nothing is dialled, and the message says what to do. Reads go
 * where read_from says, and a random get to any node, unless read_from is primary. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

static const char *script = "node *\nhandshake\nstore\ntopology 0-8191=1,replica:3 8192-16383=2,replica:4";

static void random_reaches(const char *read_from, bool replicas)
{
    fake_node *fake = fake_node_start(script);
    rediscluster_pool *pool =
        pool_of(fake_node_address(fake, 1), "readonly", "yes", "read_from", read_from, NULL);
    long reached = 0;
    for (int i = 0; i < 400; i++) {
        rediscluster_connection *connection = NULL;
        rediscluster_error *error = NULL;
        CHECK_OK(rediscluster_pool_get_random(pool, -2, &connection, &error), error);
        say_expect(connection, "PONG", "PING", NULL);
        give_back(connection);
    }
    for (int node = 1; node <= 4; node++)
        reached += fake_node_count_on(fake, node, "PING") > 0;
    CHECK_INT(reached, replicas ? 4 : 2);
    CHECK_INT(fake_node_count(fake, "READONLY"), replicas ? 2 : 0);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

int main(void)
{
    fake_node *fake = fake_node_start(script);
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "readonly", "yes", "read_from", "replica", NULL);
    rediscluster_connection *connection = NULL;
    rediscluster_error *error = NULL;

    for (int i = 0; i < 3; i++) {
        CHECK_FAILS(rediscluster_pool_get_by_slot(pool, 7, REDISCLUSTER_WRITE, -2, &connection, &error),
                    REDISCLUSTER_ERROR_READ_ONLY, error);
        CHECK(connection == NULL && !rediscluster_error_is_retryable(error));
        CHECK_INT(rediscluster_error_slot(error), 7);
        CHECK_CONTAINS(rediscluster_error_message(error), "readonly");
        CHECK_CONTAINS(rediscluster_error_message(error), "READ");
        rediscluster_error_free(error);
        error = NULL;
        CHECK_STATUS(rediscluster_pool_get_by_key(pool, NULL, 0, REDISCLUSTER_WRITE, -2, &connection, &error),
                     REDISCLUSTER_ERROR_READ_ONLY, error);
    }
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), 0);
    connection = take_reader(pool, 7, -2);
    CHECK_STR(rediscluster_connection_node(connection), fake_node_address(fake, 3));
    give_back(connection);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);

    random_reaches("primary", false);
    random_reaches("replica_preferred", true);
    random_reaches("any", true);
    return 0;
}
