/* What all measured programs share: the data, which bench/counting.py puts on one node, and the clock. */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* One hash tag: one node has them all. */
#define SMALL_KEY "{bench}small" /* 64 bytes */
#define LARGE_KEY "{bench}large" /* 1 MiB */
#define LIST_KEY "{bench}list"   /* 1,000 elements of 64 bytes */
#define SMALL 64
#define LARGE (1024 * 1024)
#define ELEMENTS 1000

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

/* Both for one of `count` rounds, on standard output. */
static inline void report(double wall_begin, double cpu_begin, long count)
{
    if (count > 0)
        printf("%.1f %.1f\n", (wall() - wall_begin) / (double)count, (cpu() - cpu_begin) / (double)count);
}

#endif
