/* What all measured programs share: the data, which bench/servers.py puts on the nodes, and the clock.
 *
 * PROGRAM WORKLOAD COUNT HOST:PORT [THREADS]: a workload COUNT times; two runs with different counts differ by the
 * workload alone. It prints names and numbers, times in nanoseconds an operation. */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* One hash tag: one node has them all. */
#define SMALL_KEY "{bench}small" /* 64 bytes */
#define LARGE_KEY "{bench}large" /* 1 MiB */
#define LIST_KEY "{bench}list"   /* 1,000 elements of 64 bytes */
#define HASH_KEY "{bench}hash"   /* 500 fields and their values, of 64 bytes */
#define SMALL 64
#define LARGE (1024 * 1024)
#define ELEMENTS 1000

/* Keys of 16 bytes over all shards, without a hash tag, as most keys are; their values are SMALL bytes. */
#define KEYS 1000
#define KEY_LENGTH 16
static inline void key_name(char *key, int number) { snprintf(key, KEY_LENGTH + 1, "bench:%010d", number); }
/* The same in TAGS slots. */
#define TAGS 30
static inline void tagged_name(char *key, int number) { snprintf(key, 32, "{bench:%02d}:%06d", number % TAGS, number); }

/* The operation of a turn: every fifth is a SET, and neighbours go to other shards. */
static inline int is_set(long turn) { return turn % 5 == 4; }
static inline int key_of(long turn) { return (int)((unsigned long)turn * 617 % KEYS); }

#define PIPELINE 100
#define IN_FLIGHT 1000

static inline void must(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "failed: %s\n", what);
        exit(1);
    }
}

static inline double nanoseconds(const struct timespec *time) { return (double)time->tv_sec * 1e9 + (double)time->tv_nsec; }

static inline double wall(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return nanoseconds(&now);
}

/* CPU time of the process, user and system, in nanoseconds. */
static inline double cpu(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return ((double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec) * 1e9 +
           ((double)used.ru_utime.tv_usec + (double)used.ru_stime.tv_usec) * 1e3;
}

/* The most memory that the process has had since its start or the last `reset_peak`, in bytes. */
static inline double peak(void)
{
    char line[256];
    long kilobytes = 0;
    FILE *status = fopen("/proc/self/status", "r");
    must(status != NULL, "/proc/self/status");
    while (fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "VmHWM: %ld", &kilobytes) == 1)
            break;
    fclose(status);
    return (double)kilobytes * 1024;
}

static inline void reset_peak(void)
{
    FILE *marks = fopen("/proc/self/clear_refs", "w");
    must(marks != NULL && fputs("5", marks) >= 0 && fclose(marks) == 0, "/proc/self/clear_refs");
}

/* Both for one of `count` rounds. With BENCH_LINGER the program then waits, its connections open, until its standard
 * input ends: for who counts them. */
static inline void report(double wall_begin, double cpu_begin, long count)
{
    double wall_end = wall(), cpu_end = cpu();
    if (count > 0)
        printf("wall %.1f cpu %.1f\n", (wall_end - wall_begin) / (double)count, (cpu_end - cpu_begin) / (double)count);
    fflush(stdout);
    if (getenv("BENCH_LINGER") != NULL)
        while (getchar() != EOF)
            ;
}

#endif
