#include "asyncs.h"

#include <stdarg.h>
#include <string.h>

static const uint64_t RUN = UINT64_MAX;

rediscluster_async *async_of(rediscluster_client *client)
{
    rediscluster_async *loop = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_async_new(client, &loop, &error), error);
    CHECK(loop != NULL);
    return loop;
}

void async_submit(rediscluster_async *loop, uint64_t tag, rediscluster_command *command)
{
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_async_submit(loop, command, tag, &error), error);
    rediscluster_command_free(command);
}

rediscluster_completion async_next(rediscluster_async *loop)
{
    rediscluster_completion completion;
    rediscluster_error *error = NULL;
    size_t count = 0;
    CHECK_OK(rediscluster_async_poll(loop, &completion, 1, 60000, &count, &error), error);
    CHECK_INT(count, 1);
    CHECK((completion.reply == NULL) != (completion.error == NULL));
    return completion;
}

void async_next_is(rediscluster_async *loop, uint64_t tag, const char *expected)
{
    rediscluster_completion completion = async_next(loop);
    if (completion.error != NULL)
        check_fail(__FILE__, __LINE__, "tag %llu: %s", (unsigned long long)completion.tag,
                   rediscluster_error_message(completion.error));
    CHECK_INT(completion.tag, tag);
    reply_is(completion.reply, expected);
    rediscluster_reply_free(completion.reply);
}

rediscluster_error *async_next_fails(rediscluster_async *loop, uint64_t tag, int32_t status)
{
    rediscluster_completion completion = async_next(loop);
    CHECK_INT(completion.tag, tag);
    CHECK(completion.error != NULL);
    if ((int32_t)rediscluster_error_status(completion.error) != status)
        check_fail(__FILE__, __LINE__, "tag %llu: %s", (unsigned long long)tag,
                   rediscluster_error_message(completion.error));
    return completion.error;
}

void async_next_ends(rediscluster_async *loop, uint64_t tag, int32_t status, bool maybe_executed)
{
    rediscluster_error *error = async_next_fails(loop, tag, status);
    if (rediscluster_error_maybe_executed(error) != maybe_executed)
        check_fail(__FILE__, __LINE__, "tag %llu: maybe_executed is not %d: %s", (unsigned long long)tag,
                   maybe_executed, rediscluster_error_message(error));
    rediscluster_error_free(error);
}

rediscluster_completion async_run(rediscluster_async *loop, rediscluster_command *command)
{
    rediscluster_completion completion;
    async_submit(loop, RUN, command);
    completion = async_next(loop);
    CHECK(completion.tag == RUN);
    return completion;
}

static rediscluster_command *gathered(const char *name, va_list rest)
{
    rediscluster_command *command = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_command_new(&command, &error), error);
    for (const char *word = name; word != NULL; word = va_arg(rest, const char *))
        CHECK_OK(rediscluster_command_append(command, (const uint8_t *)word, strlen(word), &error), error);
    return command;
}

void async_expect(rediscluster_async *loop, const char *expected, const char *name, ...)
{
    va_list rest;
    va_start(rest, name);
    async_submit(loop, RUN, gathered(name, rest));
    va_end(rest);
    async_next_is(loop, RUN, strcmp(expected, "nil") == 0 ? NULL : expected);
}

void async_refuses(rediscluster_async *loop, int32_t status, const char *name, ...)
{
    rediscluster_error *error = NULL;
    rediscluster_command *command;
    va_list rest;
    va_start(rest, name);
    command = gathered(name, rest);
    va_end(rest);
    CHECK_STATUS(rediscluster_async_submit(loop, command, RUN, &error), status, error);
    rediscluster_command_free(command);
}

void async_quiet(rediscluster_async *loop, int64_t ms)
{
    int64_t end = clock_ms() + ms;
    rediscluster_completion completion;
    rediscluster_error *error = NULL;
    size_t count = 0;
    while (clock_ms() < end) {
        CHECK_OK(rediscluster_async_poll(loop, &completion, 1, end - clock_ms(), &count, &error), error);
        CHECK_INT(count, 0);
    }
}
