/* IN_FLIGHT commands at once from one thread, by the asynchronous handle. */
#include "ours.h"

#ifdef HAVE_ASYNC
#define COMPLETIONS 256

static rediscluster_command *made[KEYS][2];

static rediscluster_command *command(int key, int sets)
{
    rediscluster_error *error = NULL;
    char name[KEY_LENGTH + 1], value[SMALL + 1];
    rediscluster_command *command;
    key_name(name, key);
    memset(value, 'x', SMALL);
    value[SMALL] = '\0';
    check(sets ? rediscluster_command_from_argv(REDISCLUSTER_ARGS("SET", name, value), &command, &error)
               : rediscluster_command_from_argv(REDISCLUSTER_ARGS("GET", name), &command, &error),
          error, "command");
    return command;
}

static void submit(rediscluster_async *async, long turn)
{
    rediscluster_error *error = NULL;
    check(rediscluster_async_submit(async, made[key_of(turn)][is_set(turn)], (uint64_t)turn, &error), error, "submit");
}

static void take(const rediscluster_completion *completion)
{
    size_t length;
    must(completion->reply != NULL, rediscluster_error_message(completion->error));
    must(is_set((long)completion->tag)
             ? rediscluster_reply_kind(completion->reply) == REDISCLUSTER_REPLY_STATUS
             : rediscluster_reply_bytes(completion->reply, &length) != NULL && length == SMALL,
         "the reply");
    rediscluster_reply_free(completion->reply);
}

void events(long count)
{
    static rediscluster_async *async;
    static rediscluster_completion completions[COMPLETIONS];
    rediscluster_error *error = NULL;
    if (async == NULL) {
        for (int key = 0; key < KEYS; key++)
            for (int sets = 0; sets < 2; sets++)
                made[key][sets] = command(key, sets);
        check(rediscluster_async_new(client, &async, &error), error, "async");
        /* A connection to each node before the clock runs. */
        events(IN_FLIGHT);
    }
    long submitted = 0, done = 0;
    for (; submitted < count && submitted < IN_FLIGHT; submitted++)
        submit(async, submitted);
    while (done < count) {
        size_t number = 0;
        check(rediscluster_async_poll(async, completions, COMPLETIONS, REDISCLUSTER_TIMEOUT_NEVER, &number, &error), error, "poll");
        for (size_t i = 0; i < number; i++) {
            take(&completions[i]);
            done++;
            if (submitted < count)
                submit(async, submitted++);
        }
    }
}
#else
void events(long count)
{
    (void)count;
    must(0, "this library has no rediscluster_async_new");
}
#endif
