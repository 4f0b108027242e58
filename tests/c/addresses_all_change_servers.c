/* G7 on real servers, with TLS: a cluster ends and another one begins at other addresses, to which the startup name leads
 * from then on. The same pool goes on. */
#include "certificates.h"
#include "cluster.h"
#include "pools.h"

#include <stdio.h>
#include <string.h>

static void resolve(void *user_data, const char *name, rediscluster_ip_sink sink, void *sink_data)
{
    CHECK_STR(name, "localhost");
    CHECK_INT(sink(sink_data, *(const char **)user_data), REDISCLUSTER_OK);
}

static cluster *begin(const char *host, const char *ports)
{
    if (ports == NULL)
        return cluster_start("--primaries", "3", "--bind", host, "--tls", certificates_folder(), NULL);
    return cluster_start("--primaries", "3", "--bind", host, "--ports", ports, "--tls", certificates_folder(), NULL);
}

static void set(rediscluster_options *options, const char *name, const char *value)
{
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_options_set(options, name, value, &error), error);
}

static void works(rediscluster_pool *pool, const char *host)
{
    for (int32_t slot = 0; slot < 16384; slot += 4000) {
        rediscluster_connection *connection = take_slot(pool, slot, 20000);
        const char *node = rediscluster_connection_node(connection);
        CHECK(node != NULL && strncmp(node, host, strlen(host)) == 0 && node[strlen(host)] == ':');
        say_expect(connection, "PONG", "PING", NULL);
        give_back(connection);
    }
}

int main(void)
{
    const char *host = "127.0.0.1";
    cluster *servers = begin(host, NULL);
    char ports[64] = "", startup[64];
    rediscluster_options *options = NULL;
    rediscluster_pool *pool = NULL;
    rediscluster_error *error = NULL;
    for (int node = 1; node <= 3; node++)
        snprintf(ports + strlen(ports), sizeof ports - strlen(ports), "%s%s", node > 1 ? "," : "",
                 strrchr(cluster_address(servers, node), ':') + 1);
    snprintf(startup, sizeof startup, "localhost%s", strrchr(cluster_address(servers, 1), ':'));

    CHECK_OK(rediscluster_options_new(&options, &error), error);
    set(options, "startup_nodes", startup);
    set(options, "ssl", "yes");
    set(options, "ssl_ca_certs", certificates_file("ca.pem"));
    set(options, "ssl_certfile", certificates_file("client.pem"));
    set(options, "ssl_keyfile", certificates_file("client.key"));
    CHECK_OK(rediscluster_options_set_resolve(options, resolve, &host, NULL, &error), error);
    CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
    rediscluster_options_free(options);
    works(pool, host);

    cluster_stop(servers);
    host = "127.0.0.2";
    servers = begin(host, ports);
    works(pool, host);
    rediscluster_pool_free(pool);
    cluster_stop(servers);
    return 0;
}
