/* ctest: timeout=120
 *
 * At most once: hundreds of INCRs in flight, each of a key of its own, while connections are cut and nodes die, fall
 * silent and come back at random; some are cancelled, some have little time. A reply is 1, and then the key is 1; an error
 * that says "not executed" left no key; of one that says "maybe" the key is 1 or not there. Each completes once. */
#define _DEFAULT_SOURCE

#include "asyncs.h"
#include "pools.h"
#include "threads.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 60000, IN_FLIGHT = 300, MOST = 50 };
enum fate { NOTHING, REPLIED, NOT_RUN, MAYBE };

struct shared {
    fake_node *fake;
    rediscluster_client *client;
    atomic_bool over;
    int keys;
    char fates[KEYS];
    int unknown;
};

static rediscluster_command *incr(int number)
{
    char key[32];
    snprintf(key, sizeof key, "%s%d", number % 3 == 0 ? AT1 : number % 3 == 1 ? AT2 : AT3, number);
    return command_of("INCR", key, NULL);
}

static void disturb(struct shared *shared)
{
    srandom(20261126);
    while (!atomic_load(&shared->over)) {
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
        clock_sleep_ms(random() % 10);
    }
}

static void note(struct shared *shared, const rediscluster_completion *completion)
{
    char *fate = &shared->fates[completion->tag];
    CHECK(completion->tag < (uint64_t)shared->keys && *fate == NOTHING);
    if (completion->reply != NULL) {
        CHECK_INT(rediscluster_reply_kind(completion->reply), REDISCLUSTER_REPLY_INTEGER);
        CHECK_INT(rediscluster_reply_integer(completion->reply), 1);
        *fate = REPLIED;
    } else {
        int32_t status = (int32_t)rediscluster_error_status(completion->error);
        CHECK(status == REDISCLUSTER_ERROR_CONNECTION || status == REDISCLUSTER_ERROR_TIMEOUT ||
              status == REDISCLUSTER_ERROR_CANCELLED);
        *fate = rediscluster_error_maybe_executed(completion->error) ? MAYBE : NOT_RUN;
        shared->unknown += *fate == MAYBE;
    }
    rediscluster_reply_free(completion->reply);
    rediscluster_error_free(completion->error);
}

static void submit(struct shared *shared, rediscluster_async *loop, int number)
{
    rediscluster_command *command = incr(number);
    rediscluster_error *error = NULL;
    if (number % 7 == 0)
        CHECK_OK(rediscluster_command_set_timeout(command, number % 40, &error), error);
    (void)shared;
    async_submit(loop, (uint64_t)number, command);
}

static void work(void *argument, int thread)
{
    struct shared *shared = argument;
    rediscluster_async *loop;
    int submitted = 0, done = 0;
    if (thread == 1) {
        disturb(shared);
        return;
    }
    loop = async_of(shared->client);
    while (done < shared->keys) {
        rediscluster_completion completions[MOST];
        rediscluster_error *error = NULL;
        size_t count = 0;
        for (; submitted < shared->keys && submitted - done < IN_FLIGHT; submitted++)
            submit(shared, loop, submitted);
        if (submitted % 11 == 0)
            (void)rediscluster_async_cancel(loop, (uint64_t)(submitted - 1), NULL);
        CHECK_OK(rediscluster_async_poll(loop, completions, MOST, 20000, &count, &error), error);
        CHECK(count > 0);
        for (size_t i = 0; i < count; i++)
            note(shared, &completions[i]);
        done += (int)count;
    }
    CHECK_INT(done, shared->keys);
    async_quiet(loop, 300);
    rediscluster_async_free(loop);
    atomic_store(&shared->over, true);
}

int main(void)
{
    static struct shared shared;
    int replied = 0;
    rediscluster_async *loop;
    shared.fake = fake_node_start("log off\nnode *\nhandshake\n" THREE_SHARDS "\nstore");
    shared.client = client_of(fake_node_address(shared.fake, 1), "socket_timeout", "150", "socket_connect_timeout", "500",
                              "command_timeout", "700", "retry_backoff_max", "20", NULL);
    shared.keys = test_is_under_valgrind() ? KEYS / 30 : KEYS;
    threads_run(2, work, &shared);
    CHECK_INT(client_stat(shared.client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(client_stat(shared.client, NULL, REDISCLUSTER_STAT_DIALING), 0);
    rediscluster_client_free(shared.client);

    /* What the nodes read late is applied by now. */
    clock_sleep_ms(200);
    shared.client = client_of(fake_node_address(shared.fake, 1), NULL);
    loop = async_of(shared.client);
    for (int number = 0; number < shared.keys; number++) {
        char key[32];
        rediscluster_completion completion;
        const char *value;
        snprintf(key, sizeof key, "%s%d", number % 3 == 0 ? AT1 : number % 3 == 1 ? AT2 : AT3, number);
        completion = async_run(loop, command_of("GET", key, NULL));
        CHECK(completion.reply != NULL);
        value = reply_text(completion.reply);
        switch (shared.fates[number]) {
        case REPLIED:
            CHECK_STR(value, "1");
            replied++;
            break;
        case NOT_RUN:
            CHECK_STR(value, "");
            break;
        default:
            CHECK_INT(shared.fates[number], MAYBE);
            CHECK(strcmp(value, "1") == 0 || *value == '\0');
        }
        rediscluster_reply_free(completion.reply);
    }
    CHECK(replied > 0);
    /* All of it was for nothing if nothing was ever cut. */
    CHECK(shared.unknown > 0 || test_is_under_valgrind());
    rediscluster_async_free(loop);
    rediscluster_client_free(shared.client);
    fake_node_stop(shared.fake);
    return 0;
}
