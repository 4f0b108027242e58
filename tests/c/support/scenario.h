/* Trouble that a cluster of 3 + 3 real servers gets into while threads call through one client, and what they saw. */
#ifndef TEST_SCENARIO_H
#define TEST_SCENARIO_H

#include "load.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct scenario {
    const char *server; /* redis, valkey */
    const char *name;
    int threads;
    bool many;                  /* pipelines and MGETs across slots, too */
    int64_t pause_us;           /* of a thread between two calls */
    int64_t before_ms;          /* calls before the trouble begins */
    int64_t after_ms;           /* and after its end */
    const char *node_timeout;   /* of the cluster, in ms */
    int64_t command_timeout_ms; /* of the client, and so on; longer under a tool */
    int64_t socket_timeout_ms;
    const char *max_retries;
    int64_t paused_ms; /* scenario_pause: how long the primary is */
    bool is_told;      /* the client refreshes its topology after the promotion, as maintenance does; else calls find out */
    int slots;         /* scenario_move: how many are moved */
    int64_t move_ms;   /* and in what time at least */
} scenario;

typedef struct scenario_seen {
    scenario plan;
    load_calls troubled, others; /* from the beginning of the trouble on */
    load_calls before;           /* calls of both kinds before it */
    int64_t promotion_ms;        /* from its beginning to the promotion, or the end of the move */
    int64_t answer_ms;           /* from the promotion to the first answer of the new primary; -1: none */
    int64_t well_ms;             /* from the promotion to the end of the last call that failed or was slow; 0: earlier */
    int64_t slots, nodes, shards; /* CLUSTER SLOTS, NODES and SHARDS that the servers were asked; -1: not known */
    int64_t refreshes, suppressed, moved, asked; /* by the pool's statistics */
    int64_t machine_us;          /* what a thread overslept, or waited for a PING to a node that is well */
    char error[LOAD_ERROR]; /* the message of a call that failed; "" if none did */
    load_truth truth;
    bool is_failover, is_orderly; /* orderly: no call may fail, and no write may be lost */
} scenario_seen;

/* kill -9 of a primary; its replica is promoted. */
void scenario_kill(const scenario *plan, scenario_seen *seen);

/* A primary is stopped (SIGSTOP) for `paused_ms` while its replica is promoted, and goes on. */
void scenario_pause(const scenario *plan, scenario_seen *seen);

/* Slots move with their keys from one primary to another, one after another. */
void scenario_move(const scenario *plan, scenario_seen *seen);

/* A primary that was killed, and has been replaced, comes back as a replica, with nothing in its memory. */
void scenario_restart(const scenario *plan, scenario_seen *seen);

/* CLUSTER FAILOVER: a primary hands over to its replica, which redirects tell. */
void scenario_handover(const scenario *plan, scenario_seen *seen);

/* Tells each promise that was broken, a line each; how many. */
int scenario_broken(const scenario_seen *seen, FILE *to);

/* Whether to tell what is going on, on standard error. */
extern bool scenario_talks;

#endif
