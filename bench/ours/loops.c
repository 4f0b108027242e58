/* One thread or several on the handle with a command at a time, and pipelines. */
#include <pthread.h>

#include "ours.h"

static char keys[KEYS][KEY_LENGTH + 1], value[SMALL];

void prepare_keys(void)
{
    for (int i = 0; i < KEYS; i++)
        key_name(keys[i], i);
    memset(value, 'x', sizeof value);
}

static void exchange(long turn)
{
    rediscluster_reply *reply;
    rediscluster_error *error = NULL;
    size_t length;
    const char *key = keys[key_of(turn)];
    const char *const set[] = {"SET", key, value}, *const get[] = {"GET", key};
    const size_t lengths[] = {3, KEY_LENGTH, SMALL};
    int sets = is_set(turn);
    check(rediscluster_client_command(client, sets ? 3 : 2, sets ? set : get, lengths, &reply, &error), error, "command");
    must(sets ? rediscluster_reply_kind(reply) == REDISCLUSTER_REPLY_STATUS
              : rediscluster_reply_bytes(reply, &length) != NULL && length == SMALL,
         "the reply");
    rediscluster_reply_free(reply);
}

void single(long count)
{
    for (long i = 0; i < count; i++)
        exchange(i);
}

static pthread_barrier_t ready, begin;
static long turns_a_thread;

static void *work(void *number)
{
    long first = (long)number * turns_a_thread;
    pthread_barrier_wait(&ready);
    pthread_barrier_wait(&begin);
    for (long i = 0; i < turns_a_thread; i++)
        exchange(first + i);
    return NULL;
}

void threads(long count, int number)
{
    pthread_t *ids = calloc((size_t)number, sizeof *ids);
    turns_a_thread = count / number;
    pthread_barrier_init(&ready, NULL, (unsigned)number + 1);
    pthread_barrier_init(&begin, NULL, (unsigned)number + 1);
    single(PIPELINE);
    for (long i = 0; i < number; i++)
        must(pthread_create(&ids[i], NULL, work, (void *)i) == 0, "pthread_create");
    pthread_barrier_wait(&ready);
    /* All wait for this one: none begins before the clock. */
    double wall_begin = wall(), cpu_begin = cpu();
    pthread_barrier_wait(&begin);
    for (int i = 0; i < number; i++)
        pthread_join(ids[i], NULL);
    report(wall_begin, cpu_begin, turns_a_thread * number);
    free(ids);
}

static void append(rediscluster_pipeline *pipeline, long turn)
{
    rediscluster_error *error = NULL;
    const char *key = keys[key_of(turn)];
    const char *const set[] = {"SET", key, value}, *const get[] = {"GET", key};
    const size_t lengths[] = {3, KEY_LENGTH, SMALL};
    check(rediscluster_pipeline_append_argv(pipeline, is_set(turn) ? 3 : 2, is_set(turn) ? set : get, lengths, &error), error,
          "append");
}

/* A round is a command: from its arguments to its reply. One pipeline object is used again and again. */
void pipelines(long count)
{
    static rediscluster_pipeline *pipeline;
    rediscluster_error *error = NULL;
    size_t length;
    if (pipeline == NULL)
        check(rediscluster_pipeline_new(client, &pipeline, &error), error, "pipeline");
    for (long begin = 0; begin < count; begin += PIPELINE) {
        for (int i = 0; i < PIPELINE; i++)
            append(pipeline, begin + i);
        check(rediscluster_pipeline_execute(pipeline, REDISCLUSTER_TIMEOUT_DEFAULT, &error), error, "execute");
        for (int i = 0; i < PIPELINE; i++) {
            const rediscluster_reply *reply = rediscluster_pipeline_reply(pipeline, (size_t)i);
            must(is_set(i) ? rediscluster_reply_kind(reply) == REDISCLUSTER_REPLY_STATUS
                           : rediscluster_reply_bytes(reply, &length) != NULL && length == SMALL,
                 "a reply of the pipeline");
        }
        rediscluster_pipeline_clear(pipeline);
    }
}
