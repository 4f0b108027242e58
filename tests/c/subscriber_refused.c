/* A user who may not have a channel: who waits for the subscription gets SERVER with NOPERM, who does not gets a message of
 * kind REFUSED; those that are allowed and were asked for in the same command are there all the same; nothing is asked for in
 * an endless loop. A password that is wrong ends the wait with AUTH. */
#include "cluster.h"
#include "commands.h"
#include "pools.h"
#include "subscribers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNEL = REDISCLUSTER_SUBSCRIPTION_CHANNEL, SHARD = REDISCLUSTER_SUBSCRIPTION_SHARD };

static rediscluster_error *error;

static void refused(rediscluster_subscriber *subscriber, int32_t kind, const char *name)
{
    rediscluster_message *message = next(subscriber);
    size_t len;
    CHECK_INT(rediscluster_message_kind(message), REDISCLUSTER_MESSAGE_REFUSED);
    CHECK_INT(rediscluster_message_subscription(message), kind);
    CHECK_STR((const char *)rediscluster_message_channel(message, &len), name);
    CHECK_INT(len, strlen(name));
    CHECK_FAILS(rediscluster_message_check(message, &error), REDISCLUSTER_ERROR_SERVER, error);
    CHECK_STR(rediscluster_error_server_code(error), "NOPERM");
    CHECK_STR(rediscluster_error_node(error), rediscluster_message_node(message));
    CHECK(strstr(rediscluster_error_message(error), name) == NULL);
    rediscluster_error_free(error);
    error = NULL;
    rediscluster_message_free(message);
}

int main(void)
{
    cluster *servers = cluster_start("--primaries", "2", "--config", "user app on >secret ~* resetchannels &ok* +@all", NULL);
    rediscluster_client *client = client_of(cluster_addresses(servers), "username", "app", "password", "secret", NULL);
    rediscluster_client *wrong = client_of(cluster_addresses(servers), "username", "app", "password", "secret", NULL);
    rediscluster_subscriber *subscriber = subscriber_of(client);
    const char *names[] = {"ok1", "private1", "ok2", "private2"};

    CHECK_FAILS(rediscluster_subscriber_subscribe(subscriber, (const uint8_t *)"private", 7, -2, &error),
                REDISCLUSTER_ERROR_SERVER, error);
    CHECK_STR(rediscluster_error_server_code(error), "NOPERM");
    CHECK(!rediscluster_error_is_retryable(error));
    CHECK(strstr(rediscluster_error_message(error), "private") == NULL);
    rediscluster_error_free(error);
    error = NULL;
    nothing_for(subscriber, 20);
    CHECK_STATUS(rediscluster_subscriber_ssubscribe(subscriber, (const uint8_t *)"private", 7, -2, &error),
                 REDISCLUSTER_ERROR_SERVER, error);
    CHECK_STATUS(rediscluster_subscriber_psubscribe(subscriber, (const uint8_t *)"ok*", 3, -2, &error),
                 REDISCLUSTER_OK, error);
    CHECK_STATUS(rediscluster_subscriber_psubscribe(subscriber, (const uint8_t *)"*", 1, -2, &error),
                 REDISCLUSTER_ERROR_SERVER, error);
    CHECK_OK(rediscluster_subscriber_punsubscribe(subscriber, (const uint8_t *)"ok*", 3, &error), error);

    for (int i = 0; i < 4; i++)
        CHECK_OK(rediscluster_subscriber_subscribe(subscriber, (const uint8_t *)names[i], strlen(names[i]), 0, &error), error);
    refused(subscriber, CHANNEL, "private1");
    refused(subscriber, CHANNEL, "private2");
    subscribe(subscriber, CHANNEL, "ok1");
    subscribe(subscriber, CHANNEL, "ok2");
    publish(client, CHANNEL, "ok2", "text");
    next_is(subscriber, CHANNEL, "ok2", "text");
    CHECK_OK(rediscluster_subscriber_ssubscribe(subscriber, (const uint8_t *)"private", 7, 0, &error), error);
    refused(subscriber, SHARD, "private");
    nothing_for(subscriber, 20);
    rediscluster_subscriber_free(subscriber);
    rediscluster_client_free(client);

    subscriber = subscriber_of(wrong);
    CHECK_STATUS(rediscluster_pool_update_credentials(rediscluster_client_pool(wrong), "app", "wrong", &error),
                 REDISCLUSTER_OK, error);
    CHECK_STATUS(rediscluster_subscriber_subscribe(subscriber, (const uint8_t *)"ok", 2, -1, &error),
                 REDISCLUSTER_ERROR_AUTH, error);
    CHECK_STATUS(rediscluster_pool_update_credentials(rediscluster_client_pool(wrong), "app", "secret", &error),
                 REDISCLUSTER_OK, error);
    clock_sleep_ms(20);
    subscribe(subscriber, CHANNEL, "ok");
    rediscluster_subscriber_free(subscriber);
    rediscluster_client_free(wrong);
    cluster_stop(servers);
    return 0;
}
