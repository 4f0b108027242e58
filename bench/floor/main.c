/* floor WORKLOAD COUNT HOST:PORT [THREADS] */
#include "floor.h"

/* A thing once before the clock runs: what is made at the first use is made. */
static void repeat(const char *workload, const char *seed, long count)
{
    if (strcmp(workload, "single") == 0)
        single(count);
    else if (strcmp(workload, "pipeline") == 0)
        pipelines(count);
    else if (strcmp(workload, "events") == 0)
        events(count);
    else if (strcmp(workload, "large-get") == 0)
        large_get(count);
    else if (strcmp(workload, "large-set") == 0)
        large_set(count);
    else if (strcmp(workload, "lrange") == 0 || strcmp(workload, "hgetall") == 0)
        elements(workload, count);
    else if (strcmp(workload, "start") == 0)
        start(seed, count);
    else
        must(0, "no such workload");
}

int main(int argc, char **argv)
{
    must(argc >= 4, "usage: floor WORKLOAD COUNT HOST:PORT [THREADS]");
    const char *workload = argv[1], *seed = argv[3];
    long count = atol(argv[2]);
    learn(seed);
    if (strcmp(workload, "threads") == 0) {
        threads(count, argc > 4 ? atoi(argv[4]) : 1);
        return 0;
    }
    repeat(workload, seed, 1);
    double wall_begin = wall(), cpu_begin = cpu();
    repeat(workload, seed, count);
    report(wall_begin, cpu_begin, count);
    return 0;
}
