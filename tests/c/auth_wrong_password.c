/* G2: a wrong password is AUTH at once: making a pool, and a get whose dial is refused, end so without a refresh, without
 * trying again and without waiting; the message says what to check. A right one works. */
#include "cluster.h"
#include "commands.h"
#include "fake_node.h"
#include "options.h"
#include "pools.h"

#include <string.h>

static void by_script(void)
{
    const char *protocols[] = {"auto", "2", "3"};
    for (int i = 0; i < 3; i++) {
        fake_node *fake = fake_node_start(
            "node 1 2\nhandshake\nstore\ntopology 0-8191=1 8192-16383=2\n"
            "scene locked\nnode 1 2\n"
            "on AUTH * => error \"WRONGPASS invalid username-password pair or user is disabled.\"\n"
            "on HELLO * => error \"WRONGPASS invalid username-password pair or user is disabled.\"\n"
            "on * => error \"NOAUTH Authentication required.\"");
        rediscluster_pool *pool =
            pool_of(fake_node_address(fake, 1), "password", "secret", "protocol", protocols[i],
                    "topology_refresh_min_interval", "0", NULL);
        rediscluster_connection *none = NULL;
        rediscluster_error *error = NULL;
        int64_t refreshes = pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES), begun;
        long dials;

        fake_node_control(fake, "use locked");
        fake_node_control(fake, "clear");
        dials = fake_node_connections_of(fake, 2).total;
        begun = clock_ms();
        CHECK_FAILS(rediscluster_pool_get_by_slot(pool, 16383, REDISCLUSTER_WRITE, 5000, &none, &error),
                    REDISCLUSTER_ERROR_AUTH, error);
        CHECK(clock_ms() - begun < 250 * test_patience());
        CHECK_STR(rediscluster_error_node(error), fake_node_address(fake, 2));
        CHECK_STR(rediscluster_error_server_code(error), "WRONGPASS");
        CHECK_CONTAINS(rediscluster_error_message(error), "password");
        CHECK(!rediscluster_error_is_retryable(error));
        CHECK(strstr(rediscluster_error_message(error), "secret") == NULL);
        rediscluster_error_free(error);
        error = NULL;
        CHECK_STATUS(rediscluster_pool_get_by_node(pool, fake_node_address(fake, 1), 5000, &none, &error),
                     REDISCLUSTER_ERROR_AUTH, error);
        CHECK_STATUS(rediscluster_pool_get_random(pool, 5000, &none, &error), REDISCLUSTER_ERROR_AUTH, error);
        CHECK(none == NULL);
        CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES), refreshes);
        CHECK_INT(fake_node_count(fake, "CLUSTER"), 0);
        CHECK(fake_node_connections_of(fake, 2).total - dials <= 2);
        CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_DIALING), 0);
        /* Discovery says so, too, and asks each node once. */
        CHECK_STATUS(rediscluster_pool_refresh(pool, 5000, &error), REDISCLUSTER_ERROR_AUTH, error);
        rediscluster_pool_free(pool);
        fake_node_stop(fake);
    }
}

static void by_real_servers(void)
{
    cluster *servers = cluster_start("--primaries", "3", "--config",
                                     "user app on >right-one ~* &* +@all", NULL);
    rediscluster_error *error;
    rediscluster_pool *pool;
    int64_t begun = clock_ms();
    error = pool_refused_of(cluster_addresses(servers), REDISCLUSTER_ERROR_AUTH, "username", "app",
                            "password", "wrong-one", NULL);
    CHECK(clock_ms() - begun < 500 * test_patience());
    CHECK_CONTAINS(rediscluster_error_message(error), "password");
    CHECK(strstr(rediscluster_error_message(error), "wrong-one") == NULL);
    CHECK(!rediscluster_error_is_retryable(error));
    rediscluster_error_free(error);
    error = pool_refused_of(cluster_addresses(servers), REDISCLUSTER_ERROR_AUTH, "username", "nobody",
                            "password", "right-one", NULL);
    rediscluster_error_free(error);
    pool = pool_of(cluster_addresses(servers), "username", "app", "password", "right-one", NULL);
    for (int32_t slot = 0; slot < 16384; slot += 5461) {
        rediscluster_connection *connection = take_slot(pool, slot, -2);
        say_expect(connection, "app", "ACL", "WHOAMI", NULL);
        give_back(connection);
    }
    rediscluster_pool_free(pool);
    cluster_stop(servers);
}

int main(void)
{
    by_script();
    by_real_servers();
    return 0;
}
