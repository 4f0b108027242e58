/* NULL, bad numbers, and threads that use one asynchronous handle at once: a status, and nothing else happens. */
#include "asyncs.h"
#include "pools.h"
#include "threads.h"

#include <stdatomic.h>

struct shared {
    rediscluster_async *loop;
    atomic_long taken, refused, submitted;
};

/* Each call is made or refused; what was submitted completes once. */
static void contend(void *argument, int number)
{
    struct shared *shared = argument;
    rediscluster_command *command = command_of("INCR", number % 2 ? AT1 "key" : AT2 "key", NULL);
    for (int i = 0; i < 2000; i++) {
        rediscluster_completion completions[8];
        rediscluster_error *error = NULL;
        size_t count = 0;
        rediscluster_status status = rediscluster_async_submit(shared->loop, command, 1, &error);
        CHECK(status == REDISCLUSTER_OK || status == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
        if (status == REDISCLUSTER_OK) {
            atomic_fetch_add(&shared->submitted, 1);
        } else {
            CHECK_CONTAINS(rediscluster_error_message(error), "another thread");
            atomic_fetch_add(&shared->refused, 1);
            rediscluster_error_free(error);
            error = NULL;
        }
        status = rediscluster_async_poll(shared->loop, completions, 8, 0, &count, &error);
        CHECK(status == REDISCLUSTER_OK || status == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
        rediscluster_error_free(error);
        for (size_t k = 0; k < count; k++) {
            CHECK(completions[k].reply != NULL);
            rediscluster_reply_free(completions[k].reply);
        }
        atomic_fetch_add(&shared->taken, (long)count);
    }
    rediscluster_command_free(command);
}

int main(void)
{
    fake_node *fake = fake_node_start("log off\nnode *\nhandshake\n" THREE_SHARDS "\nstore");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    rediscluster_async *none = (rediscluster_async *)&none;
    rediscluster_error *error = NULL;
    rediscluster_completion completion;
    rediscluster_command *command = command_of("PING", NULL);
    struct shared shared = {0};
    size_t count = 7;

    CHECK_STATUS(rediscluster_async_new(NULL, &none, &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK(none == NULL);
    CHECK_STATUS(rediscluster_async_new(client, NULL, &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    shared.loop = async_of(client);
    CHECK_STATUS(rediscluster_async_submit(NULL, command, 1, &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_STATUS(rediscluster_async_submit(shared.loop, NULL, 1, &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_STATUS(rediscluster_async_poll(shared.loop, NULL, 1, 0, &count, &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_INT(count, 0);
    CHECK_STATUS(rediscluster_async_poll(shared.loop, &completion, 1, 0, NULL, &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_STATUS(rediscluster_async_poll(shared.loop, &completion, 1, -3, &count, &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_STATUS(rediscluster_async_cancel(shared.loop, 1, &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    rediscluster_command_clear(command);
    CHECK_STATUS(rediscluster_async_submit(shared.loop, command, 1, &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    rediscluster_command_free(command);
    async_expect(shared.loop, "PONG", "PING", NULL);

    threads_run(8, contend, &shared);
    while (atomic_load(&shared.taken) < atomic_load(&shared.submitted)) {
        completion = async_next(shared.loop);
        rediscluster_reply_free(completion.reply);
        atomic_fetch_add(&shared.taken, 1);
    }
    CHECK(atomic_load(&shared.submitted) > 0);
    async_quiet(shared.loop, 20);
    rediscluster_async_free(shared.loop);
    rediscluster_async_free(NULL);
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
