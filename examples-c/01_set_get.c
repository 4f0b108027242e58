/*
 * The smallest whole program: one key is set, read and deleted. 01_set_get host:port[,host:port...]
 */
#include <stdio.h>
#include <string.h>

#include <rediscluster.h>

/* Sends one command on the connection and prints its reply. */
static rediscluster_status run(rediscluster_connection *connection, size_t argc, const char *const *argv,
                               const size_t *argvlen, rediscluster_error **error)
{
    rediscluster_command *command = NULL;
    rediscluster_reply *reply = NULL;

    rediscluster_status status = rediscluster_command_from_argv(argc, argv, argvlen, &command, error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_connection_command(connection, command, REDISCLUSTER_TIMEOUT_DEFAULT, &reply, error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_reply_check(reply, error); /* an error reply becomes a status */
    if (status == REDISCLUSTER_OK && rediscluster_reply_kind(reply) == REDISCLUSTER_REPLY_INTEGER)
        printf("%s: %lld\n", argv[0], (long long)rediscluster_reply_integer(reply));
    else if (status == REDISCLUSTER_OK)
        printf("%s: %s\n", argv[0], (const char *)rediscluster_reply_bytes(reply, NULL));
    rediscluster_reply_free(reply);
    rediscluster_command_free(command);
    return status;
}

int main(int argc, char **argv)
{
    static const char key[] = "example:greeting";
    rediscluster_options *options = NULL;
    rediscluster_pool *pool = NULL;
    rediscluster_connection *connection = NULL;
    rediscluster_error *error = NULL;

    if (argc != 2) {
        fprintf(stderr, "usage: 01_set_get host:port[,host:port...]\n");
        return 2;
    }
    rediscluster_status status = rediscluster_options_new(&options, &error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_options_set(options, "startup_nodes", argv[1], &error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_pool_new(options, &pool, &error);
    /* A connection to the node that serves the key. It is ours alone until it is released. */
    if (status == REDISCLUSTER_OK)
        status = rediscluster_pool_get_by_key(pool, (const uint8_t *)key, strlen(key), REDISCLUSTER_WRITE,
                                              REDISCLUSTER_TIMEOUT_DEFAULT, &connection, &error);
    if (status == REDISCLUSTER_OK)
        status = run(connection, REDISCLUSTER_ARGS("SET", key, "hello, cluster"), &error);
    if (status == REDISCLUSTER_OK)
        status = run(connection, REDISCLUSTER_ARGS("GET", key), &error);
    if (status == REDISCLUSTER_OK)
        status = run(connection, REDISCLUSTER_ARGS("DEL", key), &error);
    if (status != REDISCLUSTER_OK)
        fprintf(stderr, "%s: %s\n", rediscluster_status_name(status), rediscluster_error_message(error));

    rediscluster_error_free(error);
    if (connection != NULL)
        rediscluster_connection_release(connection, NULL);
    rediscluster_pool_free(pool);
    rediscluster_options_free(options);
    return status == REDISCLUSTER_OK ? 0 : 1;
}
