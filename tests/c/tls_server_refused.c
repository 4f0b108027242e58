/* K2: a server whose certificate is of an unknown authority, signed by itself, expired, not yet valid, or for
 * another name or address, whose intermediate authority is missing, or which speaks old versions only: TLS, each
 * with its own message, both when a pool is made and when a node is dialled later. Nothing is said to such a
 * server. */
#include "certificates.h"
#include "fake_node.h"
#include "files.h"
#include "pools.h"
#include "tls.h"

#include <stdio.h>
#include <string.h>

enum { GOOD = 1, CAUSES = 7 };

static const struct {
    const char *certificate, *words;
} causes[CAUSES] = {
    {"other-server", "signed by an authority that is not trusted: give the authority's certificate by ssl_ca_certs"},
    {"self-signed", "signed by an authority that is not trusted, or by itself: give"},
    {"expired", "the server's certificate has expired: renew it"},
    {"not-yet-valid", "the server's certificate is not yet valid"},
    {"wrong-name", "the server's certificate is not for \"127.0.0.1\": set ssl_server_name"},
    {"alone", "signed by an authority that is not trusted: give the authority's certificate by ssl_ca_certs"},
    {"old", "the server speaks no version of TLS that ssl_min_version allows"},
};

static void check_refusal(rediscluster_error *error, const char *words, const char *node)
{
    CHECK_CONTAINS(rediscluster_error_message(error), words);
    CHECK_CONTAINS(rediscluster_error_message(error), node);
    CHECK(!rediscluster_error_maybe_executed(error));
    CHECK(!rediscluster_error_is_retryable(error));
    rediscluster_error_free(error);
}

int main(void)
{
    const char *folder = certificates_folder(), *alone = files_make_folder("alone");
    fake_node *fake;
    rediscluster_pool *pool;
    rediscluster_connection *none = NULL;
    rediscluster_error *error = NULL;
    char node[64];

    files_join("alone/ca.pem", certificates_file("ca.pem"), NULL);
    files_join("alone/server.pem", certificates_file("chain-alone.pem"), NULL);
    files_join("alone/server.key", certificates_file("chain.key"), NULL);
    fake = fake_node_start_format("node *\nhandshake\ntopology 0-9=1 10-19=2 20-29=3 30-39=4 40-49=5 50-59=6 60-69=7"
                                  " 70-16383=8\n"
                                  "node 1\ntls %s\nnode 2\ntls %s %s\nnode 3\ntls %s %s\nnode 4\ntls %s %s\n"
                                  "node 5\ntls %s %s\nnode 6\ntls %s %s\nnode 7\ntls %s\n"
                                  "node 8\ntls %s\ntls-version 1.2",
                                  folder, folder, causes[0].certificate, folder, causes[1].certificate, folder,
                                  causes[2].certificate, folder, causes[3].certificate, folder,
                                  causes[4].certificate, alone, folder);

    for (int i = 0; i < CAUSES; i++) {
        const char *address = fake_node_address(fake, 2 + i);
        error = pool_refused_from(tls_options_of(address, "ssl_min_version", "1.3", NULL), REDISCLUSTER_ERROR_TLS);
        CHECK_INT(rediscluster_error_attempt_count(error), 1);
        CHECK_CONTAINS(rediscluster_attempt_cause(rediscluster_error_attempt(error, 0)), causes[i].words);
        check_refusal(error, causes[i].words, address);
    }

    /* Found by a name. */
    snprintf(node, sizeof node, "localhost:%d", fake_node_port(fake, 6));
    error = pool_refused_from(tls_options_of(node, NULL), REDISCLUSTER_ERROR_TLS);
    check_refusal(error, "the server's certificate is not for \"localhost\": set ssl_server_name", node);

    /* Later: the discovery by a good node tells of them all. */
    pool = tls_pool_of(fake_node_address(fake, GOOD), "ssl_min_version", "1.3", NULL);
    for (int i = 0; i < CAUSES; i++) {
        const char *address = fake_node_address(fake, 2 + i);
        error = NULL;
        CHECK_FAILS(rediscluster_pool_get_by_node(pool, address, -2, &none, &error), REDISCLUSTER_ERROR_TLS, error);
        CHECK(none == NULL);
        CHECK_STR(rediscluster_error_node(error), address);
        check_refusal(error, causes[i].words, address);
        error = NULL;
        CHECK_FAILS(rediscluster_pool_get_by_slot(pool, 10 * i + 10, REDISCLUSTER_WRITE, -2, &none, &error),
                    REDISCLUSTER_ERROR_TLS, error);
        CHECK_INT(rediscluster_error_slot(error), 10 * i + 10);
        check_refusal(error, causes[i].words, address);
    }
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 0);
    give_back(take_slot(pool, 5, -2));
    rediscluster_pool_free(pool);

    for (int i = 0; i < CAUSES; i++) {
        CHECK_INT(fake_node_handshakes_of(fake, 2 + i).done, 0);
        CHECK_INT(fake_node_count_on(fake, 2 + i, "HELLO"), 0);
        CHECK_INT(fake_node_count_on(fake, 2 + i, "CLUSTER SLOTS"), 0);
    }
    fake_node_stop(fake);
    return 0;
}
