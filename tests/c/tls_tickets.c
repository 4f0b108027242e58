/* TLS 1.3: session tickets that a server sends make an idle connection readable, though nothing was said: it is
 * given out again, as the same connection, and works; so do connections that got tickets while a reply was
 * awaited, and maintenance leaves them be. */
#include "certificates.h"
#include "fake_node.h"
#include "pools.h"
#include "tls.h"

#include <poll.h>

static void idle_ones_are_kept(fake_node *fake, rediscluster_pool *pool)
{
    rediscluster_error *error = NULL;
    int64_t next;
    for (int round = 0; round < 100; round++) {
        rediscluster_connection *connection = take_slot(pool, 0, -2);
        struct pollfd readable = {rediscluster_connection_fd(connection), POLLIN, 0};
        say_expect(connection, "PONG", "PING", NULL);
        give_back(connection);
        fake_node_control(fake, "tickets 1 %d", 1 + round % 7);
        CHECK_INT(poll(&readable, 1, 10000), 1);
        if (round % 10 == 3)
            CHECK_OK(rediscluster_pool_maintain(pool, 10000, &next, &error), error);
        connection = take_slot(pool, 0, 0); /* nothing that would have to be dialled */
        CHECK_INT(rediscluster_connection_fd(connection), readable.fd);
        CHECK(!rediscluster_connection_is_broken(connection));
        say_expect(connection, "PONG", "PING", NULL);
        give_back(connection);
    }
}

int main(void)
{
    for (int at_handshake = 0; at_handshake <= 10; at_handshake += 5) {
        fake_node *fake = fake_node_start_format("tls %s\nnode 1\nhandshake\ntopology 0-16383=1\ntls-version 1.3\n"
                                                 "tls-tickets %d\non LATE => tickets 2; flush; delay 20; tickets 1; ok",
                                                 certificates_folder(), at_handshake);
        rediscluster_pool *pool = tls_pool_of(fake_node_address(fake, 1), "health_check_interval", "1", NULL);
        rediscluster_connection *connection = take_slot(pool, 0, -2);
        say_expect(connection, "OK", "LATE", NULL);
        give_back(connection);
        idle_ones_are_kept(fake, pool);
        CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), 1);
        CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CLOSED), 0);
        CHECK_INT(fake_node_handshakes_of(fake, 1).done, 2); /* the discovery's */
        rediscluster_pool_free(pool);
        fake_node_stop(fake);
    }
    return 0;
}
