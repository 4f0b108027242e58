/* A program that only waits on the descriptor and calls with a timeout of 0: it is told of messages, also of those that are
 * in memory already; connections are made, kept alive and made again; the descriptor stays the same. */
#define _POSIX_C_SOURCE 200809L

#include "fake_node.h"
#include "pools.h"
#include "subscribers.h"

#include <poll.h>
#include <string.h>

static const char script[] = "node *\n"
                             "handshake\n"
                             "on SUBSCRIBE * => push subscribe $arg1 1\n"
                             "on UNSUBSCRIBE * => push unsubscribe $arg1 0\n"
                             "topology 0-8191=1 8192-16383=2";
static rediscluster_subscriber *subscriber;
static int fd;

static rediscluster_message *poll_next(int64_t within)
{
    int64_t end = clock_ms() + within * test_patience();
    rediscluster_message *message = NULL;
    for (;;) {
        struct pollfd waited = {.fd = fd, .events = POLLIN, .revents = 0};
        rediscluster_status status = rediscluster_subscriber_next(subscriber, 0, &message, NULL);
        if (status == REDISCLUSTER_OK)
            return message;
        CHECK_INT(status, REDISCLUSTER_ERROR_TIMEOUT);
        if (clock_ms() >= end)
            return NULL;
        CHECK(poll(&waited, 1, (int)(end - clock_ms()) + 1) >= 0);
    }
}

static bool is_readable(void)
{
    struct pollfd waited = {.fd = fd, .events = POLLIN, .revents = 0};
    return poll(&waited, 1, 0) == 1;
}

static void expect(rediscluster_message_type kind, const char *text)
{
    rediscluster_message *message = poll_next(10000);
    CHECK(message != NULL);
    CHECK_INT(rediscluster_message_kind(message), kind);
    if (text != NULL)
        CHECK_STR((const char *)rediscluster_message_payload(message, NULL), text);
    rediscluster_message_free(message);
}

int main(void)
{
    fake_node *fake = fake_node_start(script);
    rediscluster_client *client = client_of(fake_node_address(fake, 1), "socket_timeout", "1000", NULL);
    rediscluster_error *error = NULL;
    rediscluster_message *message;
    int node, calls = 0;
    subscriber = subscriber_of(client);
    fd = rediscluster_subscriber_fd(subscriber);
    CHECK(fd >= 0 && !is_readable());
    /* Only noted: the descriptor says that there is something to do. */
    CHECK_OK(rediscluster_subscriber_subscribe(subscriber, (const uint8_t *)"c", 1, 0, &error), error);
    CHECK(is_readable());
    while (fake_node_count(fake, "SUBSCRIBE") == 0)
        CHECK(poll_next(20) == NULL);
    node = fake_node_count_on(fake, 1, "SUBSCRIBE") ? 1 : 2;
    CHECK(poll_next(20) == NULL);
    /* Nothing happens: the descriptor is silent, and costs nothing. */
    for (int64_t end = clock_ms() + 300; clock_ms() < end;) {
        struct pollfd waited = {.fd = fd, .events = POLLIN, .revents = 0};
        if (poll(&waited, 1, 50) == 1) {
            calls++;
            CHECK_INT(rediscluster_subscriber_next(subscriber, 0, &message, NULL), REDISCLUSTER_ERROR_TIMEOUT);
        }
    }
    CHECK_BETWEEN(calls, 0, 3);
    fake_node_control(fake, "send %d \">3\\r\\n+message\\r\\n+c\\r\\n+1\\r\\n>3\\r\\n+message\\r\\n+c\\r\\n+2\\r\\n\"", node);
    expect(REDISCLUSTER_MESSAGE_PUBLISHED, "1");
    CHECK(is_readable()); /* the second is in memory */
    expect(REDISCLUSTER_MESSAGE_PUBLISHED, "2");
    CHECK(poll_next(20) == NULL);

    /* Kept alive. */
    for (int64_t end = clock_ms() + 20000; fake_node_count(fake, "PING") < 2;) {
        CHECK(clock_ms() < end);
        CHECK(poll_next(50) == NULL);
    }
    CHECK_INT(fake_node_count(fake, "SUBSCRIBE"), 1);

    /* Lost, and made again, at the other node. */
    fake_node_control(fake, "kill %d", node);
    expect(REDISCLUSTER_MESSAGE_GAP, NULL);
    CHECK_INT(fake_node_count(fake, "SUBSCRIBE"), 2);
    CHECK_INT(rediscluster_subscriber_fd(subscriber), fd);
    fake_node_control(fake, "send %d \">3\\r\\n+message\\r\\n+c\\r\\n+3\\r\\n\"", 3 - node);
    expect(REDISCLUSTER_MESSAGE_PUBLISHED, "3");

    /* An interruption is told by it, too. */
    CHECK_OK(rediscluster_subscriber_interrupt(subscriber, &error), error);
    CHECK(is_readable());
    CHECK_STATUS(rediscluster_subscriber_next(subscriber, 0, &message, &error), REDISCLUSTER_ERROR_CANCELLED, error);
    CHECK(poll_next(20) == NULL);

    /* Without a subscription the connection is closed after a while. */
    CHECK_OK(rediscluster_subscriber_unsubscribe(subscriber, (const uint8_t *)"c", 1, &error), error);
    CHECK(is_readable());
    for (int64_t end = clock_ms() + 20000; fake_node_connections_of(fake, 3 - node).open > 0;) {
        CHECK(clock_ms() < end);
        CHECK(poll_next(50) == NULL);
    }
    CHECK_INT(fake_node_count(fake, "UNSUBSCRIBE"), 1);
    rediscluster_subscriber_free(subscriber);
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
