/* A reader slower than the messages: no more than max_in_flight are held, then nothing is received until some are taken, so
 * memory does not grow; all that was sent before the server ended the connection comes in order, then a gap, then the rest. */
#include "descriptors.h"
#include "fake_node.h"
#include "pools.h"
#include "subscribers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLOOD = 200000 };

int main(void)
{
    fake_node *fake = fake_node_start("log off\n"
                                      "node *\n"
                                      "handshake\n"
                                      "once on SUBSCRIBE flood => push subscribe flood 1; repeat 200000 "
                                      "send \">3\\r\\n$7\\r\\nmessage\\r\\n$5\\r\\nflood\\r\\n$4\\r\\ntext\\r\\n\"; close\n"
                                      "on SUBSCRIBE flood => push subscribe flood 1; push message flood again\n"
                                      "on SUBSCRIBE many => push subscribe many 1; repeat 1000 push message many text\n"
                                      "on SUBSCRIBE * => push subscribe $arg1 1\n"
                                      "topology 0-16383=1");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), "max_in_flight", "100", NULL);
    rediscluster_subscriber *subscriber = subscriber_of(client);
    rediscluster_error *error = NULL;
    long before;
    int count;
    subscribe(subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "flood");
    before = resident_kib();
    for (int i = 0; i < 50; i++) {
        next_is(subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "flood", "text");
        clock_sleep_ms(6);
    }
    if (!test_is_sanitized() && !test_is_under_valgrind())
        CHECK(resident_kib() - before < 4096);
    count = 50 + take_until_gap(subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "flood");
    CHECK_INT(count, FLOOD);
    next_is(subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "flood", "again");

    /* A full subscriber receives no confirmation either: that is said at once. The subscription stays asked for. */
    subscribe(subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "many");
    CHECK_STATUS(rediscluster_subscriber_subscribe(subscriber, (const uint8_t *)"other", 5, 20000, &error),
                 REDISCLUSTER_ERROR_LIMIT, error);
    for (int i = 0; i < 1000; i++)
        next_is(subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "many", "text");
    subscribe(subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "other");
    CHECK_INT(fake_node_count(fake, "SUBSCRIBE"), 4);
    rediscluster_subscriber_free(subscriber);
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
