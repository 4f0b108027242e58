/* ctest: cluster
 *
 * rediscluster_client_get_into on real servers: values of all sizes around the buffer's, none, and keys that hold no
 * string; afterwards the connection serves the next call. */
#include "client.h"
#include "cluster.h"

#include <stdlib.h>
#include <string.h>

static rediscluster_client *client;

static uint8_t *pattern(size_t size)
{
    uint8_t *bytes = malloc(size + 1);
    uint32_t state = 1 + (uint32_t)size;
    CHECK(bytes != NULL);
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(state >> 24);
    }
    return bytes;
}

/* A value of `size` bytes into a buffer of `room`, of which no byte beyond may be touched. */
static void value_of(size_t size, size_t room)
{
    const char *argv[] = {"SET", "{into}value", NULL};
    const size_t lengths[] = {3, 11, size};
    uint8_t *value = pattern(size), *buffer = malloc(room + 1);
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    int64_t length = 7;
    argv[2] = (const char *)value;
    CHECK(buffer != NULL);
    memset(buffer, 0x5a, room + 1);
    CHECK_OK(rediscluster_client_command(client, 3, argv, lengths, &reply, &error), error);
    reply_is(reply, "OK");
    rediscluster_reply_free(reply);
    if (size <= room) {
        CHECK_OK(rediscluster_client_get_into(client, "{into}value", 11, buffer, room, &length, &error), error);
        CHECK(memcmp(buffer, value, size) == 0);
    } else {
        CHECK_STATUS(rediscluster_client_get_into(client, "{into}value", 11, buffer, room, &length, &error),
                     REDISCLUSTER_ERROR_LIMIT, error);
    }
    CHECK_INT(length, (int64_t)size);
    CHECK_INT(buffer[room], 0x5a);
    client_expect(client, "next", "ECHO", "next", NULL);
    client_expect(client, "1", "EXISTS", "{into}value", NULL);
    free(buffer);
    free(value);
}

int main(void)
{
    const size_t sizes[] = {0, 1, 64, 16000, 16384, 65536, 100000, 1 << 20, 5 << 20};
    cluster *servers = cluster_shared();
    for (int protocol = 2; protocol <= 3; protocol++) {
        rediscluster_error *error = NULL;
        char buffer[8];
        int64_t length = 7;
        client = client_of(cluster_addresses(servers), "protocol", protocol == 2 ? "2" : "3", NULL);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            const size_t size = sizes[i];
            value_of(size, size);
            value_of(size, size + 1);
            value_of(size, size + 2);
            value_of(size, size + 100);
            if (size > 0)
                value_of(size, size - 1);
            if (size > 64)
                value_of(size, 64);
        }
        rediscluster_reply_free(client_say(client, "DEL", "{into}none", NULL));
        CHECK_OK(rediscluster_client_get_into(client, "{into}none", 10, buffer, sizeof buffer, &length, &error), error);
        CHECK_INT(length, -1);
        rediscluster_reply_free(client_say(client, "DEL", "{into}list", NULL));
        rediscluster_reply_free(client_say(client, "RPUSH", "{into}list", "a", NULL));
        length = 7;
        CHECK_INT(rediscluster_client_get_into(client, "{into}list", 10, buffer, sizeof buffer, &length, &error),
                  REDISCLUSTER_ERROR_SERVER);
        CHECK_INT(length, -1);
        CHECK_STR(rediscluster_error_server_code(error), "WRONGTYPE");
        rediscluster_error_free(error);
        error = NULL;
        /* The length alone. */
        CHECK_INT(rediscluster_client_get_into(client, "{into}value", 11, NULL, 0, &length, NULL), REDISCLUSTER_ERROR_LIMIT);
        CHECK_INT(length, 5 << 20);
        /* Those that could not be drained were closed, and nothing else was. */
        CHECK(client_stat(client, NULL, REDISCLUSTER_STAT_IDLE) > 0);
        CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
        rediscluster_reply_free(client_say(client, "DEL", "{into}list", "{into}value", NULL));
        rediscluster_client_free(client);
    }
    cluster_stop(servers);
    return 0;
}
