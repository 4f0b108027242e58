/*
 * An asynchronous handle in a loop of libuv's, beside a timer. What is submitted and how completions are taken stands in
 * async_load.h.
 *
 *     async_libuv host:port[,host:port...] [option=value...]
 *
 * Passwords come from the environment, no command line shows them: REDISCLUSTER_PASSWORD, and REDISCLUSTER_KEY_PASSWORD
 * for ssl_password. Its keys are gone when it ends. The exit status is 0 only if all of it worked.
 */
#include <uv.h>

#include "async_load.h"

struct program {
    struct load load;
    uv_poll_t readable;
    uv_timer_t timer;
};

/* Takes both out of the loop, which ends when it has nothing left to wait for. */
static void go_on(struct program *program)
{
    if (!load_is_over(&program->load) || uv_is_closing((uv_handle_t *)&program->readable))
        return;
    uv_close((uv_handle_t *)&program->readable, NULL);
    uv_close((uv_handle_t *)&program->timer, NULL);
}

static void on_readable(uv_poll_t *handle, int status, int events)
{
    struct program *program = handle->data;

    (void)events;
    if (status == 0)
        load_turn(&program->load);
    else
        program->load.failed = true;
    go_on(program);
}

static void on_tick(uv_timer_t *handle)
{
    struct program *program = handle->data;

    load_tick(&program->load);
    go_on(program);
}

static bool went_well(int code, const char *what)
{
    if (code < 0)
        fprintf(stderr, "%s: %s\n", what, uv_strerror(code));
    return code >= 0;
}

int main(int argc, char **argv)
{
    static struct program program;
    uv_loop_t loop;

    if (!load_begin(&program.load, argc, argv))
        return load_end(&program.load, "libuv");
    if (!went_well(uv_loop_init(&loop), "uv_loop_init"))
        return 1;

    program.readable.data = program.timer.data = &program;
    bool good = went_well(uv_timer_init(&loop, &program.timer), "uv_timer_init");
    /* libuv makes the descriptor non-blocking, which changes nothing for an epoll descriptor. */
    if (!went_well(uv_poll_init(&loop, &program.readable, rediscluster_async_fd(program.load.async)), "uv_poll_init"))
        return 1;
    good = good && went_well(uv_poll_start(&program.readable, UV_READABLE, on_readable), "uv_poll_start")
        && went_well(uv_timer_start(&program.timer, on_tick, TICK_MS, TICK_MS), "uv_timer_start");
    program.load.failed = !good;
    go_on(&program);

    /* What was closed leaves the loop in here, before the handle is freed and the descriptor closes. */
    good = went_well(uv_run(&loop, UV_RUN_DEFAULT), "uv_run") && went_well(uv_loop_close(&loop), "uv_loop_close");
    return load_end(&program.load, "libuv") == 0 && good ? 0 : 1;
}
