/* Values out of range: slots, timeouts, budgets, access, lengths beyond memory, texts that are no UTF-8 or hold control
 * characters, indices beyond the end: a status or nothing, and the objects go on working. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

#include <string.h>

#define REFUSED(call)                                                                              \
    do {                                                                                           \
        rediscluster_error *error = NULL;                                                          \
        CHECK_STATUS(call, REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);                            \
    } while (0)

int main(void)
{
    const int64_t timeouts[] = {-3, -1000, INT64_MIN};
    const char *const texts[] = {"a\nb:1", "a\rb", "\x7f:1", "\xff\xfe:1", "\xc3", "\x01"};
    fake_node *fake = fake_node_start("node 1\nhandshake\nstore\ntopology 0-16383=1");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), NULL);
    rediscluster_connection *connection = take_slot(pool, 0, -2), *none = NULL;
    rediscluster_command *ping = command_of("PING", NULL), *empty = NULL;
    rediscluster_options *options = NULL;
    rediscluster_topology *topology = NULL;
    rediscluster_stats *stats = NULL;
    rediscluster_error *error = NULL;
    rediscluster_reply *reply = NULL;
    int64_t next = 5;

    for (size_t i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        int64_t timeout = timeouts[i];
        REFUSED(rediscluster_pool_get_by_slot(pool, 0, REDISCLUSTER_READ, timeout, &none, &error));
        REFUSED(rediscluster_pool_get_by_key(pool, NULL, 0, REDISCLUSTER_READ, timeout, &none, &error));
        REFUSED(rediscluster_pool_get_by_node(pool, fake_node_address(fake, 1), timeout, &none, &error));
        REFUSED(rediscluster_pool_get_random(pool, timeout, &none, &error));
        REFUSED(rediscluster_pool_ask(pool, fake_node_address(fake, 1), timeout, &none, &error));
        REFUSED(rediscluster_pool_refresh(pool, timeout, &error));
        REFUSED(rediscluster_pool_reset(pool, timeout, &error));
        REFUSED(rediscluster_pool_maintain(pool, timeout, &next, &error));
        REFUSED(rediscluster_connection_command(connection, ping, timeout, &reply, &error));
        REFUSED(rediscluster_connection_flush(connection, timeout, &error));
        REFUSED(rediscluster_connection_read(connection, timeout, &reply, &error));
        CHECK(none == NULL && reply == NULL);
    }
    REFUSED(rediscluster_pool_maintain(pool, -2, &next, &error));
    CHECK_INT(next, -1);
    /* A time beyond all clocks is like for ever. */
    CHECK_OK(rediscluster_connection_command(connection, ping, INT64_MAX, &reply, &error), error);
    rediscluster_reply_free(reply);
    CHECK_OK(rediscluster_pool_refresh(pool, INT64_MAX, &error), error);
    CHECK_OK(rediscluster_pool_maintain(pool, INT64_MAX, &next, &error), error);
    /* Time 0 sends nothing, and the connection stays. */
    CHECK_FAILS(rediscluster_connection_command(connection, ping, 0, &reply, &error),
                REDISCLUSTER_ERROR_TIMEOUT, error);
    CHECK(!rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
    error = NULL;
    say_expect(connection, "PONG", "PING", NULL);

    REFUSED(rediscluster_connection_command(connection, NULL, -2, &reply, &error));
    REFUSED(rediscluster_connection_command(connection, ping, -2, NULL, &error));
    REFUSED(rediscluster_connection_append(connection, NULL, &error));
    REFUSED(rediscluster_connection_read(connection, 0, NULL, &error));
    CHECK_OK(rediscluster_command_new(&empty, &error), error);
    REFUSED(rediscluster_connection_command(connection, empty, -2, &reply, &error));
    REFUSED(rediscluster_connection_append(connection, empty, &error));
    rediscluster_command_free(empty);
    CHECK(!rediscluster_connection_is_broken(connection));

    REFUSED(rediscluster_pool_get_by_key(pool, (const uint8_t *)"k", SIZE_MAX, REDISCLUSTER_READ, -2, &none, &error));
    CHECK_INT(rediscluster_key_slot((const uint8_t *)"k", SIZE_MAX), -1);
    CHECK_OK(rediscluster_options_new(&options, &error), error);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        rediscluster_error *failure = NULL;
        rediscluster_options *from_url = NULL;
        REFUSED(rediscluster_pool_get_by_node(pool, texts[i], -2, &none, &error));
        REFUSED(rediscluster_pool_moved(pool, 0, texts[i], &error));
        REFUSED(rediscluster_pool_ask(pool, texts[i], -2, &none, &error));
        /* No UTF-8 at all, or text that the option does not take. */
        bool is_utf8 = (unsigned char)texts[i][0] < 0x80;
        CHECK_STATUS(rediscluster_options_set(options, "client_name", texts[i], &failure),
                     is_utf8 ? REDISCLUSTER_ERROR_CONFIG : REDISCLUSTER_ERROR_INVALID_ARGUMENT, failure);
        REFUSED(rediscluster_options_set(options, texts[i], "x", &error));
        REFUSED(rediscluster_options_from_url(texts[i], &from_url, &error));
        CHECK(from_url == NULL && rediscluster_options_get(options, texts[i]) == NULL);
    }
    rediscluster_options_free(options);

    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK(rediscluster_topology_node(topology, 1) == NULL);
    CHECK(rediscluster_topology_node(topology, SIZE_MAX) == NULL);
    CHECK(rediscluster_topology_slot_node(topology, -1, 0) == NULL);
    CHECK(rediscluster_topology_slot_node(topology, 16384, 0) == NULL);
    CHECK(rediscluster_topology_slot_node(topology, INT32_MIN, 0) == NULL);
    CHECK(rediscluster_topology_slot_node(topology, 0, SIZE_MAX) == NULL);
    CHECK_INT(rediscluster_topology_nodes_by_role(topology, 0, NULL, 0), 0);
    CHECK_INT(rediscluster_topology_nodes_by_role(topology, 3, NULL, 0), 0);
    CHECK_INT(rediscluster_topology_nodes_by_role(topology, INT32_MAX, NULL, 0), 0);
    CHECK_INT(rediscluster_topology_nodes_by_role(topology, REDISCLUSTER_ROLE_PRIMARY, NULL, 0), 1);
    /* Room without a place is no room. */
    CHECK_INT(rediscluster_topology_nodes_by_role(topology, REDISCLUSTER_ROLE_PRIMARY, NULL, 9), 1);
    CHECK(!rediscluster_node_slot_range(rediscluster_topology_node(topology, 0), SIZE_MAX, NULL, NULL));
    rediscluster_topology_free(topology);

    CHECK_OK(rediscluster_pool_stats(pool, &stats, &error), error);
    CHECK_INT(rediscluster_stats_get(stats, NULL, 0), -1);
    CHECK_INT(rediscluster_stats_get(stats, NULL, 15), -1);
    CHECK_INT(rediscluster_stats_get(stats, NULL, REDISCLUSTER_STAT_MOVED), 0);
    CHECK_INT(rediscluster_stats_get(stats, NULL, REDISCLUSTER_STAT_ASK), 0);
    CHECK_INT(rediscluster_stats_get(stats, NULL, INT32_MAX), -1);
    CHECK_INT(rediscluster_stats_get(stats, NULL, INT32_MIN), -1);
    CHECK_INT(rediscluster_stats_get(stats, "nowhere:1", REDISCLUSTER_STAT_OPEN), -1);
    CHECK_INT(rediscluster_stats_get(stats, "\xff", REDISCLUSTER_STAT_OPEN), -1);
    CHECK_INT(rediscluster_stats_get(stats, NULL, REDISCLUSTER_STAT_IN_USE), 1);
    rediscluster_stats_free(stats);

    CHECK(rediscluster_options_name(rediscluster_options_count()) == NULL);
    CHECK(rediscluster_options_type(SIZE_MAX) == NULL);
    CHECK(rediscluster_options_default(SIZE_MAX) == NULL);
    CHECK(rediscluster_options_doc(SIZE_MAX) == NULL);

    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 1);
    rediscluster_command_free(ping);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
