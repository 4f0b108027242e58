/* ctest: cluster
 *
 * 1,000 commands in flight over all nodes, each with a value of its own, by a program that waits on the descriptor alone:
 * not one wrong reply. A burst beyond what one call takes stays for the next, and the descriptor stays readable.
 * Commands of one slot run in their order. */
#define _POSIX_C_SOURCE 200809L

#include "asyncs.h"
#include "cluster.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IN_FLIGHT = 1000, ALL = 40000, MOST = 64 };

static rediscluster_async *loop;
static int fd;

static bool is_readable(int timeout_ms)
{
    struct pollfd waited = {.fd = fd, .events = POLLIN, .revents = 0};
    return poll(&waited, 1, timeout_ms) == 1;
}

/* Waits on the descriptor alone, and takes what there is. */
static size_t take(rediscluster_completion *completions, size_t max)
{
    rediscluster_error *error = NULL;
    size_t count = 0;
    for (int64_t end = clock_ms() + 60000; count == 0;) {
        CHECK(clock_ms() < end);
        CHECK(is_readable(60000));
        CHECK_OK(rediscluster_async_poll(loop, completions, max, 0, &count, &error), error);
    }
    CHECK(count <= max);
    return count;
}

static void submit_numbered(uint64_t number)
{
    char key[40], value[40];
    snprintf(key, sizeof key, "many:%u", (unsigned)(number % IN_FLIGHT));
    snprintf(value, sizeof value, "%llu:value", (unsigned long long)number);
    /* Each key's SET, then its GET: pairs of one slot, in order. */
    async_submit(loop, 2 * number, command_of("SET", key, value, NULL));
    async_submit(loop, 2 * number + 1, command_of("GET", key, NULL));
}

static void unique_values(void)
{
    static rediscluster_completion completions[MOST];
    uint64_t submitted = 0, done = 0;
    while (done < 2 * ALL) {
        size_t count;
        while (submitted < ALL && 2 * submitted - done < IN_FLIGHT)
            submit_numbered(submitted++);
        count = take(completions, MOST);
        for (size_t i = 0; i < count; i++) {
            char value[40];
            CHECK(completions[i].error == NULL);
            CHECK(completions[i].tag < 2 * submitted);
            snprintf(value, sizeof value, "%llu:value", (unsigned long long)(completions[i].tag / 2));
            reply_is(completions[i].reply, completions[i].tag % 2 ? value : "OK");
            rediscluster_reply_free(completions[i].reply);
        }
        done += count;
    }
    CHECK_INT(done, 2 * ALL);
}

static void a_burst_stays(void)
{
    rediscluster_completion completions[7];
    size_t taken = 0, calls = 0;
    for (int i = 0; i < 100; i++)
        async_submit(loop, (uint64_t)i, command_of("INCR", "many:{order}", NULL));
    /* In the order of their slot. */
    while (taken < 100) {
        size_t count = take(completions, 7);
        calls++;
        for (size_t i = 0; i < count; i++, taken++) {
            CHECK_INT(completions[i].tag, taken);
            CHECK_INT(rediscluster_reply_integer(completions[i].reply), taken + 1);
            rediscluster_reply_free(completions[i].reply);
        }
        if (taken < 100 && count == 7 && calls > 1)
            CHECK(is_readable(10000));
    }
    CHECK(calls >= 15);
    async_submit(loop, 0, command_of("DEL", "many:{order}", NULL));
    CHECK(take(completions, 7) == 1);
    rediscluster_reply_free(completions[0].reply);
}

static void large(void)
{
    static char text[3 * 1024 * 1024 + 1];
    rediscluster_completion completions[2];
    memset(text, 'x', sizeof text - 1);
    for (unsigned i = 0; i < 6; i++) {
        char key[40];
        snprintf(key, sizeof key, "many:large:%u", i);
        async_submit(loop, i, command_of("SET", key, text, NULL));
        async_submit(loop, 10 + i, command_of("GET", key, NULL));
        async_submit(loop, 20 + i, command_of("DEL", key, NULL));
    }
    for (size_t taken = 0; taken < 18;) {
        size_t count = take(completions, 2);
        for (size_t i = 0; i < count; i++, taken++) {
            size_t len = 0;
            const uint8_t *bytes = rediscluster_reply_bytes(completions[i].reply, &len);
            if (completions[i].tag >= 10 && completions[i].tag < 20)
                CHECK(len == sizeof text - 1 && memcmp(bytes, text, len) == 0);
            rediscluster_reply_free(completions[i].reply);
        }
    }
}

int main(void)
{
    cluster *servers = cluster_shared();
    rediscluster_client *client = client_of(cluster_addresses(servers), NULL);
    loop = async_of(client);
    fd = rediscluster_async_fd(loop);
    CHECK(fd >= 0 && !is_readable(0));
    unique_values();
    a_burst_stays();
    large();
    CHECK_INT(rediscluster_async_fd(loop), fd);
    /* One connection a node. */
    CHECK_BETWEEN(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 1, 3);
    rediscluster_async_free(loop);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    rediscluster_client_free(client);
    cluster_stop(servers);
    return 0;
}
