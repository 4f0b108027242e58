/* E3 with TLS: connections that the server closed while they were idle, with and without the goodbye of TLS
 * (close_notify), or spoke on, also behind session tickets: the next command works, on a fresh connection. */
#include "certificates.h"
#include "fake_node.h"
#include "pools.h"
#include "tls.h"

#include <poll.h>

static void becomes_readable(int descriptor)
{
    struct pollfd readable = {descriptor, POLLIN, 0};
    CHECK_INT(poll(&readable, 1, 10000), 1);
}

static void next_works(rediscluster_pool *pool, int64_t created)
{
    int64_t begun = clock_ms();
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    say_expect(connection, "PONG", "PING", NULL);
    CHECK_BETWEEN(clock_ms() - begun, 0, 100 * test_patience()); /* a handshake of TLS in it */
    give_back(connection);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), created);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 1);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
}

int main(void)
{
    for (int version = 2; version <= 3; version++) {
        fake_node *fake = fake_node_start_format("tls %s\nnode 1\ntls-version 1.%d\nhandshake\ntopology 0-16383=1\n"
                                                 "on LEAVE * => ok; flush; gate $arg1; truncate",
                                                 certificates_folder(), version);
        rediscluster_pool *pool = tls_pool_of(fake_node_address(fake, 1), NULL);
        rediscluster_connection *connection;
        int descriptor;

        /* Without a goodbye. */
        connection = take_slot(pool, 0, -2);
        say_expect(connection, "OK", "LEAVE", "now", NULL);
        descriptor = rediscluster_connection_fd(connection);
        give_back(connection);
        fake_node_control(fake, "open now");
        becomes_readable(descriptor);
        next_works(pool, 2);

        /* With one. */
        connection = take_slot(pool, 0, -2);
        descriptor = rediscluster_connection_fd(connection);
        give_back(connection);
        fake_node_control(fake, "disconnect 1");
        WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 0, 10000);
        becomes_readable(descriptor);
        next_works(pool, 3);

        /* A word nobody asked for is no reply to the next command. */
        connection = take_slot(pool, 0, -2);
        descriptor = rediscluster_connection_fd(connection);
        give_back(connection);
        fake_node_control(fake, "send 1 \"+stale\\r\\n\"");
        becomes_readable(descriptor);
        next_works(pool, 4);

        if (version == 3) {
            connection = take_slot(pool, 0, -2);
            descriptor = rediscluster_connection_fd(connection);
            give_back(connection);
            fake_node_control(fake, "tickets 1 3");
            fake_node_control(fake, "send 1 \"+stale\\r\\n\"");
            becomes_readable(descriptor);
            next_works(pool, 5);
            connection = take_slot(pool, 0, -2);
            descriptor = rediscluster_connection_fd(connection);
            give_back(connection);
            fake_node_control(fake, "tickets 1 3");
            fake_node_control(fake, "disconnect 1");
            WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 0, 10000);
            becomes_readable(descriptor);
            next_works(pool, 6);
        }
        rediscluster_pool_free(pool);
        fake_node_stop(fake);
    }
    return 0;
}
