/* A node that falls silent without closing is noticed: after socket_timeout it is sent PING, after as long again without an
 * answer the subscription is made anew, elsewhere for a channel, and a gap is told. One that sends messages is not asked. */
#include "fake_node.h"
#include "pools.h"
#include "subscribers.h"

#include <stdlib.h>
#include <string.h>

int main(void)
{
    fake_node *fake = fake_node_start("node *\n"
                                      "on PING => silent\n"
                                      "handshake\n"
                                      "on SUBSCRIBE * => push subscribe $arg1 1\n"
                                      "topology 0-8191=1 8192-16383=2");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), "socket_timeout", "1000", NULL);
    rediscluster_subscriber *subscriber = subscriber_of(client);
    int64_t begun = clock_ms();
    int node;
    subscribe(subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "c");
    node = fake_node_count_on(fake, 1, "SUBSCRIBE") ? 1 : 2;
    while (clock_ms() < begun + 3500) {
        fake_node_control(fake, "send %d \">3\\r\\n+message\\r\\n+c\\r\\n+alive\\r\\n\"", node);
        next_is(subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "c", "alive");
        nothing_for(subscriber, 200);
    }
    CHECK_INT(fake_node_count(fake, "PING"), 0);
    CHECK_INT(fake_node_count(fake, "SUBSCRIBE"), 1);
    begun = clock_ms();
    next_is_gap(subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "c");
    CHECK_BETWEEN(clock_ms() - begun, 1500, 5000 * test_patience());
    CHECK_INT(fake_node_count_on(fake, node, "PING"), 1);
    CHECK_INT(fake_node_count_on(fake, 3 - node, "SUBSCRIBE"), 1);
    rediscluster_subscriber_free(subscriber);
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
