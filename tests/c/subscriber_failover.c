/* Primaries die under a subscriber: what was published before comes first; a gap is told once for each subscription that was
 * lost; messages go on, those of shard channels from the promoted replica. An orderly failover and the return of the dead
 * change nothing of that. On both kinds of server.
 * ctest: timeout=180 */
#include "cluster.h"
#include "pools.h"
#include "subscribers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNEL = REDISCLUSTER_SUBSCRIPTION_CHANNEL, SHARD = REDISCLUSTER_SUBSCRIPTION_SHARD };

static rediscluster_error *error;

/* Publishes until the message comes: the publisher's view may be an old one for a while. */
static void goes_on(rediscluster_client *client, rediscluster_subscriber *subscriber, int32_t kind, const char *channel)
{
    rediscluster_pool *pool = rediscluster_client_pool(client);
    CHECK_OK(rediscluster_pool_refresh(pool, -2, &error), error);
    CHECK(publish(client, kind, channel, "behind") <= 1);
    next_is(subscriber, kind, channel, "behind");
}

static void dies(const char *server)
{
    cluster *servers = cluster_start("--server", server, "--primaries", "3", "--replicas", "1", "--node-timeout", "1000",
                                     NULL);
    rediscluster_client *client = client_of(cluster_addresses(servers), NULL);
    rediscluster_subscriber *subscriber = subscriber_of(client);
    rediscluster_subscriber *quiet = subscriber_of(client);
    char shard[2][32] = {"", ""};
    int found = 0;
    /* Two shard channels of node 1, and one of another's. */
    for (int i = 0; found < 2; i++) {
        char name[32];
        snprintf(name, sizeof name, "shard %d", i);
        if (rediscluster_key_slot((const uint8_t *)name, strlen(name)) <= 5460)
            snprintf(shard[found++], 32, "%s", name);
    }
    subscribe(subscriber, SHARD, shard[0]);
    subscribe(subscriber, SHARD, shard[1]);
    subscribe(quiet, SHARD, "{x}"); /* slot 16287: of node 3 */
    CHECK_INT(publish(client, SHARD, shard[0], "before"), 1);

    free(cluster_control(servers, "kill 1"));
    next_is(subscriber, SHARD, shard[0], "before");
    for (int i = 0; i < 2; i++) {
        rediscluster_message *message = NULL;
        int64_t end = clock_ms() + 30000 * test_patience();
        while (rediscluster_subscriber_next(subscriber, 1000, &message, NULL) == REDISCLUSTER_ERROR_TIMEOUT)
            CHECK(clock_ms() < end);
        CHECK_INT(rediscluster_message_kind(message), REDISCLUSTER_MESSAGE_GAP);
        CHECK_STR(rediscluster_message_node(message), cluster_address(servers, 4));
        rediscluster_message_free(message);
    }
    free(cluster_control(servers, "wait ok"));
    goes_on(client, subscriber, SHARD, shard[0]);
    goes_on(client, subscriber, SHARD, shard[1]);
    goes_on(client, quiet, SHARD, "{x}");

    /* Channels, on whichever node they are. */
    free(cluster_control(servers, "restart 1"));
    subscribe(quiet, CHANNEL, "channel");
    subscribe(quiet, REDISCLUSTER_SUBSCRIPTION_PATTERN, "chan*el");
    for (int node = 5; node <= 6; node++)
        free(cluster_control(servers, "stop %d", node));
    free(cluster_control(servers, "failover 4"));
    goes_on(client, quiet, CHANNEL, "channel");
    next_is(quiet, REDISCLUSTER_SUBSCRIPTION_PATTERN, "chan*el", "behind");
    take_until_gap(subscriber, SHARD, shard[0]);
    take_until_gap(subscriber, SHARD, shard[1]);
    goes_on(client, subscriber, SHARD, shard[0]);
    goes_on(client, subscriber, SHARD, shard[1]);
    rediscluster_subscriber_free(quiet);
    rediscluster_client_free(client);
    rediscluster_subscriber_free(subscriber);
    cluster_stop(servers);
}

int main(void)
{
    dies("redis");
    dies("valkey");
    return 0;
}
