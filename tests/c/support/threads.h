/* Threads of a test. */
#ifndef TEST_THREADS_H
#define TEST_THREADS_H

#include "fail.h"

#include <pthread.h>

/* The most that threads_run takes. */
#define THREADS_MOST 256

/* Runs `work` in `count` threads, each with its own number from 0 behind the shared pointer, lets
 * them begin together, and returns when all have ended. */
void threads_run(int count, void (*work)(void *shared, int number), void *shared);

#endif
