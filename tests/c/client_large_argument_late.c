/* ctest: long-drivers
 *
 * A caller whose time ends, or whose token is fired, while its large argument is on its way to a node that does not read
 * frees the argument at once: nothing of it is touched afterwards (the sanitizers would tell), the error says that the
 * command may have run, no part of it is taken for another command, and the next call works. The same for a command and a
 * pipeline that are freed at once, and while others wait for that node. */
#include "client.h"
#include "descriptors.h"
#include "pools.h"
#include "threads.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES = 8 << 20, PIECE = 64 << 10, ROUNDS = 2, OTHERS = 4 };

static fake_node *fake;
static rediscluster_client *client;

/* A value that, read as commands, would be an INCR over and over. */
static char *value(void)
{
    static const char incr[] = "*2\r\n$4\r\nINCR\r\n$6\r\n{b}bad\r\n";
    char *bytes = malloc(BYTES);
    CHECK(bytes != NULL);
    for (size_t at = 0; at < BYTES; at += sizeof incr - 1)
        memcpy(bytes + at, incr, at + sizeof incr - 1 <= BYTES ? sizeof incr - 1 : BYTES - at);
    return bytes;
}

/* Enough to begin to send on a busy machine. */
static int64_t some_time(void)
{
    return 75 * test_patience();
}

static void gone(char *bytes)
{
    memset(bytes, 'x', BYTES);
    free(bytes);
}

static void may_have_run(const rediscluster_error *error, int32_t status)
{
    CHECK_INT(rediscluster_error_status(error), status);
    CHECK(rediscluster_error_maybe_executed(error));
    if (strcmp(rediscluster_error_node(error), fake_node_address(fake, 1)) != 0)
        check_fail(__FILE__, __LINE__, "not said to be of node 1: %s", rediscluster_error_message(error));
}

/* The error's caller frees it. */
static rediscluster_error *set_large(void)
{
    char *bytes = value();
    const char *const argv[] = {"SET", AT1 "large", bytes};
    const size_t lengths[] = {3, strlen(AT1 "large"), BYTES};
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    (void)driver_command(client, 3, argv, lengths, &reply, &error);
    gone(bytes);
    CHECK(reply == NULL);
    return error;
}

static void by_arguments(void)
{
    rediscluster_error *error = set_large();
    may_have_run(error, REDISCLUSTER_ERROR_TIMEOUT);
    rediscluster_error_free(error);
}

static void *fire(void *token)
{
    WAIT_UNTIL(descriptors_most_unsent() > PIECE, 20000);
    rediscluster_cancel_fire(token);
    return NULL;
}

static void by_token(void)
{
    char *bytes = value();
    rediscluster_command *command = command_of("SET", AT1 "large", NULL);
    rediscluster_cancel *token = NULL;
    rediscluster_error *error = NULL;
    pthread_t thread;
    CHECK_OK(rediscluster_command_append(command, (const uint8_t *)bytes, BYTES, &error), error);
    gone(bytes);
    CHECK_OK(rediscluster_cancel_new(&token, &error), error);
    CHECK_OK(rediscluster_command_set_cancel(command, token, &error), error);
    CHECK_OK(rediscluster_command_set_timeout(command, REDISCLUSTER_TIMEOUT_NEVER, &error), error);
    CHECK(pthread_create(&thread, NULL, fire, token) == 0);
    error = client_run_fails(client, REDISCLUSTER_ERROR_CANCELLED, command);
    may_have_run(error, REDISCLUSTER_ERROR_CANCELLED);
    rediscluster_error_free(error);
    CHECK(pthread_join(thread, NULL) == 0);
    rediscluster_cancel_free(token);
}

static void by_pipeline(void)
{
    driver_pipeline *pipeline = driver_pipeline_of(client);
    char *bytes = value();
    const char *const argv[] = {"SET", AT1 "large", bytes};
    const size_t lengths[] = {3, strlen(AT1 "large"), BYTES};
    rediscluster_error *error = NULL;
    CHECK_OK(driver_pipeline_append_argv(pipeline, 3, argv, lengths, &error), error);
    CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", AT2 "key"), &error), error);
    gone(bytes);
    PIPELINE_ENDS(pipeline, some_time(), REDISCLUSTER_ERROR_TIMEOUT);
    may_have_run(driver_pipeline_error(pipeline, 0), REDISCLUSTER_ERROR_TIMEOUT);
    CHECK_STR(reply_text(driver_pipeline_reply(pipeline, 1)), "value");
    driver_pipeline_free(pipeline);
}

/* The first is the one with the large argument, and the others wait for the same node, or for another, meanwhile. */
static void among_others(void *argument, int number)
{
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    (void)argument;
    if (number == 0) {
        /* It may be the one that has to dial, which the node does not answer either. */
        error = set_large();
        CHECK_INT(rediscluster_error_status(error), REDISCLUSTER_ERROR_TIMEOUT);
        rediscluster_error_free(error);
        return;
    }
    if (number % 2 == 0) {
        client_expect(client, "value", "GET", AT2 "key", NULL);
        return;
    }
    (void)driver_command(client, REDISCLUSTER_ARGS("GET", AT1 "key"), &reply, &error);
    CHECK(reply == NULL);
    CHECK(rediscluster_error_status(error) == REDISCLUSTER_ERROR_TIMEOUT ||
          rediscluster_error_status(error) == REDISCLUSTER_ERROR_CONNECTION);
    rediscluster_error_free(error);
}

static void all_others(void)
{
    threads_run(1 + OTHERS, among_others, NULL);
}

/* The node has read from the connections there are, and may by now take all of an argument at once: new ones begin small.
 * They have been idle for long enough to be looked at before they are used again. */
static void with_new_connections(void)
{
    clock_sleep_ms(20);
    fake_node_control(fake, "disconnect 1");
    WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 0, 10000);
}

static void and_then_it_works(void (*late)(void))
{
    for (int round = 0; round < ROUNDS; round++) {
        with_new_connections();
        client_expect(client, "OK", "SET", AT1 "key", "value", NULL);
        fake_node_control(fake, "pause 1");
        late();
        fake_node_control(fake, "resume 1");
        client_expect(client, "value", "GET", AT1 "key", NULL);
        client_expect(client, "OK", "SET", AT1 "next", "value", NULL);
    }
}

int main(void)
{
    char *log, time[24];
    snprintf(time, sizeof time, "%" PRId64, some_time());
    fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\nstore");
    client = client_of(fake_node_address(fake, 1), "command_timeout", time, "socket_timeout", "20000", NULL);
    client_expect(client, "OK", "SET", AT2 "key", "value", NULL);
    and_then_it_works(by_arguments);
    and_then_it_works(by_token);
    and_then_it_works(by_pipeline);
    and_then_it_works(all_others);
    /* It was never read to its end, and nothing in it was; but an asynchronous handle, which has it to itself, sends what
     * has begun to leave to its end, for the sake of what is behind it. */
    client_expect(client, driver_is_async() ? "1" : "0", "EXISTS", AT1 "large", NULL);
    client_expect(client, "0", "EXISTS", AT1 "bad", NULL);
    log = fake_node_log(fake);
    CHECK(strstr(log, "rubbish") == NULL);
    free(log);
    driver_free(client);
    fake_node_stop(fake);
    return 0;
}
