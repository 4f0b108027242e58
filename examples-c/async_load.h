/*
 * What async_poll, async_libevent and async_libuv do with an asynchronous handle; each adds its loop. Thousands of keys
 * are written, read and deleted, with up to 1,000 commands in flight; one command is cancelled, and one is left for the
 * end to complete. A load belongs to the one thread that runs its loop:
 *
 *     load_begin    makes client and handle, and submits what there is room for
 *     load_turn     the descriptor, rediscluster_async_fd, is readable
 *     load_tick     the loop's timer, every TICK_MS
 *     load_is_over  nothing is left to wait for: the loop ends
 *     load_end      closes and frees the handle, once it is out of the loop, and says how it went
 */
#ifndef ASYNC_LOAD_H
#define ASYNC_LOAD_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rediscluster.h>

enum { KEYS = 3000, BATCH = 256, TEXT = 64, TICK_MS = 5, GIVE_UP_TICKS = 12000 };

/* A tag says which command a completion is of: of which key, and which of the three steps that each key goes through. */
enum { SET, GET, DEL, STEPS };
enum { TO_CANCEL = KEYS * STEPS, TO_CLOSE };

struct load {
    rediscluster_async *async;
    /* The tags of what is to be submitted next: a queue with room for all there will be. */
    uint64_t queue[KEYS * STEPS + 2];
    size_t head, tail;
    int done, pushed_back, ticks, turns;
    bool cancelled, closed, failed;
};

/* True for success. Else says what failed and why, and frees the error. */
static bool worked(rediscluster_status status, rediscluster_error **error, const char *what)
{
    if (status == REDISCLUSTER_OK)
        return true;
    fprintf(stderr, "%s: %s: %s%s\n", what, rediscluster_status_name(status), rediscluster_error_message(*error),
            rediscluster_error_maybe_executed(*error) ? " (it may have run)" : "");
    rediscluster_error_free(*error);
    *error = NULL;
    return false;
}

/* The keys carry the process id, so that two of this program on one cluster do not meet. */
static const char *key_of(char text[TEXT], uint64_t tag)
{
    snprintf(text, TEXT, "example:%ld:async:%d", (long)getpid(), (int)(tag / STEPS));
    return text;
}

static const char *value_of(char text[TEXT], uint64_t tag)
{
    snprintf(text, TEXT, "value %d of process %ld", (int)(tag / STEPS), (long)getpid());
    return text;
}

static bool make(uint64_t tag, rediscluster_command **command, rediscluster_error **error)
{
    char key[TEXT], value[TEXT];
    rediscluster_status status;

    key_of(key, tag);
    if (tag >= TO_CANCEL) /* What nobody will ever answer. */
        status = rediscluster_command_from_argv(REDISCLUSTER_ARGS("BLPOP", key, "0"), command, error);
    else if (tag % STEPS == SET)
        status = rediscluster_command_from_argv(REDISCLUSTER_ARGS("SET", key, value_of(value, tag), "EX", "60"), command, error);
    else
        status = rediscluster_command_from_argv(REDISCLUSTER_ARGS(tag % STEPS == GET ? "GET" : "DEL", key), command, error);
    return worked(status, error, "a command");
}

/* Submits from the queue until it is empty or the handle is full. */
static void submit(struct load *load)
{
    while (load->head < load->tail && !load->failed) {
        const uint64_t tag = load->queue[load->head];
        rediscluster_command *command = NULL;
        rediscluster_error *error = NULL;

        if (!make(tag, &command, &error)) {
            load->failed = true;
            return;
        }
        const rediscluster_status status = rediscluster_async_submit(load->async, command, tag, &error);
        rediscluster_command_free(command); /* It was copied. */
        if (status == REDISCLUSTER_ERROR_LIMIT) {
            /* max_in_flight commands are under way: go on when completions have been taken. */
            rediscluster_error_free(error);
            load->pushed_back++;
            return;
        }
        load->failed = !worked(status, &error, "submit");
        load->head++;
    }
}

/* Whether this is the reply that the step should have. */
static bool is_right(uint64_t tag, const rediscluster_reply *reply)
{
    char value[TEXT];
    const char *text = (const char *)rediscluster_reply_bytes(reply, NULL);

    switch (tag % STEPS) {
    case SET: return text != NULL && strcmp(text, "OK") == 0;
    case GET: return text != NULL && strcmp(text, value_of(value, tag)) == 0;
    default: return rediscluster_reply_integer(reply) == 1;
    }
}

/* One completion: a reply, which may be an error of the server, or an error. */
static void completed(struct load *load, const rediscluster_completion *completion)
{
    const uint64_t tag = completion->tag;
    rediscluster_error *error = NULL;

    if (tag == TO_CANCEL && rediscluster_error_status(completion->error) == REDISCLUSTER_ERROR_CANCELLED) {
        load->cancelled = true;
    } else if (tag == TO_CLOSE && rediscluster_error_status(completion->error) == REDISCLUSTER_ERROR_CLOSED) {
        load->closed = true;
    } else if (completion->reply == NULL) {
        /* The first tells enough: after it all end. */
        if (!load->failed)
            fprintf(stderr, "tag %d: %s: %s%s\n", (int)tag,
                    rediscluster_status_name(rediscluster_error_status(completion->error)),
                    rediscluster_error_message(completion->error),
                    rediscluster_error_maybe_executed(completion->error) ? " (it may have run)" : "");
        load->failed = true;
    } else if (!worked(rediscluster_reply_check(completion->reply, &error), &error, "the server")) {
        load->failed = true;
    } else if (tag >= TO_CANCEL || !is_right(tag, completion->reply)) {
        fprintf(stderr, "tag %d: not the reply that was to come\n", (int)tag);
        load->failed = true;
    } else if (tag % STEPS == DEL) {
        load->done++;
    } else {
        load->queue[load->tail++] = tag + 1; /* The key's next step. */
    }
    rediscluster_reply_free(completion->reply);
    rediscluster_error_free(completion->error);
}

/* Takes one batch of completions, without waiting. */
static rediscluster_status take(struct load *load, rediscluster_error **error)
{
    rediscluster_completion completions[BATCH];
    size_t count = 0;

    const rediscluster_status status =
        rediscluster_async_poll(load->async, completions, BATCH, REDISCLUSTER_TIMEOUT_NOW, &count, error);
    for (size_t i = 0; i < count; i++)
        completed(load, &completions[i]);
    return status;
}

/*
 * The descriptor is readable. One batch a turn: if there is more, it stays readable, and the loop's other events have
 * their turn in between.
 */
static inline void load_turn(struct load *load)
{
    rediscluster_error *error = NULL;

    load->turns++;
    if (!worked(take(load, &error), &error, "poll"))
        load->failed = true;
    submit(load); /* They leave with the next turn, for which the descriptor is readable again. */
}

/* What else a program does in its loop. No tick would come while anything blocked it. */
static inline void load_tick(struct load *load)
{
    rediscluster_error *error = NULL;

    load->ticks++;
    if (load->ticks == 3 && !worked(rediscluster_async_cancel(load->async, TO_CANCEL, &error), &error, "cancel"))
        load->failed = true;
    if (load->ticks > GIVE_UP_TICKS) {
        fprintf(stderr, "not done after a minute\n");
        load->failed = true;
    }
}

static bool client_of(int argc, char **argv, rediscluster_client **client)
{
    rediscluster_options *options = NULL;
    rediscluster_error *error = NULL;
    const char *password = getenv("REDISCLUSTER_PASSWORD"), *key_password = getenv("REDISCLUSTER_KEY_PASSWORD");
    bool good = worked(rediscluster_options_new(&options, &error), &error, "options")
        && worked(rediscluster_options_set(options, "startup_nodes", argv[1], &error), &error, "startup_nodes")
        && worked(rediscluster_options_set(options, "max_in_flight", "1000", &error), &error, "max_in_flight");

    for (int i = 2; good && i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (value == NULL) {
            fprintf(stderr, "%s is no option=value\n", argv[i]);
            good = false;
            break;
        }
        *value++ = '\0';
        good = worked(rediscluster_options_set(options, argv[i], value, &error), &error, argv[i]);
    }
    if (good && password != NULL)
        good = worked(rediscluster_options_set(options, "password", password, &error), &error, "password");
    if (good && key_password != NULL)
        good = worked(rediscluster_options_set(options, "ssl_password", key_password, &error), &error, "ssl_password");
    good = good && worked(rediscluster_client_new(options, client, &error), &error, "the client");
    rediscluster_options_free(options);
    return good;
}

static inline bool load_begin(struct load *load, int argc, char **argv)
{
    rediscluster_client *client = NULL;
    rediscluster_error *error = NULL;

    memset(load, 0, sizeof *load);
    if (argc < 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: %s host:port[,host:port...] [option=value...]\n", argv[0]);
        return false;
    }
    const bool good = client_of(argc, argv, &client)
        && worked(rediscluster_async_new(client, &load->async, &error), &error, "the asynchronous handle");
    rediscluster_client_free(client); /* The handle holds it. */
    if (!good)
        return false;
    load->queue[load->tail++] = TO_CANCEL;
    load->queue[load->tail++] = TO_CLOSE;
    for (uint64_t key = 0; key < KEYS; key++)
        load->queue[load->tail++] = key * STEPS + SET;
    submit(load);
    return !load->failed;
}

static inline bool load_is_over(const struct load *load)
{
    return load->failed || (load->done == KEYS && load->cancelled);
}

/* An orderly end, and the exit status. */
static inline int load_end(struct load *load, const char *loop)
{
    rediscluster_error *error = NULL;

    if (load->async == NULL)
        return 2;
    if (worked(rediscluster_async_close(load->async, &error), &error, "close")) {
        /* What is in flight completes with CLOSED, at once; when all was taken the poll says CLOSED, too. */
        rediscluster_status status;
        while ((status = take(load, &error)) == REDISCLUSTER_OK)
            continue;
        if (status == REDISCLUSTER_ERROR_CLOSED)
            rediscluster_error_free(error);
        else
            load->failed = !worked(status, &error, "poll");
    }
    rediscluster_async_free(load->async);
    printf("%s: %d of %d keys written, read and deleted in %d turns; %d times the handle was full; %d ticks meanwhile\n",
           loop, load->done, KEYS, load->turns, load->pushed_back, load->ticks);
    return !load->failed && load->done == KEYS && load->cancelled && load->closed && load->pushed_back > 0 ? 0 : 1;
}

#endif
