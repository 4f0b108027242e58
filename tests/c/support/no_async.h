/* What stands for the asynchronous handle where rediscluster.h has none: nothing calls it, for CMake registers no test
 * by that driver then. */
#ifndef TEST_NO_ASYNC_H
#define TEST_NO_ASYNC_H

#include "check.h"

typedef struct rediscluster_async rediscluster_async;

typedef struct rediscluster_completion {
    uint64_t tag;
    rediscluster_reply *reply;
    rediscluster_error *error;
} rediscluster_completion;

rediscluster_status rediscluster_async_new(rediscluster_client *client, rediscluster_async **out,
                                           rediscluster_error **error);
rediscluster_status rediscluster_async_submit(rediscluster_async *async, const rediscluster_command *command,
                                              uint64_t tag, rediscluster_error **error);
rediscluster_status rediscluster_async_poll(rediscluster_async *async, rediscluster_completion *completions,
                                            size_t max, int64_t timeout_ms, size_t *count, rediscluster_error **error);
rediscluster_status rediscluster_async_cancel(rediscluster_async *async, uint64_t tag, rediscluster_error **error);
void rediscluster_async_free(rediscluster_async *async);

#endif
