/* append, flush, read: replies come in the order of the commands, errors in their place; read sends what was not flushed;
 * a command while replies are owed is refused; what is left unread closes the connection at its release; 64 MiB of replies
 * to one pipeline do not deadlock. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rediscluster_pool *pool;

static void append(rediscluster_connection *connection, const char *name, const char *argument)
{
    rediscluster_command *command = command_of(name, argument, NULL);
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_connection_append(connection, command, &error), error);
    rediscluster_command_free(command);
}

static rediscluster_reply *next(rediscluster_connection *connection)
{
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_connection_read(connection, 20000, &reply, &error), error);
    return reply;
}

static void in_order(void)
{
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    rediscluster_error *error = NULL;
    rediscluster_reply *reply;
    char text[24];
    CHECK_OK(rediscluster_connection_flush(connection, -2, &error), error); /* nothing to send */
    for (int flushed = 0; flushed < 2; flushed++) {
        for (int i = 0; i < 1000; i++) {
            snprintf(text, sizeof text, "%d", i);
            append(connection, i % 10 == 3 ? "WRONG" : "ECHO", text);
        }
        if (flushed == 0)
            CHECK_OK(rediscluster_connection_flush(connection, -2, &error), error);
        /* A command cannot be told from those before it. */
        rediscluster_error_free(
            ask_fails(connection, REDISCLUSTER_ERROR_INVALID_ARGUMENT, -2, "PING", NULL));
        CHECK(!rediscluster_connection_is_broken(connection));
        for (int i = 0; i < 1000; i++) {
            reply = next(connection);
            snprintf(text, sizeof text, "%d", i);
            if (i % 10 == 3)
                CHECK_INT(rediscluster_reply_check(reply, NULL), REDISCLUSTER_ERROR_SERVER);
            else
                CHECK_STR(reply_text(reply), text);
            rediscluster_reply_free(reply);
        }
    }
    CHECK_STATUS(rediscluster_connection_read(connection, 0, &reply, &error),
                 REDISCLUSTER_ERROR_TIMEOUT, error);
    CHECK(reply == NULL);
    CHECK_STATUS(rediscluster_connection_read(connection, 30, &reply, &error),
                 REDISCLUSTER_ERROR_TIMEOUT, error);
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 1);
}

/* A read whose time is over leaves the connection usable, and the reply for the next read. */
static void later(fake_node *fake)
{
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    rediscluster_error *error = NULL;
    rediscluster_reply *reply = NULL;
    struct pollfd readable;
    append(connection, "LATER", "1");
    CHECK_STATUS(rediscluster_connection_read(connection, 20, &reply, &error), REDISCLUSTER_ERROR_TIMEOUT, error);
    CHECK_INT(rediscluster_connection_read(connection, 0, &reply, NULL), REDISCLUSTER_ERROR_TIMEOUT);
    CHECK(reply == NULL && !rediscluster_connection_is_broken(connection));
    fake_node_control(fake, "open later");
    readable.fd = rediscluster_connection_fd(connection);
    readable.events = POLLIN;
    CHECK_INT(poll(&readable, 1, 10000), 1);
    CHECK_OK(rediscluster_connection_read(connection, 0, &reply, &error), error);
    CHECK_STR(reply_text(reply), "1");
    rediscluster_reply_free(reply);
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 1);
}

static void left_unread(void)
{
    rediscluster_error *error = NULL;
    for (int how = 0; how < 3; how++) {
        rediscluster_connection *connection = take_slot(pool, 0, -2);
        int64_t closed = pool_stat(pool, NULL, REDISCLUSTER_STAT_CLOSED);
        append(connection, "ECHO", "unread");
        append(connection, "ECHO", "unread, too");
        if (how > 0)
            CHECK_OK(rediscluster_connection_flush(connection, -2, &error), error);
        if (how > 1)
            rediscluster_reply_free(next(connection));
        give_back(connection);
        CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CLOSED), closed + 1);
        connection = take_slot(pool, 0, -2);
        say_expect(connection, "own", "ECHO", "own", NULL);
        give_back(connection);
    }
}

static void large(void)
{
    enum { COMMANDS = 64, SIZE = 1 << 20 };
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    rediscluster_error *error = NULL;
    char *argument = malloc(SIZE + 1);
    size_t length;
    CHECK(argument != NULL);
    argument[SIZE] = '\0';
    for (int i = 0; i < COMMANDS; i++) {
        memset(argument, '0' + i, SIZE);
        append(connection, "ECHO", argument);
    }
    CHECK_OK(rediscluster_connection_flush(connection, 60000, &error), error);
    for (int i = 0; i < COMMANDS; i++) {
        rediscluster_reply *reply = next(connection);
        const uint8_t *bytes = rediscluster_reply_bytes(reply, &length);
        CHECK_INT(length, SIZE);
        CHECK(bytes[0] == '0' + i && bytes[SIZE - 1] == '0' + i);
        rediscluster_reply_free(reply);
    }
    free(argument);
    give_back(connection);
}

int main(void)
{
    fake_node *fake = fake_node_start("node 1\nlog off\non ECHO * => echo\non LATER * => gate later; bulk $arg1\n"
                                      "on WRONG * => error \"ERR wrong\"\nhandshake\ntopology 0-16383=1");
    pool = pool_of(fake_node_address(fake, 1), NULL);
    in_order();
    later(fake);
    left_unread();
    large();
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
