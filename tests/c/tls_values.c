/* ctest: tls-cluster */
/* TLS: values around the size of a record and far beyond go out and come back whole, on a real cluster, and in
 * records of one byte and of odd sizes from a scripted node. */
#include "certificates.h"
#include "cluster.h"
#include "commands.h"
#include "fake_node.h"
#include "pools.h"
#include "tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void there_and_back(rediscluster_connection *connection, size_t size)
{
    rediscluster_command *command = command_of("SET", "{tls}value", NULL);
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    uint8_t *bytes = pattern(size);
    const uint8_t *back;
    size_t length;
    CHECK_OK(rediscluster_command_append(command, bytes, size, &error), error);
    CHECK_OK(rediscluster_connection_command(connection, command, 60000, &reply, &error), error);
    CHECK_OK(rediscluster_reply_check(reply, &error), error);
    rediscluster_reply_free(reply);
    rediscluster_command_free(command);
    reply = say(connection, "GET", "{tls}value", NULL);
    back = rediscluster_reply_bytes(reply, &length);
    CHECK_INT(length, size);
    CHECK(memcmp(back, bytes, size) == 0);
    rediscluster_reply_free(reply);
    free(bytes);
}

static void real(void)
{
    const size_t sizes[] = {0, 1, 2, 16340, 16383, 16384, 16385, 20000, 32768, 65537, 1 << 20, 8 << 20};
    cluster *servers = cluster_shared_tls();
    for (int version = 2; version <= 3; version++) {
        rediscluster_pool *pool =
            tls_pool_of(cluster_addresses(servers), "ssl_min_version", version == 2 ? "1.2" : "1.3", "protocol",
                        version == 2 ? "2" : "3", NULL);
        rediscluster_connection *connection = NULL;
        rediscluster_error *error = NULL;
        CHECK_OK(rediscluster_pool_get_by_key(pool, (const uint8_t *)"{tls}", 5, REDISCLUSTER_WRITE, -2, &connection,
                                              &error),
                 error);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            there_and_back(connection, sizes[i]);
        /* Every length of a command near the end of a record. */
        for (size_t size = 16330; size < 16390; size++)
            there_and_back(connection, size);
        say_expect(connection, "1", "DEL", "{tls}value", NULL);
        give_back(connection);
        rediscluster_pool_free(pool);
    }
    cluster_stop(servers);
}

static void in_records(const char *version)
{
    const size_t sizes[] = {0, 1, 2, 16383, 16384, 16385, 20000, 200000};
    const int records[] = {1, 7, 1000, 16383, 16384};
    for (size_t r = 0; r < sizeof records / sizeof *records; r++) {
        rediscluster_pool *pool;
        rediscluster_connection *connection;
        fake_node *fake =
            fake_node_start_format("tls %s\nlog off\nnode 1\ntls-version %s\nhandshake\n"
                                      "on ECHO * => records %d; echo\ntopology 0-16383=1",
                                      certificates_folder(), version, records[r]);
        pool = tls_pool_of(fake_node_address(fake, 1), NULL);
        connection = take_slot(pool, 0, -2);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            rediscluster_command *command;
            rediscluster_reply *reply = NULL;
            rediscluster_error *error = NULL;
            uint8_t *bytes;
            size_t length;
            if (records[r] < 10 && sizes[i] > 20000)
                continue;
            bytes = pattern(sizes[i]);
            command = command_of("ECHO", NULL);
            CHECK_OK(rediscluster_command_append(command, bytes, sizes[i], &error), error);
            CHECK_OK(rediscluster_connection_command(connection, command, 60000, &reply, &error), error);
            CHECK(memcmp(rediscluster_reply_bytes(reply, &length), bytes, sizes[i]) == 0);
            CHECK_INT(length, sizes[i]);
            rediscluster_reply_free(reply);
            rediscluster_command_free(command);
            free(bytes);
        }
        give_back(connection);
        CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 1);
        rediscluster_pool_free(pool);
        fake_node_stop(fake);
    }
}

int main(void)
{
    real();
    in_records("1.2");
    in_records("1.3");
    return 0;
}
