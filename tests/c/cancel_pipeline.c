/* A token ends a pipeline's run: what was answered has its reply, what was sent may have run, what waited for its next try
 * ends as well, and the connections are closed. A fired token ends the next run before it begins; without it the pipeline runs
 * again. Many threads end many calls of one token at once. */
#include "client.h"
#include "pools.h"
#include "threads.h"

#include <stdatomic.h>

static fake_node *fake;
static rediscluster_error *error;

struct shared {
    rediscluster_client *client;
    rediscluster_cancel *cancel;
    atomic_llong fired;
    atomic_int ended;
};

static void append(rediscluster_pipeline *pipeline, const char *name, const char *key)
{
    CHECK_OK(rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS(name, key), &error), error);
}

static void fire_when_asked(void *argument, int number)
{
    struct shared *shared = argument;
    rediscluster_pipeline *pipeline = NULL;
    const rediscluster_error *why;
    if (number == 0) {
        WAIT_UNTIL(fake_node_count(fake, "DECR") >= 1 && fake_node_count_on(fake, 3, "GET") == 1, 10000);
        clock_sleep_ms(20);
        rediscluster_cancel_fire(shared->cancel);
        return;
    }
    CHECK_OK(rediscluster_pipeline_new(shared->client, &pipeline, &error), error);
    CHECK_OK(rediscluster_pipeline_set_cancel(pipeline, shared->cancel, &error), error);
    append(pipeline, "INCR", AT1 "well");
    append(pipeline, "INCR", AT1 "silent");
    append(pipeline, "INCR", AT1 "behind");
    append(pipeline, "DECR", AT2 "moving");
    append(pipeline, "GET", AT3 "well");
    CHECK_STATUS(rediscluster_pipeline_execute(pipeline, REDISCLUSTER_TIMEOUT_NEVER, &error),
                 REDISCLUSTER_ERROR_CANCELLED, error);
    CHECK_INT(rediscluster_reply_integer(rediscluster_pipeline_reply(pipeline, 0)), 1);
    CHECK_INT(rediscluster_reply_kind(rediscluster_pipeline_reply(pipeline, 4)), REDISCLUSTER_REPLY_NIL);
    for (size_t i = 1; i <= 3; i++) {
        why = rediscluster_pipeline_error(pipeline, i);
        CHECK_INT(rediscluster_error_status(why), REDISCLUSTER_ERROR_CANCELLED);
        /* The third may be on its way again at that moment. */
        CHECK(i == 3 || rediscluster_error_maybe_executed(why));
    }
    CHECK_INT(client_stat(shared->client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(client_stat(shared->client, fake_node_address(fake, 1), REDISCLUSTER_STAT_OPEN), 0);
    CHECK_INT(client_stat(shared->client, fake_node_address(fake, 3), REDISCLUSTER_STAT_IDLE), 1);

    /* The token is spent. */
    fake_node_control(fake, "clear");
    CHECK_STATUS(rediscluster_pipeline_execute(pipeline, -2, &error), REDISCLUSTER_ERROR_CANCELLED, error);
    for (size_t i = 0; i < 5; i++) {
        why = rediscluster_pipeline_error(pipeline, i);
        CHECK_INT(rediscluster_error_status(why), REDISCLUSTER_ERROR_CANCELLED);
        CHECK(!rediscluster_error_maybe_executed(why));
    }
    CHECK_INT(fake_node_count(fake, "INCR") + fake_node_count(fake, "DECR") + fake_node_count(fake, "GET"), 0);
    rediscluster_pipeline_clear(pipeline);
    CHECK_OK(rediscluster_pipeline_set_cancel(pipeline, NULL, &error), error);
    append(pipeline, "INCR", AT1 "well");
    CHECK_OK(rediscluster_pipeline_execute(pipeline, -2, &error), error);
    CHECK_INT(rediscluster_reply_integer(rediscluster_pipeline_reply(pipeline, 0)), 2);
    rediscluster_pipeline_free(pipeline);
}

enum { CALLS = 16 };

static void many(void *argument, int number)
{
    struct shared *shared = argument;
    rediscluster_command *command;
    rediscluster_error *own = NULL;
    if (number == CALLS) {
        /* Behind one that is not answered, a node does not read what else came on its connection. */
        WAIT_UNTIL(fake_node_count(fake, "INCR") >= (driver_is_exclusive() ? CALLS : 1), 10000);
        clock_sleep_ms(50);
        atomic_store(&shared->fired, clock_ms());
        rediscluster_cancel_fire(shared->cancel);
        return;
    }
    command = command_of("INCR", AT1 "silent", NULL);
    CHECK_OK(rediscluster_command_set_cancel(command, shared->cancel, &own), own);
    own = client_run_fails(shared->client, REDISCLUSTER_ERROR_CANCELLED, command);
    /* Beside others it may have been gathered only. */
    CHECK(rediscluster_error_maybe_executed(own) || !driver_is_exclusive());
    rediscluster_error_free(own);
    CHECK_BETWEEN(clock_ms() - atomic_load(&shared->fired), 0, 25 * test_patience());
}

int main(void)
{
    struct shared shared = {0};
    fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\n"
                           "on INCR {b}silent => hang\non DECR {c}moving => error \"TRYAGAIN on the move\"\nstore");
    shared.client = client_of(fake_node_address(fake, 1), "retry_backoff_min", "500", "socket_timeout", "20000", NULL);
    CHECK_OK(rediscluster_cancel_new(&shared.cancel, &error), error);
    threads_run(2, fire_when_asked, &shared);
    rediscluster_cancel_free(shared.cancel);

    fake_node_control(fake, "clear");
    CHECK_OK(rediscluster_cancel_new(&shared.cancel, &error), error);
    threads_run(CALLS + 1, many, &shared);
    rediscluster_cancel_free(shared.cancel);
    client_expect(shared.client, "2", "GET", AT1 "well", NULL);
    rediscluster_client_free(shared.client);
    fake_node_stop(fake);
    return 0;
}
