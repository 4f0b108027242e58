#include "client.h"

#include "pools.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

rediscluster_client *client_from(rediscluster_options *options)
{
    rediscluster_client *client = NULL;
    rediscluster_error *error = NULL;
    driver_set(options);
    CHECK_OK(rediscluster_client_new(options, &client, &error), error);
    rediscluster_options_free(options);
    return client;
}

rediscluster_client *client_of(const char *nodes, ...)
{
    rediscluster_options *options = NULL;
    rediscluster_error *error = NULL;
    const char *name;
    va_list rest;
    CHECK_OK(rediscluster_options_new(&options, &error), error);
    CHECK_OK(rediscluster_options_set(options, "startup_nodes", nodes, &error), error);
    va_start(rest, nodes);
    while ((name = va_arg(rest, const char *)) != NULL)
        CHECK_OK(rediscluster_options_set(options, name, va_arg(rest, const char *), &error), error);
    va_end(rest);
    return client_from(options);
}

rediscluster_reply *client_run(rediscluster_client *client, rediscluster_command *command)
{
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(driver_execute(client, command, &reply, &error), error);
    CHECK(reply != NULL);
    rediscluster_command_free(command);
    return reply;
}

rediscluster_error *client_run_fails(rediscluster_client *client, int32_t status, rediscluster_command *command)
{
    rediscluster_reply *reply = (rediscluster_reply *)(void *)&reply;
    rediscluster_error *error = NULL;
    CHECK_FAILS(driver_execute(client, command, &reply, &error), status, error);
    CHECK(reply == NULL);
    rediscluster_command_free(command);
    return error;
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

static rediscluster_reply *say_list(rediscluster_client *client, const char *name, va_list rest)
{
    rediscluster_reply *reply = client_run(client, command_list(name, rest));
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_reply_check(reply, &error), error);
    return reply;
}

rediscluster_reply *client_say(rediscluster_client *client, const char *name, ...)
{
    rediscluster_reply *reply;
    va_list rest;
    va_start(rest, name);
    reply = say_list(client, name, rest);
    va_end(rest);
    return reply;
}

void client_expect(rediscluster_client *client, const char *expected, const char *name, ...)
{
    rediscluster_reply *reply;
    va_list rest;
    va_start(rest, name);
    reply = say_list(client, name, rest);
    va_end(rest);
    reply_is(reply, expected);
    rediscluster_reply_free(reply);
}

void reply_is(const rediscluster_reply *reply, const char *expected)
{
    char number[24];
    CHECK_STR(client_text(reply, number, sizeof number), expected != NULL ? expected : "nil");
}

rediscluster_error *client_fails(rediscluster_client *client, int32_t status, const char *name, ...)
{
    rediscluster_command *command;
    va_list rest;
    va_start(rest, name);
    command = command_list(name, rest);
    va_end(rest);
    return client_run_fails(client, status, command);
}

const char *client_text(const rediscluster_reply *reply, char *buffer, size_t size)
{
    if (reply == NULL)
        return "NULL";
    if (rediscluster_reply_kind(reply) == REDISCLUSTER_REPLY_NIL)
        return "nil";
    if (rediscluster_reply_kind(reply) != REDISCLUSTER_REPLY_INTEGER)
        return reply_text(reply);
    snprintf(buffer, size, "%" PRId64, rediscluster_reply_integer(reply));
    return buffer;
}

int64_t client_stat(rediscluster_client *client, const char *node, int32_t what)
{
    return pool_stat(rediscluster_client_pool(client), node, what);
}

void client_is_at_rest(rediscluster_client *client)
{
    driver_rest(client);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_WAITING), 0);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_DIALING), 0);
}

/* Calls `each` for each command of this name in the log: "MS NODE CONNECTION command READ NAME …". */
static void each_arrival(fake_node *fake, int node, const char *name,
                         void (*each)(client_arrival arrival, void *data), void *data)
{
    char *log = fake_node_log(fake), *next = log, *line;
    while ((line = next) != NULL) {
        char kind[16], word[64];
        client_arrival arrival;
        double ms;
        long at;
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        if (sscanf(line, "%lf %ld %ld %15s %ld %63s", &ms, &at, &arrival.connection, kind, &arrival.read, word) == 6 &&
            at == node && (strcmp(kind, "command") == 0 || strcmp(kind, "unscripted") == 0) &&
            strcasecmp(word, name) == 0)
            each(arrival, data);
    }
    free(log);
}

static void keep(client_arrival arrival, void *data)
{
    *(client_arrival *)data = arrival;
}

client_arrival client_last(fake_node *fake, int node, const char *name)
{
    client_arrival last = {0, 0};
    each_arrival(fake, node, name, keep, &last);
    return last;
}

struct writes {
    client_arrival *seen;
    size_t count;
    size_t capacity;
};

static void add(client_arrival arrival, void *data)
{
    struct writes *writes = data;
    for (size_t i = 0; i < writes->count; i++)
        if (writes->seen[i].connection == arrival.connection && writes->seen[i].read == arrival.read)
            return;
    if (writes->count == writes->capacity) {
        writes->capacity = 2 * writes->capacity + 16;
        writes->seen = realloc(writes->seen, writes->capacity * sizeof *writes->seen);
        CHECK(writes->seen != NULL);
    }
    writes->seen[writes->count++] = arrival;
}

long client_writes(fake_node *fake, int node, const char *name)
{
    struct writes writes = {NULL, 0, 0};
    each_arrival(fake, node, name, add, &writes);
    free(writes.seen);
    return (long)writes.count;
}
