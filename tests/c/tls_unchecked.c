/* ssl_check_hostname=no: the name is not looked at, all else is. ssl_cert_reqs=none: nothing is. optional is
 * required. */
#include "certificates.h"
#include "fake_node.h"
#include "options.h"
#include "pools.h"
#include "tls.h"

#include <stddef.h>

static void works(rediscluster_options *options)
{
    rediscluster_pool *pool = pool_from(options);
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
    rediscluster_pool_free(pool);
}

int main(void)
{
    const char *certificates[] = {"server", "wrong-name", "other-server", "self-signed", "expired", "not-yet-valid"};
    for (size_t i = 0; i < sizeof certificates / sizeof *certificates; i++) {
        fake_node *fake = fake_node_start_format("node 1\nhandshake\ntls %s %s\ntopology 0-16383=1", certificates_folder(),
                                                 certificates[i]);
        const char *node = fake_node_address(fake, 1);
        works(options_of(node, "ssl", "yes", "ssl_cert_reqs", "none", NULL));
        works(tls_options_of(node, "ssl_cert_reqs", "none", NULL));
        if (i < 2) {
            works(tls_options_of(node, "ssl_check_hostname", "no", NULL));
        } else {
            rediscluster_error_free(
                pool_refused_from(tls_options_of(node, "ssl_check_hostname", "no", NULL), REDISCLUSTER_ERROR_TLS));
        }
        if (i > 0)
            rediscluster_error_free(
                pool_refused_from(tls_options_of(node, "ssl_cert_reqs", "optional", NULL), REDISCLUSTER_ERROR_TLS));
        fake_node_stop(fake);
    }
    return 0;
}
