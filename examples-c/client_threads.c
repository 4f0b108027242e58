/*
 * One client, shared by eight threads: SET, GET and INCR; MSET and MGET of keys on all shards; a time for each call; what
 * a program makes of errors; a token that ends a call which would wait for ever.
 *
 *     client_threads host:port[,host:port...]
 *
 * Its keys are gone when it ends. The exit status is 0 only if all of it worked.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rediscluster.h>

enum { THREADS = 8, ROUNDS = 50, KEYS = 12, TEXT = 64, TIMEOUT_MS = 10000 };

/* What a program knows of a command after the call. */
enum outcome {
    DONE,     /* there is a reply */
    NOT_DONE, /* it did not run, or the server refused it: nothing has changed */
    UNKNOWN   /* it may have run: an INCR that is sent again may count twice */
};

/* ---- a command, and what went wrong --------------------------------------------------------- */

static void report(const rediscluster_error *error, const char *what)
{
    fprintf(stderr, "%s: %s: %s%s\n", what, rediscluster_status_name(rediscluster_error_status(error)),
            rediscluster_error_message(error), rediscluster_error_maybe_executed(error) ? " (it may have run)" : "");
    for (size_t i = 0; i < rediscluster_error_attempt_count(error); i++) {
        const rediscluster_attempt *attempt = rediscluster_error_attempt(error, i);
        fprintf(stderr, "    tried %s, %" PRId64 " ms: %s\n", rediscluster_attempt_node(attempt),
                rediscluster_attempt_elapsed_ms(attempt), rediscluster_attempt_cause(attempt));
    }
    /* Of a command that was split (MSET, DEL), what became of each key; else there is nothing to tell. */
    for (size_t i = 0; rediscluster_error_key_fate(error, i) != REDISCLUSTER_KEY_NONE; i++) {
        const rediscluster_key_fate fate = rediscluster_error_key_fate(error, i);
        fprintf(stderr, "    key %zu: %s\n", i + 1,
                fate == REDISCLUSTER_KEY_WRITTEN           ? "written"
                    : fate == REDISCLUSTER_KEY_NOT_WRITTEN ? "not written"
                                                           : "may have been written");
    }
}

/* Runs a command. With DONE the reply is the caller's, who frees it; otherwise it is NULL, and the cause was reported. */
static enum outcome run(rediscluster_client *client, rediscluster_reply **reply, size_t argc, const char *const *argv,
                        const size_t *argvlen)
{
    rediscluster_command *command = NULL;
    rediscluster_error *error = NULL;
    enum outcome outcome = DONE;

    *reply = NULL;
    if (rediscluster_command_from_argv(argc, argv, argvlen, &command, &error) != REDISCLUSTER_OK
        /* All that the call does ends within this time: waiting for a connection, redirects, second tries. */
        || rediscluster_command_set_timeout(command, TIMEOUT_MS, &error) != REDISCLUSTER_OK
        || rediscluster_client_execute(client, command, reply, &error) != REDISCLUSTER_OK
        /* What the server refuses comes as a reply of kind ERROR; this makes it an error like the others. */
        || rediscluster_reply_check(*reply, &error) != REDISCLUSTER_OK) {
        outcome = rediscluster_error_maybe_executed(error) ? UNKNOWN : NOT_DONE;
        report(error, argv[0]);
        rediscluster_error_free(error);
        rediscluster_reply_free(*reply);
        *reply = NULL;
    }
    rediscluster_command_free(command);
    return outcome;
}

/* Whether the bytes of a reply are this text. Compare lengths: values may hold anything. */
static bool reads(const rediscluster_reply *reply, const char *text)
{
    size_t length;
    const uint8_t *bytes = rediscluster_reply_bytes(reply, &length);
    return bytes != NULL && length == strlen(text) && memcmp(bytes, text, length) == 0;
}

/* The keys carry the process id, so that two of this program on one cluster do not meet. */
static void name(char text[TEXT], const char *what, int thread, int number)
{
    snprintf(text, TEXT, "example:%ld:%s:%d:%d", (long)getpid(), what, thread, number);
}

/* ---- what each thread does ------------------------------------------------------------------ */

struct worker {
    pthread_t thread;
    rediscluster_client *client; /* the one and only */
    int number;
    int counted, uncertain; /* INCRs that ran, and that may have */
    bool good;
};

/* The client finds the node of the key; no slots, nodes or connections are seen here. */
static bool set_and_get(rediscluster_client *client, int thread, int round)
{
    char key[TEXT], value[TEXT];
    rediscluster_reply *set = NULL, *get = NULL;

    name(key, "own", thread, round);
    name(value, "value", thread, round);
    const bool good = run(client, &set, REDISCLUSTER_ARGS("SET", key, value, "EX", "60")) == DONE
        && run(client, &get, REDISCLUSTER_ARGS("GET", key)) == DONE
        && reads(get, value);
    rediscluster_reply_free(set);
    rediscluster_reply_free(get);
    return good;
}

/* A write that must not run twice: the client never sends one again that may have run, and neither does this. */
static void count(struct worker *worker, const char *counter)
{
    rediscluster_reply *reply = NULL;
    const enum outcome outcome = run(worker->client, &reply, REDISCLUSTER_ARGS("INCR", counter));

    worker->counted += outcome == DONE;
    worker->uncertain += outcome == UNKNOWN;
    rediscluster_reply_free(reply);
}

/* Keys of many slots in one command: each shard gets its own, all at once, and the replies are joined in order. */
static bool many_keys(rediscluster_client *client, int thread)
{
    char texts[2 * KEYS][TEXT];
    const char *mset[1 + 2 * KEYS] = {"MSET"}, *mget[1 + KEYS] = {"MGET"}, *del[1 + KEYS] = {"DEL"};
    rediscluster_reply *written = NULL, *values = NULL, *deleted = NULL;

    for (int i = 0; i < KEYS; i++) {
        name(texts[2 * i], "many", thread, i);
        name(texts[2 * i + 1], "value", thread, i);
        mset[1 + 2 * i] = mget[1 + i] = del[1 + i] = texts[2 * i];
        mset[2 + 2 * i] = texts[2 * i + 1];
    }
    bool good = run(client, &written, 1 + 2 * KEYS, mset, NULL) == DONE
        && run(client, &values, 1 + KEYS, mget, NULL) == DONE
        && rediscluster_reply_count(values) == KEYS;
    int i = 0;
    for (const rediscluster_reply *value = rediscluster_reply_at(values, 0); value != NULL && good;
         value = rediscluster_reply_next(value), i++)
        good = reads(value, texts[2 * i + 1]);
    good = run(client, &deleted, 1 + KEYS, del, NULL) == DONE && rediscluster_reply_integer(deleted) == KEYS && good;
    rediscluster_reply_free(written);
    rediscluster_reply_free(values);
    rediscluster_reply_free(deleted);
    return good;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    char counter[TEXT];

    name(counter, "counter", 0, 0);
    worker->good = true;
    for (int round = 0; round < ROUNDS && worker->good; round++) {
        worker->good = set_and_get(worker->client, worker->number, round);
        count(worker, counter);
    }
    worker->good = many_keys(worker->client, worker->number) && worker->good;
    return NULL;
}

static bool show_threads(rediscluster_client *client)
{
    struct worker workers[THREADS];
    char counter[TEXT];
    rediscluster_reply *total = NULL, *deleted = NULL;
    int started = 0, counted = 0, uncertain = 0;

    for (; started < THREADS; started++) {
        workers[started] = (struct worker){.client = client, .number = started};
        if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0)
            break;
    }
    bool good = started == THREADS;
    for (int i = 0; i < started; i++) {
        pthread_join(workers[i].thread, NULL);
        counted += workers[i].counted;
        uncertain += workers[i].uncertain;
        good = workers[i].good && good;
    }
    /* INCRBY 0 reads a counter as a number. */
    name(counter, "counter", 0, 0);
    good = run(client, &total, REDISCLUSTER_ARGS("INCRBY", counter, "0")) == DONE && good;
    const int64_t sum = rediscluster_reply_integer(total);
    printf("%d threads wrote and read %d values of their own, and %d keys each by MSET and MGET\n", started,
           THREADS * ROUNDS, KEYS);
    printf("they counted to %" PRId64 ": %d INCRs for certain, %d perhaps\n", sum, counted, uncertain);
    good = run(client, &deleted, REDISCLUSTER_ARGS("DEL", counter)) == DONE && good;
    rediscluster_reply_free(total);
    rediscluster_reply_free(deleted);
    return good && sum >= counted && sum <= counted + uncertain;
}

/* ---- errors --------------------------------------------------------------------------------- */

/* A command that must fail with this status, and why it does. */
static bool refused(rediscluster_client *client, rediscluster_status expected, size_t argc, const char *const *argv,
                    const size_t *argvlen)
{
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;

    rediscluster_status status = rediscluster_client_command(client, argc, argv, argvlen, &reply, &error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_reply_check(reply, &error);
    printf("%s is refused: %s: %s\n", argv[0], rediscluster_status_name(status), rediscluster_error_message(error));
    const bool good = status == expected && !rediscluster_error_maybe_executed(error);
    rediscluster_error_free(error);
    rediscluster_reply_free(reply);
    return good;
}

static bool show_errors(rediscluster_client *client)
{
    char text[TEXT], elsewhere[TEXT];
    rediscluster_reply *set = NULL, *deleted = NULL;

    name(text, "text", 0, 0);
    name(elsewhere, "elsewhere", 0, 0);
    bool good = run(client, &set, REDISCLUSTER_ARGS("SET", text, "no number", "EX", "60")) == DONE
        /* The server says no. */
        && refused(client, REDISCLUSTER_ERROR_SERVER, REDISCLUSTER_ARGS("INCR", text))
        /* The client says no, and sends nothing: no node has both keys. A hash tag would bring them together. */
        && refused(client, REDISCLUSTER_ERROR_CROSS_SLOT, REDISCLUSTER_ARGS("RENAME", text, elsewhere));
    good = run(client, &deleted, REDISCLUSTER_ARGS("DEL", text)) == DONE && good;
    rediscluster_reply_free(set);
    rediscluster_reply_free(deleted);
    return good;
}

/* ---- a call that another thread ends -------------------------------------------------------- */

struct waiter {
    rediscluster_client *client;
    rediscluster_command *command;
    rediscluster_status status;
};

static void *wait_for_ever(void *argument)
{
    struct waiter *waiter = argument;
    rediscluster_reply *reply = NULL;

    waiter->status = rediscluster_client_execute(waiter->client, waiter->command, &reply, NULL);
    rediscluster_reply_free(reply);
    return NULL;
}

static bool show_cancel(rediscluster_client *client)
{
    const struct timespec moment = {0, 100 * 1000 * 1000};
    struct waiter waiter = {.client = client};
    char list[TEXT];
    rediscluster_cancel *cancel = NULL;
    rediscluster_error *error = NULL;
    pthread_t thread;

    name(list, "empty", 0, 0);
    bool good = rediscluster_cancel_new(&cancel, &error) == REDISCLUSTER_OK
        && rediscluster_command_from_argv(REDISCLUSTER_ARGS("BLPOP", list, "0"), &waiter.command, &error)
            == REDISCLUSTER_OK
        && rediscluster_command_set_cancel(waiter.command, cancel, &error) == REDISCLUSTER_OK;
    if (!good)
        report(error, "BLPOP");
    else if ((good = pthread_create(&thread, NULL, wait_for_ever, &waiter) == 0)) {
        nanosleep(&moment, NULL);
        /* It may be fired at any time, also before the call begins: the call ends then before it does anything. */
        rediscluster_cancel_fire(cancel);
        pthread_join(thread, NULL);
        printf("BLPOP, which nobody would have answered, ended with %s\n", rediscluster_status_name(waiter.status));
        good = waiter.status == REDISCLUSTER_ERROR_CANCELLED;
    }
    rediscluster_error_free(error);
    rediscluster_command_free(waiter.command);
    rediscluster_cancel_free(cancel);
    return good;
}

int main(int argc, char **argv)
{
    rediscluster_options *options = NULL;
    rediscluster_client *client = NULL;
    rediscluster_error *error = NULL;

    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: client_threads host:port[,host:port...]\n");
        return 2;
    }
    /* Four connections to each node for all threads; who finds none free waits for one, in order of arrival. */
    bool good = rediscluster_options_new(&options, &error) == REDISCLUSTER_OK
        && rediscluster_options_set(options, "startup_nodes", argv[1], &error) == REDISCLUSTER_OK
        && rediscluster_options_set(options, "max_connections_per_node", "4", &error) == REDISCLUSTER_OK
        && rediscluster_options_set(options, "pool_exhausted", "block", &error) == REDISCLUSTER_OK
        && rediscluster_client_new(options, &client, &error) == REDISCLUSTER_OK;
    if (!good)
        report(error, "the client");
    good = good && show_threads(client) && show_errors(client) && show_cancel(client);
    rediscluster_error_free(error);
    rediscluster_client_free(client);
    rediscluster_options_free(options);
    return good ? 0 : 1;
}
