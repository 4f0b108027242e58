/* A9: a user whom real servers deny CONFIG, COMMAND and CLUSTER SHARDS is served all the same. A user who may not ask
 * for the topology at all is told so.
 * ctest: timeout=120 */
#include "cluster.h"
#include "options.h"
#include "pools.h"

#include <string.h>

int main(void)
{
    cluster *servers = cluster_start(
        "--primaries", "3", "--replicas", "1", "--config", "repl-ping-replica-period 1", "--config",
        "user app on >open-sesame ~* &* +@all -config -command -cluster|shards", "--config",
        "user blind on >open-sesame ~* &* +@all -cluster", NULL);
    const char *keys[] = {"a", "b", "c", "d", "e", "f"};
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    rediscluster_connection *connection = NULL;
    rediscluster_pool *pool = pool_of(cluster_addresses(servers), "username", "app", "password",
                                      "open-sesame", "require_full_coverage", "yes", NULL);

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        CHECK_OK(rediscluster_pool_get_by_key(pool, (const uint8_t *)keys[i], strlen(keys[i]),
                                              REDISCLUSTER_WRITE, -2, &connection, &error),
                 error);
        say_expect(connection, "OK", "SET", keys[i], keys[i], NULL);
        say_expect(connection, keys[i], "GET", keys[i], NULL);
        say_expect(connection, "app", "ACL", "WHOAMI", NULL);
        give_back(connection);
    }
    CHECK_OK(rediscluster_pool_refresh(pool, -2, &error), error);
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK_INT(rediscluster_topology_node_count(topology), 6);
    rediscluster_topology_free(topology);
    rediscluster_pool_free(pool);

    error = pool_refused_of(cluster_addresses(servers), REDISCLUSTER_ERROR_UNREACHABLE, "username",
                            "blind", "password", "open-sesame", NULL);
    CHECK_CONTAINS(rediscluster_error_message(error), "NOPERM");
    CHECK(strstr(rediscluster_error_message(error), "sesame") == NULL);
    rediscluster_error_free(error);
    cluster_stop(servers);
    return 0;
}
