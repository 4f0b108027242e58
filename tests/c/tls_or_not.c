/* ctest: cluster tls-cluster */
/* K2: a server without TLS where ssl=yes, and one with TLS where ssl=no: each message says so. A real server
 * without TLS stays silent, as it takes the handshake for half a command: the time for connecting ends that. */
#include "certificates.h"
#include "cluster.h"
#include "fake_node.h"
#include "options.h"
#include "pools.h"
#include "tls.h"

#include <stddef.h>

static void check_message(rediscluster_error *error, const char *words)
{
    CHECK_CONTAINS(rediscluster_error_message(error), words);
    CHECK(!rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
}

int main(void)
{
    cluster *plain = cluster_shared(), *secured = cluster_shared_tls();
    fake_node *fake = fake_node_start_format("node *\nhandshake\ntopology 0-16383=2\nnode 2\ntls %s\n"
                                             "node 3\naccept => send \"-ERR no such thing\\r\\n\"\n"
                                             "node 4\naccept => close",
                                             certificates_folder());
    int64_t begun = clock_ms();
    rediscluster_error *error;

    error = pool_refused_from(tls_options_of(cluster_address(plain, 1), "socket_connect_timeout", "300", NULL),
                              REDISCLUSTER_ERROR_UNREACHABLE);
    CHECK(clock_ms() - begun >= 299);
    check_message(error, "TLS was agreed on (does the server speak it on this port?)");

    /* One that answers, in words that are not TLS, and one that hangs up. */
    error = pool_refused_from(tls_options_of(fake_node_address(fake, 3), NULL), REDISCLUSTER_ERROR_TLS);
    check_message(error, "the server does not speak TLS on this port: check the port, or set ssl=no");
    error = pool_refused_from(tls_options_of(fake_node_address(fake, 4), NULL), REDISCLUSTER_ERROR_UNREACHABLE);
    check_message(error, "TLS was agreed on (does the server speak it on this port?)");

    for (int i = 0; i < 20; i++) {
        error = pool_refused_of(cluster_address(secured, 1), REDISCLUSTER_ERROR_UNREACHABLE, NULL);
        check_message(error, "a server that wants TLS on this port does so: then set ssl=yes");
        error = pool_refused_of(fake_node_address(fake, 2), REDISCLUSTER_ERROR_UNREACHABLE, NULL);
        check_message(error, "a server that wants TLS on this port does so: then set ssl=yes");
    }
    fake_node_stop(fake);
    cluster_stop(plain);
    cluster_stop(secured);
    return 0;
}
