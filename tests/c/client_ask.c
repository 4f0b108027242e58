/* ctest: drivers
 *
 * F4 through the client: ASKING and the command in one write on one connection, to a node of the map and to one that no
 * map names; the map stays, and the next command of the slot is asked where the map says. */
#include "client.h"

static fake_node *fake;

static void follows(rediscluster_client *client, const char *key, int target)
{
    client_arrival asking, set;
    fake_node_control(fake, "clear");
    client_expect(client, "OK", "SET", key, "value", NULL);
    CHECK_INT(fake_node_count_on(fake, 1, "SET"), 1);
    CHECK_INT(fake_node_count_on(fake, target, "ASKING"), 1);
    asking = client_last(fake, target, "ASKING");
    set = client_last(fake, target, "SET");
    CHECK(asking.read > 0);
    CHECK_INT(asking.read, set.read);
    CHECK_INT(asking.connection, set.connection);
    CHECK_INT(fake_node_count(fake, "CLUSTER"), 0);
    /* The map stays; what follows on that connection is not asking. */
    client_expect(client, "value", "GET", key, NULL);
    CHECK_INT(fake_node_count_on(fake, 1, "GET"), 1);
    CHECK_INT(fake_node_count_on(fake, target, "GET"), 0);
    CHECK_INT(fake_node_count(fake, "ASKING"), 1);
}

int main(void)
{
    rediscluster_client *client;
    fake = fake_node_start("nodes 4\nnode *\nhandshake\n" THREE_SHARDS "\nstore\n"
                           "node 1\non SET {b}known * => error \"ASK 3300 $addr2\"\n"
                           "on SET {b}strange * => error \"ASK 3300 $addr4\"");
    client = client_of(fake_node_address(fake, 1), NULL);
    follows(client, AT1 "known", 2);
    follows(client, AT1 "strange", 4);
    follows(client, AT1 "strange", 4);
    client_expect(client, "OK", "SET", AT2 "key", "value", NULL);
    CHECK_INT(fake_node_count_on(fake, 2, "ASKING"), 0);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_ASK), 3);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_MOVED), 0);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    /* Its connections are pooled: the second ASK dialled none. */
    CHECK_INT(fake_node_connections_of(fake, 4).total, 1);
    driver_free(client);
    fake_node_stop(fake);
    return 0;
}
