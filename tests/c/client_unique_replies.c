/* ctest: long-drivers slow timeout=300
 *
 * E5: no reply is ever another command's. Threads call with values that are there once, while connections die and nodes
 * fall silent at random, replies are delayed, cut and sent in pieces, calls have too little time, and tokens end them: calls,
 * calls of several nodes, and pipelines. Each reply is what was asked for, or the call says why there is none.
 *
 * REDISCLUSTER_TEST_REPLIES: how many commands; 1,000,000, and fewer under a tool. */
#define _DEFAULT_SOURCE

#include "client.h"
#include "pools.h"
#include "threads.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 32, PIPELINE = 12, TEXT = 64 };

static const char *const shards[] = {AT1, AT2, AT3};

/* Tokens of calls under way: who fires one holds the lock, so that nobody frees it meanwhile. */
struct place {
    pthread_mutex_t lock;
    rediscluster_cancel *token;
};

static struct shared {
    fake_node *fake;
    rediscluster_client *client;
    long count;
    atomic_long begun;
    atomic_int running;
    atomic_long right, timeouts, cuts, cancelled;
    struct place places[THREADS];
} shared;

struct caller {
    int thread;
    uint64_t dice;
};

static uint32_t roll(struct caller *self, uint32_t bound)
{
    self->dice ^= self->dice << 13;
    self->dice ^= self->dice >> 7;
    self->dice ^= self->dice << 17;
    return (uint32_t)(self->dice >> 33) % bound;
}

/* ---- outcomes ------------------------------------------------------------------------------------ */

static void is_right(const rediscluster_reply *reply, const char *expected)
{
    size_t length = 0;
    const uint8_t *bytes = rediscluster_reply_bytes(reply, &length);
    if (bytes == NULL || length != strlen(expected) || memcmp(bytes, expected, length) != 0)
        check_fail(__FILE__, __LINE__, "asked for %s, and the reply is %.*s", expected, (int)length,
                   bytes != NULL ? (const char *)bytes : "none");
    atomic_fetch_add(&shared.right, 1);
}

static void is_excused(const rediscluster_error *error)
{
    switch (rediscluster_error_status(error)) {
    case REDISCLUSTER_ERROR_TIMEOUT:
        atomic_fetch_add(&shared.timeouts, 1);
        break;
    case REDISCLUSTER_ERROR_CONNECTION:
        atomic_fetch_add(&shared.cuts, 1);
        break;
    case REDISCLUSTER_ERROR_CANCELLED:
        atomic_fetch_add(&shared.cancelled, 1);
        break;
    default:
        check_fail(__FILE__, __LINE__, "%s", rediscluster_error_message(error));
    }
}

static void ended(rediscluster_reply *reply, rediscluster_error *error, const char *expected)
{
    if (error != NULL)
        is_excused(error);
    else
        is_right(reply, expected);
    rediscluster_reply_free(reply);
    rediscluster_error_free(error);
}

/* ---- calls --------------------------------------------------------------------------------------- */

/* A write is answered with its value, a read with its key. `how` is what the node does about it. */
static void text_of(char *text, const char *shard, const char *how, long number)
{
    snprintf(text, TEXT, "%s%s%ld", shard, how, number);
}

static void plain(struct caller *self, const char *how, long number)
{
    char text[TEXT];
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    text_of(text, shards[roll(self, 3)], how, number);
    if (roll(self, 2) == 0)
        (void)driver_command(shared.client, REDISCLUSTER_ARGS("GET", text), &reply, &error);
    else
        (void)driver_command(shared.client, REDISCLUSTER_ARGS("SET", text, text), &reply, &error);
    ended(reply, error, text);
}

/* With little time, or a token that somebody may fire. */
static void hurried(struct caller *self, const char *how, long number, int64_t timeout_ms, rediscluster_cancel *token)
{
    char text[TEXT];
    rediscluster_command *command;
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    text_of(text, shards[roll(self, 3)], how, number);
    command = roll(self, 2) == 0 ? command_of("GET", text, NULL) : command_of("SET", text, text, NULL);
    CHECK_OK(rediscluster_command_set_timeout(command, timeout_ms, &error), error);
    CHECK_OK(rediscluster_command_set_cancel(command, token, &error), error);
    (void)driver_execute(shared.client, command, &reply, &error);
    rediscluster_command_free(command);
    ended(reply, error, text);
}

static void cancellable(struct caller *self, long number)
{
    struct place *place = &shared.places[self->thread];
    rediscluster_cancel *token = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_cancel_new(&token, &error), error);
    CHECK(pthread_mutex_lock(&place->lock) == 0);
    place->token = token;
    CHECK(pthread_mutex_unlock(&place->lock) == 0);
    hurried(self, "slow", number, REDISCLUSTER_TIMEOUT_DEFAULT, token);
    CHECK(pthread_mutex_lock(&place->lock) == 0);
    place->token = NULL;
    CHECK(pthread_mutex_unlock(&place->lock) == 0);
    rediscluster_cancel_free(token);
}

static void of_three_shards(long number)
{
    char texts[3][TEXT];
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    for (int i = 0; i < 3; i++)
        text_of(texts[i], shards[i], "n", number);
    (void)driver_command(shared.client, REDISCLUSTER_ARGS("MGET", texts[0], texts[1], texts[2]), &reply, &error);
    if (error != NULL) {
        is_excused(error);
    } else {
        CHECK_INT(rediscluster_reply_count(reply), 3);
        for (size_t i = 0; i < 3; i++)
            is_right(rediscluster_reply_at(reply, i), texts[i]);
    }
    rediscluster_reply_free(reply);
    rediscluster_error_free(error);
}

static void piped(struct caller *self, long number, int64_t timeout_ms)
{
    driver_pipeline *pipeline = driver_pipeline_of(shared.client);
    char texts[PIPELINE][TEXT];
    rediscluster_error *error = NULL;
    for (int i = 0; i < PIPELINE; i++) {
        char how[16];
        snprintf(how, sizeof how, "n%d of ", i);
        text_of(texts[i], shards[roll(self, 3)], how, number);
        if (roll(self, 2) == 0)
            CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", texts[i]), &error), error);
        else
            CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("SET", texts[i], texts[i]), &error), error);
    }
    (void)driver_pipeline_execute(pipeline, timeout_ms);
    for (size_t i = 0; i < PIPELINE; i++) {
        if (driver_pipeline_error(pipeline, i) != NULL)
            is_excused(driver_pipeline_error(pipeline, i));
        else
            is_right(driver_pipeline_reply(pipeline, i), texts[i]);
    }
    driver_pipeline_free(pipeline);
}

/* How many commands it was. */
static long one(struct caller *self, long number)
{
    uint32_t what = roll(self, 10000);
    if (what < 20)
        plain(self, "cut", number);
    else if (what < 40)
        plain(self, "half", number);
    else if (what < 60)
        plain(self, "piece", number);
    else if (what < 80)
        hurried(self, "slow", number, 1 + roll(self, 3), NULL);
    else if (what < 100)
        cancellable(self, number);
    else if (what < 400)
        hurried(self, "n", number, 1 + roll(self, 3), NULL);
    else if (what < 450)
        piped(self, number, 1 + roll(self, 3));
    else if (what < 600)
        piped(self, number, REDISCLUSTER_TIMEOUT_DEFAULT);
    else if (what < 900)
        of_three_shards(number);
    else
        plain(self, "n", number);
    return what >= 600 && what < 900 ? 3 : what >= 400 && what < 600 ? PIPELINE : 1;
}

/* ---- trouble ------------------------------------------------------------------------------------- */

static void fire(struct caller *self)
{
    while (atomic_load(&shared.running) > 0) {
        struct place *place = &shared.places[roll(self, THREADS)];
        CHECK(pthread_mutex_lock(&place->lock) == 0);
        rediscluster_cancel_fire(place->token);
        CHECK(pthread_mutex_unlock(&place->lock) == 0);
        if (roll(self, 8) == 0)
            clock_sleep_ms(1);
    }
}

static void disturb(struct caller *self)
{
    while (atomic_load(&shared.running) > 0) {
        int node = 1 + (int)roll(self, 3);
        switch (roll(self, 10)) {
        case 0:
            fake_node_control(shared.fake, "kill %d", node);
            clock_sleep_ms(roll(self, 4));
            fake_node_control(shared.fake, "revive %d", node);
            break;
        case 1:
            fake_node_control(shared.fake, "pause %d", node);
            clock_sleep_ms(roll(self, 10));
            fake_node_control(shared.fake, "resume %d", node);
            break;
        default:
            fake_node_control(shared.fake, "disconnect %d", node);
            break;
        }
        clock_sleep_ms(5 + roll(self, 20));
    }
}

static void work(void *argument, int thread)
{
    struct caller self = {thread, (uint64_t)thread * 2654435761u + 20260704};
    (void)argument;
    if (thread == THREADS) {
        disturb(&self);
    } else if (thread == THREADS + 1) {
        fire(&self);
    } else {
        long number;
        while ((number = atomic_fetch_add(&shared.begun, 1)) < shared.count)
            atomic_fetch_add(&shared.begun, one(&self, number) - 1);
        atomic_fetch_sub(&shared.running, 1);
    }
}

static long how_many(void)
{
    const char *text = getenv("REDISCLUSTER_TEST_REPLIES");
    if (text != NULL && *text != '\0')
        return strtol(text, NULL, 10);
    return test_rounds(1000000);
}

static rediscluster_client *client(void)
{
    /* What is no "n" is trouble for its connection. */
    if (shared.fake == NULL)
        shared.fake = fake_node_start("log off\nnode *\nhandshake\n" THREE_SHARDS "\n"
                                      "on MGET * => array $arg1\n"
                                      "on * *}n* * => bulk $arg1\n"
                                      "on * *}slow* * => delay 4; bulk $arg1\n"
                                      "on * *}piece* * => dribble 1 12; bulk $arg1\n"
                                      "on * *}half* * => send \"$40\\r\\n$arg1\"; close\n"
                                      "on GET *}cut* => close\n"
                                      "on SET *}cut* * => reset");
    return client_of(fake_node_address(shared.fake, 1), "socket_timeout", "250", "socket_connect_timeout", "500",
                     "command_timeout", "1000", "retry_backoff_max", "20", NULL);
}

int main(void)
{
    long right, timeouts, cuts, cancelled, all;
    int64_t begun = clock_ms();
    shared.count = how_many();
    shared.client = client();
    atomic_store(&shared.running, THREADS);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_mutex_init(&shared.places[i].lock, NULL) == 0);
    threads_run(THREADS + 2, work, NULL);
    client_is_at_rest(shared.client);
    /* What came late is nobody's in the end, either. */
    for (long number = 0; number < 30; number++) {
        char text[TEXT];
        text_of(text, shards[number % 3], "n", shared.count + 100 + number);
        client_expect(shared.client, text, "GET", text, NULL);
    }
    driver_free(shared.client);
    fake_node_stop(shared.fake);

    right = atomic_load(&shared.right);
    timeouts = atomic_load(&shared.timeouts);
    cuts = atomic_load(&shared.cuts);
    cancelled = atomic_load(&shared.cancelled);
    all = right + timeouts + cuts + cancelled;
    printf("%s: %ld replies, each its own; %ld timeouts, %ld connections lost, %ld cancelled, in %.1f s\n", driver_name(),
           right, timeouts, cuts, cancelled, (double)(clock_ms() - begun) / 1e3);
    /* A call of several nodes that failed counts once. */
    CHECK_BETWEEN(all, shared.count - shared.count / 50, shared.count + THREADS * PIPELINE);
    CHECK(right > all / 2);
    /* It was for nothing if nothing ever went wrong. */
    CHECK(timeouts > all / 10000 && cuts > all / 10000 && cancelled > all / 100000);
    return 0;
}
