/* Options: each one told by index can be read, has its default, and can be set to it; values read as they were set; a URL
 * says the same as set; a copy is changed by itself; a text that was read stays until its own option is set; a pool copies. */
#include "fake_node.h"
#include "options.h"
#include "pools.h"

#include <string.h>

static void every_row(void)
{
    rediscluster_options *options = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_options_new(&options, &error), error);
    CHECK(rediscluster_options_count() >= 30);
    for (size_t i = 0; i < rediscluster_options_count(); i++) {
        const char *name = rediscluster_options_name(i), *value = rediscluster_options_default(i);
        CHECK(strlen(name) > 1 && strlen(rediscluster_options_type(i)) > 1 && strlen(rediscluster_options_doc(i)) > 20);
        CHECK_STR(rediscluster_options_get(options, name), value);
        for (size_t j = 0; j < i; j++)
            CHECK(strcmp(rediscluster_options_name(j), name) != 0);
        if (*value != '\0')
            CHECK_OK(rediscluster_options_set(options, name, value, &error), error);
        CHECK_STR(rediscluster_options_get(options, name), value);
        if (strcmp(rediscluster_options_type(i), "secret") == 0) {
            CHECK_OK(rediscluster_options_set(options, name, "x", &error), error);
            CHECK_STR(rediscluster_options_get(options, name), "***");
        }
    }
    CHECK(rediscluster_options_get(options, "nonsense") == NULL);
    rediscluster_options_free(options);
}

static void urls_and_copies(void)
{
    rediscluster_options *options = NULL, *copy = NULL;
    rediscluster_error *error = NULL;
    const char *kept;
    CHECK_OK(rediscluster_options_from_url("redis://app:p%40ss@one:7000,[::1]:7001,two/0?max_connections=5&"
                                           "pool_exhausted=block&client_name=a%26b",
                                           &options, &error),
             error);
    CHECK_STR(rediscluster_options_get(options, "startup_nodes"), "one:7000,[::1]:7001,two:6379");
    CHECK_STR(rediscluster_options_get(options, "username"), "app");
    CHECK_STR(rediscluster_options_get(options, "password"), "***");
    CHECK_STR(rediscluster_options_get(options, "db"), "0");
    CHECK_STR(rediscluster_options_get(options, "max_connections"), "5");
    CHECK_STR(rediscluster_options_get(options, "pool_exhausted"), "block");
    CHECK_STR(rediscluster_options_get(options, "client_name"), "a&b");

    kept = rediscluster_options_get(options, "client_name");
    CHECK_OK(rediscluster_options_clone(options, &copy, &error), error);
    CHECK_OK(rediscluster_options_set(copy, "client_name", "other", &error), error);
    CHECK_OK(rediscluster_options_set(options, "max_connections", "6", &error), error);
    CHECK_STR(kept, "a&b");
    CHECK_STR(rediscluster_options_get(copy, "max_connections"), "5");
    rediscluster_options_free(options);
    CHECK_STR(rediscluster_options_get(copy, "client_name"), "other");
    CHECK_STR(rediscluster_options_get(copy, "startup_nodes"), "one:7000,[::1]:7001,two:6379");

    /* One setting by two names. */
    CHECK_OK(rediscluster_options_set(copy, "require_full_coverage", "on", &error), error);
    CHECK_STR(rediscluster_options_get(copy, "require_full_coverage"), "yes");
    CHECK_STR(rediscluster_options_get(copy, "skip_full_coverage_check"), "no");
    rediscluster_options_free(copy);
}

/* What is set after the pool was made does not reach it. */
static void a_pool_copies(void)
{
    fake_node *fake = fake_node_start("node 1\nhandshake\nstore\ntopology 0-16383=1");
    rediscluster_options *options = options_of(fake_node_address(fake, 1), "max_connections", "1", NULL);
    rediscluster_pool *pool = NULL;
    rediscluster_connection *connection, *none = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
    CHECK_OK(rediscluster_options_set(options, "max_connections", "9", &error), error);
    CHECK_OK(rediscluster_options_set(options, "startup_nodes", "127.0.0.1:1", &error), error);
    rediscluster_options_free(options);
    connection = take_slot(pool, 0, -2);
    CHECK_STATUS(rediscluster_pool_get_by_slot(pool, 0, REDISCLUSTER_WRITE, 100, &none, &error),
                 REDISCLUSTER_ERROR_POOL_EXHAUSTED, error);
    give_back(connection);
    CHECK_OK(rediscluster_pool_reset(pool, -2, &error), error);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

int main(void)
{
    every_row();
    urls_and_copies();
    a_pool_copies();
    return 0;
}
