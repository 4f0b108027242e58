/* ctest: cluster
 *
 * Commands that block, on real servers: BLPOP for longer than command_timeout and socket_timeout, BLPOP for ever that a
 * token ends within 100 ms, XREAD BLOCK; what they wait for comes, and a pipeline refuses them. */
#define _POSIX_C_SOURCE 200809L

#include "client.h"
#include "cluster.h"
#include "pools.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static rediscluster_client *client;
static char list[48], stream[48];

static void *push(void *argument)
{
    (void)argument;
    clock_sleep_ms(300);
    client_expect(client, "1", "RPUSH", list, "value", NULL);
    return NULL;
}

static void *add(void *argument)
{
    (void)argument;
    clock_sleep_ms(300);
    rediscluster_reply_free(client_say(client, "XADD", stream, "*", "field", "value", NULL));
    return NULL;
}

static void *fire(void *argument)
{
    clock_sleep_ms(300);
    rediscluster_cancel_fire(argument);
    return NULL;
}

int main(void)
{
    cluster *servers = cluster_shared();
    rediscluster_error *error = NULL;
    rediscluster_reply *reply;
    rediscluster_cancel *cancel = NULL;
    rediscluster_command *command;
    rediscluster_pipeline *pipeline = NULL;
    pthread_t thread;
    int64_t begun;

    snprintf(list, sizeof list, "blocking list %d", (int)getpid());
    snprintf(stream, sizeof stream, "blocking stream %d", (int)getpid());
    client = client_of(cluster_addresses(servers), "command_timeout", "200", "socket_timeout", "200", NULL);

    /* Nothing comes. */
    begun = clock_ms();
    reply = client_say(client, "BLPOP", list, "0.7", NULL);
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_NIL);
    CHECK_BETWEEN(clock_ms() - begun, 700, 700 + 200 * test_patience());
    rediscluster_reply_free(reply);

    /* Something does. */
    CHECK(pthread_create(&thread, NULL, push, NULL) == 0);
    reply = client_say(client, "BLPOP", list, "20", NULL);
    CHECK_STR(reply_text(rediscluster_reply_at(reply, 1)), "value");
    rediscluster_reply_free(reply);
    CHECK(pthread_join(thread, NULL) == 0);

    CHECK(pthread_create(&thread, NULL, add, NULL) == 0);
    reply = client_say(client, "XREAD", "COUNT", "1", "BLOCK", "20000", "STREAMS", stream, "$", NULL);
    CHECK(rediscluster_reply_count(reply) > 0);
    rediscluster_reply_free(reply);
    CHECK(pthread_join(thread, NULL) == 0);
    begun = clock_ms();
    reply = client_say(client, "XREAD", "BLOCK", "400", "STREAMS", stream, "$", NULL);
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_NIL);
    CHECK_BETWEEN(clock_ms() - begun, 400, 400 + 200 * test_patience());
    rediscluster_reply_free(reply);

    /* For ever, until a token ends it. */
    CHECK_OK(rediscluster_cancel_new(&cancel, &error), error);
    CHECK(pthread_create(&thread, NULL, fire, cancel) == 0);
    command = command_of("BLPOP", list, "0", NULL);
    CHECK_OK(rediscluster_command_set_cancel(command, cancel, &error), error);
    begun = clock_ms();
    error = client_run_fails(client, REDISCLUSTER_ERROR_CANCELLED, command);
    CHECK_BETWEEN(clock_ms() - begun, 300, 300 + 100 * test_patience() / 4);
    CHECK(rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
    error = NULL;
    CHECK(pthread_join(thread, NULL) == 0);
    rediscluster_cancel_free(cancel);
    /* The server does not wait for it any more: what is pushed stays. */
    client_expect(client, "1", "RPUSH", list, "kept", NULL);
    client_expect(client, "1", "LLEN", list, NULL);
    client_expect(client, "2", "DEL", list, stream, NULL);

    CHECK_OK(rediscluster_pipeline_new(client, &pipeline, &error), error);
    CHECK_FAILS(rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("BLPOP", list, "1"), &error),
                REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_CONTAINS(rediscluster_error_message(error), "BLPOP may block");
    rediscluster_error_free(error);
    error = NULL;
    CHECK_STATUS(rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("XREAD", "BLOCK", "1", "STREAMS", "s", "$"),
                                                   &error),
                 REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_OK(rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("XREAD", "STREAMS", stream, "0"), &error), error);
    CHECK_INT(rediscluster_pipeline_count(pipeline), 1);
    rediscluster_pipeline_free(pipeline);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    rediscluster_client_free(client);
    cluster_stop(servers);
    return 0;
}
