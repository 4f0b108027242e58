/* B1: key slots equal CLUSTER KEYSLOT of the server for 10,000 random binary keys, every corner of the hash tag, NUL
 * bytes and a key of 1 MiB; and a get by key leads where the key can be written.
 * ctest: cluster */
#include "cluster.h"
#include "commands.h"
#include "pools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t seed = 88172645463325252u;

static uint32_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 16);
}

static void append(rediscluster_command *command, const void *data, size_t len)
{
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_command_append(command, data, len, &error), error);
}

/* Appends CLUSTER KEYSLOT key; the reply is read later. */
static void question(rediscluster_connection *connection, const void *key, size_t len)
{
    rediscluster_command *command = command_of("CLUSTER", "KEYSLOT", NULL);
    rediscluster_error *error = NULL;
    append(command, key, len);
    CHECK_OK(rediscluster_connection_append(connection, command, &error), error);
    rediscluster_command_free(command);
}

static int32_t answer(rediscluster_connection *connection)
{
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    int32_t slot;
    CHECK_OK(rediscluster_connection_read(connection, 10000, &reply, &error), error);
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_INTEGER);
    slot = (int32_t)rediscluster_reply_integer(reply);
    rediscluster_reply_free(reply);
    return slot;
}

static void random_keys(rediscluster_connection *connection)
{
    enum { AT_ONCE = 500, LONGEST = 64 };
    static uint8_t keys[AT_ONCE][LONGEST];
    static size_t lengths[AT_ONCE];
    rediscluster_error *error = NULL;
    int rounds = test_rounds(20);
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < AT_ONCE; i++) {
            lengths[i] = next_random() % (LONGEST + 1);
            for (size_t j = 0; j < lengths[i]; j++) {
                uint32_t random = next_random();
                /* Braces often, else tags would be rare. */
                keys[i][j] = (uint8_t)(random % 8 == 0 ? '{' : random % 8 == 1 ? '}' : random >> 8);
            }
            question(connection, keys[i], lengths[i]);
        }
        CHECK_OK(rediscluster_connection_flush(connection, 10000, &error), error);
        for (int i = 0; i < AT_ONCE; i++)
            CHECK_INT(rediscluster_key_slot(keys[i], lengths[i]), answer(connection));
    }
}

static void corners(rediscluster_connection *connection)
{
    static const struct {
        const char *key;
        size_t len;
    } keys[] = {
        {"", 0},           {"{}", 2},           {"{}a", 3},        {"a{}", 3},
        {"foo{}{bar}", 10}, {"foo{{bar}}zap", 13}, {"foo{bar}{zap}", 13}, {"{user1000}.following", 20},
        {"{", 1},          {"}", 1},            {"}{", 2},         {"}{a}", 4},
        {"{a", 2},         {"a}", 2},           {"{a}}", 4},       {"{{}", 3},
        {"{}}", 3},        {"\0", 1},           {"\0\0", 2},       {"a\0b", 3},
        {"{\0}x", 4},      {"{a\0b}c", 6},      {"\0{a}", 4},      {"\xff{\xfe}\xfd", 5},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        question(connection, keys[i].key, keys[i].len);
        CHECK_INT(rediscluster_key_slot((const uint8_t *)keys[i].key, keys[i].len), answer(connection));
    }
    CHECK_INT(rediscluster_key_slot(NULL, 0), 0);
    CHECK_INT(rediscluster_key_slot(NULL, 1), -1);
    CHECK_INT(rediscluster_key_slot((const uint8_t *)"a", SIZE_MAX), -1);
    CHECK(rediscluster_key_slot((const uint8_t *)"foo{{bar}}zap", 13)
          == rediscluster_key_slot((const uint8_t *)"{bar", 4));
}

static void large(rediscluster_connection *connection)
{
    const size_t len = 1 << 20;
    uint8_t *key = malloc(len);
    CHECK(key != NULL);
    for (size_t i = 0; i < len; i++)
        key[i] = (uint8_t)next_random();
    question(connection, key, len);
    CHECK_INT(rediscluster_key_slot(key, len), answer(connection));
    memset(key, 'x', len);
    memcpy(key + len - 5, "{tag}", 5);
    question(connection, key, len);
    CHECK_INT(rediscluster_key_slot(key, len), answer(connection));
    CHECK_INT(rediscluster_key_slot(key, len), rediscluster_key_slot((const uint8_t *)"tag", 3));
    free(key);
}

static void writable(rediscluster_pool *pool)
{
    for (int i = 0; i < 60; i++) {
        char key[32];
        rediscluster_connection *connection = NULL;
        rediscluster_error *error = NULL;
        rediscluster_reply *reply;
        snprintf(key, sizeof key, "slots_key:{%d}:%d", i * 7919, i);
        CHECK_OK(rediscluster_pool_get_by_key(pool, (const uint8_t *)key, strlen(key),
                                              i % 2 == 0 ? REDISCLUSTER_WRITE : REDISCLUSTER_READ, -2,
                                              &connection, &error),
                 error);
        reply = ask(connection, "SET", key, "v", NULL);
        CHECK_STR(reply_text(reply), "OK");
        rediscluster_reply_free(reply);
        rediscluster_reply_free(ask(connection, "DEL", key, NULL));
        give_back(connection);
    }
}

int main(void)
{
    cluster *servers = cluster_shared();
    rediscluster_pool *pool = pool_of(cluster_addresses(servers), NULL);
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    random_keys(connection);
    corners(connection);
    large(connection);
    give_back(connection);
    writable(pool);
    rediscluster_pool_free(pool);
    cluster_stop(servers);
    return 0;
}
