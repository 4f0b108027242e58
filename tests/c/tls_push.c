/* ctest: tls-cluster */
/* Messages over TLS, RESP2 and RESP3: a connection that subscribed gets each once and in order, by reads that wait
 * and by reads with timeout 0 between polls of the descriptor; one that subscribed is not pooled again. */
#include "cluster.h"
#include "commands.h"
#include "pools.h"
#include "tls.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGES = 500 };

static void append(rediscluster_connection *connection, const char *name, const char *first, const char *second)
{
    rediscluster_command *command = command_of(name, first, second, NULL);
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_connection_append(connection, command, &error), error);
    rediscluster_command_free(command);
}

/* What a message of three says: "message", channel, text. */
static const char *text_of(const rediscluster_reply *message)
{
    CHECK_INT(rediscluster_reply_count(message), 3);
    return reply_text(rediscluster_reply_at(message, 2));
}

static void messages(cluster *servers, const char *protocol)
{
    rediscluster_pool *pool = tls_pool_of(cluster_addresses(servers), "protocol", protocol, NULL);
    rediscluster_connection *publisher = take_slot(pool, 0, -2), *subscriber = take_slot(pool, 0, -2);
    rediscluster_error *error = NULL;
    rediscluster_reply *reply = NULL;
    struct pollfd readable = {rediscluster_connection_fd(subscriber), POLLIN, 0};
    char channel[40], text[40];
    snprintf(channel, sizeof channel, "tls-push-%s", protocol);

    append(subscriber, "SUBSCRIBE", channel, NULL);
    CHECK_OK(rediscluster_connection_flush(subscriber, 0, &error), error);
    CHECK_OK(rediscluster_connection_read(subscriber, 10000, &reply, &error), error);
    rediscluster_reply_free(reply);
    reply = NULL;
    CHECK_STATUS(rediscluster_connection_read(subscriber, 0, &reply, &error), REDISCLUSTER_ERROR_TIMEOUT, error);

    for (int waits = 0; waits < 2; waits++) {
        int seen = 0;
        for (int i = 0; i < MESSAGES; i++) {
            snprintf(text, sizeof text, "message %d", i);
            append(publisher, "PUBLISH", channel, text);
        }
        CHECK_OK(rediscluster_connection_flush(publisher, 20000, &error), error);
        for (int i = 0; i < MESSAGES; i++) {
            CHECK_OK(rediscluster_connection_read(publisher, 20000, &reply, &error), error);
            CHECK_INT(rediscluster_reply_integer(reply), 1);
            rediscluster_reply_free(reply);
            reply = NULL;
        }
        while (seen < MESSAGES) {
            int32_t status;
            if (waits)
                status = (int32_t)rediscluster_connection_read(subscriber, 10000, &reply, &error);
            else
                status = (int32_t)rediscluster_connection_read(subscriber, 0, &reply, &error);
            if (status == REDISCLUSTER_ERROR_TIMEOUT && !waits) {
                rediscluster_error_free(error);
                error = NULL;
                /* All that came was read: more makes it readable. */
                CHECK_INT(poll(&readable, 1, 10000), 1);
                continue;
            }
            CHECK_OK(status, error);
            snprintf(text, sizeof text, "message %d", seen++);
            CHECK_STR(text_of(reply), text);
            rediscluster_reply_free(reply);
            reply = NULL;
        }
        CHECK_STATUS(rediscluster_connection_read(subscriber, 0, &reply, &error), REDISCLUSTER_ERROR_TIMEOUT, error);
        CHECK_STATUS(rediscluster_connection_read(subscriber, 20, &reply, &error), REDISCLUSTER_ERROR_TIMEOUT, error);
    }
    give_back(subscriber);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 1);
    say_expect(publisher, "PONG", "PING", NULL);
    give_back(publisher);
    rediscluster_pool_free(pool);
}

int main(void)
{
    cluster *servers = cluster_shared_tls();
    messages(servers, "2");
    messages(servers, "3");
    cluster_stop(servers);
    return 0;
}
