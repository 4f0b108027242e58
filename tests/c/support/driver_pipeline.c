#include "driver_pipeline.h"

#include <stdlib.h>
#include <string.h>

/* At a time. */
enum { COMPLETIONS = 64 };

typedef struct entry {
    rediscluster_command *command;
    rediscluster_reply *reply;
    rediscluster_error *error;
} entry;

/* `plain` takes the commands in any case: what it refuses, a pipeline is not given. */
struct driver_pipeline {
    rediscluster_client *client;
    rediscluster_pipeline *plain;
    const rediscluster_cancel *cancel;
    entry *entries; /* of an asynchronous handle alone, and so is what follows */
    size_t count, capacity;
    bool has_run;
};

driver_pipeline *driver_pipeline_of(rediscluster_client *client)
{
    rediscluster_error *error = NULL;
    driver_pipeline *self = calloc(1, sizeof *self);
    CHECK(self != NULL);
    self->client = client;
    CHECK_OK(rediscluster_pipeline_new(client, &self->plain, &error), error);
    return self;
}

static void forget_outcomes(driver_pipeline *self)
{
    for (size_t i = 0; i < self->count; i++) {
        rediscluster_reply_free(self->entries[i].reply);
        rediscluster_error_free(self->entries[i].error);
        self->entries[i].reply = NULL;
        self->entries[i].error = NULL;
    }
    self->has_run = false;
}

static void forget_commands(driver_pipeline *self)
{
    forget_outcomes(self);
    for (size_t i = 0; i < self->count; i++)
        rediscluster_command_free(self->entries[i].command);
    self->count = 0;
}

static void keep(driver_pipeline *self, rediscluster_command *command)
{
    if (self->has_run)
        forget_commands(self);
    if (self->count == self->capacity) {
        self->capacity = 2 * self->capacity + 16;
        self->entries = realloc(self->entries, self->capacity * sizeof *self->entries);
        CHECK(self->entries != NULL);
    }
    memset(&self->entries[self->count], 0, sizeof *self->entries);
    self->entries[self->count++].command = command;
}

rediscluster_status driver_pipeline_append(driver_pipeline *self, rediscluster_command *command,
                                           rediscluster_error **error)
{
    rediscluster_status status = rediscluster_pipeline_append(self->plain, command, error);
    if (status == REDISCLUSTER_OK && driver_is_async())
        keep(self, command);
    else
        rediscluster_command_free(command);
    return status;
}

rediscluster_status driver_pipeline_append_argv(driver_pipeline *self, size_t argc, const char *const *argv,
                                                const size_t *argvlen, rediscluster_error **error)
{
    rediscluster_command *command = NULL;
    rediscluster_error *own = NULL;
    if (!driver_is_async())
        return rediscluster_pipeline_append_argv(self->plain, argc, argv, argvlen, error);
    CHECK_OK(rediscluster_command_from_argv(argc, argv, argvlen, &command, &own), own);
    return driver_pipeline_append(self, command, error);
}

void driver_pipeline_set_cancel(driver_pipeline *self, const rediscluster_cancel *cancel)
{
    rediscluster_error *error = NULL;
    self->cancel = cancel;
    CHECK_OK(rediscluster_pipeline_set_cancel(self->plain, cancel, &error), error);
}

size_t driver_pipeline_count(const driver_pipeline *self)
{
    return rediscluster_pipeline_count(self->plain);
}

/* Takes completions, of commands whose tags begin behind `before`; how many. */
static size_t take(driver_pipeline *self, uint64_t before)
{
    rediscluster_completion completions[COMPLETIONS] = {{0}};
    rediscluster_error *error = NULL;
    size_t count = 0;
    CHECK_OK(rediscluster_async_poll(driver_async(self->client), completions, COMPLETIONS, REDISCLUSTER_TIMEOUT_NEVER,
                                     &count, &error),
             error);
    CHECK(count <= COMPLETIONS);
    for (size_t i = 0; i < count; i++) {
        rediscluster_completion *it = &completions[i];
        entry *of;
        CHECK(it->tag > before && it->tag - before <= self->count);
        of = &self->entries[it->tag - before - 1];
        /* Each has one completion, and that a reply or an error. */
        CHECK(of->reply == NULL && of->error == NULL);
        CHECK((it->reply != NULL) != (it->error != NULL));
        of->reply = it->reply;
        of->error = it->error;
    }
    return count;
}

static rediscluster_status run_async(driver_pipeline *self, int64_t timeout_ms)
{
    rediscluster_async *async = driver_async(self->client);
    uint64_t before = 0;
    size_t pending = 0;
    forget_outcomes(self);
    self->has_run = true;
    for (size_t i = 0; i < self->count; i++) {
        rediscluster_command *command = self->entries[i].command;
        rediscluster_error *error = NULL;
        uint64_t tag = driver_tag(self->client);
        if (i == 0)
            before = tag - 1;
        CHECK_OK(rediscluster_command_set_timeout(command, timeout_ms, &error), error);
        CHECK_OK(rediscluster_command_set_cancel(command, self->cancel, &error), error);
        /* A handle that is full refuses until completions have been taken. */
        while (rediscluster_async_submit(async, command, tag, &error) == REDISCLUSTER_ERROR_LIMIT && pending > 0) {
            rediscluster_error_free(error);
            error = NULL;
            pending -= take(self, before);
        }
        self->entries[i].error = error;
        pending += error == NULL;
    }
    while (pending > 0)
        pending -= take(self, before);
    for (size_t i = 0; i < self->count; i++)
        if (self->entries[i].error != NULL)
            return rediscluster_error_status(self->entries[i].error);
    return REDISCLUSTER_OK;
}

static rediscluster_status run_plain(driver_pipeline *self, int64_t timeout_ms)
{
    rediscluster_error *error = NULL;
    rediscluster_status status = rediscluster_pipeline_execute(self->plain, timeout_ms, &error);
    size_t i = 0;
    while (i < driver_pipeline_count(self) && driver_pipeline_error(self, i) == NULL)
        i++;
    CHECK_INT(rediscluster_error_status(error), status);
    CHECK_INT(rediscluster_error_status(driver_pipeline_error(self, i)), status);
    rediscluster_error_free(error);
    return status;
}

rediscluster_status driver_pipeline_execute(driver_pipeline *self, int64_t timeout_ms)
{
    return driver_is_async() ? run_async(self, timeout_ms) : run_plain(self, timeout_ms);
}

const rediscluster_reply *driver_pipeline_reply(const driver_pipeline *self, size_t index)
{
    if (!driver_is_async())
        return rediscluster_pipeline_reply(self->plain, index);
    return index < self->count ? self->entries[index].reply : NULL;
}

const rediscluster_error *driver_pipeline_error(const driver_pipeline *self, size_t index)
{
    if (!driver_is_async())
        return rediscluster_pipeline_error(self->plain, index);
    return index < self->count ? self->entries[index].error : NULL;
}

void driver_pipeline_free(driver_pipeline *self)
{
    forget_commands(self);
    free(self->entries);
    rediscluster_pipeline_free(self->plain);
    free(self);
}

void driver_pipeline_ends(const char *file, int line, driver_pipeline *self, int64_t timeout_ms, int32_t expected)
{
    int32_t status = (int32_t)driver_pipeline_execute(self, timeout_ms);
    size_t i = 0;
    while (i < driver_pipeline_count(self) && driver_pipeline_error(self, i) == NULL)
        i++;
    if (status != expected)
        check_fail(file, line, "the pipeline gave %s, not %s: %s", rediscluster_status_name(status),
                   rediscluster_status_name(expected), rediscluster_error_message(driver_pipeline_error(self, i)));
}
