/* E4: a pool that is freed while connections are out closes its idle ones now; those in use work until
 * their release by any thread, close then, and leave no descriptor behind. */
#include "descriptors.h"
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

enum { OUT = 4 };

static void work(void *argument, int number)
{
    rediscluster_connection **connections = argument;
    rediscluster_error *error = NULL;
    say_expect(connections[number], "PONG", "PING", NULL);
    CHECK_CONTAINS(rediscluster_connection_node(connections[number]), "127.0.0.1:");
    CHECK_OK(rediscluster_connection_release(connections[number], &error), error);
    CHECK_STATUS(rediscluster_connection_release(connections[number], &error),
                 REDISCLUSTER_ERROR_NOT_CHECKED_OUT, error);
}

int main(void)
{
    fake_node *fake = fake_node_start("node 1\nhandshake\nstore\ntopology 0-16383=1");
    int sockets = descriptors_sockets();
    rediscluster_connection *connections[OUT + 2];
    rediscluster_error *error = NULL;
    for (int round = 0; round < 3; round++) {
        rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), NULL), *other;
        for (int i = 0; i < OUT + 2; i++)
            connections[i] = take_slot(pool, i, -2);
        give_back(connections[OUT]);
        give_back(connections[OUT + 1]);
        if (round == 1)
            CHECK_OK(rediscluster_pool_close(pool, &error), error);
        rediscluster_pool_free(pool);
        CHECK_INT(descriptors_sockets(), sockets + OUT);
        WAIT_UNTIL(fake_node_connections_of(fake, 1).open == OUT, 5000);
        other = pool_of(fake_node_address(fake, 1), NULL);
        CHECK_STATUS(rediscluster_pool_release(other, connections[0], &error),
                     REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
        threads_run(OUT, work, connections);
        CHECK_INT(pool_stat(other, NULL, REDISCLUSTER_STAT_OPEN), 0);
        rediscluster_pool_free(other);
        CHECK_INT(descriptors_sockets(), sockets);
    }
    WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 0, 5000);
    rediscluster_pool_free(NULL);
    fake_node_stop(fake);
    return 0;
}
