/* K3: certificates with names only, in a cluster that announces addresses, do not hold what is dialled: they are
 * refused without ssl_server_name and taken with it. Where the cluster tells the hosts' names (cluster-announce-
 * hostname), those are checked, and what servers are told is wanted. */
#include "certificates.h"
#include "cluster.h"
#include "fake_node.h"
#include "pools.h"
#include "tls.h"

#include <stdlib.h>

static void refused_here(rediscluster_pool *pool, int32_t slot, const char *words)
{
    rediscluster_connection *none = NULL;
    rediscluster_error *error = NULL;
    CHECK_FAILS(rediscluster_pool_get_by_slot(pool, slot, REDISCLUSTER_WRITE, -2, &none, &error), REDISCLUSTER_ERROR_TLS,
                error);
    CHECK_CONTAINS(rediscluster_error_message(error), words);
    rediscluster_error_free(error);
}

static void speaks(rediscluster_pool *pool, int32_t slot)
{
    rediscluster_connection *connection = take_slot(pool, slot, -2);
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
}

static void addresses_alone(void)
{
    cluster *servers = cluster_start("--primaries", "3", "--tls", certificates_folder(), "--tls-certificate", "names", NULL);
    rediscluster_error *error =
        pool_refused_from(tls_options_of(cluster_addresses(servers), NULL), REDISCLUSTER_ERROR_TLS);
    rediscluster_pool *pool;
    CHECK_CONTAINS(rediscluster_error_message(error), "not for \"127.0.0.1\": set ssl_server_name to a name it holds");
    rediscluster_error_free(error);
    rediscluster_error_free(pool_refused_from(
        tls_options_of(cluster_addresses(servers), "ssl_server_name", "elsewhere.test", NULL), REDISCLUSTER_ERROR_TLS));
    pool = tls_pool_of(cluster_addresses(servers), "ssl_server_name", "redis.test", NULL);
    for (int i = 0; i < 3; i++)
        speaks(pool, i * 5461);
    rediscluster_pool_free(pool);
    cluster_stop(servers);
}

/* Only the node that is asked first has an address in its certificate. */
static void announced_by(const char *question)
{
    const char *folder = certificates_folder();
    fake_node *fake =
        fake_node_start_format("node *\nhandshake\nnode 1\ntls %s\nnode 2 3 4\ntls %s names\nnode *\n"
                               "topology 0-9=1 10-19=2/hostname=redis.test 20-29=3 30-16383=4/hostname=elsewhere.test",
                               folder, folder);
    rediscluster_pool *pool = tls_pool_of(fake_node_address(fake, 1), "topology_command", question,
                                          "topology_refresh_min_interval", "0", NULL);
    rediscluster_error *error = NULL;
    char *log;
    speaks(pool, 0);
    speaks(pool, 10);
    refused_here(pool, 20, "not for \"127.0.0.1\"");
    refused_here(pool, 30, "not for \"elsewhere.test\"");
    log = fake_node_log(fake);
    CHECK_CONTAINS(log, "name=redis.test");
    free(log);
    rediscluster_pool_free(pool);

    /* A refresh asks by the name, too. */
    pool = tls_pool_of(fake_node_address(fake, 1), "topology_command", question, "topology_refresh_min_interval", "0",
                       NULL);
    fake_node_control(fake, "kill 1");
    CHECK_OK(rediscluster_pool_refresh(pool, -2, &error), error);
    rediscluster_pool_free(pool);

    /* What the program says holds for all. */
    fake_node_control(fake, "revive 1");
    pool = tls_pool_of(fake_node_address(fake, 1), "topology_command", question, "ssl_check_hostname", "no",
                       "ssl_server_name", "redis.test", NULL);
    for (int slot = 0; slot <= 30; slot += 10)
        speaks(pool, slot);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

/* A real cluster that tells names beside addresses; its startup node is reached by an address. */
static void announced_by_servers(void)
{
    cluster *servers = cluster_start("--primaries", "3", "--tls", certificates_folder(), "--config",
                                     "cluster-announce-hostname redis.test", NULL);
    const char *questions[] = {"slots", "shards", "nodes"};
    rediscluster_pool *pool;
    for (int node = 2; node <= 3; node++)
        free(cluster_control(servers, "command %d CONFIG SET tls-cert-file %s tls-key-file %s", node,
                             certificates_file("names.pem"), certificates_file("names.key")));
    for (int i = 0; i < 3; i++) {
        pool = tls_pool_of(cluster_address(servers, 1), "topology_command", questions[i], NULL);
        speaks(pool, 5461);
        speaks(pool, 16383);
        /* The first one's certificate holds addresses, and not the name it goes by. */
        refused_here(pool, 0, "not for \"redis.test\"");
        rediscluster_pool_free(pool);
    }
    cluster_stop(servers);
}

int main(void)
{
    addresses_alone();
    announced_by("slots");
    announced_by("nodes");
    announced_by_servers();
    return 0;
}
