/* A large argument is sent from the caller's memory, again after a redirect, and never after the call has returned: a
 * caller that times out while it is being sent frees it (AddressSanitizer looks on), with TLS and without. */
#include "certificates.h"
#include "client.h"
#include "tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGE = 64 << 20 };

static fake_node *fake;

/* SET of a value that is gone right afterwards. */
static int32_t set(rediscluster_client *client, const char *key, size_t size, rediscluster_error **error)
{
    char *value = malloc(size);
    const char *argv[] = {"SET", key, value};
    const size_t lengths[] = {3, strlen(key), size};
    rediscluster_reply *reply = NULL;
    int32_t status;
    CHECK(value != NULL);
    memset(value, 'v', size);
    status = rediscluster_client_command(client, 3, argv, lengths, &reply, error);
    free(value);
    if (status == REDISCLUSTER_OK)
        reply_is(reply, "OK");
    rediscluster_reply_free(reply);
    return status;
}

static void sent(rediscluster_client *client)
{
    rediscluster_error *error = NULL;
    rediscluster_reply *reply;
    size_t length;
    CHECK_OK(set(client, AT1 "moved", 1 << 20, &error), error);
    CHECK_INT(fake_node_count_on(fake, 1, "SET"), 1);
    CHECK_INT(fake_node_count_on(fake, 2, "SET"), 1);
    CHECK_OK(set(client, AT3 "asked", 1 << 20, &error), error);
    CHECK_INT(fake_node_count_on(fake, 2, "ASKING"), 1);
    reply = client_say(client, "GET", AT3 "asked", NULL);
    CHECK(rediscluster_reply_bytes(reply, &length) != NULL);
    CHECK_INT(length, 1 << 20);
    rediscluster_reply_free(reply);
}

static void cut(rediscluster_client *client)
{
    rediscluster_error *error = NULL;
    for (int i = 0; i < 3; i++) {
        /* A connection for large arguments is there, and its node reads nothing. */
        CHECK_OK(set(client, AT3 "key", 1 << 20, &error), error);
        fake_node_control(fake, "pause 3");
        CHECK_INT(set(client, AT3 "key", LARGE, &error), REDISCLUSTER_ERROR_TIMEOUT);
        CHECK(rediscluster_error_maybe_executed(error));
        rediscluster_error_free(error);
        error = NULL;
        fake_node_control(fake, "resume 3");
        CHECK_OK(set(client, AT3 "key", 1 << 20, &error), error);
    }
}

int main(void)
{
    for (int secure = 0; secure < 2; secure++) {
        rediscluster_client *client = NULL;
        rediscluster_error *error = NULL;
        rediscluster_options *options;
        char script[1024];
        snprintf(script, sizeof script,
                 "%s%s\nnodes 3\nnode *\nhandshake\n" THREE_SHARDS "\nstore\n"
                 "node 1\non SET *moved * => error \"MOVED 3300 $addr2\"\n"
                 "node 3\non SET *asked * => error \"ASK 15495 $addr2\"\n",
                 secure ? "tls " : "", secure ? certificates_folder() : "");
        fake = fake_node_start(script);
        if (secure) {
            options = tls_options_of(fake_node_address(fake, 1), "command_timeout", "700", "socket_timeout", "20000", NULL);
            CHECK_OK(rediscluster_client_new(options, &client, &error), error);
            rediscluster_options_free(options);
        } else {
            client = client_of(fake_node_address(fake, 1), "command_timeout", "700", "socket_timeout", "20000", NULL);
        }
        sent(client);
        cut(client);
        CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
        rediscluster_client_free(client);
        fake_node_stop(fake);
    }
    return 0;
}
