/* B2: slot -1 and 16384 (and further out) are INVALID_ARGUMENT, never a random node's; so is an access that is neither
 * to read nor to write. Nothing is dialled for them. */
#include "fake_node.h"
#include "pools.h"

int main(void)
{
    const int32_t slots[] = {-1, 16384, 16385, 65536, INT32_MIN, INT32_MAX};
    const int32_t accesses[] = {0, 3, -1, INT32_MAX};
    fake_node *fake = fake_node_start("node 1\nhandshake\nstore\ntopology 0-16383=1");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), NULL);
    rediscluster_connection *none = NULL;
    rediscluster_error *error = NULL;
    long total = fake_node_connections_of(fake, 1).total;

    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
        none = (rediscluster_connection *)(void *)&none;
        CHECK_FAILS(rediscluster_pool_get_by_slot(pool, slots[i], REDISCLUSTER_WRITE, -2, &none, &error),
                    REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
        CHECK(none == NULL);
        CHECK_CONTAINS(rediscluster_error_message(error), "slot");
        CHECK_INT(rediscluster_error_slot(error), -1);
        rediscluster_error_free(error);
        error = NULL;
    }
    for (size_t i = 0; i < sizeof accesses / sizeof *accesses; i++) {
        CHECK_FAILS(rediscluster_pool_get_by_slot(pool, 0, accesses[i], -2, &none, &error),
                    REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
        CHECK_CONTAINS(rediscluster_error_message(error), "access");
        rediscluster_error_free(error);
        error = NULL;
        CHECK_STATUS(rediscluster_pool_get_by_key(pool, NULL, 0, accesses[i], -2, &none, &error),
                     REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
        CHECK(none == NULL);
    }
    CHECK_INT(fake_node_connections_of(fake, 1).total, total);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), 0);
    give_back(take_slot(pool, 0, -2));
    give_back(take_slot(pool, 16383, -2));
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
