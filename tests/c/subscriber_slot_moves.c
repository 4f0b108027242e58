/* A slot moves under shard subscriptions, to and fro: what was published before comes first, then a gap for each of the
 * slot's channels, then what is published at the new owner; subscriptions of other slots notice nothing. On both kinds of
 * server.
 * ctest: timeout=120 */
#include "cluster.h"
#include "pools.h"
#include "subscribers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHARD = REDISCLUSTER_SUBSCRIPTION_SHARD };

static int moved_gaps(rediscluster_subscriber *subscriber, const char *slot_tag)
{
    int gaps = 0;
    while (gaps < 3) {
        rediscluster_message *message = next(subscriber);
        CHECK_INT(rediscluster_message_kind(message), REDISCLUSTER_MESSAGE_GAP);
        CHECK_CONTAINS((const char *)rediscluster_message_channel(message, NULL), slot_tag);
        rediscluster_message_free(message);
        gaps++;
    }
    return gaps;
}

static void moves(const char *server)
{
    cluster *servers = cluster_start("--server", server, "--primaries", "3", NULL);
    rediscluster_client *client = client_of(cluster_addresses(servers), NULL);
    rediscluster_subscriber *subscriber = subscriber_of(client);
    rediscluster_error *error = NULL;
    int slot = rediscluster_key_slot((const uint8_t *)"{wanders}", 9);
    char *owner = cluster_control(servers, "owner %d", slot);
    free(owner);
    for (int i = 0; i < 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "{wanders}%d", i);
        subscribe(subscriber, SHARD, name);
        snprintf(name, sizeof name, "stays%d", i);
        subscribe(subscriber, SHARD, name);
    }
    subscribe(subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "channel");
    for (int target = 1; target <= 3; target++) {
        bool has_moved;
        rediscluster_topology *topology = NULL;
        CHECK_OK(rediscluster_pool_topology(rediscluster_client_pool(client), &topology, &error), error);
        has_moved = strcmp(rediscluster_node_address(rediscluster_topology_slot_node(topology, slot, 0)),
                           cluster_address(servers, target)) != 0;
        rediscluster_topology_free(topology);
        CHECK_INT(publish(client, SHARD, "{wanders}1", "before"), 1);
        free(cluster_control(servers, "move %d %d", slot, target));
        next_is(subscriber, SHARD, "{wanders}1", "before");
        if (has_moved)
            moved_gaps(subscriber, "{wanders}");
        CHECK_OK(rediscluster_pool_refresh(rediscluster_client_pool(client), -2, &error), error);
        for (int i = 0; i < 3; i++) {
            char name[32];
            snprintf(name, sizeof name, "{wanders}%d", i);
            CHECK_INT(publish(client, SHARD, name, "behind"), 1);
            next_is(subscriber, SHARD, name, "behind");
            snprintf(name, sizeof name, "stays%d", i);
            CHECK_INT(publish(client, SHARD, name, "still"), 1);
            next_is(subscriber, SHARD, name, "still");
        }
    }
    publish(client, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "channel", "all along");
    next_is(subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "channel", "all along");
    rediscluster_subscriber_free(subscriber);
    rediscluster_client_free(client);
    cluster_stop(servers);
}

int main(void)
{
    moves("redis");
    moves("valkey");
    return 0;
}
