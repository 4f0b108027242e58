/* ctest: timeout=120 */
/* L3 with TLS: 300 times a pool, its connections, used, cut, refused and forgotten, and the certificates read
 * again: descriptors, threads and memory stay as they were after the first rounds. */
#include "certificates.h"
#include "commands.h"
#include "descriptors.h"
#include "fake_node.h"
#include "pools.h"
#include "tls.h"

enum { ROUNDS = 300, FIRST = 60 };

static void round_of(fake_node *fake, int round)
{
    rediscluster_pool *pool = tls_pool_of(fake_node_address(fake, 1), NULL);
    rediscluster_connection *connection = take_slot(pool, 0, -2), *second, *none = NULL;
    rediscluster_error *error = NULL;
    say_expect(connection, "PONG", "PING", NULL);
    second = take_slot(pool, 0, -2);
    rediscluster_reply_free(say(second, "LARGE", NULL));
    CHECK_STATUS(rediscluster_pool_get_by_slot(pool, 16383, REDISCLUSTER_WRITE, -2, &none, &error),
                 REDISCLUSTER_ERROR_TLS, error);
    switch (round % 4) {
    case 0:
        give_back(second);
        give_back(connection);
        rediscluster_pool_free(pool);
        break;
    case 1: /* the pool freed first */
        rediscluster_pool_free(pool);
        give_back(second);
        give_back(connection);
        break;
    case 2: /* cut within a reply, and read again */
        rediscluster_error_free(ask_fails(connection, REDISCLUSTER_ERROR_CONNECTION, 10000, "CUT", NULL));
        CHECK_OK(rediscluster_pool_reload_tls(pool, &error), error);
        give_back(second);
        give_back(connection);
        rediscluster_pool_free(pool);
        break;
    default: /* late, interrupted; a pool that does not come to be */
        rediscluster_error_free(ask_fails(connection, REDISCLUSTER_ERROR_TIMEOUT, 1, "NEVER", NULL));
        CHECK_OK(rediscluster_connection_interrupt(second, &error), error);
        give_back(second);
        give_back(connection);
        rediscluster_pool_free(pool);
        rediscluster_error_free(
            pool_refused_from(tls_options_of(fake_node_address(fake, 2), NULL), REDISCLUSTER_ERROR_TLS));
        rediscluster_error_free(pool_refused_from(
            tls_options_of(fake_node_address(fake, 1), "ssl_keyfile", certificates_file("unfit.key"), NULL),
            REDISCLUSTER_ERROR_CONFIG));
    }
}

int main(void)
{
    const char *folder = certificates_folder();
    fake_node *fake = fake_node_start_format("log off\nnode *\nhandshake\ntopology 0-8191=1 8192-16383=2\nnode 1\ntls %s\n"
                                             "on LARGE => fill 100000\non CUT => send \"$5\\r\\nhe\"; truncate\n"
                                             "on NEVER => silent\nnode 2\ntls %s other-server",
                                             folder, folder);
    int rounds = test_rounds(ROUNDS), first = test_rounds(FIRST), descriptors, threads;
    long resident;
    long long heap;
    for (int i = 0; i < first; i++)
        round_of(fake, i);
    descriptors = descriptors_open();
    threads = threads_running();
    resident = resident_kib();
    heap = heap_bytes();
    for (int i = 0; i < rounds; i++)
        round_of(fake, i);
    CHECK_INT(descriptors_open(), descriptors);
    CHECK_INT(threads_running(), threads);
    CHECK_INT(threads, 1);
    /* The smallest part of a session lost each round would be more; under a tool memory is the tool's. */
    if (rounds == ROUNDS) {
        if (heap >= 0)
            CHECK_BETWEEN(heap_bytes() - heap, -1000000, 16384);
        CHECK_BETWEEN(resident_kib() - resident, -1000000, 1024);
    }
    fake_node_stop(fake);
    return 0;
}
