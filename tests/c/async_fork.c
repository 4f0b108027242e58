/* ctest: cluster
 *
 * A forked child goes on with an asynchronous handle it inherits: what was in flight completes there with FORKED, the
 * descriptor is the same, connections are the child's own; the parent's replies are the parent's. A child that does
 * nothing, or only frees it, does no harm. With another thread inside a call at the fork it gives FORKED. */
#define _POSIX_C_SOURCE 200809L

#include "asyncs.h"
#include "children.h"
#include "cluster.h"
#include "pools.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { IN_FLIGHT = 200 };

struct shared {
    rediscluster_client *client;
    rediscluster_async *loop;
    int fd;
};

static bool is_readable(int fd, int ms)
{
    struct pollfd waited = {.fd = fd, .events = POLLIN, .revents = 0};
    return poll(&waited, 1, ms) == 1;
}

static void uses(void *argument)
{
    struct shared *shared = argument;
    char seen[IN_FLIGHT + 1] = {0};
    CHECK_INT(rediscluster_async_fd(shared->loop), shared->fd);
    CHECK(is_readable(shared->fd, 10000));
    for (int i = 0; i <= IN_FLIGHT; i++) {
        rediscluster_completion completion = async_next(shared->loop);
        CHECK_INT(rediscluster_error_status(completion.error), REDISCLUSTER_ERROR_FORKED);
        CHECK(completion.tag <= IN_FLIGHT && !seen[completion.tag]);
        seen[completion.tag] = 1;
        rediscluster_error_free(completion.error);
    }
    for (int i = 0; i < 20; i++) {
        async_expect(shared->loop, "PONG", "PING", NULL);
        async_expect(shared->loop, "nil", "GET", "async:fork:none", NULL);
    }
    rediscluster_async_free(shared->loop);
    rediscluster_client_free(shared->client);
}

static void frees(void *argument)
{
    struct shared *shared = argument;
    rediscluster_async_free(shared->loop);
    rediscluster_client_free(shared->client);
}

static void nothing(void *argument)
{
    (void)argument;
}

static atomic_bool inside;

static void *waits(void *argument)
{
    struct shared *shared = argument;
    rediscluster_error *error = NULL;
    size_t count = 0;
    atomic_store(&inside, true);
    CHECK_OK(rediscluster_async_poll(shared->loop, NULL, 0, 1000, &count, &error), error);
    return NULL;
}

static void is_forked(void *argument)
{
    struct shared *shared = argument;
    rediscluster_error *error = NULL;
    rediscluster_completion completion;
    size_t count;
    CHECK_STATUS(rediscluster_async_poll(shared->loop, &completion, 1, 0, &count, &error), REDISCLUSTER_ERROR_FORKED, error);
    async_refuses(shared->loop, REDISCLUSTER_ERROR_FORKED, "PING", NULL);
    CHECK_INT(rediscluster_async_next_timeout(shared->loop), -1);
    rediscluster_async_free(shared->loop);
}

static void submit_all(struct shared *shared)
{
    char key[40];
    for (int i = 0; i < IN_FLIGHT; i++) {
        snprintf(key, sizeof key, "async:fork:%d", i % 50);
        async_submit(shared->loop, (uint64_t)i, command_of("SET", key, "value", NULL));
    }
    async_submit(shared->loop, IN_FLIGHT, command_of("MGET", "async:fork:1", "async:fork:2", NULL));
}

static void take_all(struct shared *shared)
{
    for (int i = 0; i <= IN_FLIGHT; i++) {
        rediscluster_completion completion = async_next(shared->loop);
        CHECK(completion.error == NULL);
        rediscluster_reply_free(completion.reply);
    }
}

int main(void)
{
    cluster *servers = cluster_shared();
    struct shared shared;
    rediscluster_error *error = NULL;
    pthread_t thread;
    size_t count;
    shared.client = client_of(cluster_addresses(servers), NULL);
    shared.loop = async_of(shared.client);
    shared.fd = rediscluster_async_fd(shared.loop);
    async_expect(shared.loop, "PONG", "PING", NULL);
    for (int round = 0; round < 6; round++) {
        submit_all(&shared);
        /* Now and then all is sent before, and some is answered. */
        if (round % 2)
            CHECK_OK(rediscluster_async_poll(shared.loop, NULL, 0, 0, &count, &error), error);
        child_run(round % 3 == 0 ? uses : round % 3 == 1 ? frees : nothing, &shared, CHILD_EXIT);
        take_all(&shared);
        async_expect(shared.loop, "value", "GET", "async:fork:7", NULL);
    }
    CHECK_INT(pthread_create(&thread, NULL, waits, &shared), 0);
    WAIT_UNTIL(atomic_load(&inside), 10000);
    while (rediscluster_async_next_timeout(shared.loop) != -1 || rediscluster_async_cancel(shared.loop, 77, NULL) == REDISCLUSTER_OK)
        clock_sleep_ms(1);
    child_run(is_forked, &shared, CHILD_EXIT);
    pthread_join(thread, NULL);
    async_expect(shared.loop, "value", "GET", "async:fork:7", NULL);
    rediscluster_async_free(shared.loop);
    rediscluster_client_free(shared.client);
    cluster_stop(servers);
    return 0;
}
