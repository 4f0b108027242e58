/* ctest: tls-cluster
 *
 * rediscluster_client_get_into over TLS: values around the size of a record and far beyond, and large arguments that are
 * sealed from the caller's memory. */
#include "certificates.h"
#include "client.h"
#include "cluster.h"
#include "tls.h"

#include <stdlib.h>
#include <string.h>

int main(void)
{
    const size_t sizes[] = {0, 1, 16383, 16384, 16385, 40000, 1 << 20, 8 << 20};
    cluster *servers = cluster_shared_tls();
    rediscluster_options *options = tls_options_of(cluster_addresses(servers), NULL);
    rediscluster_client *client = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_client_new(options, &client, &error), error);
    rediscluster_options_free(options);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const size_t size = sizes[i];
        char *value = malloc(size + 1), *buffer = malloc(size + 3);
        const char *argv[] = {"HSET", "{into}hash", "first", value, "second", value};
        const size_t lengths[] = {4, 10, 5, size, 6, size};
        const char *set[] = {"SET", "{into}value", value, "EX", "100"};
        const size_t set_lengths[] = {3, 11, size, 2, 3};
        rediscluster_reply *reply = NULL;
        int64_t length = 7;
        CHECK(value != NULL && buffer != NULL);
        for (size_t at = 0; at < size; at++)
            value[at] = (char)(at * 31 + at / 1000);
        CHECK_OK(rediscluster_client_command(client, 5, set, set_lengths, &reply, &error), error);
        reply_is(reply, "OK");
        rediscluster_reply_free(reply);
        CHECK_OK(rediscluster_client_command(client, 6, argv, lengths, &reply, &error), error);
        rediscluster_reply_free(reply);
        for (size_t more = 0; more <= 3; more += 3) {
            memset(buffer, 0, size + more);
            CHECK_OK(rediscluster_client_get_into(client, "{into}value", 11, buffer, size + more, &length, &error), error);
            CHECK_INT(length, (int64_t)size);
            CHECK(memcmp(buffer, value, size) == 0);
        }
        if (size > 0) {
            CHECK_INT(rediscluster_client_get_into(client, "{into}value", 11, buffer, size - 1, &length, NULL),
                      REDISCLUSTER_ERROR_LIMIT);
            CHECK_INT(length, (int64_t)size);
        }
        for (int second = 0; second < 2; second++) {
            size_t found;
            const uint8_t *bytes;
            reply = client_say(client, "HGET", "{into}hash", second ? "second" : "first", NULL);
            bytes = rediscluster_reply_bytes(reply, &found);
            CHECK_INT(found, size);
            CHECK(memcmp(bytes, value, size) == 0);
            rediscluster_reply_free(reply);
        }
        free(value);
        free(buffer);
    }
    rediscluster_reply_free(client_say(client, "DEL", "{into}hash", "{into}value", NULL));
    rediscluster_client_free(client);
    cluster_stop(servers);
    return 0;
}
