/* What the threads of a load write down: between load.c, which makes calls, and load_truth.c, which looks at them. */
#ifndef TEST_LOAD_LOG_H
#define TEST_LOAD_LOG_H

#include "load.h"

#include <pthread.h>
#include <stdatomic.h>

/* Registers of a thread: half of them in the slots that trouble comes to. */
#define LOAD_REGISTERS 8

typedef struct load_call {
    int64_t began_us, ended_us;
    uint8_t status;
    bool troubled;
} load_call;

typedef enum load_fate { LOAD_ACKNOWLEDGED, LOAD_MAYBE, LOAD_REFUSED, LOAD_WRONG } load_fate;

typedef struct load_write {
    int64_t ended_us;
    uint32_t number; /* of the thread's */
    uint32_t tag;
    uint8_t fate;
    bool troubled;
} load_write;

/* A read that gave an older number than was acknowledged, and when that had been. */
typedef struct load_stale {
    int64_t acknowledged_us;
    bool troubled;
} load_stale;

/* How much longer than it should a thread slept, or waited for a node that is well. */
typedef struct load_delay {
    int64_t at_us, by_us;
} load_delay;

/* A list that grows. */
#define LOAD_LIST(type)                                                                            \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count, capacity;                                                                    \
    }

/* `number` grows with each SET. After one that may or may not have run, maybe later, another key takes its place: the
 * generation, in the upper half. */
typedef struct load_register {
    _Atomic uint64_t acknowledged;
    _Atomic int64_t acknowledged_us;
    uint32_t tag;
    uint64_t number; /* the owner's: the last that was sent */
} load_register;

typedef struct load_thread {
    load *load;
    pthread_t thread;
    int number;
    uint64_t dice;
    uint32_t writes_made;
    long reads;
    char error[LOAD_ERROR]; /* of its first call that failed */
    load_register registers[LOAD_REGISTERS];
    LOAD_LIST(load_call) calls;
    LOAD_LIST(load_write) writes;
    LOAD_LIST(load_stale) stale;
} load_thread;

#define LOAD_TAGS 512

struct load {
    load_plan plan;
    atomic_bool ends;
    load_thread *threads;
    pthread_t idler;
    LOAD_LIST(load_delay) delays;
    uint32_t tags[2][LOAD_TAGS]; /* hash tags: numbers whose slots are not in trouble, and are */
};

/* Keys have at most so many bytes with their NUL. */
#define LOAD_KEY 48

/* The key of a write. */
void load_write_key(char *key, uint32_t tag, int thread, uint32_t number);

/* The key of a thread's register. */
void load_register_key(char *key, uint32_t tag, int thread, int at, uint64_t generation);

#endif
