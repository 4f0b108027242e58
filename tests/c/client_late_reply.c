/* ctest: long-drivers timeout=120
 *
 * E5 through the client: a reply that comes after its call's time is read by nobody, ever. 1,000
 * rounds with unique values, by threads that share few connections; calls, and pipelines; plain and with TLS. */
#include "certificates.h"
#include "client.h"
#include "options.h"
#include "pools.h"
#include "threads.h"
#include "tls.h"

#include <stdatomic.h>
#include <stdio.h>

enum { ROUNDS = 1000, THREADS = 8 };

struct shared {
    rediscluster_client *client;
    int rounds;
    atomic_int late;
};

/* An ECHO through the node of a key; LATE is answered after its time. */
static void late(struct shared *shared, const char *key, int thread, int round)
{
    rediscluster_command *command;
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    char text[64];
    snprintf(text, sizeof text, "late %d %d", thread, round);
    command = command_of("SET", key, text, NULL);
    CHECK_OK(rediscluster_command_set_timeout(command, 1 + round % 4, &error), error);
    /* It may be in time, on a slow machine. */
    (void)driver_execute(shared->client, command, &reply, &error);
    if (reply != NULL)
        CHECK_STR(reply_text(reply), text);
    else if (rediscluster_error_status(error) == REDISCLUSTER_ERROR_POOL_TIMEOUT)
        CHECK(!rediscluster_error_maybe_executed(error));
    else
        CHECK_INT(rediscluster_error_status(error), REDISCLUSTER_ERROR_TIMEOUT);
    atomic_fetch_add(&shared->late, reply == NULL);
    rediscluster_reply_free(reply);
    rediscluster_error_free(error);
    rediscluster_command_free(command);
}

static void now(rediscluster_client *client, const char *key, int thread, int round)
{
    rediscluster_error *error = NULL;
    driver_pipeline *pipeline;
    char text[64];
    snprintf(text, sizeof text, "now %d %d", thread, round);
    client_expect(client, text, "SET", key, text, NULL);
    if (round % 3 != 0)
        return;
    pipeline = driver_pipeline_of(client);
    for (int i = 0; i < 4; i++)
        CHECK_OK(driver_pipeline_append_argv(
                     pipeline, REDISCLUSTER_ARGS("SET", i % 2 ? AT1 "now" : AT2 "now", text), &error),
                 error);
    PIPELINE_ENDS(pipeline, -2, REDISCLUSTER_OK);
    for (size_t i = 0; i < 4; i++)
        CHECK_STR(reply_text(driver_pipeline_reply(pipeline, i)), text);
    driver_pipeline_free(pipeline);
}

static void work(void *argument, int thread)
{
    struct shared *shared = argument;
    for (int round = thread; round < shared->rounds; round += THREADS) {
        late(shared, round % 2 ? AT1 "late" : AT2 "late", thread, round);
        now(shared->client, round % 2 ? AT1 "now" : AT2 "now", thread, round);
    }
}

static void holds(fake_node *fake, rediscluster_options *options, int rounds)
{
    struct shared shared = {0};
    rediscluster_error *error = NULL;
    shared.rounds = rounds;
    CHECK_OK(rediscluster_options_set(options, "max_connections", "6", &error), error);
    CHECK_OK(rediscluster_options_set(options, "pool_exhausted", "block", &error), error);
    CHECK_OK(rediscluster_options_set(options, "command_timeout", "30000", &error), error);
    shared.client = client_from(options);
    threads_run(THREADS, work, &shared);
    client_is_at_rest(shared.client);
    /* An exclusive connection is closed when its call gives up. A late reply that is dropped costs none. */
    if (driver_is_exclusive())
        CHECK(client_stat(shared.client, NULL, REDISCLUSTER_STAT_CLOSED) > shared.rounds / 4);
    CHECK(atomic_load(&shared.late) > shared.rounds / 4);
    driver_free(shared.client);
    fake_node_stop(fake);
}

/* A SET is answered with its value. */
#define NODES "node *\nhandshake\n" THREE_SHARDS "\n"                                               \
              "on SET {b}late * => delay 10; bulk $arg2\n"                                          \
              "on SET {c}late * => delay 10; bulk $arg2\n"                                          \
              "on SET * => bulk $arg2"

int main(void)
{
    fake_node *fake = fake_node_start("log off\n" NODES);
    holds(fake, options_of(fake_node_address(fake, 1), NULL), test_rounds(ROUNDS));
    fake = fake_node_start_format("log off\ntls %s\n" NODES, certificates_folder());
    holds(fake, tls_options_of(fake_node_address(fake, 1), NULL), test_rounds(ROUNDS) / 4 + 1);
    return 0;
}
