/* E2: disconnect while another thread waits for a reply: that reply arrives; the connection is closed at
 * its release, the idle ones at once; the topology stays and later gets dial. */
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

struct shared {
    rediscluster_pool *pool;
    fake_node *fake;
};

static void work(void *argument, int number)
{
    struct shared *shared = argument;
    rediscluster_error *error = NULL;
    if (number == 0) {
        rediscluster_connection *used = take_slot(shared->pool, 0, -2);
        say_expect(used, "the reply", "GET", "k", NULL);
        CHECK(!rediscluster_connection_is_broken(used));
        say_expect(used, "PONG", "PING", NULL);
        CHECK_INT(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_IN_USE), 1);
        give_back(used);
        return;
    }
    WAIT_UNTIL(fake_node_count(shared->fake, "GET") == 1, 10000);
    CHECK_INT(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_IDLE), 1);
    CHECK_OK(rediscluster_pool_disconnect(shared->pool, &error), error);
    CHECK_INT(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_IDLE), 0);
    CHECK_INT(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_IN_USE), 1);
    WAIT_UNTIL(fake_node_connections_of(shared->fake, 2).open == 0, 5000);
    fake_node_control(shared->fake, "open reply");
}

int main(void)
{
    fake_node *fake = fake_node_start("node 1\non GET * => gate reply; bulk \"the reply\"\n"
                                      "node 1 2\nhandshake\n"
                                      "topology 0-8191=1 8192-16383=2");
    struct shared shared;
    shared.fake = fake;
    shared.pool = pool_of(fake_node_address(fake, 1), NULL);
    give_back(take_slot(shared.pool, 16383, -2));
    threads_run(2, work, &shared);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_OPEN), 0);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_CLOSED), 2);
    WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 0, 5000);
    give_back(take_slot(shared.pool, 0, -2));
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_IDLE), 1);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    rediscluster_pool_free(shared.pool);
    fake_node_stop(fake);
    return 0;
}
