/* ctest: drivers
 *
 * F6: TRYAGAIN thrice and then OK is OK, with pauses between; for ever it ends at the deadline, with TRY_AGAIN and not
 * TIMEOUT: the command has not run. The map is not asked for. */
#include "client.h"
#include "pools.h"

int main(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\nstore\n"
                                      "node 1\nfirst 3 on SET * => error \"TRYAGAIN Multiple keys request during rehashing of slot\"\n"
                                      "on INCR * => error \"TRYAGAIN Multiple keys request during rehashing of slot\"");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    rediscluster_command *command;
    rediscluster_error *error = NULL, *none = NULL;
    int64_t begun;

    client_expect(client, "OK", "SET", AT1 "key", "value", NULL);
    CHECK_INT(fake_node_count(fake, "SET"), 4);

    command = command_of("INCR", AT1 "counter", NULL);
    CHECK_OK(rediscluster_command_set_timeout(command, 300, &none), none);
    begun = clock_ms();
    error = client_run_fails(client, REDISCLUSTER_ERROR_TRY_AGAIN, command);
    CHECK_BETWEEN(clock_ms() - begun, 300, 300 + 20 * test_patience());
    CHECK(!rediscluster_error_maybe_executed(error));
    CHECK(rediscluster_error_is_retryable(error));
    CHECK_STR(rediscluster_error_server_code(error), "TRYAGAIN");
    CHECK_STR(rediscluster_error_node(error), fake_node_address(fake, 1));
    CHECK_INT(rediscluster_error_slot(error), 3300);
    CHECK(rediscluster_error_attempt_count(error) >= 2);
    rediscluster_error_free(error);
    /* The pauses grow: in so short a time there are few tries. */
    CHECK_BETWEEN(fake_node_count(fake, "INCR"), 2, 60);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    client_expect(client, "value", "GET", AT1 "key", NULL);
    driver_free(client);
    fake_node_stop(fake);
    return 0;
}
