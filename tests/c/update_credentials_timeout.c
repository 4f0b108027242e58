/* rediscluster_pool_update_credentials at nodes that fall silent: it ends by command_timeout, says so, and what had not
 * logged in does so when it is given out, within that call's own time. Nothing is leaked, and once the nodes answer the
 * pool works by the new credentials. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

#include <string.h>

int main(void)
{
    fake_node *fake = fake_node_start("node 1 2\nhandshake\nstore\ntopology 0-8191=1 8192-16383=2\n"
                                      "scene mute\nnode 1 2\non AUTH * => hang\non HELLO * => hang\n"
                                      "scene half\nnode 2\non AUTH * => hang\non HELLO * => hang\n"
                                      "scene well\n");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "password", "old", "command_timeout", "300",
                                      "topology_refresh_min_interval", "0", NULL);
    rediscluster_connection *held[3], *none = NULL;
    rediscluster_error *error = NULL;
    const int64_t slack = 100 * test_patience();
    int64_t begun;

    for (int i = 0; i < 3; i++)
        held[i] = take_slot(pool, i < 2 ? 0 : 16383, -2);
    for (int i = 0; i < 3; i++)
        give_back(held[i]);
    fake_node_control(fake, "use mute");
    begun = clock_ms();
    CHECK_FAILS(rediscluster_pool_update_credentials(pool, NULL, "new", &error), REDISCLUSTER_ERROR_TIMEOUT, error);
    CHECK_BETWEEN(clock_ms() - begun, 300, 300 + slack);
    CHECK(*rediscluster_error_node(error) != '\0');
    CHECK(strstr(rediscluster_error_message(error), "new") == NULL);
    rediscluster_error_free(error);
    error = NULL;
    /* The one that was tried is of no more use, the others wait. */
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 2);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    begun = clock_ms();
    CHECK_STATUS(rediscluster_pool_get_by_slot(pool, 16383, REDISCLUSTER_WRITE, 200, &none, &error),
                 REDISCLUSTER_ERROR_TIMEOUT, error);
    CHECK_BETWEEN(clock_ms() - begun, 200, 200 + slack);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_DIALING), 0);

    /* One that does not wait is not given an old login, nor held up. */
    begun = clock_ms();
    CHECK_STATUS(rediscluster_pool_get_by_slot(pool, 16383, REDISCLUSTER_WRITE, 0, &none, &error),
                 REDISCLUSTER_ERROR_TIMEOUT, error);
    CHECK(clock_ms() - begun < slack);

    /* A node that answers is served, whatever another does. */
    fake_node_control(fake, "use half");
    fake_node_control(fake, "clear");
    held[0] = take_slot(pool, 0, 5000);
    say_expect(held[0], "OK", "SET", "a", "b", NULL);
    give_back(held[0]);
    CHECK(fake_node_count_on(fake, 1, "AUTH") + fake_node_count_on(fake, 1, "HELLO") > 0);

    fake_node_control(fake, "use well");
    CHECK_OK(rediscluster_pool_update_credentials(pool, NULL, "newer", &error), error);
    for (int i = 0; i < 3; i++)
        held[i] = take_slot(pool, i < 2 ? 0 : 16383, 5000);
    for (int i = 0; i < 3; i++) {
        say_expect(held[i], "PONG", "PING", NULL);
        give_back(held[i]);
    }
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(fake_node_connections_of(fake, 1).open + fake_node_connections_of(fake, 2).open,
              pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN));
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
