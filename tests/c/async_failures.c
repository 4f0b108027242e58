/* Nodes that die, are silent, close while idle or answer nonsense: each command is told by itself whether it may have
 * run, what cannot have run is sent again, and nothing blocks. */
#include "asyncs.h"
#include "pools.h"

static fake_node *fake;

static void a_dead_node(void)
{
    rediscluster_client *client =
        client_of(fake_node_address(fake, 2), "max_retries", "1", "retry_backoff_max", "20", NULL);
    rediscluster_async *loop = async_of(client);
    fake_node_control(fake, "kill 1");
    async_submit(loop, 1, command_of("INCR", AT1 "key", NULL));
    async_submit(loop, 2, command_of("ECHO", "other", NULL));
    async_submit(loop, 3, command_of("GET", AT2 "none", NULL));
    for (int i = 0; i < 3; i++) {
        rediscluster_completion completion = async_next(loop);
        if (completion.tag == 1) {
            CHECK_INT(rediscluster_error_status(completion.error), REDISCLUSTER_ERROR_CONNECTION);
            CHECK(!rediscluster_error_maybe_executed(completion.error));
            CHECK(rediscluster_error_attempt_count(completion.error) == 2);
        } else {
            CHECK(completion.reply != NULL);
        }
        rediscluster_reply_free(completion.reply);
        rediscluster_error_free(completion.error);
    }
    fake_node_control(fake, "revive 1");
    async_expect(loop, "1", "INCR", AT1 "revived", NULL);
    rediscluster_async_free(loop);
    rediscluster_client_free(client);
}

/* The server closes after having read a write: it may have run, the next one of the same connection has not. */
static void it_closes_on_a_command(void)
{
    rediscluster_client *client = client_of(fake_node_address(fake, 2), NULL);
    rediscluster_async *loop = async_of(client);
    async_submit(loop, 1, command_of("SET", AT1 "closes", "1", NULL));
    async_next_ends(loop, 1, REDISCLUSTER_ERROR_CONNECTION, true);
    /* A read is sent again. */
    async_expect(loop, "fine", "GET", AT1 "closes-once", NULL);
    CHECK_INT(fake_node_count(fake, "GET"), 2);
    async_submit(loop, 2, command_of("GET", AT1 "nonsense", NULL));
    async_next_ends(loop, 2, REDISCLUSTER_ERROR_PROTOCOL, true);
    async_expect(loop, "fine", "GET", AT1 "closes-once", NULL);
    rediscluster_async_free(loop);
    rediscluster_client_free(client);
}

static void it_closes_while_idle(void)
{
    rediscluster_client *client = client_of(fake_node_address(fake, 2), NULL);
    rediscluster_async *loop = async_of(client);
    for (int i = 0; i < 3; i++) {
        long before = fake_node_connections_of(fake, 1).total;
        async_expect(loop, "OK", "SET", AT1 "key", "1", NULL);
        CHECK_INT(fake_node_connections_of(fake, 1).total, before + (i == 0 ? 0 : 1) + (i == 0));
        clock_sleep_ms(20);
        fake_node_control(fake, "disconnect 1");
        WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 0, 10000);
    }
    /* Seen before a byte of a write left: no command was told that it may have run. */
    async_submit(loop, 1, command_of("SET", AT1 "key", "2", NULL));
    async_next_is(loop, 1, "OK");
    rediscluster_async_free(loop);
    rediscluster_client_free(client);
}

/* One that says nothing any more is given up by socket_timeout; who has less time ends before. */
static void a_silent_node(void)
{
    rediscluster_client *client = client_of(fake_node_address(fake, 2), "socket_timeout", "400", "max_retries", "0", NULL);
    rediscluster_async *loop = async_of(client);
    rediscluster_command *command = command_of("SET", AT1 "key", "1", NULL);
    rediscluster_error *error = NULL;
    int64_t begun;
    CHECK_OK(rediscluster_command_set_timeout(command, 100, &error), error);
    async_expect(loop, "OK", "SET", AT1 "key", "0", NULL);
    fake_node_control(fake, "pause 1");
    begun = clock_ms();
    async_submit(loop, 1, command);
    async_submit(loop, 2, command_of("SET", AT1 "key", "2", NULL));
    async_submit(loop, 3, command_of("GET", AT2 "none", NULL));
    async_next_is(loop, 3, NULL);
    async_next_ends(loop, 1, REDISCLUSTER_ERROR_TIMEOUT, true);
    CHECK_BETWEEN(clock_ms() - begun, 95, 395 * test_patience());
    async_next_ends(loop, 2, REDISCLUSTER_ERROR_TIMEOUT, true);
    CHECK_BETWEEN(clock_ms() - begun, 395, 2000 * test_patience());
    fake_node_control(fake, "resume 1");
    async_expect(loop, "OK", "SET", AT1 "key", "3", NULL);
    rediscluster_async_free(loop);
    rediscluster_client_free(client);
}

int main(void)
{
    fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\n"
                           "node 1\non SET {b}closes * => close\n"
                           "first 1 on GET {b}closes-once => close\n"
                           "on GET {b}closes-once => bulk fine\n"
                           "on GET {b}nonsense => send \"?what\\r\\n\"\n"
                           "node *\nstore");
    it_closes_on_a_command();
    a_dead_node();
    it_closes_while_idle();
    a_silent_node();
    fake_node_stop(fake);
    return 0;
}
