/* ctest: tls-cluster */
/* TLS: a pipeline of 10,000 commands; one with tens of MiB both ways, which fills the sockets; and one that is
 * flushed without waiting against a server that does not read, until no more goes out, and then goes on. Every
 * reply comes, in order. */
#include "certificates.h"
#include "cluster.h"
#include "commands.h"
#include "fake_node.h"
#include "pools.h"
#include "tls.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append(rediscluster_connection *connection, const uint8_t *bytes, size_t size)
{
    rediscluster_command *command = command_of("ECHO", NULL);
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_command_append(command, bytes, size, &error), error);
    CHECK_OK(rediscluster_connection_append(connection, command, &error), error);
    rediscluster_command_free(command);
}

static rediscluster_reply *next(rediscluster_connection *connection)
{
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_connection_read(connection, 60000, &reply, &error), error);
    return reply;
}

static void many(rediscluster_connection *connection)
{
    enum { COMMANDS = 10000 };
    rediscluster_error *error = NULL;
    char text[24];
    for (int i = 0; i < COMMANDS; i++) {
        snprintf(text, sizeof text, "number %d", i);
        append(connection, (const uint8_t *)text, strlen(text));
    }
    CHECK_OK(rediscluster_connection_flush(connection, 60000, &error), error);
    for (int i = 0; i < COMMANDS; i++) {
        rediscluster_reply *reply = next(connection);
        snprintf(text, sizeof text, "number %d", i);
        CHECK_STR(reply_text(reply), text);
        rediscluster_reply_free(reply);
    }
}

static void large(rediscluster_connection *connection)
{
    enum { COMMANDS = 32, SIZE = (1 << 20) + 11 };
    uint8_t *bytes = malloc(SIZE);
    rediscluster_error *error = NULL;
    CHECK(bytes != NULL);
    for (int i = 0; i < COMMANDS; i++) {
        for (int k = 0; k < SIZE; k++)
            bytes[k] = (uint8_t)(k % 251 + i);
        append(connection, bytes, SIZE);
    }
    CHECK_OK(rediscluster_connection_flush(connection, 120000, &error), error);
    for (int i = 0; i < COMMANDS; i++) {
        rediscluster_reply *reply = next(connection);
        size_t length;
        const uint8_t *back = rediscluster_reply_bytes(reply, &length);
        CHECK_INT(length, SIZE);
        for (int k = 0; k < SIZE; k++)
            bytes[k] = (uint8_t)(k % 251 + i);
        CHECK(memcmp(back, bytes, SIZE) == 0);
        rediscluster_reply_free(reply);
    }
    free(bytes);
}

/* Flushes what was appended last: false if it went out, true if the sockets are full and stay so. What the peer's kernel takes
 * a little late makes room again, so that has to be waited for. */
static bool stays_full(rediscluster_connection *connection)
{
    struct pollfd writable = {rediscluster_connection_fd(connection), POLLOUT, 0};
    bool quiet = false;
    for (;;) {
        rediscluster_status status = rediscluster_connection_flush(connection, 0, NULL);
        if (status == REDISCLUSTER_OK)
            return false;
        CHECK_INT(status, REDISCLUSTER_ERROR_TIMEOUT);
        if (quiet)
            return true;
        quiet = poll(&writable, 1, 300) == 0;
    }
}

/* Half a record that has left stays the next to leave, however often it is tried, and whatever is appended. */
static void without_waiting(void)
{
    enum { SIZE = 16000, MOST = 4000 };
    fake_node *fake = fake_node_start_format("tls %s\nlog off\nnode 1\nhandshake\non ECHO * => echo\n"
                                             "on STOP => gate go; ok\ntopology 0-16383=1",
                                             certificates_folder());
    rediscluster_pool *pool = tls_pool_of(fake_node_address(fake, 1), NULL);
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    rediscluster_error *error = NULL;
    rediscluster_reply *reply = NULL;
    uint8_t *bytes = malloc(SIZE);
    int sent = 0;
    bool full = false;
    rediscluster_command *stop = command_of("STOP", NULL);
    CHECK(bytes != NULL);
    append(connection, (const uint8_t *)"first", 5);
    CHECK_OK(rediscluster_connection_flush(connection, 0, &error), error);
    reply = next(connection);
    CHECK_STR(reply_text(reply), "first");
    rediscluster_reply_free(reply);
    reply = NULL;
    CHECK_STATUS(rediscluster_connection_read(connection, 0, &reply, &error), REDISCLUSTER_ERROR_TIMEOUT, error);

    CHECK_OK(rediscluster_connection_append(connection, stop, &error), error);
    CHECK_OK(rediscluster_connection_flush(connection, -2, &error), error);
    WAIT_UNTIL(fake_node_count(fake, "STOP") == 1, 10000);
    while (!full) {
        CHECK(sent < MOST);
        memset(bytes, sent % 256, SIZE);
        append(connection, bytes, SIZE);
        sent++;
        full = stays_full(connection);
    }
    CHECK(!rediscluster_connection_is_broken(connection));
    for (int i = 0; i < 3; i++) {
        memset(bytes, sent % 256, SIZE);
        append(connection, bytes, SIZE);
        sent++;
        CHECK_STATUS(rediscluster_connection_flush(connection, i == 1 ? 20 : 0, &error), REDISCLUSTER_ERROR_TIMEOUT,
                     error);
        CHECK_STATUS(rediscluster_connection_read(connection, 0, &reply, &error), REDISCLUSTER_ERROR_TIMEOUT, error);
    }
    CHECK(!rediscluster_connection_is_broken(connection));
    fake_node_control(fake, "open go");
    CHECK_OK(rediscluster_connection_flush(connection, 60000, &error), error);
    reply = next(connection);
    CHECK_STR(reply_text(reply), "OK");
    rediscluster_reply_free(reply);
    for (int i = 0; i < sent; i++) {
        size_t length;
        const uint8_t *back;
        reply = next(connection);
        back = rediscluster_reply_bytes(reply, &length);
        CHECK_INT(length, SIZE);
        CHECK_INT(back[0], i % 256);
        CHECK_INT(back[SIZE - 1], i % 256);
        rediscluster_reply_free(reply);
    }
    free(bytes);
    rediscluster_command_free(stop);
    give_back(connection);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 1);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

int main(void)
{
    cluster *servers = cluster_shared_tls();
    for (int version = 0; version < 2; version++) {
        rediscluster_pool *pool = tls_pool_of(cluster_addresses(servers), "ssl_min_version", version ? "1.3" : "1.2", NULL);
        rediscluster_connection *connection = take_slot(pool, 0, -2);
        many(connection);
        if (version || !test_is_under_valgrind())
            large(connection);
        say_expect(connection, "PONG", "PING", NULL);
        give_back(connection);
        CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 1);
        rediscluster_pool_free(pool);
    }
    cluster_stop(servers);
    without_waiting();
    return 0;
}
