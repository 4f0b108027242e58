/*
 * An asynchronous handle in a loop of the program's own, on poll(2), beside a timer. What is submitted and how completions
 * are taken stands in async_load.h.
 *
 *     async_poll host:port[,host:port...] [option=value...]
 *
 * Passwords come from the environment, no command line shows them: REDISCLUSTER_PASSWORD, and REDISCLUSTER_KEY_PASSWORD
 * for ssl_password. Its keys are gone when it ends. The exit status is 0 only if all of it worked.
 */
#include <poll.h>
#include <time.h>

#include "async_load.h"

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
    static struct load load;

    if (!load_begin(&load, argc, argv))
        return load_end(&load, "poll(2)");

    /* The descriptor is readable whenever there is something to do, by time too: the timeout is the timer's alone. */
    struct pollfd waited = {.fd = rediscluster_async_fd(load.async), .events = POLLIN, .revents = 0};
    int64_t next_tick = now_ms() + TICK_MS;
    while (!load_is_over(&load)) {
        const int64_t left = next_tick - now_ms();
        if (poll(&waited, 1, left > 0 ? (int)left : 0) > 0)
            load_turn(&load);
        if (now_ms() >= next_tick) {
            load_tick(&load);
            next_tick = now_ms() + TICK_MS;
        }
    }
    return load_end(&load, "poll(2)");
}
