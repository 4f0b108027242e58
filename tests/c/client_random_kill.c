/* ctest: drivers timeout=120
 *
 * At most once: threads count with INCR, each key by one call or one pipeline, while connections are cut and nodes die,
 * fall silent and come back at random. A reply is 1, and then the key is 1; an error that says "not executed" left no key;
 * of one that says "maybe" the key is 1 or not there. Nothing is in use in the end. */
#define _DEFAULT_SOURCE

#include "client.h"
#include "pools.h"
#include "threads.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, KEYS = 250, MOST = 16 };
enum fate { NOTHING, REPLIED, NOT_RUN, MAYBE };

struct shared {
    fake_node *fake;
    rediscluster_client *client;
    int keys;
    atomic_int running;
    char fates[THREADS][KEYS + MOST];
    atomic_int unknown;
};

static void key_of(char *key, size_t size, int thread, int number)
{
    snprintf(key, size, "%s%d %d", number % 3 == 0 ? AT1 : number % 3 == 1 ? AT2 : AT3, thread, number);
}

static char fate_of(struct shared *shared, const rediscluster_reply *reply, const rediscluster_error *error)
{
    if (reply != NULL) {
        CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_INTEGER);
        CHECK_INT(rediscluster_reply_integer(reply), 1);
        return REPLIED;
    }
    CHECK(error != NULL);
    CHECK(rediscluster_error_status(error) == REDISCLUSTER_ERROR_CONNECTION ||
          rediscluster_error_status(error) == REDISCLUSTER_ERROR_TIMEOUT);
    if (!rediscluster_error_maybe_executed(error))
        return NOT_RUN;
    atomic_fetch_add(&shared->unknown, 1);
    return MAYBE;
}

static void one(struct shared *shared, int thread, int number)
{
    char key[32];
    rediscluster_command *command;
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    key_of(key, sizeof key, thread, number);
    command = command_of("INCR", key, NULL);
    (void)driver_execute(shared->client, command, &reply, &error);
    shared->fates[thread][number] = fate_of(shared, reply, error);
    rediscluster_reply_free(reply);
    rediscluster_error_free(error);
    rediscluster_command_free(command);
}

static int several(struct shared *shared, int thread, int number)
{
    driver_pipeline *pipeline;
    rediscluster_error *error = NULL;
    char key[32];
    pipeline = driver_pipeline_of(shared->client);
    for (int i = 0; i < MOST; i++) {
        key_of(key, sizeof key, thread, number + i);
        CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("INCR", key), &error), error);
    }
    (void)driver_pipeline_execute(pipeline, -2);
    for (int i = 0; i < MOST; i++)
        shared->fates[thread][number + i] = fate_of(shared, driver_pipeline_reply(pipeline, (size_t)i),
                                                    driver_pipeline_error(pipeline, (size_t)i));
    driver_pipeline_free(pipeline);
    return MOST;
}

static void disturb(struct shared *shared)
{
    srandom(20260704);
    for (long turn = 0; atomic_load(&shared->running) > 0; turn++) {
        int node = (int)(random() % 3) + 1;
        switch (random() % 4) {
        case 0:
            fake_node_control(shared->fake, "kill %d", node);
            clock_sleep_ms(random() % 8);
            fake_node_control(shared->fake, "revive %d", node);
            break;
        case 1:
            fake_node_control(shared->fake, "pause %d", node);
            clock_sleep_ms(random() % 250);
            fake_node_control(shared->fake, "resume %d", node);
            break;
        default:
            fake_node_control(shared->fake, "disconnect %d", node);
            break;
        }
        clock_sleep_ms(random() % 4);
    }
}

static void work(void *argument, int thread)
{
    struct shared *shared = argument;
    if (thread == THREADS) {
        disturb(shared);
        return;
    }
    for (int number = 0; number < shared->keys;) {
        if (number % 5 == 4) {
            number += several(shared, thread, number);
        } else {
            one(shared, thread, number);
            number++;
        }
    }
    atomic_fetch_sub(&shared->running, 1);
}

int main(void)
{
    static struct shared shared;
    int replied = 0;
    shared.fake = fake_node_start("log off\nnode *\nhandshake\n" THREE_SHARDS "\nstore");
    shared.client = client_of(fake_node_address(shared.fake, 1), "socket_timeout", "150", "socket_connect_timeout", "500",
                              "command_timeout", "700", "retry_backoff_max", "20", NULL);
    shared.keys = test_rounds(10 * KEYS);
    shared.keys = shared.keys > KEYS ? KEYS : shared.keys;
    atomic_store(&shared.running, THREADS);
    threads_run(THREADS + 1, work, &shared);
    client_is_at_rest(shared.client);
    driver_free(shared.client);

    /* What the nodes read late is applied by now. */
    clock_sleep_ms(200);
    shared.client = client_of(fake_node_address(shared.fake, 1), NULL);
    for (int thread = 0; thread < THREADS; thread++) {
        for (int number = 0; number < KEYS + MOST; number++) {
            char key[32], fate = shared.fates[thread][number];
            rediscluster_reply *reply;
            const char *value;
            if (fate == NOTHING)
                continue;
            key_of(key, sizeof key, thread, number);
            reply = client_say(shared.client, "GET", key, NULL);
            value = reply_text(reply);
            if (fate == REPLIED)
                CHECK_STR(value, "1");
            if (fate == NOT_RUN)
                CHECK_STR(value, "");
            if (fate == MAYBE)
                CHECK(strcmp(value, "1") == 0 || *value == '\0');
            replied += fate == REPLIED;
            rediscluster_reply_free(reply);
        }
    }
    CHECK(replied > 0);
    /* All of it was for nothing if nothing was ever cut. */
    CHECK(atomic_load(&shared.unknown) > 0 || test_is_under_valgrind());
    driver_free(shared.client);
    fake_node_stop(shared.fake);
    return 0;
}
