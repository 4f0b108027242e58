/* rediscluster_pool_reload_tls: what stands in the files now holds for connections made from now on, those of
 * refreshes included, and open ones stay as they are; with a file that is broken it is CONFIG, and all goes on as
 * before, as often as one likes. Without TLS it is CONFIG, after a close CLOSED. */
#include "certificates.h"
#include "commands.h"
#include "fake_node.h"
#include "files.h"
#include "options.h"
#include "pools.h"
#include "tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *authority_file, *certificate_file, *key_file;

static void into_place(const char *certificate, const char *key, const char *authority)
{
    authority_file = files_join("ca.pem", certificates_file(authority), NULL);
    certificate_file = files_join("client.pem", certificates_file(certificate), NULL);
    key_file = files_join("client.key", certificates_file(key), NULL);
}

/* How many handshakes with this client there were. */
static int clients(fake_node *fake, const char *name)
{
    char *log = fake_node_log(fake), *place = log;
    int count = 0;
    while ((place = strstr(place, name)) != NULL) {
        count++;
        place += strlen(name);
    }
    free(log);
    return count;
}

int main(void)
{
    fake_node *fake = fake_node_start_format("tls %s\nnode 1\nhandshake\ntls-client-auth required\ntopology 0-16383=1\n"
                                             "node 2\ntls off\nhandshake\ntopology 0-16383=2",
                                             certificates_folder());
    rediscluster_pool *pool, *plain;
    rediscluster_connection *first, *second, *none = NULL;
    rediscluster_error *error = NULL;
    int seen;

    into_place("client.pem", "client.key", "ca.pem");
    pool = pool_from(options_of(fake_node_address(fake, 1), "ssl", "yes", "ssl_ca_certs", authority_file, "ssl_certfile",
                                certificate_file, "ssl_keyfile", key_file, "topology_refresh_min_interval", "0", NULL));
    first = take_slot(pool, 0, -2);
    say_expect(first, "PONG", "PING", NULL);

    /* Nothing changes before it is called. */
    into_place("client-rsa.pem", "client-rsa.key", "ca.pem");
    second = take_slot(pool, 0, -2);
    say_expect(second, "PONG", "PING", NULL);
    give_back(second);
    CHECK_OK(rediscluster_pool_disconnect(pool, &error), error);
    CHECK_INT(clients(fake, "client=client-rsa"), 0);
    CHECK_OK(rediscluster_pool_reload_tls(pool, &error), error);
    second = take_slot(pool, 0, -2);
    say_expect(second, "PONG", "PING", NULL);
    CHECK_INT(clients(fake, "client=client-rsa"), 1);
    CHECK_OK(rediscluster_pool_refresh(pool, -2, &error), error);
    seen = clients(fake, "client=client-rsa");
    CHECK(seen >= 1);

    /* Broken ones, at each file. */
    for (int broken = 0; broken < 6; broken++) {
        into_place("client.pem", "client.key", "ca.pem");
        if (broken == 0)
            files_write("ca.pem", "");
        else if (broken == 1)
            files_join("client.pem", certificates_file("truncated.pem"), NULL);
        else if (broken == 2)
            files_join("client.key", certificates_file("garbage.pem"), NULL);
        else if (broken == 3)
            files_join("client.key", certificates_file("client-encrypted.key"), NULL);
        else if (broken == 4)
            files_join("client.key", certificates_file("unfit.key"), NULL);
        else
            CHECK(remove(key_file) == 0);
        CHECK_FAILS(rediscluster_pool_reload_tls(pool, &error), REDISCLUSTER_ERROR_CONFIG, error);
        CHECK_CONTAINS(rediscluster_error_message(error), files_folder());
        rediscluster_error_free(error);
        error = NULL;
        /* Whoever dials is still client-rsa. */
        CHECK_OK(rediscluster_pool_disconnect(pool, &error), error);
        give_back(second);
        second = take_slot(pool, 0, -2);
        say_expect(second, "PONG", "PING", NULL);
        CHECK_INT(clients(fake, "client=client-rsa"), seen + 1 + broken);
        say_expect(first, "PONG", "PING", NULL);
    }

    /* Another authority: no new connection is to be had, the open ones stay. */
    into_place("client.pem", "client.key", "other-ca.pem");
    CHECK_OK(rediscluster_pool_reload_tls(pool, &error), error);
    CHECK_STATUS(rediscluster_pool_get_by_slot(pool, 0, REDISCLUSTER_WRITE, -2, &none, &error), REDISCLUSTER_ERROR_TLS,
                 error);
    say_expect(first, "PONG", "PING", NULL);
    say_expect(second, "PONG", "PING", NULL);
    give_back(second);
    second = take_slot(pool, 0, -2);
    say_expect(second, "PONG", "PING", NULL);
    into_place("client.pem", "client.key", "bundle.pem");
    CHECK_OK(rediscluster_pool_reload_tls(pool, &error), error);
    give_back(take_slot(pool, 0, -2));
    give_back(first);
    give_back(second);

    CHECK_OK(rediscluster_pool_close(pool, &error), error);
    CHECK_STATUS(rediscluster_pool_reload_tls(pool, &error), REDISCLUSTER_ERROR_CLOSED, error);
    rediscluster_pool_free(pool);

    plain = pool_of(fake_node_address(fake, 2), NULL);
    CHECK_FAILS(rediscluster_pool_reload_tls(plain, &error), REDISCLUSTER_ERROR_CONFIG, error);
    CHECK_CONTAINS(rediscluster_error_message(error), "ssl is no");
    rediscluster_error_free(error);
    give_back(take_slot(plain, 0, -2));
    rediscluster_pool_free(plain);
    fake_node_stop(fake);
    return 0;
}
