/* The smallest program that shows that header and library fit: no server is needed. */
#include <stdio.h>
#include <string.h>

#include <rediscluster.h>

#define EXPECT(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            return 1; \
        } \
    } while (0)

int main(void)
{
    rediscluster_options *options = NULL;
    rediscluster_pool *pool = NULL;
    rediscluster_error *error = NULL;

    EXPECT(rediscluster_version() == REDISCLUSTER_VERSION);
    EXPECT(strcmp(rediscluster_version_string(), REDISCLUSTER_VERSION_STRING) == 0);
    EXPECT(rediscluster_key_slot((const uint8_t *)"123456789", 9) == 12739);

    EXPECT(rediscluster_options_new(&options, &error) == REDISCLUSTER_OK);
    EXPECT(rediscluster_options_set(options, "max_connectons", "4", &error) == REDISCLUSTER_ERROR_CONFIG);
    EXPECT(strstr(rediscluster_error_message(error), "max_connections") != NULL);
    rediscluster_error_free(error);
    error = NULL;

    /* Nobody listens on port 1 of this machine. */
    EXPECT(rediscluster_options_set(options, "startup_nodes", "127.0.0.1:1", &error) == REDISCLUSTER_OK);
    EXPECT(rediscluster_pool_new(options, &pool, &error) == REDISCLUSTER_ERROR_UNREACHABLE);
    EXPECT(pool == NULL);
    EXPECT(strstr(rediscluster_error_message(error), "127.0.0.1:1") != NULL);
    rediscluster_error_free(error);
    rediscluster_options_free(options);
    return 0;
}
