/* A forked child goes on with a subscriber it inherits: it subscribes anew on connections of its own, tells a gap of each, and
 * has the descriptor under the same number; the parent's connections, its descriptor and what it holds stay as they are. A
 * child that does nothing, or only frees it, does no harm. With another thread inside a call at the fork it gives FORKED.
 * ctest: cluster */
#define _POSIX_C_SOURCE 200809L

#include "children.h"
#include "cluster.h"
#include "descriptors.h"
#include "pools.h"
#include "subscribers.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

enum { CHANNEL = REDISCLUSTER_SUBSCRIPTION_CHANNEL, SHARD = REDISCLUSTER_SUBSCRIPTION_SHARD };

struct shared {
    rediscluster_client *client;
    rediscluster_subscriber *subscriber;
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
    int gaps = 0;
    CHECK_INT(rediscluster_subscriber_fd(shared->subscriber), shared->fd);
    CHECK(is_readable(shared->fd, 10000));
    while (gaps < 2) {
        rediscluster_message *message = next(shared->subscriber);
        CHECK_INT(rediscluster_message_kind(message), REDISCLUSTER_MESSAGE_GAP);
        rediscluster_message_free(message);
        gaps++;
    }
    CHECK_INT(publish(shared->client, SHARD, "shard", "of the child"), 2);
    CHECK(is_readable(shared->fd, 10000));
    next_is(shared->subscriber, SHARD, "shard", "of the child");
    nothing_for(shared->subscriber, 20);
    rediscluster_subscriber_free(shared->subscriber);
    rediscluster_client_free(shared->client);
}

static void frees(void *argument)
{
    struct shared *shared = argument;
    rediscluster_subscriber_free(shared->subscriber);
    rediscluster_client_free(shared->client);
}

static void nothing(void *argument)
{
    (void)argument;
}

static void *waits(void *argument)
{
    struct shared *shared = argument;
    rediscluster_message *message = NULL;
    CHECK_INT(rediscluster_subscriber_next(shared->subscriber, -1, &message, NULL), REDISCLUSTER_ERROR_CANCELLED);
    return NULL;
}

static void is_forked(void *argument)
{
    struct shared *shared = argument;
    rediscluster_message *message = NULL;
    rediscluster_error *error = NULL;
    CHECK_STATUS(rediscluster_subscriber_next(shared->subscriber, 0, &message, &error), REDISCLUSTER_ERROR_FORKED, error);
    CHECK_INT(rediscluster_subscriber_fd(shared->subscriber), -1);
}

int main(void)
{
    cluster *servers = cluster_shared();
    struct shared shared;
    rediscluster_error *error = NULL;
    rediscluster_message *message = NULL;
    pthread_t thread;
    int descriptors;
    shared.client = client_of(cluster_addresses(servers), NULL);
    shared.subscriber = subscriber_of(shared.client);
    shared.fd = rediscluster_subscriber_fd(shared.subscriber);
    subscribe(shared.subscriber, CHANNEL, "forked channel");
    subscribe(shared.subscriber, SHARD, "shard");
    publish(shared.client, SHARD, "shard", "before");
    descriptors = descriptors_open();
    for (int round = 0; round < 3; round++) {
        next_is(shared.subscriber, SHARD, "shard", round ? "between" : "before");
        child_run(uses, &shared, round == 1 ? CHILD_EXIT : CHILD_EXIT_NOW);
        next_is(shared.subscriber, SHARD, "shard", "of the child");
        child_run(frees, &shared, CHILD_EXIT);
        child_run(nothing, &shared, CHILD_EXIT_NOW);
        nothing_for(shared.subscriber, 20);
        CHECK_INT(publish(shared.client, SHARD, "shard", "between"), 1);
        CHECK(is_readable(shared.fd, 10000));
    }
    CHECK_INT(descriptors_open(), descriptors);
    next_is(shared.subscriber, SHARD, "shard", "between");

    CHECK_INT(pthread_create(&thread, NULL, waits, &shared), 0);
    while (rediscluster_subscriber_next(shared.subscriber, 0, &message, NULL) == REDISCLUSTER_ERROR_TIMEOUT)
        clock_sleep_ms(1);
    CHECK_STATUS(rediscluster_subscriber_next(shared.subscriber, 0, &message, &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT,
                 error);
    child_run(is_forked, &shared, CHILD_EXIT_NOW);
    CHECK_OK(rediscluster_subscriber_interrupt(shared.subscriber, &error), error);
    CHECK_INT(pthread_join(thread, NULL), 0);
    nothing_for(shared.subscriber, 0);
    rediscluster_subscriber_free(shared.subscriber);
    rediscluster_client_free(shared.client);
    cluster_stop(servers);
    return 0;
}
