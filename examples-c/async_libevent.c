/*
 * An asynchronous handle in a loop of libevent's, beside a timer. What is submitted and how completions are taken stands
 * in async_load.h.
 *
 *     async_libevent host:port[,host:port...] [option=value...]
 *
 * Passwords come from the environment, no command line shows them: REDISCLUSTER_PASSWORD, and REDISCLUSTER_KEY_PASSWORD
 * for ssl_password. Its keys are gone when it ends. The exit status is 0 only if all of it worked.
 */
#include <event2/event.h>

#include "async_load.h"

struct program {
    struct load load;
    struct event_base *base;
};

static void go_on(struct program *program)
{
    if (load_is_over(&program->load))
        event_base_loopbreak(program->base);
}

static void on_readable(evutil_socket_t descriptor, short events, void *data)
{
    struct program *program = data;

    (void)descriptor, (void)events;
    load_turn(&program->load);
    go_on(program);
}

static void on_tick(evutil_socket_t descriptor, short events, void *data)
{
    struct program *program = data;

    (void)descriptor, (void)events;
    load_tick(&program->load);
    go_on(program);
}

int main(int argc, char **argv)
{
    static struct program program;
    struct event *readable = NULL, *timer = NULL;

    if (!load_begin(&program.load, argc, argv))
        return load_end(&program.load, "libevent");

    program.base = event_base_new();
    if (program.base != NULL) {
        /* Level-triggered: without EV_ET. It stays registered for the handle's life. */
        readable = event_new(program.base, rediscluster_async_fd(program.load.async), EV_READ | EV_PERSIST, on_readable, &program);
        timer = event_new(program.base, -1, EV_PERSIST, on_tick, &program);
    }
    const struct timeval period = {.tv_sec = 0, .tv_usec = TICK_MS * 1000};
    if (readable == NULL || timer == NULL || event_add(readable, NULL) != 0 || event_add(timer, &period) != 0
        || event_base_dispatch(program.base) != 0) {
        fprintf(stderr, "libevent failed\n");
        program.load.failed = true;
    }

    /* Out of the loop before the handle is freed and the descriptor closes. */
    if (timer != NULL)
        event_free(timer);
    if (readable != NULL)
        event_free(readable);
    if (program.base != NULL)
        event_base_free(program.base);
    return load_end(&program.load, "libevent");
}
