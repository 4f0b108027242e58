/* Large values and many elements. */
#include "ours.h"

static char *value(void)
{
    static char *bytes;
    if (bytes == NULL) {
        /* The end of the line that follows a value has room behind it: without that it takes a receive of its own. */
        bytes = malloc(LARGE + 2);
        must(bytes != NULL, "memory");
        memset(bytes, 'x', LARGE + 2);
    }
    return bytes;
}

static rediscluster_reply *command(size_t argc, const char *const *argv, const size_t *lengths)
{
    rediscluster_reply *reply;
    rediscluster_error *error = NULL;
    check(rediscluster_client_command(client, argc, argv, lengths, &reply, &error), error, argv[0]);
    return reply;
}

void large_get(long count)
{
    for (; count > 0; count--) {
        size_t length;
        rediscluster_reply *reply = command(REDISCLUSTER_ARGS("GET", LARGE_KEY));
        must(rediscluster_reply_bytes(reply, &length) != NULL && length == LARGE, "the reply to GET");
        rediscluster_reply_free(reply);
    }
}

void large_set(long count)
{
    const char *const argv[] = {"SET", LARGE_KEY, value()};
    const size_t lengths[] = {3, strlen(LARGE_KEY), LARGE};
    for (; count > 0; count--) {
        rediscluster_reply *reply = command(3, argv, lengths);
        must(rediscluster_reply_kind(reply) == REDISCLUSTER_REPLY_STATUS, "the reply to SET");
        rediscluster_reply_free(reply);
    }
}

void large_get_into(long count)
{
#ifdef HAVE_GET_INTO
    for (; count > 0; count--) {
        int64_t length;
        rediscluster_error *error = NULL;
        check(rediscluster_client_get_into(client, LARGE_KEY, strlen(LARGE_KEY), value(), LARGE + 2, &length, &error), error, "get_into");
        must(length == LARGE, "the value's length");
    }
#else
    (void)count;
    must(0, "this library has no rediscluster_client_get_into");
#endif
}

/* The most memory above what the program had before, in values: with the connections there, and the caller's own
 * buffer, where it has one, among what was there. */
void peaks(const char *workload, long count)
{
    single(PIPELINE);
    if (strcmp(workload, "large-get") != 0)
        value();
    reset_peak();
    double before = peak();
    if (strcmp(workload, "large-get") == 0)
        large_get(count);
    else if (strcmp(workload, "large-get-into") == 0)
        large_get_into(count);
    else
        large_set(count);
    printf("peak %.3f\n", (peak() - before) / LARGE);
}

/* LRANGE and HGETALL are of one node; MGET in TAGS slots, mget-wide in as many as there are keys. */
void elements(const char *workload, long count)
{
    static const char *words[1 + KEYS];
    static char keys[KEYS][32];
    int is_wide = strcmp(workload, "mget-wide") == 0, is_mget = is_wide || strcmp(workload, "mget") == 0;
    must(is_mget || strcmp(workload, "lrange") == 0 || strcmp(workload, "hgetall") == 0, "no such workload");
    words[0] = "MGET";
    for (int i = 0; is_mget && i < KEYS; i++) {
        (is_wide ? key_name : tagged_name)(keys[i], i);
        words[1 + i] = keys[i];
    }
    for (; count > 0; count--) {
        rediscluster_reply *reply;
        if (is_mget)
            reply = command(1 + KEYS, words, NULL);
        else if (strcmp(workload, "lrange") == 0)
            reply = command(REDISCLUSTER_ARGS("LRANGE", LIST_KEY, "0", "-1"));
        else
            reply = command(REDISCLUSTER_ARGS("HGETALL", HASH_KEY));
        must(rediscluster_reply_count(reply) == ELEMENTS, "the elements of the reply");
        rediscluster_reply_free(reply);
    }
}
