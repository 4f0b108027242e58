/* ctest: tls-cluster */
/* K2: a client without a certificate, or with one that the server does not take (of another authority, expired,
 * its intermediate authority missing): TLS, each with its own message, whether the server says so within the
 * handshake (1.2) or after it (1.3), when a pool is made and later, by scripted nodes and by real servers. */
#include "certificates.h"
#include "cluster.h"
#include "fake_node.h"
#include "pools.h"
#include "tls.h"

#include <stddef.h>

static const struct {
    const char *certificate, *key, *words;
} causes[] = {
    {NULL, NULL, "the server asks for a client certificate: set ssl_certfile and ssl_keyfile"},
    {"other-client.pem", "other-client.key", "the server refuses the client certificate of ssl_certfile"},
    {"expired-client.pem", "expired-client.key", "the server refuses the client certificate of ssl_certfile (sslv3 alert "
                                                 "certificate expired)"},
    {"chain-alone.pem", "chain.key", "the server refuses the client certificate of ssl_certfile (tlsv1 alert unknown ca)"},
};

enum { CAUSES = sizeof causes / sizeof *causes };

static rediscluster_options *options_with(const char *nodes, int cause, const char *version)
{
    rediscluster_options *options = tls_stranger_of(nodes, "ssl_min_version", version, NULL);
    rediscluster_error *error = NULL;
    if (causes[cause].certificate == NULL)
        return options;
    CHECK_OK(rediscluster_options_set(options, "ssl_certfile", certificates_file(causes[cause].certificate), &error),
             error);
    CHECK_OK(rediscluster_options_set(options, "ssl_keyfile", certificates_file(causes[cause].key), &error), error);
    return options;
}

static void refused(const char *node, const char *version)
{
    for (int cause = 0; cause < CAUSES; cause++) {
        rediscluster_error *error = pool_refused_from(options_with(node, cause, version), REDISCLUSTER_ERROR_TLS);
        CHECK_CONTAINS(rediscluster_error_message(error), causes[cause].words);
        CHECK_CONTAINS(rediscluster_error_message(error), node);
        CHECK(!rediscluster_error_maybe_executed(error));
        rediscluster_error_free(error);
    }
}

static void scripted(const char *version, const char *lowest)
{
    fake_node *fake = fake_node_start_format("tls %s\nnode *\nhandshake\ntopology 0-8191=1 8192-16383=2\n"
                                             "node 2\ntls-version %s\ntls-client-auth required",
                                             certificates_folder(), version);
    refused(fake_node_address(fake, 2), lowest);
    /* Later: the first node takes everybody. */
    for (int cause = 0; cause < CAUSES; cause++) {
        rediscluster_pool *pool = pool_from(options_with(fake_node_address(fake, 1), cause, lowest));
        rediscluster_connection *none = NULL;
        rediscluster_error *error = NULL;
        CHECK_FAILS(rediscluster_pool_get_by_slot(pool, 16383, REDISCLUSTER_WRITE, -2, &none, &error),
                    REDISCLUSTER_ERROR_TLS, error);
        CHECK_CONTAINS(rediscluster_error_message(error), causes[cause].words);
        CHECK_STR(rediscluster_error_node(error), fake_node_address(fake, 2));
        CHECK_INT(rediscluster_error_slot(error), 16383);
        rediscluster_error_free(error);
        CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 0);
        rediscluster_pool_free(pool);
    }
    CHECK_INT(fake_node_handshakes_of(fake, 2).done, 0);
    CHECK_INT(fake_node_count_on(fake, 2, "CLUSTER SLOTS"), 0);
    fake_node_stop(fake);
}

int main(void)
{
    cluster *servers;
    scripted("1.2", "1.2");
    scripted("1.3", "1.2");
    scripted("1.3", "1.3");

    servers = cluster_shared_tls();
    refused(cluster_address(servers, 1), "1.2");
    refused(cluster_address(servers, 1), "1.3");
    /* The server closes at once what it refuses; whatever comes first, its reason is heard. */
    for (int round = 0; round < test_rounds(100); round++) {
        rediscluster_error *error =
            pool_refused_from(options_with(cluster_address(servers, 2), 0, "1.3"), REDISCLUSTER_ERROR_TLS);
        CHECK_CONTAINS(rediscluster_error_message(error), causes[0].words);
        rediscluster_error_free(error);
    }
    cluster_stop(servers);

    servers = cluster_start("--primaries", "1", "--tls", certificates_folder(), "--config", "tls-protocols TLSv1.2", NULL);
    refused(cluster_address(servers, 1), "1.2");
    cluster_stop(servers);
    return 0;
}
