/* ctest: slow timeout=180 */
/* L3: 10,000 times new and free, of every kind of object, pools with connections used and failed calls
 * among them: descriptors, threads and memory stay as they were after the first rounds. */
#include "descriptors.h"
#include "fake_node.h"
#include "pools.h"

enum { ROUNDS = 10000, FIRST = 500 };

static void round_of(const char *node, int round)
{
    rediscluster_options *options = NULL, *copy = NULL;
    rediscluster_pool *pool = NULL;
    rediscluster_connection *connection = NULL, *second = NULL;
    rediscluster_command *command = NULL;
    rediscluster_reply *reply = NULL;
    rediscluster_topology *topology = NULL;
    rediscluster_stats *stats = NULL;
    rediscluster_error *error = NULL;

    CHECK_OK(rediscluster_options_new(&options, &error), error);
    CHECK_OK(rediscluster_options_set(options, "startup_nodes", node, &error), error);
    CHECK_OK(rediscluster_options_set(options, "password", "a secret", &error), error);
    CHECK_OK(rediscluster_options_clone(options, &copy, &error), error);
    rediscluster_options_free(options);
    CHECK(rediscluster_options_get(copy, "password") != NULL);
    if (round % 2 == 0) /* a pool that never speaks to anybody */
        CHECK_OK(rediscluster_options_set(copy, "init_slot_cache", "no", &error), error);
    CHECK_OK(rediscluster_pool_new(copy, &pool, &error), error);
    if (round % 2 == 0) {
        CHECK_STATUS(rediscluster_pool_get_random(pool, 0, &connection, &error),
                     REDISCLUSTER_ERROR_TIMEOUT, error);
        rediscluster_pool_free(pool);
        rediscluster_options_free(copy);
        return;
    }
    CHECK_OK(rediscluster_pool_get_by_slot(pool, round % 16384, REDISCLUSTER_WRITE, -2, &connection,
                                           &error),
             error);
    CHECK_OK(rediscluster_command_from_argv(REDISCLUSTER_ARGS("SET", "k", "v"), &command, &error),
             error);
    CHECK_OK(rediscluster_connection_command(connection, command, -2, &reply, &error), error);
    rediscluster_reply_free(reply);
    reply = NULL;
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK_OK(rediscluster_pool_stats(pool, &stats, &error), error);
    CHECK_STATUS(rediscluster_pool_get_by_node(pool, "127.0.0.1:1", -2, &second, &error),
                 REDISCLUSTER_ERROR_UNKNOWN_NODE, error);
    CHECK_STATUS(rediscluster_options_set(copy, "no_such_option", "1", &error),
                 REDISCLUSTER_ERROR_CONFIG, error);
    switch (round / 2 % 4) {
    case 0: /* released, and the pool freed with it idle */
        give_back(connection);
        rediscluster_pool_free(pool);
        break;
    case 1: /* the pool freed first */
        rediscluster_pool_free(pool);
        give_back(connection);
        break;
    case 2: /* a reply that is unread, one idle beside it */
        CHECK_OK(rediscluster_pool_get_by_slot(pool, 0, REDISCLUSTER_READ, -2, &second, &error), error);
        give_back(second);
        CHECK_OK(rediscluster_connection_append(connection, command, &error), error);
        CHECK_OK(rediscluster_connection_flush(connection, -2, &error), error);
        give_back(connection);
        rediscluster_pool_free(pool);
        break;
    default: /* reset, closed, interrupted */
        if (round % 32 == 7)
            CHECK_OK(rediscluster_pool_reset(pool, -2, &error), error);
        CHECK_OK(rediscluster_pool_close(pool, &error), error);
        CHECK_OK(rediscluster_connection_interrupt(connection, &error), error);
        CHECK_STATUS(rediscluster_connection_command(connection, command, -2, &reply, &error),
                     REDISCLUSTER_ERROR_CANCELLED, error);
        give_back(connection);
        rediscluster_pool_free(pool);
    }
    rediscluster_command_free(command);
    rediscluster_options_free(copy);
    rediscluster_topology_free(topology);
    rediscluster_stats_free(stats);
}

int main(void)
{
    fake_node *fake = fake_node_start("log off\nnode 1\nhandshake\nstore\ntopology 0-16383=1");
    const char *node = fake_node_address(fake, 1);
    int rounds = test_rounds(ROUNDS), descriptors, threads;
    long resident;
    long long heap;
    for (int i = 0; i < FIRST && i < rounds; i++)
        round_of(node, i);
    descriptors = descriptors_open();
    threads = threads_running();
    resident = resident_kib();
    heap = heap_bytes();
    for (int i = 0; i < rounds; i++)
        round_of(node, i);
    CHECK_INT(descriptors_open(), descriptors);
    CHECK_INT(threads_running(), threads);
    CHECK_INT(threads, 1);
    /* A block lost each round would be 160 KB at the least; under a tool memory is the tool's. */
    if (rounds == ROUNDS) {
        if (heap >= 0)
            CHECK_BETWEEN(heap_bytes() - heap, -1000000, 16384);
        CHECK_BETWEEN(resident_kib() - resident, -1000000, 1024);
    }
    fake_node_stop(fake);
    return 0;
}
