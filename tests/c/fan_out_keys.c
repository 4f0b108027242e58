/* ctest: cluster
 *
 * Commands of many keys over all shards of real servers: split by slot, sent to all at once, and joined in the order of the
 * keys: MSET, MGET, EXISTS, TOUCH, UNLINK, DEL, with keys given twice and values of any bytes. */
#define _POSIX_C_SOURCE 200809L

#include "client.h"
#include "cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEYS = 300 };

static char keys[KEYS][40];
static rediscluster_client *client;

/* The command with all keys, each with its value if `values`. */
static rediscluster_command *of_all(const char *name, bool values)
{
    rediscluster_command *command = command_of(name, NULL);
    rediscluster_error *error = NULL;
    for (int i = 0; i < KEYS; i++) {
        uint8_t value[4] = {(uint8_t)i, 0, '\r', '\n'};
        CHECK_OK(rediscluster_command_append(command, (const uint8_t *)keys[i], strlen(keys[i]), &error), error);
        if (values)
            CHECK_OK(rediscluster_command_append(command, value, i % 5, &error), error);
    }
    return command;
}

static void counts(const char *name, int64_t expected)
{
    rediscluster_reply *reply = client_run(client, of_all(name, false));
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_INTEGER);
    CHECK_INT(rediscluster_reply_integer(reply), expected);
    rediscluster_reply_free(reply);
}

static void reads(bool there)
{
    rediscluster_reply *reply = client_run(client, of_all("MGET", false));
    const rediscluster_reply *element = rediscluster_reply_at(reply, 0);
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_ARRAY);
    CHECK_INT(rediscluster_reply_count(reply), KEYS);
    for (int i = 0; i < KEYS; i++, element = rediscluster_reply_next(element)) {
        uint8_t value[4] = {(uint8_t)i, 0, '\r', '\n'};
        size_t length = 9;
        const uint8_t *bytes = rediscluster_reply_bytes(element, &length);
        CHECK_INT(rediscluster_reply_kind(element), there ? REDISCLUSTER_REPLY_STRING : REDISCLUSTER_REPLY_NIL);
        if (there) {
            CHECK_INT(length, i % 5);
            CHECK(memcmp(bytes, value, length) == 0);
        }
    }
    rediscluster_reply_free(reply);
}

int main(void)
{
    cluster *servers = cluster_shared();
    rediscluster_reply *reply;
    client = client_of(cluster_addresses(servers), NULL);
    for (int i = 0; i < KEYS; i++)
        snprintf(keys[i], sizeof keys[i], "many keys %d %d", (int)getpid(), i);
    reads(false);
    counts("EXISTS", 0);
    reply = client_run(client, of_all("MSET", true));
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_STATUS);
    CHECK_STR(reply_text(reply), "OK");
    rediscluster_reply_free(reply);
    reads(true);
    counts("EXISTS", KEYS);
    counts("TOUCH", KEYS);
    client_expect(client, "4", "EXISTS", keys[0], keys[1], keys[0], keys[2], NULL);
    client_expect(client, "3", "UNLINK", keys[0], keys[1], keys[2], keys[1], NULL);
    client_expect(client, "OK", "mset", keys[0], "a", keys[1], "b", keys[0], "c", keys[1], "d", NULL);
    reply = client_say(client, "mget", keys[1], keys[0], keys[1], NULL);
    CHECK_STR(reply_text(rediscluster_reply_at(reply, 0)), "d");
    CHECK_STR(reply_text(rediscluster_reply_at(reply, 1)), "c");
    CHECK_STR(reply_text(rediscluster_reply_at(reply, 2)), "d");
    rediscluster_reply_free(reply);
    counts("DEL", KEYS - 1);
    counts("DEL", 0);
    reads(false);

    /* The wrong kind of key is no error to MGET; the wrong number of arguments is one before anything is sent. */
    client_expect(client, "1", "LPUSH", keys[0], "element", NULL);
    reply = client_say(client, "MGET", keys[0], keys[1], NULL);
    CHECK_INT(rediscluster_reply_kind(rediscluster_reply_at(reply, 0)), REDISCLUSTER_REPLY_NIL);
    rediscluster_reply_free(reply);
    client_expect(client, "1", "DEL", keys[0], NULL);
    rediscluster_error_free(client_fails(client, REDISCLUSTER_ERROR_CROSS_SLOT, "MSETNX", keys[0], "1", keys[1], "2", NULL));
    client_expect(client, "0", "EXISTS", keys[0], keys[1], NULL);
    rediscluster_client_free(client);
    cluster_stop(servers);
    return 0;
}
