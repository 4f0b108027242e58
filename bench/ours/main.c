/* client WORKLOAD COUNT HOST:PORT [THREADS] */
#include "ours.h"

rediscluster_options *options;
rediscluster_client *client;

void check(rediscluster_status status, const rediscluster_error *error, const char *what)
{
    if (status == REDISCLUSTER_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, rediscluster_error_message(error));
    exit(1);
}

rediscluster_client *opened(void)
{
    rediscluster_client *made;
    rediscluster_error *error = NULL;
    check(rediscluster_client_new(options, &made, &error), error, "client");
    return made;
}

/* What is measured, `count` times; called with few first, so that what is made at the first use is made. */
static void repeat(const char *workload, long count)
{
    if (strcmp(workload, "single") == 0)
        single(count);
    else if (strcmp(workload, "pipeline") == 0)
        pipelines(count);
    else if (strcmp(workload, "events") == 0)
        events(count);
    else if (strcmp(workload, "large-get") == 0)
        large_get(count);
    else if (strcmp(workload, "large-get-into") == 0)
        large_get_into(count);
    else if (strcmp(workload, "large-set") == 0)
        large_set(count);
    else if (strcmp(workload, "start") == 0)
        start(count);
    else if (strcmp(workload, "refresh") == 0)
        refresh(count);
    else
        elements(workload, count);
}

int main(int argc, char **argv)
{
    must(argc >= 4, "usage: client WORKLOAD COUNT HOST:PORT [THREADS]");
    const char *workload = argv[1];
    long count = atol(argv[2]);
    char url[1024];
    snprintf(url, sizeof url, "%s%s", strstr(argv[3], "://") != NULL ? "" : "redis://", argv[3]);
    rediscluster_error *error = NULL;
    check(rediscluster_options_from_url(url, &options, &error), error, "options");
    prepare_keys();
    if (strcmp(workload, "heap") == 0) {
        heap(count);
        return 0;
    }
    client = opened();
    if (strcmp(workload, "threads") == 0) {
        threads(count, argc > 4 ? atoi(argv[4]) : 1);
    } else if (strncmp(workload, "peak-", 5) == 0) {
        peaks(workload + 5, count);
    } else {
        /* A connection to each node, and whatever is made once. */
        if (strcmp(workload, "refresh") != 0)
            single(PIPELINE);
        repeat(workload, 2);
        double wall_begin = wall(), cpu_begin = cpu();
        repeat(workload, count);
        report(wall_begin, cpu_begin, count);
    }
    rediscluster_client_free(client);
    rediscluster_options_free(options);
    return 0;
}
