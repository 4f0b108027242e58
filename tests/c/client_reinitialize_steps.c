/* ctest: drivers
 *
 * F5 through the client: of nine calls that are answered with MOVED, each for another slot, each third asks the cluster for
 * its topology with reinitialize_steps 3, each with 1, none with 0. Every call is answered. */
#include "client.h"

#include <stdio.h>
#include <string.h>

enum { CALLS = 9 };

/* Hash tags whose slots are node 1's, all of them different. */
static const char tags[CALLS + 1] = "bfjnrvz37";

static fake_node *start(void)
{
    char rules[CALLS * 64] = "";
    for (int i = 0; i < CALLS; i++) {
        int32_t slot = rediscluster_key_slot((const uint8_t *)&tags[i], 1);
        CHECK_BETWEEN(slot, 0, 8191);
        snprintf(rules + strlen(rules), sizeof rules - strlen(rules), "on SET {%c}* * => error \"MOVED %d $addr2\"\n",
                 tags[i], (int)slot);
    }
    return fake_node_start_format("node *\nhandshake\ntopology 0-8191=1 8192-16383=2\nnode 1\n%snode 2\non SET * => ok",
                                  rules);
}

static void refreshes(fake_node *fake, const char *steps, int expected)
{
    rediscluster_client *client = client_of(fake_node_address(fake, 1), "reinitialize_steps", steps,
                                            "topology_refresh_min_interval", "0", "topology_command", "slots", NULL);
    fake_node_control(fake, "clear");
    for (int i = 0; i < CALLS; i++) {
        char key[16];
        snprintf(key, sizeof key, "{%c}key", tags[i]);
        client_expect(client, "OK", "SET", key, "value", NULL);
    }
    CHECK_INT(fake_node_count_on(fake, 1, "SET"), CALLS);
    CHECK_INT(fake_node_count_on(fake, 2, "SET"), CALLS);
    if (driver_is_async()) {
        /* Its refreshes go on beside its commands, one at a time: a MOVED that comes meanwhile begins none. But one that
         * corrects the map has the cluster asked again, for a view of the time after it, at most twice a refresh. */
        int64_t begun;
        WAIT_UNTIL((driver_go_on(client), expected == 0 || fake_node_count(fake, "CLUSTER SLOTS") > 0), 5000);
        begun = client_stat(client, NULL, REDISCLUSTER_STAT_REFRESHES) - 1;
        CHECK_BETWEEN(begun, expected > 0, expected);
        CHECK_BETWEEN(fake_node_count(fake, "CLUSTER SLOTS"), expected > 0, 3 * begun);
    } else {
        CHECK_INT(fake_node_count(fake, "CLUSTER SLOTS"), expected);
        CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_REFRESHES), 1 + expected);
    }
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_MOVED), CALLS);
    driver_free(client);
}

int main(void)
{
    fake_node *fake = start();
    refreshes(fake, "3", 3);
    refreshes(fake, "1", 9);
    refreshes(fake, "0", 0);
    fake_node_stop(fake);
    return 0;
}
