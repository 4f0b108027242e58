#include "fail.h"

#ifdef TEST_WITHOUT_ASYNC
#include "no_async.h"

#define MISSING check_fail(__FILE__, __LINE__, "the library has no asynchronous handle")

rediscluster_status rediscluster_async_new(rediscluster_client *client, rediscluster_async **out,
                                           rediscluster_error **error)
{
    (void)client, (void)out, (void)error;
    MISSING;
}

rediscluster_status rediscluster_async_submit(rediscluster_async *async, const rediscluster_command *command,
                                              uint64_t tag, rediscluster_error **error)
{
    (void)async, (void)command, (void)tag, (void)error;
    MISSING;
}

rediscluster_status rediscluster_async_poll(rediscluster_async *async, rediscluster_completion *completions,
                                            size_t max, int64_t timeout_ms, size_t *count, rediscluster_error **error)
{
    (void)async, (void)completions, (void)max, (void)timeout_ms, (void)count, (void)error;
    MISSING;
}

rediscluster_status rediscluster_async_cancel(rediscluster_async *async, uint64_t tag, rediscluster_error **error)
{
    (void)async, (void)tag, (void)error;
    MISSING;
}

void rediscluster_async_free(rediscluster_async *async)
{
    (void)async;
    MISSING;
}
#endif
