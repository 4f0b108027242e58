/* hiredis WORKLOAD COUNT HOST:PORT: the same with Debian's hiredis, on one connection to one node. */
#include <hiredis/hiredis.h>

#include "workload.h"

static redisReply *run(redisContext *context, const char *workload)
{
    if (strcmp(workload, "lrange") == 0)
        return redisCommand(context, "LRANGE %s 0 -1", LIST_KEY);
    return redisCommand(context, "GET %s", strcmp(workload, "large") == 0 ? LARGE_KEY : SMALL_KEY);
}

int main(int argc, char **argv)
{
    must(argc == 4, "usage: hiredis WORKLOAD COUNT HOST:PORT");
    const char *workload = argv[1];
    long count = atol(argv[2]);
    char *colon = strrchr(argv[3], ':');
    must(colon != NULL, "HOST:PORT");
    *colon = '\0';
    redisContext *context = redisConnect(argv[3], atoi(colon + 1));
    must(context != NULL && context->err == 0, "connect");
    freeReplyObject(run(context, "get"));
    freeReplyObject(run(context, "lrange"));
    double wall_begin = wall(), cpu_begin = cpu();
    for (long i = 0; i < count; i++) {
        redisReply *reply = run(context, workload);
        must(reply != NULL && (reply->type == REDIS_REPLY_STRING || reply->elements == ELEMENTS), workload);
        freeReplyObject(reply);
    }
    report(wall_begin, cpu_begin, count);
    redisFree(context);
    return 0;
}
