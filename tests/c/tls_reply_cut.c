/* TLS: a connection that ends within a reply, with or without the goodbye of TLS (close_notify), or by a reset: an
 * error for that call, never a short value; the command may have run, and the connection is not used again. */
#include "certificates.h"
#include "commands.h"
#include "fake_node.h"
#include "pools.h"
#include "tls.h"

#include <stdio.h>

int main(void)
{
    const char *begins[] = {"",
                            "send \"$5\"; ",
                            "send \"$5\\r\\n\"; ",
                            "send \"$5\\r\\nhe\"; ",
                            "send \"$5\\r\\nhello\"; ",
                            "send \"$5\\r\\nhello\\r\"; ",
                            "send \"*2\\r\\n$5\\r\\nhello\\r\\n\"; ",
                            "send \"+O\"; ",
                            "send \":12\"; ",
                            "send \"$40000\\r\\n\"; repeat 30000 send x; ",
                            "records 1; send \"$5\\r\\nhe\"; flush; "};
    const char *ends[] = {"truncate", "close", "flush; half-close", "flush; reset"};
    for (int version = 2; version <= 3; version++) {
        fake_node *fake;
        rediscluster_pool *pool;
        char script[4096];
        int length = snprintf(script, sizeof script, "tls %s\nnode 1\ntls-version 1.%d\nhandshake\ntopology 0-16383=1\n",
                              certificates_folder(), version);
        for (size_t b = 0; b < sizeof begins / sizeof *begins; b++)
            for (size_t e = 0; e < sizeof ends / sizeof *ends; e++)
                length += snprintf(script + length, sizeof script - (size_t)length, "on GET %d-%d => %s%s\n", (int)b,
                                   (int)e, begins[b], ends[e]);
        CHECK((size_t)length < sizeof script);
        fake = fake_node_start(script);
        pool = tls_pool_of(fake_node_address(fake, 1), NULL);
        for (size_t b = 0; b < sizeof begins / sizeof *begins; b++) {
            for (size_t e = 0; e < sizeof ends / sizeof *ends; e++) {
                rediscluster_connection *connection = take_slot(pool, 0, -2);
                rediscluster_error *error;
                char key[16];
                snprintf(key, sizeof key, "%d-%d", (int)b, (int)e);
                error = ask_fails(connection, REDISCLUSTER_ERROR_CONNECTION, 10000, "GET", key, NULL);
                CHECK(rediscluster_error_maybe_executed(error));
                CHECK(rediscluster_error_is_retryable(error));
                CHECK_STR(rediscluster_error_node(error), fake_node_address(fake, 1));
                rediscluster_error_free(error);
                CHECK(rediscluster_connection_is_broken(connection));
                give_back(connection);
                CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 0);
                connection = take_slot(pool, 0, -2);
                say_expect(connection, "PONG", "PING", NULL);
                give_back(connection);
            }
        }
        rediscluster_pool_free(pool);
        fake_node_stop(fake);
    }
    return 0;
}
