/* Threads that read and write on a client while a cluster changes under them, and what they saw.
 *
 * Each write is an INCR of a key of its own, whose value tells in the end whether it is there once, twice or not at
 * all. Each thread also writes registers, whose numbers grow, and reads those of all: an older number than one that was
 * acknowledged before the read began is a stale read. Half of the calls are for the slots that trouble comes to. */
#ifndef TEST_LOAD_H
#define TEST_LOAD_H

#include "check.h"

#include <stdbool.h>
#include <stdint.h>

/* One more than the largest status. */
#define LOAD_STATUSES 100

/* Messages are cut off there. */
#define LOAD_ERROR 300

typedef struct load load;

typedef struct load_plan {
    rediscluster_client *client;
    rediscluster_connection *control; /* to a node out of trouble; the load's until its end */
    int threads;
    int first, last;  /* the slots that trouble comes to */
    int64_t pause_us; /* of a thread between two calls */
    bool many;        /* pipelines and MGETs across slots, too */
} load_plan;

/* Calls that ended in a span of time, on the slots that trouble came to, or on all others. */
typedef struct load_calls {
    long all, failed;
    long by_status[LOAD_STATUSES];
    int64_t longest_us;
    long late; /* that took longer than the time allowed */
} load_calls;

/* What became of what was written and read. */
typedef struct load_truth {
    long acknowledged, maybe, refused; /* writes, by what their callers were told */
    long lost_by_servers;              /* acknowledged before the new primary was, and not there */
    long lost;                         /* acknowledged later, and not there */
    long doubled;                      /* there twice */
    long ghosts;                       /* there, though the caller was told that it had not run */
    long unreadable;                   /* nobody could tell in the end */
    long reads, stale;
    long rolled_back; /* reads that missed what the servers themselves lost */
} load_truth;

/* Starts the threads. */
load *load_start(const load_plan *plan);

/* Ends them. What they saw can be asked for from here on. */
void load_stop(load *self);

/* The calls that ended from a time to another; `allowed_us`: what a call may take. */
load_calls load_calls_between(const load *self, bool troubled, int64_t from_us, int64_t to_us, int64_t allowed_us);

/* When the first call to the slots in trouble that ended after this time with a reply did so; -1: none did. */
int64_t load_first_answer(const load *self, int64_t after_us);

/* When the last call to them ended, before a time, that had failed or had taken longer than `slow_us`; -1: none did. */
int64_t load_last_trouble(const load *self, int64_t before_us, int64_t slow_us);

/* The message of some thread's first call that failed; "" if none did. */
const char *load_error(const load *self);

/* The longest from a time to another that a thread which only sleeps overslept, or waited for a PING on a connection
 * of its own: what the machine alone costs. */
int64_t load_machine_us(const load *self, int64_t from_us, int64_t to_us);

/* Reads all that was written, by a client that has not seen the trouble. What was acknowledged before `new_primary_us`
 * on the slots in trouble, servers may have lost; 0: they may have lost nothing. */
load_truth load_truth_of(const load *self, rediscluster_client *reader, int64_t new_primary_us);

void load_free(load *self);

#endif
