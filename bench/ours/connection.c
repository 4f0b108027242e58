/* ours WORKLOAD COUNT HOST:PORT|URL: a workload COUNT times through the C API. Two runs with different counts differ by
 * the workload alone, whatever is counted: instructions, system calls, allocations. */
#include <rediscluster.h>

#include "../workload.h"

static rediscluster_error *error;

static void check(rediscluster_status status, const char *what)
{
    if (status == REDISCLUSTER_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, rediscluster_error_message(error));
    exit(1);
}

#define KEY(text) (const uint8_t *)(text), sizeof(text) - 1

static void pairs(rediscluster_pool *pool, int32_t slot, int32_t access, long count)
{
    rediscluster_connection *connection;
    for (; count > 0; count--)
        if (rediscluster_pool_get_by_slot(pool, slot, access, REDISCLUSTER_TIMEOUT_DEFAULT, &connection, &error) !=
                REDISCLUSTER_OK ||
            rediscluster_connection_release(connection, &error) != REDISCLUSTER_OK)
            check(rediscluster_error_status(error), "pair");
}

static void gets(rediscluster_connection *connection, rediscluster_command *command, int build, size_t expected,
                 long count)
{
    for (; count > 0; count--) {
        rediscluster_reply *reply;
        size_t length;
        if (build) {
            rediscluster_command_clear(command);
            rediscluster_command_append(command, KEY("GET"), &error);
            rediscluster_command_append(command, KEY(SMALL_KEY), &error);
        }
        check(rediscluster_connection_command(connection, command, REDISCLUSTER_TIMEOUT_DEFAULT, &reply, &error), "GET");
        must(rediscluster_reply_bytes(reply, &length) != NULL && length == expected, "the reply to GET");
        rediscluster_reply_free(reply);
    }
}

static void lists(rediscluster_connection *connection, rediscluster_command *command, long count)
{
    for (; count > 0; count--) {
        rediscluster_reply *reply;
        check(rediscluster_connection_command(connection, command, REDISCLUSTER_TIMEOUT_DEFAULT, &reply, &error), "LRANGE");
        must(rediscluster_reply_count(reply) == ELEMENTS, "the reply to LRANGE");
        rediscluster_reply_free(reply);
    }
}

int main(int argc, char **argv)
{
    must(argc == 4, "usage: ours WORKLOAD COUNT HOST:PORT|URL");
    const char *workload = argv[1];
    long count = atol(argv[2]);
    char url[1024];
    snprintf(url, sizeof url, "%s%s", strstr(argv[3], "://") != NULL ? "" : "redis://", argv[3]);

    rediscluster_options *options;
    rediscluster_pool *pool;
    rediscluster_connection *connection;
    rediscluster_command *small, *large, *list;
    int is_read_pair = strcmp(workload, "read-pair") == 0;
    int is_pair = is_read_pair || strcmp(workload, "pair") == 0;
    int32_t access = is_read_pair ? REDISCLUSTER_READ : REDISCLUSTER_WRITE;
    check(rediscluster_options_from_url(url, &options, &error), "options");
    if (is_read_pair)
        check(rediscluster_options_set(options, "read_from", "replica", &error), "options");
    check(rediscluster_pool_new(options, &pool, &error), "pool");
    check(rediscluster_command_from_argv(REDISCLUSTER_ARGS("GET", SMALL_KEY), &small, &error), "command");
    check(rediscluster_command_from_argv(REDISCLUSTER_ARGS("GET", LARGE_KEY), &large, &error), "command");
    check(rediscluster_command_from_argv(REDISCLUSTER_ARGS("LRANGE", LIST_KEY, "0", "-1"), &list, &error), "command");

    /* Once each: what is made at the first use is made. */
    int32_t slot = rediscluster_key_slot(KEY(SMALL_KEY));
    pairs(pool, slot, access, 2);
    if (!is_pair) {
        check(rediscluster_pool_get_by_slot(pool, slot, access, REDISCLUSTER_TIMEOUT_DEFAULT, &connection, &error),
              "get");
        gets(connection, small, 1, SMALL, 2);
        if (strcmp(workload, "lrange") == 0)
            lists(connection, list, 2);
    }

    double wall_begin = wall(), cpu_begin = cpu();
    if (is_pair)
        pairs(pool, slot, access, count);
    else if (strcmp(workload, "get") == 0)
        gets(connection, small, 0, SMALL, count);
    else if (strcmp(workload, "get-built") == 0)
        gets(connection, small, 1, SMALL, count);
    else if (strcmp(workload, "lrange") == 0)
        lists(connection, list, count);
    else if (strcmp(workload, "large") == 0)
        gets(connection, large, 0, LARGE, count);
    else
        must(0, "no such workload");
    report(wall_begin, cpu_begin, count);

    if (!is_pair)
        check(rediscluster_connection_release(connection, &error), "release");
    rediscluster_command_free(small);
    rediscluster_command_free(large);
    rediscluster_command_free(list);
    rediscluster_pool_free(pool);
    rediscluster_options_free(options);
    return 0;
}
