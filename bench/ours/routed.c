/* client WORKLOAD COUNT HOST:PORT: a workload COUNT times through a client or a pipeline, as ours.c does it on a connection. */
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

/* 16 bytes, without a hash tag, as most keys are. */
#define KEY "bench:0123456789"

static void gets(rediscluster_client *client, rediscluster_command *command, int build, long count)
{
    for (; count > 0; count--) {
        rediscluster_reply *reply;
        size_t length;
        if (build) {
            check(rediscluster_client_command(client, REDISCLUSTER_ARGS("GET", KEY), &reply, &error), "GET");
        } else {
            check(rediscluster_client_execute(client, command, &reply, &error), "GET");
        }
        must(rediscluster_reply_bytes(reply, &length) != NULL && length == SMALL, "the reply to GET");
        rediscluster_reply_free(reply);
    }
}

/* Keys of 16 bytes, of all nodes. */
static char keys[PIPELINE][KEY_LENGTH + 1];

/* A round is one command: COUNT of them, PIPELINE at a time, over all nodes. */
static void pipelines(rediscluster_pipeline *pipeline, long count)
{
    for (; count > 0; count -= PIPELINE) {
        for (int i = 0; i < PIPELINE; i++) {
            const char *argv[] = {"GET", keys[i]};
            const size_t lengths[] = {3, 16};
            check(rediscluster_pipeline_append_argv(pipeline, 2, argv, lengths, &error), "append");
        }
        check(rediscluster_pipeline_execute(pipeline, REDISCLUSTER_TIMEOUT_DEFAULT, &error), "pipeline");
        for (int i = 0; i < PIPELINE; i++) {
            size_t length;
            must(rediscluster_reply_bytes(rediscluster_pipeline_reply(pipeline, (size_t)i), &length) != NULL && length == SMALL,
                 "a reply of the pipeline");
        }
        rediscluster_pipeline_clear(pipeline);
    }
}

static void routes(rediscluster_pool *pool, rediscluster_command *command, long count)
{
    for (; count > 0; count--) {
        rediscluster_connection *connection;
        check(rediscluster_pool_get_for_command(pool, command, REDISCLUSTER_TIMEOUT_DEFAULT, &connection, &error), "get");
        check(rediscluster_connection_release(connection, &error), "release");
    }
}

int main(int argc, char **argv)
{
    must(argc == 4, "usage: client WORKLOAD COUNT HOST:PORT|URL");
    const char *workload = argv[1];
    long count = atol(argv[2]);
    char url[1024];
    snprintf(url, sizeof url, "%s%s", strstr(argv[3], "://") != NULL ? "" : "redis://", argv[3]);

    rediscluster_options *options;
    rediscluster_client *client;
    rediscluster_pipeline *pipeline;
    rediscluster_command *get, *route;
    rediscluster_reply *reply;
    check(rediscluster_options_from_url(url, &options, &error), "options");
    check(rediscluster_client_new(options, &client, &error), "client");
    check(rediscluster_pipeline_new(client, &pipeline, &error), "pipeline");
    check(rediscluster_command_from_argv(REDISCLUSTER_ARGS("GET", KEY), &get, &error), "command");
    check(rediscluster_command_from_argv(REDISCLUSTER_ARGS("GET", KEY), &route, &error), "command");

    char value[SMALL + 1];
    memset(value, 'x', SMALL);
    value[SMALL] = 0;

    /* Once each: what is made at the first use is made. */
    if (strcmp(workload, "route") == 0) {
        routes(rediscluster_client_pool(client), route, 2);
    } else if (strcmp(workload, "pipeline") == 0) {
        for (int i = 0; i < PIPELINE; i++) {
            snprintf(keys[i], sizeof keys[i], "bench:%010d", i);
            check(rediscluster_client_command(client, REDISCLUSTER_ARGS("SET", keys[i], value), &reply, &error), "SET");
            rediscluster_reply_free(reply);
        }
        pipelines(pipeline, 2 * PIPELINE);
    } else {
        check(rediscluster_client_command(client, REDISCLUSTER_ARGS("SET", KEY, value), &reply, &error), "SET");
        rediscluster_reply_free(reply);
        gets(client, get, 0, 2);
        gets(client, get, 1, 2);
    }

    double wall_begin = wall(), cpu_begin = cpu();
    if (strcmp(workload, "get") == 0)
        gets(client, get, 0, count);
    else if (strcmp(workload, "get-built") == 0)
        gets(client, get, 1, count);
    else if (strcmp(workload, "pipeline") == 0)
        pipelines(pipeline, count);
    else if (strcmp(workload, "route") == 0)
        routes(rediscluster_client_pool(client), route, count);
    else
        must(0, "no such workload");
    report(wall_begin, cpu_begin, count);

    rediscluster_command_free(get);
    rediscluster_command_free(route);
    rediscluster_pipeline_free(pipeline);
    rediscluster_client_free(client);
    rediscluster_options_free(options);
    return 0;
}
