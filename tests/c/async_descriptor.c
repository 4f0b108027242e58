/* A program that waits on the descriptor alone, and one that waits by rediscluster_async_next_timeout alone: each is told of
 * what there is to send, to receive and to do by time. While nothing happens the descriptor is silent, and costs nothing. */
#define _POSIX_C_SOURCE 200809L

#include "asyncs.h"
#include "pools.h"

#include <poll.h>

static fake_node *fake;
static rediscluster_async *loop;
static rediscluster_error *error;

static bool is_readable(int ms)
{
    struct pollfd waited = {.fd = rediscluster_async_fd(loop), .events = POLLIN, .revents = 0};
    return poll(&waited, 1, ms) == 1;
}

/* By the descriptor (or the time to the next thing to do) and polls that do not wait. */
static rediscluster_completion next(bool by_descriptor)
{
    rediscluster_completion completion;
    size_t count = 0;
    for (int64_t end = clock_ms() + 30000;;) {
        CHECK_OK(rediscluster_async_poll(loop, &completion, 1, 0, &count, &error), error);
        if (count == 1)
            return completion;
        CHECK(clock_ms() < end);
        if (by_descriptor) {
            CHECK(is_readable(30000));
        } else {
            int64_t wait = rediscluster_async_next_timeout(loop);
            CHECK(wait >= 0);
            clock_sleep_ms(wait > 2 ? 2 : wait);
        }
    }
}

static void ends(bool by_descriptor, uint64_t tag, int32_t status)
{
    rediscluster_completion completion = next(by_descriptor);
    CHECK_INT(completion.tag, tag);
    CHECK_INT(rediscluster_error_status(completion.error), status);
    rediscluster_error_free(completion.error);
}

static void answers(bool by_descriptor, uint64_t tag, const char *text)
{
    rediscluster_completion completion = next(by_descriptor);
    CHECK_INT(completion.tag, tag);
    reply_is(completion.reply, text);
    rediscluster_reply_free(completion.reply);
}

static void goes_on(bool by_descriptor)
{
    rediscluster_command *command;
    /* The first topology, dials, replies. */
    async_submit(loop, 1, command_of("SET", AT1 "key", "1", NULL));
    answers(by_descriptor, 1, "OK");
    /* A pause between two tries. */
    fake_node_control(fake, "clear");
    async_submit(loop, 2, command_of("GET", AT2 "again", NULL));
    answers(by_descriptor, 2, NULL);
    /* A deadline, sooner than all that was set before. */
    async_submit(loop, 3, command_of("GET", AT1 "hangs", NULL));
    command = command_of("GET", AT3 "hangs", NULL);
    CHECK_OK(rediscluster_command_set_timeout(command, 80, &error), error);
    async_submit(loop, 4, command);
    ends(by_descriptor, 4, REDISCLUSTER_ERROR_TIMEOUT);
    /* A silence of socket_timeout, after which a read is sent once more. */
    ends(by_descriptor, 3, REDISCLUSTER_ERROR_TIMEOUT);
}

int main(void)
{
    rediscluster_client *client;
    fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\n"
                           "first 2 on GET {c}again => error \"TRYAGAIN later\"\n"
                           "on GET *hangs => silent\nstore");
    for (int by_descriptor = 1; by_descriptor >= 0; by_descriptor--) {
        int woken = 0;
        client = client_of(fake_node_address(fake, 1), "init_slot_cache", "no", "socket_timeout", "400", "max_retries", "1", NULL);
        loop = async_of(client);
        CHECK_INT(rediscluster_async_next_timeout(loop), -1);
        if (by_descriptor)
            CHECK(!is_readable(0));
        goes_on(by_descriptor);
        if (by_descriptor) {
            /* Idle connections go back after a while; then nothing is due any more. */
            for (int64_t end = clock_ms() + 3000; clock_ms() < end;) {
                size_t count;
                if (is_readable(100)) {
                    woken++;
                    CHECK_OK(rediscluster_async_poll(loop, NULL, 0, 0, &count, &error), error);
                }
            }
            CHECK_BETWEEN(woken, 0, 12);
            CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
            CHECK_INT(rediscluster_async_next_timeout(loop), -1);
            async_submit(loop, 5, command_of("GET", AT1 "key", NULL));
            CHECK(is_readable(0));
            CHECK_INT(rediscluster_async_next_timeout(loop), 0);
            answers(true, 5, "1");
        }
        rediscluster_async_free(loop);
        rediscluster_client_free(client);
    }
    fake_node_stop(fake);
    return 0;
}
