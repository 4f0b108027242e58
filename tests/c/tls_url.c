/* ctest: tls-cluster */
/* K2: a rediss:// URL switches TLS on; the options of TLS stand in its query. */
#include "certificates.h"
#include "cluster.h"
#include "pools.h"
#include "tls.h"

#include <stdio.h>

int main(void)
{
    cluster *servers = cluster_shared_tls();
    rediscluster_options *options = NULL;
    rediscluster_error *error = NULL;
    rediscluster_pool *pool;
    rediscluster_connection *connection;
    char url[12000];
    const char *user = "app:app-secret@";

    snprintf(url, sizeof url, "rediss://%s%s?ssl_ca_certs=%s&ssl_certfile=%s&ssl_keyfile=%s&ssl_password=correct%%20horse"
                              "&ssl_min_version=1.3",
             user, cluster_addresses(servers), certificates_file("ca.pem"), certificates_file("client.pem"),
             certificates_file("client-encrypted.key"));
    CHECK_OK(rediscluster_options_from_url(url, &options, &error), error);
    CHECK_STR(rediscluster_options_get(options, "ssl"), "yes");
    CHECK_STR(rediscluster_options_get(options, "ssl_min_version"), "1.3");
    CHECK_STR(rediscluster_options_get(options, "ssl_password"), "***");
    pool = pool_from(options);
    connection = take_slot(pool, 0, -2);
    say_expect(connection, "app", "ACL", "WHOAMI", NULL);
    give_back(connection);
    rediscluster_pool_free(pool);

    /* Without the query the authority is one of the system's, and not theirs. */
    snprintf(url, sizeof url, "rediss://%s", cluster_address(servers, 1));
    CHECK_OK(rediscluster_options_from_url(url, &options, &error), error);
    rediscluster_error_free(pool_refused_from(options, REDISCLUSTER_ERROR_TLS));
    snprintf(url, sizeof url, "rediss://%s?ssl_ca_certs=/no/such/file", cluster_address(servers, 1));
    CHECK_OK(rediscluster_options_from_url(url, &options, &error), error);
    error = pool_refused_from(options, REDISCLUSTER_ERROR_CONFIG);
    CHECK_CONTAINS(rediscluster_error_message(error), "/no/such/file");
    rediscluster_error_free(error);
    cluster_stop(servers);
    return 0;
}
