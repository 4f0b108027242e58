/* Commands that end by time, by their tag or by a token: each completes once, at once; what had left is told so, what had
 * not is never sent; the late reply is thrown away and the connection stays. */
#include "asyncs.h"
#include "pools.h"

#include <pthread.h>
#include <stdio.h>

static fake_node *fake;
static rediscluster_client *client;
static rediscluster_async *loop;
static rediscluster_error *error;

static void submit_within(uint64_t tag, int64_t timeout_ms, rediscluster_command *command)
{
    CHECK_OK(rediscluster_command_set_timeout(command, timeout_ms, &error), error);
    async_submit(loop, tag, command);
}

/* Bytes of it have left, to node 1: its error says both. */
static void ends_at_node_1(uint64_t tag, int32_t status)
{
    rediscluster_error *ended = async_next_fails(loop, tag, status);
    CHECK(rediscluster_error_maybe_executed(ended));
    CHECK_STR(rediscluster_error_node(ended), fake_node_address(fake, 1));
    CHECK_INT(rediscluster_error_slot(ended), 3300);
    rediscluster_error_free(ended);
}

/* The same connection goes on, and every reply is its own command's. */
static void late_replies(void)
{
    long connections;
    async_expect(loop, "OK", "SET", AT1 "key", "value", NULL);
    connections = fake_node_connections_of(fake, 1).total;
    for (uint64_t round = 0; round < 5; round++) {
        char text[20];
        submit_within(1, 60, command_of("GET", AT1 "late", NULL));
        async_submit(loop, 2, command_of("GET", AT1 "key", NULL));
        snprintf(text, sizeof text, "%d", (int)round);
        async_submit(loop, 3, command_of("ECHO", text, NULL));
        for (int i = 0; i < 3; i++) {
            rediscluster_completion completion = async_next(loop);
            if (completion.tag == 1) {
                CHECK_INT(rediscluster_error_status(completion.error), REDISCLUSTER_ERROR_TIMEOUT);
                CHECK(rediscluster_error_maybe_executed(completion.error));
                CHECK_INT(rediscluster_error_slot(completion.error), 3300);
                CHECK_STR(rediscluster_error_node(completion.error), fake_node_address(fake, 1));
            } else if (completion.tag == 2) {
                reply_is(completion.reply, "value");
            } else {
                reply_is(completion.reply, text);
            }
            rediscluster_reply_free(completion.reply);
            rediscluster_error_free(completion.error);
        }
    }
    CHECK_INT(fake_node_connections_of(fake, 1).total, connections);
}

static void no_time(void)
{
    long before = fake_node_count(fake, "SET");
    submit_within(1, 0, command_of("SET", AT1 "never", "1", NULL));
    async_submit(loop, 2, command_of("SET", AT1 "sent", "1", NULL));
    submit_within(3, 5, command_of("SET", AT1 "never", "1", NULL));
    clock_sleep_ms(20);
    async_next_ends(loop, 1, REDISCLUSTER_ERROR_TIMEOUT, false);
    async_next_ends(loop, 3, REDISCLUSTER_ERROR_TIMEOUT, false);
    async_next_is(loop, 2, "OK");
    CHECK_INT(fake_node_count(fake, "SET"), before + 1);
}

static void by_tag(void)
{
    long before = fake_node_count(fake, "SET"), connections = fake_node_connections_of(fake, 1).total;
    /* Not sent yet. */
    async_submit(loop, 1, command_of("SET", AT1 "never", "1", NULL));
    async_submit(loop, 2, command_of("SET", AT1 "key", "2", NULL));
    CHECK_OK(rediscluster_async_cancel(loop, 1, &error), error);
    CHECK_STATUS(rediscluster_async_cancel(loop, 1, &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    async_next_ends(loop, 1, REDISCLUSTER_ERROR_CANCELLED, false);
    async_next_is(loop, 2, "OK");
    CHECK_INT(fake_node_count(fake, "SET"), before + 1);
    /* Sent. */
    async_submit(loop, 3, command_of("GET", AT1 "late", NULL));
    async_quiet(loop, 10);
    CHECK_OK(rediscluster_async_cancel(loop, 3, &error), error);
    ends_at_node_1(3, REDISCLUSTER_ERROR_CANCELLED);
    async_expect(loop, "2", "GET", AT1 "key", NULL);
    CHECK_INT(fake_node_connections_of(fake, 1).total, connections);
    /* On the long way: it waits between two tries, or is at one. */
    async_submit(loop, 4, command_of("GET", AT1 "again", NULL));
    async_quiet(loop, 50);
    CHECK_OK(rediscluster_async_cancel(loop, 4, &error), error);
    error = async_next_fails(loop, 4, REDISCLUSTER_ERROR_CANCELLED);
    CHECK(rediscluster_error_attempt_count(error) > 0);
    rediscluster_error_free(error);
    error = NULL;
    /* A command of several keys ends as a whole. */
    async_submit(loop, 5, command_of("MGET", AT1 "late", AT2 "none", NULL));
    async_quiet(loop, 10);
    CHECK_OK(rediscluster_async_cancel(loop, 5, &error), error);
    rediscluster_error_free(async_next_fails(loop, 5, REDISCLUSTER_ERROR_CANCELLED));
    CHECK_STATUS(rediscluster_async_cancel(loop, 99, &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
}

static void *fire(void *token)
{
    clock_sleep_ms(30);
    rediscluster_cancel_fire(token);
    return NULL;
}

static void by_token(void)
{
    rediscluster_cancel *token = NULL;
    rediscluster_command *command = command_of("GET", AT1 "late", NULL);
    long connections = fake_node_connections_of(fake, 1).total;
    pthread_t thread;
    int64_t begun = clock_ms();
    CHECK_OK(rediscluster_cancel_new(&token, &error), error);
    CHECK_OK(rediscluster_command_set_cancel(command, token, &error), error);
    CHECK_OK(rediscluster_async_submit(loop, command, 1, &error), error);
    CHECK_INT(pthread_create(&thread, NULL, fire, token), 0);
    ends_at_node_1(1, REDISCLUSTER_ERROR_CANCELLED);
    CHECK_BETWEEN(clock_ms() - begun, 29, 190 * test_patience());
    pthread_join(thread, NULL);
    /* It is fired: the next one is refused. */
    CHECK_STATUS(rediscluster_async_submit(loop, command, 1, &error), REDISCLUSTER_ERROR_CANCELLED, error);
    async_expect(loop, "2", "GET", AT1 "key", NULL);
    CHECK_INT(fake_node_connections_of(fake, 1).total, connections);
    rediscluster_command_free(command);
    rediscluster_cancel_free(token);
}

/* The first discovery takes longer than one of two commands has: that one is told why, the other waits for the next. */
static void by_discovery(void)
{
    rediscluster_client *undiscovered = client_of(fake_node_address(fake, 1), "init_slot_cache", "no", NULL);
    rediscluster_command *command = command_of("GET", AT1 "key", NULL);
    rediscluster_async *own = async_of(undiscovered);
    fake_node_control(fake, "use slow");
    CHECK_OK(rediscluster_command_set_timeout(command, 100, &error), error);
    async_submit(own, 1, command);
    async_submit(own, 2, command_of("GET", AT1 "key", NULL));
    error = async_next_fails(own, 1, REDISCLUSTER_ERROR_UNREACHABLE);
    CHECK(!rediscluster_error_maybe_executed(error));
    CHECK_INT(rediscluster_error_attempt_count(error), 1);
    rediscluster_error_free(error);
    error = NULL;
    async_next_is(own, 2, "2");
    rediscluster_async_free(own);
    rediscluster_client_free(undiscovered);
}

int main(void)
{
    fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\n"
                           "on GET {b}late => delay 200; bulk late\n"
                           "on MGET {b}late => delay 200; array late\n"
                           "on MGET {c}none => delay 200; array none\n"
                           "on GET {b}again => error \"TRYAGAIN later\"\nstore\n"
                           "scene slow\nnode *\non CLUSTER * => delay 300; slots 0-16383=1");
    client = client_of(fake_node_address(fake, 1), NULL);
    loop = async_of(client);
    late_replies();
    no_time();
    by_tag();
    by_token();
    by_discovery();
    rediscluster_async_free(loop);
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
