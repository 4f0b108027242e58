/* hiredis WORKLOAD COUNT HOST:PORT: Debian's hiredis, on one connection to one node: no cluster, no deadlines. */
#include <hiredis/hiredis.h>

#include "workload.h"

static char value[LARGE];

static redisReply *large_set(redisContext *context)
{
    const char *argv[] = {"SET", LARGE_KEY, value};
    const size_t lengths[] = {3, strlen(LARGE_KEY), LARGE};
    return redisCommandArgv(context, 3, argv, lengths);
}

static redisReply *run(redisContext *context, const char *workload, long turn)
{
    if (strcmp(workload, "single") == 0)
        return is_set(turn) ? redisCommand(context, "SET %s %b", SMALL_KEY, value, (size_t)SMALL)
                            : redisCommand(context, "GET %s", SMALL_KEY);
    if (strcmp(workload, "lrange") == 0)
        return redisCommand(context, "LRANGE %s 0 -1", LIST_KEY);
    if (strcmp(workload, "hgetall") == 0)
        return redisCommand(context, "HGETALL %s", HASH_KEY);
    if (strcmp(workload, "large-get") == 0)
        return redisCommand(context, "GET %s", LARGE_KEY);
    must(strcmp(workload, "large-set") == 0, "no such workload");
    return large_set(context);
}

static void repeat(redisContext *context, const char *workload, long count)
{
    for (long i = 0; i < count; i++) {
        redisReply *reply = run(context, workload, i);
        must(reply != NULL && (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS || reply->elements == ELEMENTS),
             workload);
        freeReplyObject(reply);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "version") == 0) {
        printf("%d.%d.%d\n", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
        return 0;
    }
    must(argc == 4, "usage: hiredis WORKLOAD COUNT HOST:PORT");
    const char *workload = argv[1];
    long count = atol(argv[2]);
    memset(value, 'x', sizeof value);
    char *colon = strrchr(argv[3], ':');
    must(colon != NULL, "HOST:PORT");
    *colon = '\0';
    redisContext *context = redisConnect(argv[3], atoi(colon + 1));
    must(context != NULL && context->err == 0, "connect");
    repeat(context, workload, 2);
    double wall_begin = wall(), cpu_begin = cpu();
    repeat(context, workload, count);
    report(wall_begin, cpu_begin, count);
    redisFree(context);
    return 0;
}
