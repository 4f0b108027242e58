/* NULL for each parameter, names that are too long, timeouts that mean nothing, a pool that is closed, a timeout that says
 * what the trouble is, and subscribers that outlive their client or are never used. */
#include "fake_node.h"
#include "pools.h"
#include "subscribers.h"

#include <string.h>

static rediscluster_error *error;

#define REFUSED(call) CHECK_STATUS(call, REDISCLUSTER_ERROR_INVALID_ARGUMENT, error)

int main(void)
{
    fake_node *fake = fake_node_start("node 1\nhandshake\non SUBSCRIBE hangs => silent\n"
                                      "on SUBSCRIBE * => push subscribe $arg1 1\ntopology 0-16383=1");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    rediscluster_subscriber *subscriber = NULL, *unused = subscriber_of(client);
    rediscluster_message *message = NULL;
    const uint8_t *c = (const uint8_t *)"c";
    size_t len = 7;

    REFUSED(rediscluster_subscriber_new(NULL, &subscriber, &error));
    REFUSED(rediscluster_subscriber_new(client, NULL, &error));
    CHECK_INT(rediscluster_subscriber_new(NULL, NULL, NULL), REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    subscriber = subscriber_of(client);

    REFUSED(rediscluster_subscriber_subscribe(NULL, c, 1, 0, &error));
    REFUSED(rediscluster_subscriber_psubscribe(NULL, c, 1, 0, &error));
    REFUSED(rediscluster_subscriber_ssubscribe(NULL, c, 1, 0, &error));
    REFUSED(rediscluster_subscriber_unsubscribe(NULL, c, 1, &error));
    REFUSED(rediscluster_subscriber_punsubscribe(NULL, c, 1, &error));
    REFUSED(rediscluster_subscriber_sunsubscribe(NULL, c, 1, &error));
    REFUSED(rediscluster_subscriber_subscribe(subscriber, NULL, 1, 0, &error));
    REFUSED(rediscluster_subscriber_psubscribe(subscriber, NULL, 1, 0, &error));
    REFUSED(rediscluster_subscriber_ssubscribe(subscriber, NULL, 1, 0, &error));
    REFUSED(rediscluster_subscriber_unsubscribe(subscriber, NULL, 1, &error));
    REFUSED(rediscluster_subscriber_subscribe(subscriber, c, 1, -3, &error));
    REFUSED(rediscluster_subscriber_subscribe(subscriber, c, ((size_t)512 << 20) + 1, 0, &error));
    REFUSED(rediscluster_subscriber_subscribe(subscriber, c, (size_t)-1, 0, &error));
    REFUSED(rediscluster_subscriber_next(NULL, 0, &message, &error));
    REFUSED(rediscluster_subscriber_next(subscriber, 0, NULL, &error));
    REFUSED(rediscluster_subscriber_next(subscriber, -3, &message, &error));
    REFUSED(rediscluster_subscriber_interrupt(NULL, &error));
    REFUSED(rediscluster_message_check(NULL, &error));
    CHECK_INT(rediscluster_subscriber_fd(NULL), -1);
    CHECK_INT(rediscluster_message_kind(NULL), REDISCLUSTER_MESSAGE_NONE);
    CHECK_INT(rediscluster_message_subscription(NULL), REDISCLUSTER_SUBSCRIPTION_CHANNEL);
    CHECK(rediscluster_message_channel(NULL, &len) == NULL && len == 0);
    CHECK(rediscluster_message_pattern(NULL, NULL) == NULL);
    CHECK(rediscluster_message_payload(NULL, &len) == NULL);
    CHECK_STR(rediscluster_message_node(NULL), "");
    rediscluster_message_free(NULL);
    rediscluster_subscriber_free(NULL);

    /* Nothing was noted of all that. */
    nothing_for(subscriber, 0);
    nothing_for(subscriber, 20);
    CHECK_INT(fake_node_connections_of(fake, 1).open, 0);
    CHECK_OK(rediscluster_subscriber_unsubscribe(subscriber, NULL, 0, &error), error);

    /* A confirmation that does not come. */
    CHECK_FAILS(rediscluster_subscriber_subscribe(subscriber, (const uint8_t *)"hangs", 5, 50, &error),
                REDISCLUSTER_ERROR_TIMEOUT, error);
    CHECK_CONTAINS(rediscluster_error_message(error), "stays asked for");
    rediscluster_error_free(error);
    error = NULL;

    CHECK_OK(rediscluster_subscriber_unsubscribe(subscriber, (const uint8_t *)"hangs", 5, &error), error);

    /* A node that is not there: the timeout says so. */
    fake_node_control(fake, "kill 1");
    CHECK_FAILS(rediscluster_subscriber_subscribe(subscriber, c, 1, 300, &error), REDISCLUSTER_ERROR_TIMEOUT, error);
    CHECK_CONTAINS(rediscluster_error_message(error), "refused");
    rediscluster_error_free(error);
    error = NULL;
    CHECK_FAILS(rediscluster_subscriber_next(subscriber, 100, &message, &error), REDISCLUSTER_ERROR_TIMEOUT, error);
    CHECK_CONTAINS(rediscluster_error_message(error), "refused");
    rediscluster_error_free(error);
    error = NULL;
    fake_node_control(fake, "revive 1");
    subscribe(subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "c");
    /* It was not confirmed before: there is no gap. */
    nothing_for(subscriber, 20);

    /* What was received is given out of a closed pool, too. */
    fake_node_control(fake, "send 1 \">3\\r\\n+message\\r\\n+c\\r\\n+last\\r\\n\"");
    next_is(subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "c", "last");
    CHECK_OK(rediscluster_pool_close(rediscluster_client_pool(client), &error), error);
    CHECK_STATUS(rediscluster_subscriber_subscribe(subscriber, (const uint8_t *)"d", 1, 1000, &error),
                 REDISCLUSTER_ERROR_CLOSED, error);
    rediscluster_client_free(client);
    rediscluster_subscriber_free(unused);
    rediscluster_subscriber_free(subscriber);
    fake_node_stop(fake);
    return 0;
}
