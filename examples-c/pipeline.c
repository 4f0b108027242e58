/*
 * A pipeline: commands of all shards leave together, each node's in one write, and the replies stand in the order of the
 * commands. What fails, fails in its place; the others are answered all the same.
 *
 *     pipeline host:port[,host:port...]
 *
 * Its keys are gone when it ends. The exit status is 0 only if all of it worked.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rediscluster.h>

enum { KEYS = 100, TEXT = 64 };

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
static const char *name(char text[TEXT], int number)
{
    snprintf(text, TEXT, "example:%ld:pipeline:%d", (long)getpid(), number);
    return text;
}

/* SET of every key, then GET of every key: one pipeline over all slots and shards. */
static bool write_and_read(rediscluster_pipeline *pipeline)
{
    char key[TEXT], value[TEXT];
    rediscluster_error *error = NULL;

    for (int i = 0; i < KEYS; i++) {
        snprintf(value, sizeof value, "value %d", i);
        if (!worked(rediscluster_pipeline_append_argv(
                        pipeline, REDISCLUSTER_ARGS("SET", name(key, i), value, "EX", "60"), &error),
                    &error, "append"))
            return false;
    }
    /* Commands of one slot run in their order, so that each GET sees its SET. */
    for (int i = 0; i < KEYS; i++)
        if (!worked(rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", name(key, i)), &error), &error,
                    "append"))
            return false;
    /* Until here nothing was sent. OK: every command has a reply. */
    if (!worked(rediscluster_pipeline_execute(pipeline, REDISCLUSTER_TIMEOUT_DEFAULT, &error), &error, "execute"))
        return false;

    int right = 0;
    for (int i = 0; i < KEYS; i++) {
        /* Replies are the pipeline's until its next append, execute, clear or free. */
        const rediscluster_reply *reply = rediscluster_pipeline_reply(pipeline, KEYS + (size_t)i);
        const char *read = (const char *)rediscluster_reply_bytes(reply, NULL);
        snprintf(value, sizeof value, "value %d", i);
        right += read != NULL && strcmp(read, value) == 0;
    }
    printf("%zu commands in one pipeline: %d of %d values are right\n", rediscluster_pipeline_count(pipeline), right,
           KEYS);
    return right == KEYS;
}

/* What one command of the pipeline came to; true if it has a reply that is no error. */
static bool show_outcome(const rediscluster_pipeline *pipeline, size_t index)
{
    const rediscluster_reply *reply = rediscluster_pipeline_reply(pipeline, index);
    rediscluster_error *error = NULL;
    bool good = false;

    printf("  command %zu: ", index);
    if (reply == NULL) {
        /* No reply: the network or the cluster failed. It may have run or not, and the error says which. */
        const rediscluster_error *cause = rediscluster_pipeline_error(pipeline, index);
        printf("%s: %s%s\n", rediscluster_status_name(rediscluster_error_status(cause)),
               rediscluster_error_message(cause), rediscluster_error_maybe_executed(cause) ? " (it may have run)" : "");
    } else if (rediscluster_reply_check(reply, &error) != REDISCLUSTER_OK) {
        printf("the server refused it: %s\n", rediscluster_error_message(error));
    } else {
        good = true;
        if (rediscluster_reply_kind(reply) == REDISCLUSTER_REPLY_INTEGER)
            printf("%lld\n", (long long)rediscluster_reply_integer(reply));
        else
            printf("%s\n", (const char *)rediscluster_reply_bytes(reply, NULL));
    }
    rediscluster_error_free(error);
    return good;
}

/* One command among others is refused by the server; one by append, before it is part of the pipeline. */
static bool errors_in_their_places(rediscluster_pipeline *pipeline)
{
    char key[TEXT];
    rediscluster_error *error = NULL;

    /* The first append after a run begins a new pipeline. */
    if (!worked(rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("STRLEN", name(key, 0)), &error), &error,
                "append")
        || !worked(rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("LPUSH", name(key, 1), "x"), &error),
                   &error, "append")
        || !worked(rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", name(key, 2)), &error), &error,
                   "append"))
        return false;
    if (rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("BLPOP", name(key, 3), "0"), &error)
        == REDISCLUSTER_OK)
        return false;
    printf("append refuses BLPOP: %s\n", rediscluster_error_message(error));
    rediscluster_error_free(error);
    error = NULL;

    /* An error of the server is a reply: the status is OK. */
    if (!worked(rediscluster_pipeline_execute(pipeline, REDISCLUSTER_TIMEOUT_DEFAULT, &error), &error, "execute"))
        return false;
    const bool first = show_outcome(pipeline, 0), second = show_outcome(pipeline, 1), third = show_outcome(pipeline, 2);
    return rediscluster_pipeline_count(pipeline) == 3 && first && !second && third;
}

/* A reply that is taken is the program's own, and outlives its pipeline. */
static rediscluster_reply *delete_all(rediscluster_pipeline *pipeline)
{
    char key[TEXT];
    rediscluster_command *command = NULL;
    rediscluster_error *error = NULL;

    /* A command may have any number of arguments, and is copied by append. This one is split by its keys. */
    bool good = worked(rediscluster_command_from_argv(REDISCLUSTER_ARGS("DEL"), &command, &error), &error, "DEL");
    for (int i = 0; i < KEYS && good; i++) {
        name(key, i);
        good = worked(rediscluster_command_append(command, (const uint8_t *)key, strlen(key), &error), &error, "DEL");
    }
    good = good && worked(rediscluster_pipeline_append(pipeline, command, &error), &error, "append")
        && worked(rediscluster_pipeline_execute(pipeline, REDISCLUSTER_TIMEOUT_DEFAULT, &error), &error, "execute");
    rediscluster_command_free(command);
    return good ? rediscluster_pipeline_take_reply(pipeline, 0) : NULL;
}

int main(int argc, char **argv)
{
    rediscluster_options *options = NULL;
    rediscluster_client *client = NULL;
    rediscluster_pipeline *pipeline = NULL;
    rediscluster_error *error = NULL;

    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: pipeline host:port[,host:port...]\n");
        return 2;
    }
    bool good = worked(rediscluster_options_new(&options, &error), &error, "options")
        && worked(rediscluster_options_set(options, "startup_nodes", argv[1], &error), &error, "startup_nodes")
        && worked(rediscluster_client_new(options, &client, &error), &error, "the client")
        && worked(rediscluster_pipeline_new(client, &pipeline, &error), &error, "the pipeline")
        && write_and_read(pipeline)
        && errors_in_their_places(pipeline);
    rediscluster_reply *deleted = pipeline != NULL ? delete_all(pipeline) : NULL;
    rediscluster_pipeline_free(pipeline);
    printf("%lld keys deleted\n", (long long)rediscluster_reply_integer(deleted));
    good = good && rediscluster_reply_integer(deleted) == KEYS;

    rediscluster_reply_free(deleted);
    rediscluster_client_free(client);
    rediscluster_options_free(options);
    return good ? 0 : 1;
}
