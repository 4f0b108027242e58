/* ctest: tls-cluster */
/* K2: authorities as a file, a folder, a bundle, bytes, and several of these; the client's key plain or encrypted,
 * in PKCS#8 or the traditional form, EC or RSA, in a file of its own or with the certificate, and a chain with an
 * intermediate authority: a real cluster is discovered and each of its nodes spoken to. */
#include "certificates.h"
#include "cluster.h"
#include "files.h"
#include "options.h"
#include "pools.h"
#include "tls.h"

#include <stdio.h>
#include <stdlib.h>

static cluster *servers;

static void works(rediscluster_options *options)
{
    rediscluster_pool *pool = pool_from(options);
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK_INT(rediscluster_topology_node_count(topology), 6);
    rediscluster_topology_free(topology);
    for (int i = 0; i < 3; i++) {
        rediscluster_connection *connection = take_slot(pool, i * 5461, -2);
        say_expect(connection, "PONG", "PING", NULL);
        give_back(connection);
    }
    rediscluster_pool_free(pool);
}

static void authorities(const char *option, const char *value, const char *also, const char *value_of_it)
{
    const char *nodes = cluster_addresses(servers);
    works(options_of(nodes, "ssl", "yes", "ssl_certfile", certificates_file("client.pem"), "ssl_keyfile",
                     certificates_file("client.key"), option, value, also, value_of_it, NULL));
}

static void key(const char *certificate, const char *file, const char *password)
{
    rediscluster_options *options =
        tls_stranger_of(cluster_addresses(servers), "ssl_certfile", certificate, file != NULL ? "ssl_keyfile" : NULL,
                        file, NULL);
    rediscluster_error *error = NULL;
    if (password != NULL)
        CHECK_OK(rediscluster_options_set(options, "ssl_password", password, &error), error);
    works(options);
}

int main(void)
{
    const char *client, *rsa, *chain;
    char *ca, *password, *bundle, *other;
    servers = cluster_shared_tls();
    ca = files_read(certificates_file("ca.pem"));
    other = files_read(certificates_file("other-ca.pem"));
    bundle = files_read(certificates_file("bundle.pem"));
    password = files_read(certificates_file("client.password"));
    client = certificates_file("client.pem");
    rsa = certificates_file("client-rsa.pem");
    chain = certificates_file("chain.pem");

    authorities("ssl_ca_certs", certificates_file("ca.pem"), NULL, NULL);
    authorities("ssl_ca_certs", certificates_file("ca-folder"), NULL, NULL);
    authorities("ssl_ca_certs", certificates_file("bundle.pem"), NULL, NULL);
    authorities("ssl_ca_data", ca, NULL, NULL);
    authorities("ssl_ca_data", bundle, NULL, NULL);
    authorities("ssl_ca_certs", certificates_file("other-ca.pem"), "ssl_ca_data", ca);
    authorities("ssl_ca_data", other, "ssl_ca_certs", certificates_file("ca.pem"));
    /* Other files may lie beside them. */
    files_make_folder("mixed");
    files_write("mixed/read.me", "nothing in here");
    files_join("mixed/ca.crt", certificates_file("ca.pem"), NULL);
    files_join("mixed/client.key", certificates_file("client.key"), NULL);
    files_make_folder("mixed/deeper");
    authorities("ssl_ca_certs", files_join("mixed/other.pem", certificates_file("other-ca.pem"), NULL), "ssl_ca_data", ca);
    {
        char folder[4200];
        snprintf(folder, sizeof folder, "%s/mixed", files_folder());
        authorities("ssl_ca_certs", folder, NULL, NULL);
    }

    key(client, certificates_file("client.key"), NULL);
    key(client, certificates_file("client.key"), "needless");
    key(client, certificates_file("client-traditional.key"), NULL);
    key(client, certificates_file("client-encrypted.key"), password);
    key(client, certificates_file("client-encrypted-traditional.key"), password);
    key(rsa, certificates_file("client-rsa.key"), NULL);
    key(rsa, certificates_file("client-rsa-traditional.key"), NULL);
    key(rsa, certificates_file("client-rsa-encrypted.key"), password);
    key(rsa, certificates_file("client-rsa-encrypted-traditional.key"), password);
    key(chain, certificates_file("chain.key"), NULL);
    key(files_join("1.pem", client, certificates_file("client.key"), NULL), NULL, NULL);
    key(files_join("2.pem", certificates_file("client-traditional.key"), client, NULL), NULL, NULL);
    key(files_join("3.pem", client, certificates_file("client-encrypted.key"), NULL), NULL, password);
    key(files_join("4.pem", certificates_file("client-rsa-encrypted-traditional.key"), rsa, NULL), NULL, password);
    key(files_join("5.pem", certificates_file("chain.key"), chain, NULL), NULL, NULL);

    free(ca);
    free(other);
    free(bundle);
    free(password);
    cluster_stop(servers);
    return 0;
}
