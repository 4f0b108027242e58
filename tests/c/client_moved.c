/* ctest: drivers
 *
 * F1: MOVED is followed within the call, the map is patched, and the next call goes direct; no refresh is needed.
 * F2: to the shard's replica: the roles swap, for all slots of the shard. */
#include "client.h"

static void to_another_shard(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\nstore\n"
                                      "node 1\nfirst 1 on SET * => error \"MOVED 3300 $addr2\"\n"
                                      "first 1 on GET {b}other => error \"MOVED 3300 $addr2\"");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;

    client_expect(client, "OK", "SET", AT1 "key", "value", NULL);
    CHECK_INT(fake_node_count_on(fake, 1, "SET"), 1);
    CHECK_INT(fake_node_count_on(fake, 2, "SET"), 1);
    client_expect(client, "value", "GET", AT1 "key", NULL);
    client_expect(client, "OK", "SET", AT1 "second", "value", NULL);
    CHECK_INT(fake_node_count_on(fake, 2, "GET"), 1);
    CHECK_INT(fake_node_count_on(fake, 1, "GET"), 0);
    CHECK_INT(fake_node_count_on(fake, 1, "SET"), 1);

    CHECK_OK(rediscluster_pool_topology(rediscluster_client_pool(client), &topology, &error), error);
    CHECK_STR(rediscluster_node_address(rediscluster_topology_slot_node(topology, 3300, 0)), fake_node_address(fake, 2));
    CHECK_STR(rediscluster_node_address(rediscluster_topology_slot_node(topology, 3299, 0)), fake_node_address(fake, 1));
    rediscluster_topology_free(topology);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_MOVED), 1);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_REFRESHES), 1);

    driver_free(client);
    fake_node_stop(fake);
}

static void to_the_replica(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\ntopology 0-8191=1,replica:3 8192-16383=2\nstore\n"
                                      "node 1\non SET * => error \"MOVED 3300 $addr3\"");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), "read_from", "replica_preferred", NULL);

    client_expect(client, "OK", "SET", AT1 "key", "value", NULL);
    /* Slot 7365 is of the same shard. */
    client_expect(client, "OK", "SET", AT2 "key", "value", NULL);
    CHECK_INT(fake_node_count_on(fake, 1, "SET"), 1);
    CHECK_INT(fake_node_count_on(fake, 3, "SET"), 2);
    CHECK_INT(fake_node_count(fake, "READONLY"), 0);
    client_expect(client, "value", "GET", AT2 "key", NULL);
    CHECK_INT(fake_node_count_on(fake, 1, "GET"), 1);
    CHECK_INT(fake_node_count_on(fake, 1, "READONLY"), 1);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    driver_free(client);
    fake_node_stop(fake);
}

int main(void)
{
    to_another_shard();
    to_the_replica();
    return 0;
}
