/* ctest: tls-cluster
 *
 * TLS: many commands over all nodes and large ones, by the descriptor alone; what OpenSSL has decrypted already wakes
 * nobody and is not left lying. And a server that closes while idle is seen before a write leaves. */
#define _POSIX_C_SOURCE 200809L

#include "asyncs.h"
#include "certificates.h"
#include "cluster.h"
#include "pools.h"
#include "tls.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { ALL = 5000, IN_FLIGHT = 500, LARGE = 2 * 1024 * 1024 };

static rediscluster_async *loop;

static size_t take(rediscluster_completion *completions, size_t max)
{
    struct pollfd waited = {.fd = rediscluster_async_fd(loop), .events = POLLIN, .revents = 0};
    rediscluster_error *error = NULL;
    size_t count = 0;
    for (int64_t end = clock_ms() + 60000; count == 0;) {
        CHECK(clock_ms() < end);
        CHECK(poll(&waited, 1, 60000) == 1);
        CHECK_OK(rediscluster_async_poll(loop, completions, max, 0, &count, &error), error);
    }
    return count;
}

static void many(void)
{
    rediscluster_completion completions[32];
    int submitted = 0, done = 0;
    while (done < ALL) {
        size_t count;
        for (; submitted < ALL && submitted - done < IN_FLIGHT; submitted++) {
            char text[64];
            snprintf(text, sizeof text, "%d", submitted);
            async_submit(loop, (uint64_t)submitted, command_of("EVAL", "return ARGV[1]", "1", text, text, NULL));
        }
        count = take(completions, 32);
        for (size_t i = 0; i < count; i++, done++) {
            char text[64];
            CHECK(completions[i].error == NULL);
            snprintf(text, sizeof text, "%d", (int)completions[i].tag);
            reply_is(completions[i].reply, text);
            rediscluster_reply_free(completions[i].reply);
        }
    }
}

static void large(void)
{
    static char text[LARGE + 1];
    rediscluster_completion completions[4];
    memset(text, 'y', LARGE);
    for (uint64_t i = 0; i < 8; i++) {
        char key[40];
        snprintf(key, sizeof key, "async:tls:%d", (int)i);
        async_submit(loop, i, command_of("SET", key, text, NULL));
        async_submit(loop, 100 + i, command_of("GET", key, NULL));
        async_submit(loop, 200 + i, command_of("DEL", key, NULL));
    }
    for (int done = 0; done < 24;) {
        size_t count = take(completions, 4);
        for (size_t i = 0; i < count; i++, done++) {
            size_t len = 0;
            CHECK(completions[i].error == NULL);
            if (completions[i].tag >= 100 && completions[i].tag < 200) {
                const uint8_t *bytes = rediscluster_reply_bytes(completions[i].reply, &len);
                CHECK(len == LARGE && memcmp(bytes, text, len) == 0);
            }
            rediscluster_reply_free(completions[i].reply);
        }
    }
}

static rediscluster_async *loop_of(rediscluster_options *options)
{
    rediscluster_client *client = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_client_new(options, &client, &error), error);
    rediscluster_options_free(options);
    loop = async_of(client);
    rediscluster_client_free(client);
    return loop;
}

static void closed_while_idle(void)
{
    fake_node *fake = fake_node_start_format("tls %s\nnode *\nhandshake\ntopology 0-16383=1\nstore", certificates_folder());
    loop_of(tls_options_of(fake_node_address(fake, 1), NULL));
    for (int i = 0; i < 3; i++) {
        async_expect(loop, "OK", "SET", "key", "value", NULL);
        clock_sleep_ms(20);
        fake_node_control(fake, "disconnect 1");
        WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 0, 10000);
    }
    async_expect(loop, "value", "GET", "key", NULL);
    /* Session tickets are nothing to be read, and no end. */
    clock_sleep_ms(20);
    fake_node_control(fake, "tickets 1");
    async_quiet(loop, 20);
    async_expect(loop, "value", "GET", "key", NULL);
    rediscluster_async_free(loop);
    fake_node_stop(fake);
}

int main(void)
{
    cluster *servers = cluster_shared_tls();
    loop_of(tls_options_of(cluster_addresses(servers), "username", "app", "password", "app-secret", NULL));
    many();
    large();
    rediscluster_async_free(loop);
    closed_while_idle();
    cluster_stop(servers);
    return 0;
}
