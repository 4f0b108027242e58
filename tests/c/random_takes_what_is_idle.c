/* D4: a get at random that does not wait takes an idle connection of whichever primary has one; TIMEOUT
 * only where none has and one has room, POOL_EXHAUSTED where all are at a limit. */
#include "fake_node.h"
#include "pools.h"

int main(void)
{
    fake_node *fake = fake_node_start("node 1 2 3\nhandshake\nstore\n"
                                      "topology 0-5000=1 5001-10000=2 10001-16383=3");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "max_connections_per_node", "1",
                                      NULL);
    rediscluster_connection *held[3], *one = NULL;
    rediscluster_error *error = NULL;

    give_back(take_node(pool, fake_node_address(fake, 2), -2));
    for (int round = 0; round < 50; round++) {
        CHECK_OK(rediscluster_pool_get_random(pool, REDISCLUSTER_TIMEOUT_NOW, &one, &error), error);
        CHECK_STR(rediscluster_connection_node(one), fake_node_address(fake, 2));
        /* 2 is full now, 1 and 3 would have to dial. */
        {
            rediscluster_connection *none = NULL;
            CHECK_STATUS(rediscluster_pool_get_random(pool, REDISCLUSTER_TIMEOUT_NOW, &none, &error),
                         REDISCLUSTER_ERROR_TIMEOUT, error);
        }
        give_back(one);
    }
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), 1);
    for (int node = 1; node <= 3; node++)
        held[node - 1] = take_node(pool, fake_node_address(fake, node), -2);
    CHECK_STATUS(rediscluster_pool_get_random(pool, REDISCLUSTER_TIMEOUT_NOW, &one, &error),
                 REDISCLUSTER_ERROR_POOL_EXHAUSTED, error);
    for (int node = 1; node <= 3; node++)
        give_back(held[node - 1]);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
