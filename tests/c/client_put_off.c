/* G2: CLUSTERDOWN once and then OK is OK, after a look at the topology; for ever it ends with CLUSTER_DOWN, LOADING with
 * LOADING. A wrong password is AUTH at once, and a full pool POOL_EXHAUSTED without a refresh: neither is tried again. */
#include "client.h"
#include "pools.h"

static void ends_with(rediscluster_client *client, int32_t status, const char *code, const char *key)
{
    rediscluster_command *command = command_of("SET", key, "value", NULL);
    rediscluster_error *error = NULL;
    int64_t begun = clock_ms();
    CHECK_OK(rediscluster_command_set_timeout(command, 200, &error), error);
    error = client_run_fails(client, status, command);
    CHECK_BETWEEN(clock_ms() - begun, 200, 200 + 20 * test_patience());
    CHECK_STR(rediscluster_error_server_code(error), code);
    CHECK(!rediscluster_error_maybe_executed(error));
    CHECK(rediscluster_error_is_retryable(error));
    rediscluster_error_free(error);
}

static void is_put_off(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\nstore\n"
                                      "node 1\nfirst 1 on SET {b}once * => error \"CLUSTERDOWN The cluster is down\"\n"
                                      "on SET {b}down * => error \"CLUSTERDOWN Hash slot not served\"\n"
                                      "on SET {b}loading * => error \"LOADING Redis is loading the dataset in memory\"\n"
                                      "on SET {b}readonly * => error \"READONLY You can't write against a read only replica.\"");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), "topology_refresh_min_interval", "0", NULL);
    client_expect(client, "OK", "SET", AT1 "once", "value", NULL);
    CHECK_INT(fake_node_count(fake, "SET"), 2);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_REFRESHES), 2);
    ends_with(client, REDISCLUSTER_ERROR_CLUSTER_DOWN, "CLUSTERDOWN", AT1 "down");
    ends_with(client, REDISCLUSTER_ERROR_LOADING, "LOADING", AT1 "loading");
    ends_with(client, REDISCLUSTER_ERROR_READ_ONLY, "READONLY", AT1 "readonly");
    client_expect(client, "OK", "SET", AT1 "well", "value", NULL);
    rediscluster_client_free(client);
    fake_node_stop(fake);
}

/* The password was right when the pool was made, and is not any more. */
static void is_wrong_password(void)
{
    fake_node *fake = fake_node_start("node *\non HELLO 3 AUTH default right * => handshake\n"
                                      "on HELLO * => error \"WRONGPASS invalid username-password pair or user is disabled.\"\n"
                                      "handshake\n" THREE_SHARDS "\nstore");
    rediscluster_client *client =
        client_of(fake_node_address(fake, 1), "password", "right", NULL);
    rediscluster_error *error;
    int64_t begun;
    error = NULL;
    CHECK_OK(rediscluster_pool_update_credentials(rediscluster_client_pool(client), NULL, "wrong", &error), error);
    fake_node_control(fake, "clear");
    begun = clock_ms();
    error = client_fails(client, REDISCLUSTER_ERROR_AUTH, "SET", AT1 "key", "value", NULL);
    CHECK_BETWEEN(clock_ms() - begun, 0, 50 * test_patience());
    CHECK(!rediscluster_error_maybe_executed(error));
    CHECK_STR(rediscluster_error_node(error), fake_node_address(fake, 1));
    rediscluster_error_free(error);
    CHECK_INT(fake_node_count(fake, "HELLO"), 1);
    CHECK_INT(fake_node_count(fake, "SET"), 0);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    rediscluster_client_free(client);
    fake_node_stop(fake);
}

static void is_full(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\nstore");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), "max_connections_per_node", "1", NULL);
    rediscluster_connection *connection = take_slot(rediscluster_client_pool(client), 0, -2);
    rediscluster_error *error;
    int64_t begun = clock_ms();
    error = client_fails(client, REDISCLUSTER_ERROR_POOL_EXHAUSTED, "SET", AT1 "key", "value", NULL);
    CHECK_BETWEEN(clock_ms() - begun, 0, 50 * test_patience());
    CHECK(!rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    client_expect(client, "OK", "SET", AT2 "key", "value", NULL);
    give_back(connection);
    client_expect(client, "OK", "SET", AT1 "key", "value", NULL);
    rediscluster_client_free(client);
    fake_node_stop(fake);
}

int main(void)
{
    is_put_off();
    is_wrong_password();
    is_full();
    return 0;
}
