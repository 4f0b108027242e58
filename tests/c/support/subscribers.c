#include "subscribers.h"

#include "commands.h"
#include "pools.h"

#include <stdarg.h>
#include <string.h>

rediscluster_subscriber *subscriber_of(rediscluster_client *client)
{
    rediscluster_subscriber *subscriber = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_subscriber_new(client, &subscriber, &error), error);
    return subscriber;
}

void subscribe(rediscluster_subscriber *subscriber, int32_t kind, const char *name)
{
    rediscluster_error *error = NULL;
    const uint8_t *bytes = (const uint8_t *)name;
    size_t len = strlen(name);
    int64_t timeout = 10000 * test_patience();
    if (kind == REDISCLUSTER_SUBSCRIPTION_CHANNEL)
        CHECK_OK(rediscluster_subscriber_subscribe(subscriber, bytes, len, timeout, &error), error);
    else if (kind == REDISCLUSTER_SUBSCRIPTION_PATTERN)
        CHECK_OK(rediscluster_subscriber_psubscribe(subscriber, bytes, len, timeout, &error), error);
    else
        CHECK_OK(rediscluster_subscriber_ssubscribe(subscriber, bytes, len, timeout, &error), error);
}

rediscluster_message *next(rediscluster_subscriber *subscriber)
{
    rediscluster_message *message = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_subscriber_next(subscriber, 20000 * test_patience(), &message, &error), error);
    CHECK(message != NULL);
    return message;
}

/* Its name is this. */
static void is_named(const rediscluster_message *message, int32_t kind, const char *name)
{
    size_t len = 0;
    const uint8_t *bytes = kind == REDISCLUSTER_SUBSCRIPTION_PATTERN ? rediscluster_message_pattern(message, &len)
                                                                     : rediscluster_message_channel(message, &len);
    CHECK_INT(rediscluster_message_subscription(message), kind);
    CHECK_INT(len, strlen(name));
    CHECK(bytes != NULL && memcmp(bytes, name, len) == 0);
}

void next_is(rediscluster_subscriber *subscriber, int32_t kind, const char *name, const char *text)
{
    rediscluster_message *message = next(subscriber);
    size_t len = 0;
    CHECK_INT(rediscluster_message_kind(message), REDISCLUSTER_MESSAGE_PUBLISHED);
    is_named(message, kind, name);
    CHECK_STR((const char *)rediscluster_message_payload(message, &len), text);
    CHECK_INT(len, strlen(text));
    CHECK(strlen(rediscluster_message_node(message)) > 0);
    rediscluster_message_free(message);
}

void next_is_gap(rediscluster_subscriber *subscriber, int32_t kind, const char *name)
{
    rediscluster_message *message = next(subscriber);
    CHECK_INT(rediscluster_message_kind(message), REDISCLUSTER_MESSAGE_GAP);
    is_named(message, kind, name);
    CHECK(rediscluster_message_payload(message, NULL) == NULL);
    rediscluster_message_free(message);
}

int take_until_gap(rediscluster_subscriber *subscriber, int32_t kind, const char *name)
{
    int64_t end = clock_ms() + 60000 * test_patience();
    int count = 0;
    for (;;) {
        rediscluster_message *message = NULL;
        rediscluster_status status = rediscluster_subscriber_next(subscriber, 1000, &message, NULL);
        CHECK(clock_ms() < end);
        if (status == REDISCLUSTER_ERROR_TIMEOUT)
            continue;
        CHECK_INT(status, 0);
        if (rediscluster_message_kind(message) == REDISCLUSTER_MESSAGE_GAP) {
            is_named(message, kind, name);
            rediscluster_message_free(message);
            return count;
        }
        CHECK_INT(rediscluster_message_kind(message), REDISCLUSTER_MESSAGE_PUBLISHED);
        rediscluster_message_free(message);
        count++;
    }
}

void nothing_for(rediscluster_subscriber *subscriber, int64_t ms)
{
    rediscluster_message *message = NULL;
    rediscluster_error *error = NULL;
    CHECK_STATUS(rediscluster_subscriber_next(subscriber, ms, &message, &error), REDISCLUSTER_ERROR_TIMEOUT, error);
    CHECK(message == NULL);
}

int64_t publish(rediscluster_client *client, int32_t kind, const char *channel, const char *text)
{
    rediscluster_pool *pool = rediscluster_client_pool(client);
    bool is_shard = kind == REDISCLUSTER_SUBSCRIPTION_SHARD;
    /* Always the same node's: what different nodes publish comes in any order. */
    int32_t slot = is_shard ? rediscluster_key_slot((const uint8_t *)channel, strlen(channel)) : 0;
    rediscluster_connection *connection = take_slot(pool, slot, 10000);
    rediscluster_reply *reply;
    int64_t count;
    reply = say(connection, is_shard ? "SPUBLISH" : "PUBLISH", channel, text, NULL);
    count = rediscluster_reply_integer(reply);
    rediscluster_reply_free(reply);
    give_back(connection);
    return count;
}
