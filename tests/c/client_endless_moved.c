/* ctest: drivers
 *
 * F3: nodes that point at each other for ever: TOO_MANY_REDIRECTS after at most 17 sends and 2 refreshes, with all that
 * was tried. The option counts redirects: 0 follows none. */
#include "client.h"

#include <stdio.h>

static fake_node *fake;

static void ends_after(rediscluster_client *client, long redirects)
{
    rediscluster_error *error;
    char count[64];
    fake_node_control(fake, "clear");
    error = client_fails(client, REDISCLUSTER_ERROR_TOO_MANY_REDIRECTS, "SET", AT1 "key", "value", NULL);
    CHECK_INT(fake_node_count(fake, "SET"), redirects + 1);
    CHECK_INT(rediscluster_error_attempt_count(error), redirects + 1);
    CHECK_INT(rediscluster_error_slot(error), 3300);
    CHECK_STR(rediscluster_error_server_code(error), "MOVED");
    CHECK(!rediscluster_error_maybe_executed(error));
    snprintf(count, sizeof count, "%ld redirects", redirects);
    CHECK_CONTAINS(rediscluster_error_message(error), count);
    CHECK_CONTAINS(rediscluster_error_message(error), "max_redirects");
    CHECK_CONTAINS(rediscluster_attempt_cause(rediscluster_error_attempt(error, 0)), "MOVED 3300");
    rediscluster_error_free(error);
}

int main(void)
{
    rediscluster_client *client;
    int64_t refreshes, begun;
    fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\n"
                           "node 1\non SET * => error \"MOVED 3300 $addr2\"\n"
                           "node 2\non SET * => error \"MOVED 3300 $addr1\"");
    client = client_of(fake_node_address(fake, 3), NULL);
    refreshes = client_stat(client, NULL, REDISCLUSTER_STAT_REFRESHES);
    begun = clock_ms();
    ends_after(client, 16);
    /* Pauses part them. Only a machine that takes much longer than these gives time for a third. */
    refreshes = client_stat(client, NULL, REDISCLUSTER_STAT_REFRESHES) - refreshes;
    CHECK_BETWEEN(refreshes, 0, clock_ms() - begun < 450 ? 2 : 3);
    driver_free(client);

    client = client_of(fake_node_address(fake, 3), "max_redirects", "0", NULL);
    ends_after(client, 0);
    driver_free(client);
    client = client_of(fake_node_address(fake, 3), "max_redirects", "1", "reinitialize_steps", "0", NULL);
    ends_after(client, 1);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    driver_free(client);
    fake_node_stop(fake);
    return 0;
}
