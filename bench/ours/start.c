/* From nothing to the first reply, a refresh of what is known, and what a handle costs. */
#include <malloc.h>

#include "ours.h"

static void first(rediscluster_client *on)
{
    rediscluster_reply *reply;
    rediscluster_error *error = NULL;
    size_t length;
    check(rediscluster_client_command(on, REDISCLUSTER_ARGS("GET", SMALL_KEY), &reply, &error), error, "GET");
    must(rediscluster_reply_bytes(reply, &length) != NULL && length == SMALL, "the first reply");
    rediscluster_reply_free(reply);
}

void start(long count)
{
    for (; count > 0; count--) {
        rediscluster_client *made = opened();
        first(made);
        rediscluster_client_free(made);
    }
}

void refresh(long count)
{
    rediscluster_error *error = NULL;
    rediscluster_pool *pool = rediscluster_client_pool(client);
    for (; count > 0; count--)
        check(rediscluster_pool_refresh(pool, REDISCLUSTER_TIMEOUT_DEFAULT, &error), error, "refresh");
}

/* Bytes of heap a handle that has served a command, of `count`. One was there before: what a process has once is made. */
void heap(long count)
{
    static rediscluster_client *handles[64];
    must(count > 0 && count < 64, "between 1 and 63 handles");
    handles[0] = opened();
    first(handles[0]);
    struct mallinfo2 before = mallinfo2();
    for (long i = 1; i <= count; i++) {
        handles[i] = opened();
        first(handles[i]);
    }
    struct mallinfo2 after = mallinfo2();
    printf("heap %.0f\n", (double)(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) / (double)count);
    for (long i = 0; i <= count; i++)
        rediscluster_client_free(handles[i]);
}
