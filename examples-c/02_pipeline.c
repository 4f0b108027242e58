/*
 * A pipeline: a thousand commands leave in one go, then their replies are read, in order; one LRANGE brings all
 * elements back. 02_pipeline host:port[,host:port...]
 */
#include <stdio.h>
#include <string.h>

#include <rediscluster.h>

enum { COUNT = 1000 };

static const char key[] = "example:list";

/* One command object serves a thousand times: it is cleared, and keeps its memory. */
static rediscluster_status push_all(rediscluster_connection *connection, rediscluster_command *command,
                                    rediscluster_error **error)
{
    rediscluster_status status = REDISCLUSTER_OK;

    for (int i = 0; i < COUNT && status == REDISCLUSTER_OK; i++) {
        char bytes[64];
        const int length = snprintf(bytes, sizeof bytes, "RPUSH%s%d", key, i);
        /* The arguments one after another, and their lengths. */
        const size_t lengths[] = {5, sizeof key - 1, (size_t)length - 5 - (sizeof key - 1)};
        rediscluster_command_clear(command);
        status = rediscluster_command_append_packed(command, (const uint8_t *)bytes, lengths, 3, error);
        if (status == REDISCLUSTER_OK)
            status = rediscluster_connection_append(connection, command, error);
    }
    if (status == REDISCLUSTER_OK)
        status = rediscluster_connection_flush(connection, REDISCLUSTER_TIMEOUT_DEFAULT, error);
    for (int i = 0; i < COUNT && status == REDISCLUSTER_OK; i++) {
        rediscluster_reply *reply = NULL;
        status = rediscluster_connection_read(connection, REDISCLUSTER_TIMEOUT_DEFAULT, &reply, error);
        if (status == REDISCLUSTER_OK)
            status = rediscluster_reply_check(reply, error);
        rediscluster_reply_free(reply);
    }
    return status;
}

/* Reads the list, element by element, and deletes it. */
static rediscluster_status read_all(rediscluster_connection *connection, rediscluster_error **error)
{
    rediscluster_command *range = NULL, *delete = NULL;
    rediscluster_reply *list = NULL, *deleted = NULL;

    rediscluster_status status = rediscluster_command_from_argv(REDISCLUSTER_ARGS("LRANGE", key, "0", "-1"), &range, error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_command_from_argv(REDISCLUSTER_ARGS("DEL", key), &delete, error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_connection_command(connection, range, REDISCLUSTER_TIMEOUT_DEFAULT, &list, error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_reply_check(list, error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_connection_command(connection, delete, REDISCLUSTER_TIMEOUT_DEFAULT, &deleted, error);
    if (status == REDISCLUSTER_OK) {
        size_t bytes = 0;
        const rediscluster_reply *element = rediscluster_reply_at(list, 0);
        for (; element != NULL; element = rediscluster_reply_next(element)) {
            size_t length;
            rediscluster_reply_bytes(element, &length);
            bytes += length;
        }
        printf("%zu elements, %zu bytes\n", rediscluster_reply_count(list), bytes);
    }
    rediscluster_reply_free(deleted);
    rediscluster_reply_free(list);
    rediscluster_command_free(delete);
    rediscluster_command_free(range);
    return status;
}

int main(int argc, char **argv)
{
    rediscluster_options *options = NULL;
    rediscluster_pool *pool = NULL;
    rediscluster_connection *connection = NULL;
    rediscluster_command *command = NULL;
    rediscluster_error *error = NULL;

    if (argc != 2) {
        fprintf(stderr, "usage: 02_pipeline host:port[,host:port...]\n");
        return 2;
    }
    rediscluster_status status = rediscluster_options_new(&options, &error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_options_set(options, "startup_nodes", argv[1], &error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_pool_new(options, &pool, &error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_pool_get_by_key(pool, (const uint8_t *)key, strlen(key), REDISCLUSTER_WRITE,
                                              REDISCLUSTER_TIMEOUT_DEFAULT, &connection, &error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_command_new(&command, &error);
    if (status == REDISCLUSTER_OK)
        status = push_all(connection, command, &error);
    if (status == REDISCLUSTER_OK)
        status = read_all(connection, &error);
    if (status != REDISCLUSTER_OK)
        fprintf(stderr, "%s: %s\n", rediscluster_status_name(status), rediscluster_error_message(error));

    rediscluster_error_free(error);
    rediscluster_command_free(command);
    /* With replies still unread the connection would be closed, not used again. */
    if (connection != NULL)
        rediscluster_connection_release(connection, NULL);
    rediscluster_pool_free(pool);
    rediscluster_options_free(options);
    return status == REDISCLUSTER_OK ? 0 : 1;
}
