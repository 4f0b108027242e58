/* `max_in_flight` pushes back; closing completes what is in flight; freeing with commands in flight and completions that
 * were not taken leaks nothing; a closed pool closes the handle. */
#include "asyncs.h"
#include "pools.h"

static fake_node *fake;

static rediscluster_command *get(const char *key)
{
    return command_of("GET", key, NULL);
}

static void it_pushes_back(void)
{
    rediscluster_client *client = client_of(fake_node_address(fake, 1), "max_in_flight", "4", NULL);
    rediscluster_async *loop = async_of(client);
    rediscluster_completion completions[4];
    rediscluster_error *error = NULL;
    size_t count = 0;
    for (uint64_t i = 0; i < 3; i++)
        async_submit(loop, i, get(AT1 "key"));
    async_submit(loop, 3, command_of("MGET", AT1 "key", AT2 "key", NULL));
    async_refuses(loop, REDISCLUSTER_ERROR_LIMIT, "GET", AT1 "key", NULL);
    /* Completions that were not taken count. */
    CHECK_OK(rediscluster_async_poll(loop, NULL, 0, 10000, &count, &error), error);
    CHECK_INT(count, 0);
    async_refuses(loop, REDISCLUSTER_ERROR_LIMIT, "GET", AT1 "key", NULL);
    CHECK_OK(rediscluster_async_poll(loop, completions, 1, 10000, &count, &error), error);
    CHECK_INT(count, 1);
    rediscluster_reply_free(completions[0].reply);
    async_submit(loop, 4, get(AT1 "key"));
    async_refuses(loop, REDISCLUSTER_ERROR_LIMIT, "GET", AT1 "key", NULL);
    for (size_t taken = 0; taken < 4; taken += count) {
        CHECK_OK(rediscluster_async_poll(loop, completions, 4, 10000, &count, &error), error);
        for (size_t i = 0; i < count; i++) {
            CHECK(completions[i].error == NULL);
            rediscluster_reply_free(completions[i].reply);
        }
    }
    async_expect(loop, "nil", "GET", AT1 "key", NULL);
    rediscluster_async_free(loop);
    rediscluster_client_free(client);
}

static void it_is_closed(void)
{
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    rediscluster_async *loop = async_of(client);
    rediscluster_completion completion;
    rediscluster_error *error = NULL;
    size_t count;
    async_submit(loop, 1, get(AT1 "slow"));
    async_quiet(loop, 20);
    async_submit(loop, 2, get(AT2 "key"));
    async_submit(loop, 3, command_of("MGET", AT1 "key", AT2 "key", NULL));
    CHECK_OK(rediscluster_async_close(loop, &error), error);
    CHECK_OK(rediscluster_async_close(loop, &error), error);
    async_refuses(loop, REDISCLUSTER_ERROR_CLOSED, "GET", AT1 "key", NULL);
    async_next_ends(loop, 1, REDISCLUSTER_ERROR_CLOSED, true);
    async_next_ends(loop, 2, REDISCLUSTER_ERROR_CLOSED, false);
    async_next_ends(loop, 3, REDISCLUSTER_ERROR_CLOSED, false);
    CHECK_STATUS(rediscluster_async_poll(loop, &completion, 1, -1, &count, &error), REDISCLUSTER_ERROR_CLOSED, error);
    CHECK_INT(rediscluster_async_next_timeout(loop), -1);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    rediscluster_async_free(loop);
    rediscluster_client_free(client);
}

static void it_is_freed(void)
{
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    rediscluster_async *loop = async_of(client);
    rediscluster_error *error = NULL;
    size_t count;
    async_submit(loop, 1, get(AT1 "slow"));
    async_submit(loop, 2, get(AT2 "key"));
    async_submit(loop, 3, command_of("MGET", AT3 "key", AT2 "key", NULL));
    for (int i = 0; i < 20; i++)
        CHECK_OK(rediscluster_async_poll(loop, NULL, 0, 10, &count, &error), error);
    async_submit(loop, 4, get(AT2 "unsent"));
    rediscluster_async_free(loop);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    /* The client goes on, and no late reply is anybody's. */
    client_expect(client, "nil", "GET", AT1 "key", NULL);
    rediscluster_client_free(client);
}

static void its_pool_is_closed(void)
{
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    rediscluster_async *loop = async_of(client), *other = NULL;
    rediscluster_error *error = NULL;
    rediscluster_completion completion;
    size_t count;
    async_submit(loop, 1, get(AT1 "slow"));
    async_quiet(loop, 20);
    CHECK_OK(rediscluster_pool_close(rediscluster_client_pool(client), &error), error);
    async_next_ends(loop, 1, REDISCLUSTER_ERROR_CLOSED, true);
    async_refuses(loop, REDISCLUSTER_ERROR_CLOSED, "GET", AT1 "key", NULL);
    CHECK_STATUS(rediscluster_async_poll(loop, &completion, 1, -1, &count, &error), REDISCLUSTER_ERROR_CLOSED, error);
    CHECK_STATUS(rediscluster_async_new(client, &other, &error), REDISCLUSTER_ERROR_CLOSED, error);
    CHECK(other == NULL);
    rediscluster_async_free(loop);
    rediscluster_client_free(client);
}

/* Fewer connections than nodes: they take turns. And a thread that waits gets one that is idle. */
static void a_small_pool(void)
{
    rediscluster_client *client = client_of(fake_node_address(fake, 1), "max_connections", "1", NULL);
    rediscluster_async *loop = async_of(client);
    static const char *const keys[] = {AT1 "key", AT2 "key", AT3 "key"};
    rediscluster_connection *connection = NULL;
    rediscluster_error *error = NULL;
    for (uint64_t i = 0; i < 30; i++)
        async_submit(loop, i, get(keys[i % 3]));
    for (int i = 0; i < 30; i++) {
        rediscluster_completion completion = async_next(loop);
        if (completion.error != NULL)
            check_fail(__FILE__, __LINE__, "%s", rediscluster_error_message(completion.error));
        rediscluster_reply_free(completion.reply);
    }
    CHECK_BETWEEN(client_stat(client, NULL, REDISCLUSTER_STAT_OPEN), 0, 1);
    rediscluster_async_free(loop);
    /* Another has the only place. */
    loop = async_of(client);
    CHECK_OK(rediscluster_pool_get_by_slot(rediscluster_client_pool(client), 3300, REDISCLUSTER_WRITE, -2, &connection, &error), error);
    async_submit(loop, 1, get(AT2 "key"));
    async_next_ends(loop, 1, REDISCLUSTER_ERROR_POOL_EXHAUSTED, false);
    CHECK_OK(rediscluster_connection_release(connection, &error), error);
    async_expect(loop, "nil", "GET", AT2 "key", NULL);
    rediscluster_async_free(loop);
    rediscluster_client_free(client);

    client = client_of(fake_node_address(fake, 1), "max_connections", "1", "pool_exhausted", "block", NULL);
    loop = async_of(client);
    CHECK_OK(rediscluster_pool_get_by_slot(rediscluster_client_pool(client), 3300, REDISCLUSTER_WRITE, -2, &connection, &error), error);
    {
        rediscluster_command *command = get(AT2 "key");
        CHECK_OK(rediscluster_command_set_timeout(command, 50, &error), error);
        async_submit(loop, 1, command);
        async_submit(loop, 2, get(AT2 "key"));
        async_next_ends(loop, 1, REDISCLUSTER_ERROR_POOL_TIMEOUT, false);
        CHECK_OK(rediscluster_connection_release(connection, &error), error);
        async_next_is(loop, 2, NULL);
    }
    rediscluster_async_free(loop);
    rediscluster_client_free(client);
}

int main(void)
{
    fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\n"
                           "on GET {b}slow => delay 300; bulk late\n"
                           "on MGET * => array one\nstore");
    it_pushes_back();
    it_is_closed();
    it_is_freed();
    its_pool_is_closed();
    a_small_pool();
    fake_node_stop(fake);
    return 0;
}
