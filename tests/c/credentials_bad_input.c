/* User names and passwords that are none: a line break in them is CONFIG with the option's name, by options_set and in a
 * URL, and INVALID_ARGUMENT with the parameter's name by update_credentials; nothing is dialled or sent, and what held
 * before holds. */
#include "commands.h"
#include "fake_node.h"
#include "options.h"
#include "pools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void shows_nothing(rediscluster_error **error, const char *named)
{
    CHECK_CONTAINS(rediscluster_error_message(*error), named);
    CHECK(strstr(rediscluster_error_message(*error), "evil") == NULL);
    CHECK(strpbrk(rediscluster_error_message(*error), "\r\n") == NULL);
    rediscluster_error_free(*error);
    *error = NULL;
}

int main(void)
{
    const char *bad[] = {"evil\nuser", "evil\r\nFLUSHALL\r\n", "\tevil", "evil\x7f"};
    const char *urls[] = {"redis://evil%%0Auser:pw@%s", "redis://app:evil%%0D%%0Apw@%s", "redis://%s?username=evil%%0Auser",
                          "redis://%s?password=evil%%09pw"};
    fake_node *fake = fake_node_start("node 1\nhandshake\nstore\ntopology 0-16383=1");
    rediscluster_options *options = options_of(fake_node_address(fake, 1), "username", "app", "password", "pw", NULL), *none;
    rediscluster_pool *pool = NULL;
    rediscluster_error *error = NULL;
    rediscluster_connection *connection;
    long dialled;
    char *log;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_FAILS(rediscluster_options_set(options, "username", bad[i], &error), REDISCLUSTER_ERROR_CONFIG, error);
        shows_nothing(&error, "username");
        CHECK_FAILS(rediscluster_options_set(options, "password", bad[i], &error), REDISCLUSTER_ERROR_CONFIG, error);
        shows_nothing(&error, "password");
    }
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        char url[200];
        snprintf(url, sizeof url, urls[i], fake_node_address(fake, 1));
        none = options;
        CHECK_FAILS(rediscluster_options_from_url(url, &none, &error), REDISCLUSTER_ERROR_CONFIG, error);
        CHECK(none == NULL);
        shows_nothing(&error, i % 2 == 0 ? "username" : "password");
    }
    CHECK_INT(fake_node_connections_of(fake, 1).total, 0);
    CHECK_STR(rediscluster_options_get(options, "username"), "app");

    CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
    rediscluster_options_free(options);
    give_back(take_slot(pool, 0, -2));
    dialled = fake_node_connections_of(fake, 1).total;
    fake_node_control(fake, "clear");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_FAILS(rediscluster_pool_update_credentials(pool, bad[i], "pw", &error),
                    REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
        shows_nothing(&error, "username");
        CHECK_FAILS(rediscluster_pool_update_credentials(pool, "app", bad[i], &error),
                    REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
        shows_nothing(&error, "password");
    }
    CHECK_FAILS(rediscluster_pool_update_credentials(pool, "evil\xff", "pw", &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT,
                error);
    shows_nothing(&error, "username");
    CHECK_FAILS(rediscluster_pool_update_credentials(pool, "app", NULL, &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    shows_nothing(&error, "password");
    CHECK_FAILS(rediscluster_pool_update_credentials(pool, "app", "", &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    shows_nothing(&error, "password");
    CHECK_STATUS(rediscluster_pool_update_credentials(NULL, "app", "pw", &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_INT(rediscluster_pool_update_credentials(pool, "app", "", NULL), REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK_INT(fake_node_connections_of(fake, 1).total, dialled);
    CHECK_INT(fake_node_count(fake, "AUTH") + fake_node_count(fake, "HELLO"), 0);
    /* New connections still log in as they did. */
    CHECK_OK(rediscluster_pool_disconnect(pool, &error), error);
    connection = take_slot(pool, 0, -2);
    give_back(connection);
    log = fake_node_log(fake);
    CHECK_CONTAINS(log, "HELLO 3 AUTH app pw");
    free(log);
    CHECK_OK(rediscluster_pool_close(pool, &error), error);
    CHECK_STATUS(rediscluster_pool_update_credentials(pool, "app", "pw", &error), REDISCLUSTER_ERROR_CLOSED, error);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
