/*
 * Every option, with its type, default and meaning, and what a wrong one gets. Needs no server.
 */
#include <stdio.h>

#include <rediscluster.h>

static void log_line(void *user_data, rediscluster_log_level level, const char *text)
{
    fprintf(user_data, "log %d: %s\n", (int)level, text);
}

int main(void)
{
    rediscluster_options *options = NULL, *copy = NULL;
    rediscluster_pool *pool = NULL;
    rediscluster_error *error = NULL;
    int failures = 0;

    for (size_t i = 0; i < rediscluster_options_count(); i++)
        printf("%s (%s, %s)\n    %s\n", rediscluster_options_name(i), rediscluster_options_type(i),
               rediscluster_options_default(i), rediscluster_options_doc(i));

    if (rediscluster_options_from_url("redis://app:secret@127.0.0.1:1?max_connections=4", &options, &error)
            != REDISCLUSTER_OK
        || rediscluster_options_set_log(options, log_line, stdout, NULL, &error) != REDISCLUSTER_OK
        || rediscluster_options_clone(options, &copy, &error) != REDISCLUSTER_OK) {
        fprintf(stderr, "%s\n", rediscluster_error_message(error));
        rediscluster_error_free(error);
        rediscluster_options_free(options);
        return 1;
    }
    printf("\nThe password reads %s.\n", rediscluster_options_get(options, "password"));

    /* A wrong name is answered with the nearest right one; a pool without a node that answers names them all. */
    if (rediscluster_options_set(copy, "socket_timout", "100", &error) == REDISCLUSTER_ERROR_CONFIG)
        printf("%s\n", rediscluster_error_message(error));
    else
        failures++;
    rediscluster_error_free(error);
    error = NULL;
    if (rediscluster_pool_new(options, &pool, &error) == REDISCLUSTER_ERROR_UNREACHABLE)
        printf("%s\n", rediscluster_error_message(error));
    else
        failures++;
    rediscluster_error_free(error);
    rediscluster_pool_free(pool);
    rediscluster_options_free(copy);
    rediscluster_options_free(options);
    return failures;
}
