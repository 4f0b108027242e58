#include "transactions.h"
#include "client.h"

#include <stdarg.h>
#include <string.h>

rediscluster_transaction *transaction_of(rediscluster_client *client)
{
    rediscluster_transaction *transaction = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_transaction_new(client, &transaction, &error), error);
    return transaction;
}

void watch(rediscluster_transaction *transaction, const char *key)
{
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_transaction_watch(transaction, (const uint8_t *)key, strlen(key), -2, &error), error);
}

static rediscluster_command *command_list(const char *name, va_list rest)
{
    rediscluster_command *command = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_command_new(&command, &error), error);
    for (; name != NULL; name = va_arg(rest, const char *))
        CHECK_OK(rediscluster_command_append(command, (const uint8_t *)name, strlen(name), &error), error);
    return command;
}

void append(rediscluster_transaction *transaction, const char *name, ...)
{
    rediscluster_command *command;
    rediscluster_error *error = NULL;
    va_list rest;
    va_start(rest, name);
    command = command_list(name, rest);
    va_end(rest);
    CHECK_OK(rediscluster_transaction_append(transaction, command, &error), error);
    rediscluster_command_free(command);
}

static rediscluster_reply *execute_list(rediscluster_transaction *transaction, const char *name, va_list rest)
{
    rediscluster_command *command = command_list(name, rest);
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_transaction_execute(transaction, command, &reply, &error), error);
    CHECK(reply != NULL);
    rediscluster_command_free(command);
    return reply;
}

rediscluster_reply *execute(rediscluster_transaction *transaction, const char *name, ...)
{
    rediscluster_reply *reply;
    va_list rest;
    va_start(rest, name);
    reply = execute_list(transaction, name, rest);
    va_end(rest);
    return reply;
}

void execute_expect(rediscluster_transaction *transaction, const char *expected, const char *name, ...)
{
    rediscluster_reply *reply;
    va_list rest;
    va_start(rest, name);
    reply = execute_list(transaction, name, rest);
    va_end(rest);
    reply_is(reply, expected);
    rediscluster_reply_free(reply);
}

rediscluster_reply *exec(rediscluster_transaction *transaction)
{
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_transaction_exec(transaction, -2, &reply, &error), error);
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_ARRAY);
    return reply;
}

rediscluster_error *exec_fails(rediscluster_transaction *transaction, int32_t status)
{
    rediscluster_reply *reply = (rediscluster_reply *)(void *)&reply;
    rediscluster_error *error = NULL;
    CHECK_FAILS(rediscluster_transaction_exec(transaction, -2, &reply, &error), status, error);
    CHECK(reply == NULL);
    return error;
}
