/* A token ends its calls with CANCELLED, soon, and with an honest maybe_executed: before a call, during the wait for a
 * reply, during a pause between two tries, while a place of the pool is waited for. A token that was fired stays so. The
 * connection of a call that was cancelled is nobody's afterwards. */
#include "client.h"
#include "pools.h"

#include <pthread.h>

/* "within 100 ms", and less on a quiet machine. */
#define SOON 100

static fake_node *fake;
static rediscluster_error *error;

struct shot {
    pthread_t thread;
    rediscluster_cancel *cancel;
    int64_t fired;
};

static void *shoot(void *argument)
{
    struct shot *shot = argument;
    clock_sleep_ms(50);
    shot->fired = clock_ms();
    rediscluster_cancel_fire(shot->cancel);
    return NULL;
}

/* Executes the command, which never ends by itself, and fires its token from another thread. */
static rediscluster_error *cancelled(rediscluster_client *client, rediscluster_command *command)
{
    struct shot shot = {0};
    rediscluster_error *ended;
    CHECK_OK(rediscluster_cancel_new(&shot.cancel, &error), error);
    CHECK_OK(rediscluster_command_set_cancel(command, shot.cancel, &error), error);
    CHECK_OK(rediscluster_command_set_timeout(command, REDISCLUSTER_TIMEOUT_NEVER, &error), error);
    CHECK(pthread_create(&shot.thread, NULL, shoot, &shot) == 0);
    ended = client_run_fails(client, REDISCLUSTER_ERROR_CANCELLED, command);
    CHECK(pthread_join(shot.thread, NULL) == 0);
    CHECK_BETWEEN(clock_ms() - shot.fired, 0, SOON * test_patience() / 4);
    CHECK(!rediscluster_error_is_retryable(ended));
    rediscluster_cancel_free(shot.cancel);
    return ended;
}

static void before_a_call(rediscluster_client *client)
{
    rediscluster_cancel *cancel = NULL;
    CHECK_OK(rediscluster_cancel_new(&cancel, &error), error);
    rediscluster_cancel_fire(cancel);
    rediscluster_cancel_fire(cancel);
    for (int i = 0; i < 3; i++) {
        const char *const argv[] = {"SET", AT1 "cancelled", "value"};
        rediscluster_command *command = NULL;
        CHECK_OK(rediscluster_command_from_argv(3, argv, NULL, &command, &error), error);
        CHECK_OK(rediscluster_command_set_cancel(command, cancel, &error), error);
        error = client_run_fails(client, REDISCLUSTER_ERROR_CANCELLED, command);
        CHECK(!rediscluster_error_maybe_executed(error));
        rediscluster_error_free(error);
        error = NULL;
    }
    CHECK_INT(fake_node_count(fake, "SET"), 0);
    /* Without the token it goes through; the command outlives it. */
    {
        rediscluster_command *command = command_of("SET", AT1 "key", "value", NULL);
        rediscluster_reply *reply;
        CHECK_OK(rediscluster_command_set_cancel(command, cancel, &error), error);
        rediscluster_cancel_free(cancel);
        CHECK_OK(rediscluster_command_set_cancel(command, NULL, &error), error);
        reply = client_run(client, command);
        CHECK_STR(reply_text(reply), "OK");
        rediscluster_reply_free(reply);
    }
}

/* A token that is not fired changes nothing. */
static void not_fired(rediscluster_client *client)
{
    rediscluster_cancel *cancel = NULL;
    rediscluster_command *command = command_of("GET", AT1 "key", NULL);
    rediscluster_reply *reply;
    CHECK_OK(rediscluster_cancel_new(&cancel, &error), error);
    CHECK_OK(rediscluster_command_set_cancel(command, cancel, &error), error);
    reply = client_run(client, command);
    CHECK_STR(reply_text(reply), "value");
    rediscluster_reply_free(reply);
    /* What it watched is not its own any more. */
    rediscluster_cancel_fire(cancel);
    rediscluster_cancel_free(cancel);
    client_expect(client, "value", "GET", AT1 "key", NULL);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_CLOSED), 0);
}

static void during_a_reply(rediscluster_client *client)
{
    error = cancelled(client, command_of("INCR", AT1 "silent", NULL));
    CHECK(rediscluster_error_maybe_executed(error));
    CHECK_STR(rediscluster_error_node(error), fake_node_address(fake, 1));
    rediscluster_error_free(error);
    error = NULL;
    CHECK_INT(fake_node_count(fake, "INCR"), 1);
    client_expect(client, "value", "GET", AT1 "key", NULL);
    /* Nobody else had it, to share or not. */
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_CLOSED), 1);
    /* A read is not tried again either. */
    error = cancelled(client, command_of("GET", AT1 "silent", NULL));
    CHECK(rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
    error = NULL;
    /* Of several nodes. */
    error = cancelled(client, command_of("EXISTS", AT1 "silent", AT2 "key", NULL));
    rediscluster_error_free(error);
    error = NULL;
    client_expect(client, "value", "GET", AT1 "key", NULL);
}

static void during_a_pause(rediscluster_client *client)
{
    error = cancelled(client, command_of("INCR", AT1 "moving", NULL));
    CHECK(!rediscluster_error_maybe_executed(error));
    CHECK(rediscluster_error_attempt_count(error) >= 1);
    rediscluster_error_free(error);
    error = NULL;
}

static void during_the_wait_for_a_place(void)
{
    rediscluster_client *client =
        client_of(fake_node_address(fake, 1), "max_connections", "1", "pool_exhausted", "block", NULL);
    rediscluster_connection *connection = take_slot(rediscluster_client_pool(client), 0, -2);
    fake_node_control(fake, "clear");
    error = cancelled(client, command_of("SET", AT1 "key", "other", NULL));
    CHECK(!rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
    error = NULL;
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_WAITING), 0);
    CHECK_INT(fake_node_count(fake, "SET"), 0);
    give_back(connection);
    client_expect(client, "value", "GET", AT1 "key", NULL);
    rediscluster_client_free(client);
}

int main(void)
{
    rediscluster_client *client;
    fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\n"
                           "on INCR {b}silent => silent\non GET {b}silent => silent\non EXISTS {b}silent => silent\n"
                           "on INCR {b}moving => error \"TRYAGAIN on the move\"\nstore");
    client = client_of(fake_node_address(fake, 1), "retry_backoff_min", "400", "socket_timeout", "20000", NULL);
    before_a_call(client);
    not_fired(client);
    during_a_reply(client);
    during_a_pause(client);
    during_the_wait_for_a_place();
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
