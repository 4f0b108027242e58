/* A call whose own short time ended does not hold up the next one on the same shard: the node may be well, and one call
 * finds out at once. */
#include "client.h"
#include "pools.h"

enum { ROUNDS = 5 };

int main(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\nstore\n"
                                      "node 1\non GET {b}slow => delay 40; nil");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    int64_t shortest = INT64_MAX;

    for (int round = 0; round < ROUNDS; round++) {
        rediscluster_command *command = command_of("GET", AT1 "slow", NULL);
        rediscluster_error *error = NULL;
        int64_t begun;
        CHECK_OK(rediscluster_command_set_timeout(command, 15, &error), error);
        error = client_run_fails(client, REDISCLUSTER_ERROR_TIMEOUT, command);
        rediscluster_error_free(error);
        begun = clock_ms();
        client_expect(client, "OK", "SET", AT1 "key", "value", NULL);
        begun = clock_ms() - begun;
        shortest = begun < shortest ? begun : shortest;
    }
    CHECK_BETWEEN(shortest, 0, 50);
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
