/* F7: IPv6 addresses in redirects, with brackets and without. */
#include "client.h"

#include <stdio.h>

int main(void)
{
    fake_node *fake = fake_node_start("host ::1\nnode *\nhandshake\n" THREE_SHARDS "\nstore\n"
                                      "node 1\non SET {b}bare * => error \"ASK 3300 ::1:$port2\"\n"
                                      "on SET {b}brackets * => error \"ASK 3300 [::1]:$port2\"\n"
                                      "on SET {b}moved * => error \"MOVED 3300 ::1:$port3\"");
    char node[32];
    rediscluster_client *client;
    snprintf(node, sizeof node, "[::1]:%d", fake_node_port(fake, 1));
    client = client_of(node, NULL);
    client_expect(client, "OK", "SET", AT1 "bare", "value", NULL);
    client_expect(client, "OK", "SET", AT1 "brackets", "value", NULL);
    CHECK_INT(fake_node_count_on(fake, 2, "SET"), 2);
    client_expect(client, "OK", "SET", AT1 "moved", "value", NULL);
    CHECK_INT(fake_node_count_on(fake, 3, "SET"), 1);
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
