/* Messages of channels, patterns and shard channels come in order, each once, in RESP3 and RESP2; what is unsubscribed
 * gives nothing more, also of what was received already; names and texts are bytes of any kind.
 * ctest: cluster */
#include "cluster.h"
#include "pools.h"
#include "subscribers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 300 };

static const int32_t kinds[] = {REDISCLUSTER_SUBSCRIPTION_CHANNEL, REDISCLUSTER_SUBSCRIPTION_PATTERN,
                                REDISCLUSTER_SUBSCRIPTION_SHARD};
static rediscluster_error *error;

/* All on one connection of the publisher's, so that their order is known. */
static void in_order(rediscluster_client *client, rediscluster_subscriber *subscriber, int32_t kind, const char *name,
                     const char *channel)
{
    char text[32];
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "message %d", i);
        publish(client, kind, channel, text);
    }
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "message %d", i);
        next_is(subscriber, kind, name, text);
    }
}

static void of_any_bytes(rediscluster_client *client, rediscluster_subscriber *subscriber)
{
    const char name[] = "bytes \r\n\xff";
    subscribe(subscriber, REDISCLUSTER_SUBSCRIPTION_SHARD, name);
    publish(client, REDISCLUSTER_SUBSCRIPTION_SHARD, name, "\r\n\xfe*$");
    next_is(subscriber, REDISCLUSTER_SUBSCRIPTION_SHARD, name, "\r\n\xfe*$");
    subscribe(subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "");
    publish(client, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "", "");
    next_is(subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "", "");
}

static void until_unsubscribed(rediscluster_client *client, rediscluster_subscriber *subscriber)
{
    const uint8_t *name = (const uint8_t *)"ends";
    subscribe(subscriber, REDISCLUSTER_SUBSCRIPTION_SHARD, "ends");
    subscribe(subscriber, REDISCLUSTER_SUBSCRIPTION_SHARD, "{ends}stays");
    publish(client, REDISCLUSTER_SUBSCRIPTION_SHARD, "ends", "1");
    publish(client, REDISCLUSTER_SUBSCRIPTION_SHARD, "ends", "2");
    publish(client, REDISCLUSTER_SUBSCRIPTION_SHARD, "{ends}stays", "3");
    next_is(subscriber, REDISCLUSTER_SUBSCRIPTION_SHARD, "ends", "1");
    CHECK_OK(rediscluster_subscriber_sunsubscribe(subscriber, name, 4, &error), error);
    CHECK_OK(rediscluster_subscriber_sunsubscribe(subscriber, name, 4, &error), error);
    next_is(subscriber, REDISCLUSTER_SUBSCRIPTION_SHARD, "{ends}stays", "3");
    nothing_for(subscriber, 50);
    CHECK_INT(publish(client, REDISCLUSTER_SUBSCRIPTION_SHARD, "ends", "4"), 0);
    /* Again, and without a gap: nothing of what is wanted was missed. */
    subscribe(subscriber, REDISCLUSTER_SUBSCRIPTION_SHARD, "ends");
    CHECK_INT(publish(client, REDISCLUSTER_SUBSCRIPTION_SHARD, "ends", "5"), 1);
    next_is(subscriber, REDISCLUSTER_SUBSCRIPTION_SHARD, "ends", "5");
    CHECK_OK(rediscluster_subscriber_sunsubscribe(subscriber, name, 4, &error), error);
    subscribe(subscriber, REDISCLUSTER_SUBSCRIPTION_SHARD, "ends");
    publish(client, REDISCLUSTER_SUBSCRIPTION_SHARD, "ends", "6");
    next_is(subscriber, REDISCLUSTER_SUBSCRIPTION_SHARD, "ends", "6");
}

/* Noted, and asked for together. */
static void many(rediscluster_client *client, rediscluster_subscriber *subscriber)
{
    char name[32];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "many:%d", i);
        for (int kind = 0; kind < 2; kind++)
            CHECK_OK((kind ? rediscluster_subscriber_ssubscribe
                           : rediscluster_subscriber_subscribe)(subscriber, (const uint8_t *)name, strlen(name), 0, &error),
                     error);
    }
    for (int i = 0; i < 1000; i += 100) {
        snprintf(name, sizeof name, "many:%d", i);
        subscribe(subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, name);
        subscribe(subscriber, REDISCLUSTER_SUBSCRIPTION_SHARD, name);
        publish(client, REDISCLUSTER_SUBSCRIPTION_CHANNEL, name, name);
        next_is(subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, name, name);
        publish(client, REDISCLUSTER_SUBSCRIPTION_SHARD, name, name);
        next_is(subscriber, REDISCLUSTER_SUBSCRIPTION_SHARD, name, name);
    }
}

int main(void)
{
    cluster *servers = cluster_shared();
    for (int protocol = 3; protocol >= 2; protocol--) {
        rediscluster_client *client =
            client_of(cluster_addresses(servers), "protocol", protocol == 2 ? "2" : "3", "read_from",
                      protocol == 2 ? "any" : "primary", NULL);
        rediscluster_subscriber *subscriber = subscriber_of(client);
        subscribe(subscriber, kinds[0], "channel");
        subscribe(subscriber, kinds[0], "channel");
        in_order(client, subscriber, kinds[0], "channel", "channel");
        subscribe(subscriber, kinds[1], "p?tt*n");
        in_order(client, subscriber, kinds[1], "p?tt*n", "pattern");
        subscribe(subscriber, kinds[2], "shard channel");
        in_order(client, subscriber, kinds[2], "shard channel", "shard channel");
        subscribe(subscriber, kinds[1], "cha*");
        publish(client, kinds[0], "channel", "twice");
        next_is(subscriber, kinds[0], "channel", "twice");
        next_is(subscriber, kinds[1], "cha*", "twice");
        of_any_bytes(client, subscriber);
        until_unsubscribed(client, subscriber);
        many(client, subscriber);
        nothing_for(subscriber, 0);
        rediscluster_client_free(client);
        nothing_for(subscriber, 20); /* it holds its client */
        rediscluster_subscriber_free(subscriber);
    }
    cluster_stop(servers);
    return 0;
}
