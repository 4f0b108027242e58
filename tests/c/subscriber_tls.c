/* The same over TLS, on real servers: messages of all kinds in order, many of them in few records; the descriptor tells of
 * what lies in the TLS session; a forked child subscribes for itself.
 * ctest: tls-cluster */
#define _POSIX_C_SOURCE 200809L

#include "certificates.h"
#include "children.h"
#include "cluster.h"
#include "commands.h"
#include "pools.h"
#include "subscribers.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { COUNT = 2000 };

static void in_the_child(void *argument)
{
    rediscluster_subscriber *subscriber = argument;
    for (int i = 0; i < 3; i++) {
        rediscluster_message *message = next(subscriber);
        CHECK_INT(rediscluster_message_kind(message), REDISCLUSTER_MESSAGE_GAP);
        rediscluster_message_free(message);
    }
    rediscluster_subscriber_free(subscriber);
}

/* All messages leave in one write. */
static void publish_all(rediscluster_client *client, const char *verb, const char *channel)
{
    int32_t slot = rediscluster_key_slot((const uint8_t *)channel, strlen(channel));
    rediscluster_connection *connection = take_slot(rediscluster_client_pool(client), slot, 10000);
    rediscluster_error *error = NULL;
    char text[16];
    for (int i = 0; i < COUNT; i++) {
        rediscluster_command *command;
        snprintf(text, sizeof text, "%d", i);
        command = command_of(verb, channel, text, NULL);
        CHECK_OK(rediscluster_connection_append(connection, command, &error), error);
        rediscluster_command_free(command);
    }
    for (int i = 0; i < COUNT; i++) {
        rediscluster_reply *reply = NULL;
        CHECK_OK(rediscluster_connection_read(connection, 10000, &reply, &error), error);
        rediscluster_reply_free(reply);
    }
    give_back(connection);
}

int main(void)
{
    cluster *servers = cluster_shared_tls();
    rediscluster_client *client =
        client_of(cluster_addresses(servers), "ssl", "yes", "ssl_ca_certs", certificates_file("ca.pem"), "ssl_certfile",
                  certificates_file("client.pem"), "ssl_keyfile", certificates_file("client.key"), "username", "app",
                  "password", "app-secret", "socket_connect_timeout", "60000", NULL);
    rediscluster_subscriber *subscriber = subscriber_of(client);
    int fd = rediscluster_subscriber_fd(subscriber), taken = 0;
    int64_t end;
    char text[16];
    subscribe(subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "over TLS");
    subscribe(subscriber, REDISCLUSTER_SUBSCRIPTION_PATTERN, "ov*TLS");
    subscribe(subscriber, REDISCLUSTER_SUBSCRIPTION_SHARD, "over TLS, too");
    publish_all(client, "PUBLISH", "over TLS");
    for (int i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "%d", i);
        next_is(subscriber, REDISCLUSTER_SUBSCRIPTION_CHANNEL, "over TLS", text);
        next_is(subscriber, REDISCLUSTER_SUBSCRIPTION_PATTERN, "ov*TLS", text);
    }
    publish_all(client, "SPUBLISH", "over TLS, too");
    end = clock_ms() + 20000 * test_patience();
    while (taken < COUNT) {
        struct pollfd waited = {.fd = fd, .events = POLLIN, .revents = 0};
        rediscluster_message *message = NULL;
        CHECK(poll(&waited, 1, 10000) == 1);
        while (rediscluster_subscriber_next(subscriber, 0, &message, NULL) == REDISCLUSTER_OK) {
            snprintf(text, sizeof text, "%d", taken++);
            CHECK_STR((const char *)rediscluster_message_payload(message, NULL), text);
            rediscluster_message_free(message);
        }
        CHECK(clock_ms() < end);
    }
    child_run(in_the_child, subscriber, CHILD_EXIT_NOW);
    publish(client, REDISCLUSTER_SUBSCRIPTION_SHARD, "over TLS, too", "still");
    next_is(subscriber, REDISCLUSTER_SUBSCRIPTION_SHARD, "over TLS, too", "still");
    nothing_for(subscriber, 10);
    rediscluster_subscriber_free(subscriber);
    rediscluster_client_free(client);
    cluster_stop(servers);
    return 0;
}
