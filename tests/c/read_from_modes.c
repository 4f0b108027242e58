/* H1: what each value of read_from means where all nodes are well: primary; replica, also in a shard without one; any,
 * each as often. Writes go to the primary, whatever it says. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

static const char *script = "node *\nhandshake\nstore\n"
                            "topology 0-8191=1,replica:3,replica:4 8192-16383=2";

/* Reads and writes 30 times in both shards, and tells how many of the first shard's reads each node had. */
static void reads(const char *read_from, long primary, long first, long second)
{
    fake_node *fake = fake_node_start(script);
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "read_from", read_from, NULL);
    for (int i = 0; i < 30; i++) {
        rediscluster_connection *connection = take_reader(pool, 8191, -2);
        rediscluster_reply_free(ask(connection, "GET", "key", NULL));
        give_back(connection);
        connection = take_slot(pool, 8191, -2);
        CHECK_STR(rediscluster_connection_node(connection), fake_node_address(fake, 1));
        give_back(connection);
        connection = take_reader(pool, 8192, -2);
        CHECK_STR(rediscluster_connection_node(connection), fake_node_address(fake, 2));
        give_back(connection);
    }
    CHECK_INT(fake_node_count_on(fake, 1, "GET"), primary);
    CHECK_INT(fake_node_count_on(fake, 3, "GET"), first);
    CHECK_INT(fake_node_count_on(fake, 4, "GET"), second);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

int main(void)
{
    reads("primary", 30, 0, 0);
    reads("replica_preferred", 0, 15, 15);
    reads("replica", 0, 15, 15);
    reads("any", 10, 10, 10);
    return 0;
}
