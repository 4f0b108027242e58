/* rediscluster_subscriber_interrupt, from another thread, ends a wait for messages and one for a confirmation with CANCELLED
 * at once, and without either the next call; the subscriptions stay. */
#include "fake_node.h"
#include "pools.h"
#include "subscribers.h"
#include "threads.h"

struct shared {
    rediscluster_subscriber *subscriber;
    int what;
};

static void work(void *argument, int number)
{
    struct shared *shared = argument;
    rediscluster_message *message = NULL;
    rediscluster_error *error = NULL;
    if (number == 1) {
        clock_sleep_ms(shared->what == 2 ? 0 : 50);
        CHECK_OK(rediscluster_subscriber_interrupt(shared->subscriber, &error), error);
    } else if (shared->what == 1) {
        CHECK_STATUS(rediscluster_subscriber_subscribe(shared->subscriber, (const uint8_t *)"hangs", 5, -1, &error),
                     REDISCLUSTER_ERROR_CANCELLED, error);
    } else {
        if (shared->what == 2)
            clock_sleep_ms(50);
        CHECK_STATUS(rediscluster_subscriber_next(shared->subscriber, 60000, &message, &error),
                     REDISCLUSTER_ERROR_CANCELLED, error);
    }
}

int main(void)
{
    fake_node *fake = fake_node_start("node 1\nhandshake\non SUBSCRIBE hangs => silent\n"
                                      "on SUBSCRIBE * => push subscribe $arg1 1\ntopology 0-16383=1");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), "socket_timeout", "60000", NULL);
    struct shared shared = {.subscriber = subscriber_of(client), .what = 0};
    subscribe(shared.subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "c");
    for (shared.what = 0; shared.what < 3; shared.what++) {
        int64_t begun = clock_ms();
        threads_run(2, work, &shared);
        CHECK(clock_ms() - begun < 5000 * test_patience());
    }
    fake_node_control(fake, "send 1 \">3\\r\\n+message\\r\\n+c\\r\\n+text\\r\\n\"");
    next_is(shared.subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "c", "text");
    nothing_for(shared.subscriber, 10);
    rediscluster_subscriber_free(shared.subscriber);
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
