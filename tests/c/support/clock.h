/* The monotonic clock, in milliseconds and microseconds. */
#ifndef TEST_CLOCK_H
#define TEST_CLOCK_H

#include <stdint.h>

#include "fail.h"

/* Milliseconds since some fixed moment. */
int64_t clock_ms(void);

/* The same in microseconds. */
int64_t clock_us(void);

/* Sleeps. For the pace of a loop that waits for a state, not instead of such a loop. */
void clock_sleep_ms(int64_t ms);

/* Waits until the condition holds, looking every 5 ms; the test fails if it does not in time. */
#define WAIT_UNTIL(condition, timeout_ms)                                                          \
    do {                                                                                           \
        int64_t wait_end_ = clock_ms() + (timeout_ms);                                             \
        while (!(condition)) {                                                                     \
            if (clock_ms() > wait_end_)                                                            \
                check_fail(__FILE__, __LINE__, "not within %ld ms: %s", (long)(timeout_ms),        \
                           #condition);                                                            \
            clock_sleep_ms(5);                                                                     \
        }                                                                                          \
    } while (0)

#endif
