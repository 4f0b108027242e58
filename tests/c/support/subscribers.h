/* Subscribers in one line each, and what they give. */
#ifndef TEST_SUBSCRIBERS_H
#define TEST_SUBSCRIBERS_H

#include "check.h"
#include "client.h"

#include <stdint.h>

rediscluster_subscriber *subscriber_of(rediscluster_client *client);

/* Subscribes to a channel, pattern or shard channel, as text; it must work. */
void subscribe(rediscluster_subscriber *subscriber, int32_t kind, const char *name);

/* The next message, which must come within 20 seconds; the caller frees it. */
rediscluster_message *next(rediscluster_subscriber *subscriber);

/* The next must be a message with this name (the pattern, where one was subscribed to) and text. */
void next_is(rediscluster_subscriber *subscriber, int32_t kind, const char *name, const char *text);

/* The next must be a gap of this subscription. */
void next_is_gap(rediscluster_subscriber *subscriber, int32_t kind, const char *name);

/* Takes messages up to the gap of this subscription, which must come within 60 seconds; how many were published
 * before. */
int take_until_gap(rediscluster_subscriber *subscriber, int32_t kind, const char *name);

/* Nothing comes within this time. */
void nothing_for(rediscluster_subscriber *subscriber, int64_t ms);

/* Publishes a text, SPUBLISH where it is a shard channel, on the client's pool, at the primary of slot 0 or of the shard
 * channel's slot. How many received it at that node. */
int64_t publish(rediscluster_client *client, int32_t kind, const char *channel, const char *text);

#endif
