/* F7: redirects that cannot be read are PROTOCOL for their call alone; addresses are read in every form that servers
 * have, an empty host is the one that answered, and rules for remapping hold for them. */
#include "client.h"

#include <stdio.h>

static fake_node *fake;

static void is_refused(rediscluster_client *client, const char *key)
{
    rediscluster_error *error;
    fake_node_control(fake, "clear");
    error = client_fails(client, REDISCLUSTER_ERROR_PROTOCOL, "SET", key, "value", NULL);
    CHECK_STR(rediscluster_error_node(error), fake_node_address(fake, 1));
    CHECK(!rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
    CHECK_INT(fake_node_count(fake, "SET"), 1);
    /* The connection is as good as before. */
    client_expect(client, "nil", "GET", AT1 "none", NULL);
    CHECK_INT(fake_node_connections_of(fake, 1).open, 1);
}

static void follows(rediscluster_client *client, const char *key, int target)
{
    fake_node_control(fake, "clear");
    client_expect(client, "OK", "SET", key, "value", NULL);
    CHECK_INT(fake_node_count_on(fake, 1, "SET"), 1);
    CHECK_INT(fake_node_count_on(fake, target, "SET"), 1);
}

int main(void)
{
    rediscluster_client *client;
    char remap[96];
    fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\nstore\n"
                           "node 1\non SET {b}word * => error \"MOVED x\"\n"
                           "on SET {b}bare * => error MOVED\n"
                           "on SET {b}slot * => error \"MOVED 99999 $addr2\"\n"
                           "on SET {b}port * => error \"MOVED 3300 127.0.0.1:0\"\n"
                           "on SET {b}noport * => error \"ASK 3300 127.0.0.1\"\n"
                           "on SET {b}empty * => error \"ASK 3300 :$port2\"\n"
                           "on SET {b}mapped * => error \"MOVED 3300 10.9.8.7:7001\"\n"
                           "on SET {b}asked * => error \"ASK 3300 10.9.8.7:7001\"\n"
                           "first 1 on SET {b}where * => error \"MOVED 3300 ?:7001\"");
    client = client_of(fake_node_address(fake, 1), NULL);
    WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 0, 5000); /* the discovery's */
    is_refused(client, AT1 "word");
    is_refused(client, AT1 "bare");
    is_refused(client, AT1 "slot");
    is_refused(client, AT1 "port");
    is_refused(client, AT1 "noport");
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_MOVED), 0);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    follows(client, AT1 "empty", 2);
    rediscluster_client_free(client);

    snprintf(remap, sizeof remap, "10.9.8.7:7001=%s", fake_node_address(fake, 3));
    client = client_of(fake_node_address(fake, 1), "host_port_remap", remap, NULL);
    follows(client, AT1 "asked", 3);
    follows(client, AT1 "mapped", 3);
    rediscluster_client_free(client);

    /* A node that nobody can dial: the cluster is asked where the slot is. */
    client = client_of(fake_node_address(fake, 1), "topology_refresh_min_interval", "0", NULL);
    fake_node_control(fake, "clear");
    client_expect(client, "OK", "SET", AT1 "where", "value", NULL);
    CHECK_INT(fake_node_count_on(fake, 1, "SET"), 2);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_REFRESHES), 2);
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
