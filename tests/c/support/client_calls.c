#include "client_calls.h"
#include "commands.h"
#include "pools.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

rediscluster_client *client_of(const char *nodes, ...)
{
    rediscluster_options *options = NULL;
    rediscluster_client *client = NULL;
    rediscluster_error *error = NULL;
    const char *name;
    va_list rest;
    CHECK_OK(rediscluster_options_new(&options, &error), error);
    CHECK_OK(rediscluster_options_set(options, "startup_nodes", nodes, &error), error);
    va_start(rest, nodes);
    while ((name = va_arg(rest, const char *)) != NULL)
        CHECK_OK(rediscluster_options_set(options, name, va_arg(rest, const char *), &error), error);
    va_end(rest);
    CHECK_OK(rediscluster_client_new(options, &client, &error), error);
    rediscluster_options_free(options);
    return client;
}

static rediscluster_reply *run_list(rediscluster_client *client, const char *name, va_list rest)
{
    rediscluster_command *command = NULL;
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_command_new(&command, &error), error);
    for (; name != NULL; name = va_arg(rest, const char *))
        CHECK_OK(rediscluster_command_append(command, (const uint8_t *)name, strlen(name), &error), error);
    CHECK_OK(rediscluster_client_execute(client, command, &reply, &error), error);
    CHECK_OK(rediscluster_reply_check(reply, &error), error);
    rediscluster_command_free(command);
    return reply;
}

rediscluster_reply *client_run(rediscluster_client *client, const char *name, ...)
{
    rediscluster_reply *reply;
    va_list rest;
    va_start(rest, name);
    reply = run_list(client, name, rest);
    va_end(rest);
    return reply;
}

void reply_is(const rediscluster_reply *reply, const char *expected)
{
    char number[24];
    const char *text = reply_text(reply);
    if (expected == NULL) {
        CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_NIL);
        return;
    }
    if (rediscluster_reply_kind(reply) == REDISCLUSTER_REPLY_INTEGER) {
        snprintf(number, sizeof number, "%" PRId64, rediscluster_reply_integer(reply));
        text = number;
    }
    CHECK_STR(text, expected);
}

void client_expect(rediscluster_client *client, const char *expected, const char *name, ...)
{
    rediscluster_reply *reply;
    va_list rest;
    va_start(rest, name);
    reply = run_list(client, name, rest);
    va_end(rest);
    reply_is(reply, expected);
    rediscluster_reply_free(reply);
}

int64_t client_stat(rediscluster_client *client, int32_t what)
{
    return pool_stat(rediscluster_client_pool(client), NULL, what);
}
