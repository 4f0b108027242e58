#include "commands.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

static rediscluster_command *command_list(const char *name, va_list rest)
{
    rediscluster_command *command = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_command_new(&command, &error), error);
    for (; name != NULL; name = va_arg(rest, const char *))
        CHECK_OK(rediscluster_command_append(command, (const uint8_t *)name, strlen(name), &error),
                 error);
    return command;
}

rediscluster_command *command_of(const char *name, ...)
{
    rediscluster_command *command;
    va_list rest;
    va_start(rest, name);
    command = command_list(name, rest);
    va_end(rest);
    return command;
}

rediscluster_reply *ask(rediscluster_connection *connection, const char *name, ...)
{
    rediscluster_command *command;
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    va_list rest;
    va_start(rest, name);
    command = command_list(name, rest);
    va_end(rest);
    CHECK_OK(rediscluster_connection_command(connection, command, REDISCLUSTER_TIMEOUT_DEFAULT,
                                             &reply, &error),
             error);
    CHECK(reply != NULL);
    rediscluster_command_free(command);
    return reply;
}

rediscluster_error *ask_fails(rediscluster_connection *connection, int32_t status, int64_t timeout_ms,
                              const char *name, ...)
{
    rediscluster_command *command;
    rediscluster_reply *reply = (rediscluster_reply *)(void *)&reply;
    rediscluster_error *error = NULL;
    va_list rest;
    va_start(rest, name);
    command = command_list(name, rest);
    va_end(rest);
    CHECK_FAILS(rediscluster_connection_command(connection, command, timeout_ms, &reply, &error),
                status, error);
    CHECK(reply == NULL);
    rediscluster_command_free(command);
    return error;
}

const char *reply_text(const rediscluster_reply *reply)
{
    const char *text = (const char *)rediscluster_reply_bytes(reply, NULL);
    return text != NULL ? text : "";
}
