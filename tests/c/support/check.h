/* Checks of calls of the library. A test is a program: it ends with 0, or at its first failure. */
#ifndef TEST_CHECK_H
#define TEST_CHECK_H

#include <rediscluster.h>

#include "clock.h"
#include "fail.h"

#include <stddef.h>

/*
 * The call gives this status. `error` is the rediscluster_error pointer that the call was handed the
 * address of: its message is told when the status is another, a success must leave it NULL, a failure
 * must set it; it is freed, and NULL again afterwards.
 *
 *     rediscluster_error *error = NULL;
 *     CHECK_STATUS(rediscluster_pool_new(options, &pool, &error), REDISCLUSTER_OK, error);
 */
#define CHECK_STATUS(call, expected, error)                                                        \
    do {                                                                                           \
        CHECK_FAILS(call, expected, error);                                                        \
        rediscluster_error_free(error);                                                            \
        (error) = NULL;                                                                            \
    } while (0)

/* Like CHECK_STATUS, but keeps the error for further questions: the caller frees it. */
#define CHECK_FAILS(call, expected, error)                                                         \
    do {                                                                                           \
        int32_t status_ = (int32_t)(call), expected_ = (int32_t)(expected);                        \
        if (status_ != expected_)                                                                  \
            check_fail(__FILE__, __LINE__, "%s gave %s, not %s: %s", #call,                        \
                       rediscluster_status_name(status_), rediscluster_status_name(expected_),     \
                       rediscluster_error_message(error));                                         \
        if ((status_ != 0) != ((error) != NULL))                                                   \
            check_fail(__FILE__, __LINE__, "%s gave %s and %s error object", #call,                \
                       rediscluster_status_name(status_), (error) != NULL ? "an" : "no");          \
    } while (0)

/* The call gives REDISCLUSTER_OK. */
#define CHECK_OK(call, error) CHECK_STATUS(call, 0, error)

#endif
