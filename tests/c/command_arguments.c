/* Commands: made empty, from an array, or packed, they send the same bytes; arguments are binary safe and of any length; a
 * command is sent again unchanged, cleared and filled anew, and copied when it is queued. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

#include <stdlib.h>
#include <string.h>

static rediscluster_connection *connection;

/* The node answers with the array of the arguments it got. */
static void arrives(const rediscluster_command *command, const char *const *arguments,
                    const size_t *lengths, size_t count)
{
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    size_t length;
    CHECK_OK(rediscluster_connection_command(connection, command, -2, &reply, &error), error);
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_ARRAY);
    CHECK_INT(rediscluster_reply_count(reply), count);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *bytes = rediscluster_reply_bytes(rediscluster_reply_at(reply, i), &length);
        CHECK_INT(length, lengths[i]);
        CHECK(memcmp(bytes, arguments[i], length) == 0 && bytes[length] == '\0');
    }
    rediscluster_reply_free(reply);
}

int main(void)
{
    fake_node *fake = fake_node_start("node 1\non LIST a b c => array $arg0 $arg1 $arg2 $arg3\n"
                                      "handshake\nstore\ntopology 0-16383=1");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), NULL);
    const char *const arguments[] = {"LIST", "a", "b", "c"};
    const size_t lengths[] = {4, 1, 1, 1}, no_length = 0, huge[] = {SIZE_MAX, 2}, too_long[] = {4, SIZE_MAX};
    const char binary[] = "\0\r\n$3\r\n\xff\0";
    rediscluster_command *command = NULL, *none = NULL;
    rediscluster_error *error = NULL;
    rediscluster_reply *reply = NULL;
    uint8_t *large;
    size_t size = 3 << 20, length;

    connection = take_slot(pool, 0, -2);

    /* Four ways to the same bytes. */
    CHECK_OK(rediscluster_command_from_argv(4, arguments, NULL, &command, &error), error);
    arrives(command, arguments, lengths, 4);
    arrives(command, arguments, lengths, 4);
    rediscluster_command_free(command);
    CHECK_OK(rediscluster_command_from_argv(4, arguments, lengths, &command, &error), error);
    arrives(command, arguments, lengths, 4);
    rediscluster_command_free(command);
    CHECK_OK(rediscluster_command_from_argv(REDISCLUSTER_ARGS("LIST", "a", "b", "c"), &command, &error), error);
    arrives(command, arguments, lengths, 4);
    rediscluster_command_clear(command);
    CHECK_OK(rediscluster_command_append_packed(command, (const uint8_t *)"LISTabc", lengths, 4, &error), error);
    arrives(command, arguments, lengths, 4);
    rediscluster_command_clear(command);
    CHECK_OK(rediscluster_command_append(command, (const uint8_t *)"LIST", 4, &error), error);
    CHECK_OK(rediscluster_command_append_packed(command, (const uint8_t *)"ab", lengths + 1, 2, &error), error);
    CHECK_OK(rediscluster_command_append(command, (const uint8_t *)"c", 1, &error), error);
    arrives(command, arguments, lengths, 4);
    /* Refused: nothing is appended. */
    CHECK_STATUS(rediscluster_command_append(command, NULL, 1, &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_STATUS(rediscluster_command_append(command, (const uint8_t *)"x", SIZE_MAX, &error),
                 REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_STATUS(rediscluster_command_append_packed(command, (const uint8_t *)"x", huge, 2, &error),
                 REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_STATUS(rediscluster_command_append_packed(command, NULL, lengths, 1, &error),
                 REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_STATUS(rediscluster_command_append_packed(command, (const uint8_t *)"x", NULL, 1, &error),
                 REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_OK(rediscluster_command_append_packed(command, NULL, NULL, 0, &error), error);
    arrives(command, arguments, lengths, 4);
    CHECK_STATUS(rediscluster_command_from_argv(0, arguments, NULL, &none, &error),
                 REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_STATUS(rediscluster_command_from_argv(2, arguments, too_long, &none, &error),
                 REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_STATUS(rediscluster_command_from_argv(SIZE_MAX, arguments, NULL, &none, &error),
                 REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK(none == NULL);
    {
        const char *const holes[] = {"LIST", NULL, "b"};
        CHECK_STATUS(rediscluster_command_from_argv(3, holes, NULL, &none, &error),
                     REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
        CHECK(none == NULL);
    }

    /* Binary, empty and large values come back as they went. */
    rediscluster_command_clear(command);
    CHECK_OK(rediscluster_command_append(command, (const uint8_t *)"SET", 3, &error), error);
    CHECK_OK(rediscluster_command_append(command, (const uint8_t *)binary, sizeof binary - 1, &error), error);
    CHECK_OK(rediscluster_command_append(command, NULL, 0, &error), error);
    CHECK_OK(rediscluster_connection_command(connection, command, -2, &reply, &error), error);
    CHECK_STR(reply_text(reply), "OK");
    rediscluster_reply_free(reply);
    rediscluster_command_clear(command);
    CHECK_OK(rediscluster_command_append(command, (const uint8_t *)"GET", 3, &error), error);
    CHECK_OK(rediscluster_command_append(command, (const uint8_t *)binary, sizeof binary - 1, &error), error);
    CHECK_OK(rediscluster_connection_command(connection, command, -2, &reply, &error), error);
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_STRING);
    CHECK(rediscluster_reply_bytes(reply, &length) != NULL);
    CHECK_INT(length, 0);
    rediscluster_reply_free(reply);

    large = malloc(size);
    CHECK(large != NULL);
    for (size_t i = 0; i < size; i++)
        large[i] = (uint8_t)(i * 31 >> 3);
    rediscluster_command_clear(command);
    CHECK_OK(rediscluster_command_append_packed(command, (const uint8_t *)"SETlarge",
                                                (const size_t[]){3, 5, no_length}, 2, &error),
             error);
    CHECK_OK(rediscluster_command_append(command, large, size, &error), error);
    CHECK_OK(rediscluster_connection_command(connection, command, -2, &reply, &error), error);
    rediscluster_reply_free(reply);
    reply = ask(connection, "GET", "large", NULL);
    CHECK(memcmp(rediscluster_reply_bytes(reply, &length), large, size) == 0);
    CHECK_INT(length, size);
    rediscluster_reply_free(reply);
    free(large);

    /* A queued command is copied. */
    rediscluster_command_clear(command);
    CHECK_OK(rediscluster_command_append_packed(command, (const uint8_t *)"LISTabc", lengths, 4, &error), error);
    CHECK_OK(rediscluster_connection_append(connection, command, &error), error);
    rediscluster_command_clear(command);
    rediscluster_command_free(command);
    CHECK_OK(rediscluster_connection_read(connection, -2, &reply, &error), error);
    CHECK_INT(rediscluster_reply_count(reply), 4);
    rediscluster_reply_free(reply);

    /* A command without a name is refused, and the connection stays whole. */
    CHECK_OK(rediscluster_command_new(&command, &error), error);
    CHECK_STATUS(rediscluster_connection_command(connection, command, -2, &reply, &error),
                 REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_STATUS(rediscluster_connection_append(connection, command, &error),
                 REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    rediscluster_command_free(command);
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
