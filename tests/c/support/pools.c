#define _POSIX_C_SOURCE 200809L

#include "pools.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

rediscluster_pool *pool_of(const char *nodes, ...)
{
    rediscluster_options *options = NULL;
    rediscluster_pool *pool = NULL;
    rediscluster_error *error = NULL;
    const char *name;
    va_list rest;
    CHECK_OK(rediscluster_options_new(&options, &error), error);
    CHECK_OK(rediscluster_options_set(options, "startup_nodes", nodes, &error), error);
    va_start(rest, nodes);
    while ((name = va_arg(rest, const char *)) != NULL)
        CHECK_OK(rediscluster_options_set(options, name, va_arg(rest, const char *), &error), error);
    va_end(rest);
    CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
    rediscluster_options_free(options);
    return pool;
}

int64_t pool_stat(const rediscluster_pool *pool, const char *node, int32_t what)
{
    rediscluster_stats *stats = NULL;
    rediscluster_error *error = NULL;
    int64_t number;
    CHECK_OK(rediscluster_pool_stats(pool, &stats, &error), error);
    number = rediscluster_stats_get(stats, node, what);
    rediscluster_stats_free(stats);
    return number;
}

static rediscluster_connection *take(rediscluster_pool *pool, int32_t slot, int32_t access, int64_t timeout_ms)
{
    rediscluster_connection *connection = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_pool_get_by_slot(pool, slot, access, timeout_ms, &connection, &error), error);
    CHECK(connection != NULL);
    return connection;
}

rediscluster_connection *take_slot(rediscluster_pool *pool, int32_t slot, int64_t timeout_ms)
{
    return take(pool, slot, REDISCLUSTER_WRITE, timeout_ms);
}

rediscluster_connection *take_reader(rediscluster_pool *pool, int32_t slot, int64_t timeout_ms)
{
    return take(pool, slot, REDISCLUSTER_READ, timeout_ms);
}

rediscluster_connection *take_node(rediscluster_pool *pool, const char *node, int64_t timeout_ms)
{
    rediscluster_connection *connection = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_pool_get_by_node(pool, node, timeout_ms, &connection, &error), error);
    CHECK(connection != NULL);
    return connection;
}

void give_back(rediscluster_connection *connection)
{
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_connection_release(connection, &error), error);
}

static rediscluster_reply *say_list(rediscluster_connection *connection, const char *name,
                                    va_list rest)
{
    rediscluster_command *command = NULL;
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_command_new(&command, &error), error);
    for (; name != NULL; name = va_arg(rest, const char *))
        CHECK_OK(rediscluster_command_append(command, (const uint8_t *)name, strlen(name), &error),
                 error);
    CHECK_OK(rediscluster_connection_command(connection, command, REDISCLUSTER_TIMEOUT_DEFAULT,
                                             &reply, &error),
             error);
    CHECK_OK(rediscluster_reply_check(reply, &error), error);
    rediscluster_command_free(command);
    return reply;
}

rediscluster_reply *say(rediscluster_connection *connection, const char *name, ...)
{
    rediscluster_reply *reply;
    va_list rest;
    va_start(rest, name);
    reply = say_list(connection, name, rest);
    va_end(rest);
    return reply;
}

void say_expect(rediscluster_connection *connection, const char *expected, const char *name, ...)
{
    rediscluster_reply *reply;
    char number[24];
    const char *text;
    va_list rest;
    va_start(rest, name);
    reply = say_list(connection, name, rest);
    va_end(rest);
    text = (const char *)rediscluster_reply_bytes(reply, NULL);
    if (rediscluster_reply_kind(reply) == REDISCLUSTER_REPLY_INTEGER) {
        snprintf(number, sizeof number, "%" PRId64, rediscluster_reply_integer(reply));
        text = number;
    }
    CHECK_STR(text, expected);
    rediscluster_reply_free(reply);
}

/* The tool the test runs under: "valgrind", a sanitizer, "" for none. */
static const char *tool(void)
{
    const char *name = getenv("REDISCLUSTER_TEST_TOOL");
    return name != NULL ? name : "";
}

int test_rounds(int count)
{
    const char *text = getenv("REDISCLUSTER_TEST_SCALE");
    double scale = 1;
    int rounds;
    if (text != NULL && *text != '\0')
        scale = strtod(text, NULL);
    else if (test_is_under_valgrind())
        scale = 0.01;
    else if (*tool() != '\0')
        scale = 0.1;
    rounds = (int)(count * scale);
    return rounds < 1 ? 1 : rounds > count ? count : rounds;
}

bool test_is_under_valgrind(void)
{
    return strcmp(tool(), "valgrind") == 0;
}

bool test_is_sanitized(void)
{
    return *tool() != '\0' && !test_is_under_valgrind();
}

int64_t test_patience(void)
{
    const char *text = getenv("REDISCLUSTER_TEST_PATIENCE");
    int64_t patience = text != NULL ? strtol(text, NULL, 10) : 1;
    return 4 * (patience < 1 ? 1 : patience);
}
