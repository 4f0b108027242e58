/* K2: with an authority given, those that the system trusts are not trusted; with none given, only those are. */
#include "certificates.h"
#include "fake_node.h"
#include "files.h"
#include "options.h"
#include "pools.h"
#include "tls.h"

#include <stdlib.h>

static void trusted(rediscluster_options *options)
{
    rediscluster_pool *pool = pool_from(options);
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
    rediscluster_pool_free(pool);
}

static void distrusted(rediscluster_options *options)
{
    rediscluster_error *error = pool_refused_from(options, REDISCLUSTER_ERROR_TLS);
    CHECK_CONTAINS(rediscluster_error_message(error), "authority that is not trusted");
    rediscluster_error_free(error);
}

int main(void)
{
    const char *folder = certificates_folder(), *private_node, *public_node;
    fake_node *fake = fake_node_start_format("node *\nhandshake\nnode 1\ntls %s\ntopology 0-16383=1\n"
                                             "node 2\ntls %s other-server\ntopology 0-16383=2",
                                             folder, folder);
    char *ca = files_read(certificates_file("ca.pem"));
    private_node = fake_node_address(fake, 1);
    public_node = fake_node_address(fake, 2);

    /* Without being told otherwise, the system trusts neither. */
    distrusted(options_of(private_node, "ssl", "yes", NULL));
    distrusted(options_of(public_node, "ssl", "yes", NULL));

    /* What OpenSSL takes for the system's authorities. */
    CHECK(setenv("SSL_CERT_FILE", certificates_file("other-ca.pem"), 1) == 0);
    CHECK(setenv("SSL_CERT_DIR", certificates_file("empty-folder"), 1) == 0);
    trusted(options_of(public_node, "ssl", "yes", NULL));
    distrusted(options_of(private_node, "ssl", "yes", NULL));
    trusted(options_of(private_node, "ssl", "yes", "ssl_ca_certs", certificates_file("ca.pem"), NULL));
    distrusted(options_of(public_node, "ssl", "yes", "ssl_ca_certs", certificates_file("ca.pem"), NULL));
    distrusted(options_of(public_node, "ssl", "yes", "ssl_ca_certs", certificates_file("ca-folder"), NULL));
    distrusted(options_of(public_node, "ssl", "yes", "ssl_ca_data", ca, NULL));
    free(ca);
    fake_node_stop(fake);
    return 0;
}
