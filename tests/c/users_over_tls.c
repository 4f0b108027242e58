/* K4 over TLS: an ACL user at every node of real servers, by options and by URL, discovery and reconnects included; the
 * password may be replaced while connections are there.
 * ctest: tls-cluster timeout=120 */
#define _POSIX_C_SOURCE 200809L

#include "certificates.h"
#include "cluster.h"
#include "commands.h"
#include "options.h"
#include "users.h"

#include <stdio.h>

static void reconnects(rediscluster_pool *pool, const cluster *servers)
{
    for (int i = 1; i <= cluster_count_nodes(servers); i++) {
        rediscluster_connection *connection = take_node(pool, cluster_address(servers, i), -2);
        rediscluster_connection *other = take_node(pool, cluster_address(servers, i), -2);
        rediscluster_reply *id = say(connection, "CLIENT", "ID", NULL);
        char number[24];
        snprintf(number, sizeof number, "%lld", (long long)rediscluster_reply_integer(id));
        give_back(connection);
        CHECK_INT(users_connections(other, "over-tls", "app"), 2);
        say_expect(other, "1", "CLIENT", "KILL", "ID", number, NULL);
        WAIT_UNTIL(users_connections(other, "over-tls", "app") == 1, 10000);
        connection = take_node(pool, cluster_address(servers, i), -2);
        say_expect(connection, "app", "ACL", "WHOAMI", NULL);
        CHECK_INT(users_connections(other, "over-tls", "app"), 2);
        give_back(connection);
        give_back(other);
        rediscluster_reply_free(id);
    }
}

int main(void)
{
    cluster *servers = cluster_shared_tls();
    rediscluster_options *options = NULL;
    rediscluster_pool *pool = NULL;
    rediscluster_error *error = NULL;
    char url[2000];
    int64_t created;

    snprintf(url, sizeof url, "rediss://app:app%%2Dsecret@%s?client_name=over-tls&ssl_ca_certs=%s",
             cluster_addresses(servers), certificates_file("ca.pem"));
    CHECK_OK(rediscluster_options_from_url(url, &options, &error), error);
    CHECK_OK(rediscluster_options_set(options, "ssl_certfile", certificates_file("client.pem"), &error), error);
    CHECK_OK(rediscluster_options_set(options, "ssl_keyfile", certificates_file("client.key"), &error), error);
    CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
    users_whoami(pool, "app");
    reconnects(pool, servers);
    CHECK_OK(rediscluster_pool_refresh(pool, -2, &error), error);

    /* Replaced by the same ones: each connection logs in anew and is kept. */
    created = pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED);
    CHECK_OK(rediscluster_pool_update_credentials(pool, "app", "app-secret", &error), error);
    users_whoami(pool, "app");
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), created);
    /* By wrong ones: each is refused, over TLS too, and right ones bring the pool back. */
    CHECK_STATUS(rediscluster_pool_update_credentials(pool, "app", "no-secret", &error), REDISCLUSTER_ERROR_AUTH, error);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 0);
    CHECK_OK(rediscluster_pool_update_credentials(pool, "app", "app-secret", &error), error);
    users_whoami(pool, "app");
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    rediscluster_pool_free(pool);

    CHECK_OK(rediscluster_options_set(options, "password", "no-secret", &error), error);
    error = pool_refused(options, REDISCLUSTER_ERROR_AUTH);
    rediscluster_error_free(error);
    rediscluster_options_free(options);
    cluster_stop(servers);
    return 0;
}
