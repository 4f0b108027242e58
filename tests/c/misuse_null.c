/* NULL where an object, a place or a text should be: every exported function answers with INVALID_ARGUMENT that names the
 * parameter, or with nothing (0, NULL, ""); outputs are NULL; nothing is leaked. */
#include "check.h"
#include "descriptors.h"

#include <string.h>

#define SPOIL(pointer) ((pointer) = (void *)(uintptr_t)1)

/* The call is refused and names the parameter. */
#define REFUSED(call, parameter)                                                                   \
    do {                                                                                           \
        rediscluster_error *error = NULL;                                                          \
        CHECK_FAILS(call, REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);                             \
        CHECK_CONTAINS(rediscluster_error_message(error), parameter);                              \
        CHECK_STR(rediscluster_error_node(error), "");                                             \
        rediscluster_error_free(error);                                                            \
    } while (0)

/* The same, and its output is NULL afterwards. */
#define REFUSED_OUT(call, parameter, out)                                                          \
    do {                                                                                           \
        SPOIL(out);                                                                                \
        REFUSED(call, parameter);                                                                  \
        CHECK((out) == NULL);                                                                      \
    } while (0)

static rediscluster_options *options;
static rediscluster_pool *pool;

static void of_errors(void)
{
    CHECK_INT(rediscluster_error_status(NULL), REDISCLUSTER_OK);
    CHECK_STR(rediscluster_error_message(NULL), "");
    CHECK_STR(rediscluster_error_node(NULL), "");
    CHECK_INT(rediscluster_error_slot(NULL), -1);
    CHECK_STR(rediscluster_error_server_code(NULL), "");
    CHECK(!rediscluster_error_is_retryable(NULL));
    CHECK(!rediscluster_error_maybe_executed(NULL));
    CHECK_INT(rediscluster_error_attempt_count(NULL), 0);
    CHECK(rediscluster_error_attempt(NULL, 0) == NULL);
    CHECK_STR(rediscluster_attempt_node(NULL), "");
    CHECK_INT(rediscluster_attempt_elapsed_ms(NULL), 0);
    CHECK_STR(rediscluster_attempt_cause(NULL), "");
    rediscluster_error_free(NULL);
}

static void of_options(void)
{
    rediscluster_options *out;
    REFUSED(rediscluster_options_new(NULL, &error), "out");
    REFUSED_OUT(rediscluster_options_from_url(NULL, &out, &error), "url", out);
    REFUSED(rediscluster_options_from_url("redis://h", NULL, &error), "out");
    REFUSED_OUT(rediscluster_options_clone(NULL, &out, &error), "options", out);
    REFUSED(rediscluster_options_clone(options, NULL, &error), "out");
    REFUSED(rediscluster_options_set(NULL, "timeout", "1", &error), "options");
    REFUSED(rediscluster_options_set(options, NULL, "1", &error), "name");
    REFUSED(rediscluster_options_set(options, "timeout", NULL, &error), "value");
    CHECK(rediscluster_options_get(NULL, "timeout") == NULL);
    CHECK(rediscluster_options_get(options, NULL) == NULL);
    REFUSED(rediscluster_options_set_log(NULL, NULL, NULL, NULL, &error), "options");
    REFUSED(rediscluster_options_set_credentials(NULL, NULL, NULL, NULL, &error), "options");
    REFUSED(rediscluster_options_set_translate(NULL, NULL, NULL, NULL, &error), "options");
    REFUSED(rediscluster_options_set_resolve(NULL, NULL, NULL, NULL, &error), "options");
    rediscluster_options_free(NULL);
}

static void of_pools(void)
{
    rediscluster_pool *out;
    rediscluster_connection *connection;
    rediscluster_stats *stats;
    rediscluster_topology *topology;
    const uint8_t *key = (const uint8_t *)"k";
    int64_t next = 7;
    REFUSED_OUT(rediscluster_pool_new(NULL, &out, &error), "options", out);
    REFUSED(rediscluster_pool_new(options, NULL, &error), "out");
    REFUSED_OUT(rediscluster_pool_get_by_slot(NULL, 0, REDISCLUSTER_READ, 0, &connection, &error), "pool", connection);
    REFUSED(rediscluster_pool_get_by_slot(pool, 0, REDISCLUSTER_READ, 0, NULL, &error), "out");
    REFUSED_OUT(rediscluster_pool_get_by_key(NULL, key, 1, REDISCLUSTER_READ, 0, &connection, &error), "pool",
                connection);
    REFUSED_OUT(rediscluster_pool_get_by_key(pool, NULL, 1, REDISCLUSTER_READ, 0, &connection, &error), "key",
                connection);
    REFUSED(rediscluster_pool_get_by_key(pool, key, 1, REDISCLUSTER_READ, 0, NULL, &error), "out");
    REFUSED_OUT(rediscluster_pool_get_by_node(NULL, "h:1", 0, &connection, &error), "pool", connection);
    REFUSED_OUT(rediscluster_pool_get_by_node(pool, NULL, 0, &connection, &error), "node", connection);
    REFUSED(rediscluster_pool_get_by_node(pool, "h:1", 0, NULL, &error), "out");
    REFUSED_OUT(rediscluster_pool_get_random(NULL, 0, &connection, &error), "pool", connection);
    REFUSED(rediscluster_pool_get_random(pool, 0, NULL, &error), "out");
    REFUSED(rediscluster_pool_moved(NULL, 0, "h:1", &error), "pool");
    REFUSED(rediscluster_pool_moved(pool, 0, NULL, &error), "node");
    REFUSED_OUT(rediscluster_pool_ask(NULL, "h:1", 0, &connection, &error), "pool", connection);
    REFUSED_OUT(rediscluster_pool_ask(pool, NULL, 0, &connection, &error), "node", connection);
    REFUSED(rediscluster_pool_ask(pool, "h:1", 0, NULL, &error), "out");
    REFUSED(rediscluster_pool_release(NULL, NULL, &error), "pool");
    REFUSED(rediscluster_pool_release(pool, NULL, &error), "connection");
    REFUSED(rediscluster_pool_refresh(NULL, 0, &error), "pool");
    REFUSED(rediscluster_pool_reset(NULL, 0, &error), "pool");
    REFUSED(rediscluster_pool_disconnect(NULL, &error), "pool");
    REFUSED(rediscluster_pool_close(NULL, &error), "pool");
    REFUSED(rediscluster_pool_maintain(NULL, 0, &next, &error), "pool");
    REFUSED(rediscluster_pool_reload_tls(NULL, &error), "pool");
    REFUSED(rediscluster_pool_update_credentials(NULL, "app", "secret", &error), "pool");
    CHECK_INT(next, -1);
    REFUSED_OUT(rediscluster_pool_stats(NULL, &stats, &error), "pool", stats);
    REFUSED(rediscluster_pool_stats(pool, NULL, &error), "out");
    REFUSED_OUT(rediscluster_pool_topology(NULL, &topology, &error), "pool", topology);
    REFUSED(rediscluster_pool_topology(pool, NULL, &error), "out");
    rediscluster_pool_free(NULL);
}

static void of_connections(void)
{
    rediscluster_reply *reply;
    rediscluster_command *command = NULL;
    REFUSED(rediscluster_command_new(NULL, &error), "out");
    CHECK_INT(rediscluster_command_new(&command, NULL), REDISCLUSTER_OK);
    REFUSED_OUT(rediscluster_connection_command(NULL, command, 0, &reply, &error), "connection", reply);
    REFUSED_OUT(rediscluster_connection_command(NULL, NULL, 0, &reply, &error), "", reply);
    REFUSED(rediscluster_connection_command(NULL, command, 0, NULL, &error), "reply");
    REFUSED(rediscluster_connection_append(NULL, command, &error), "connection");
    REFUSED(rediscluster_connection_flush(NULL, 0, &error), "connection");
    REFUSED_OUT(rediscluster_connection_read(NULL, 0, &reply, &error), "connection", reply);
    REFUSED(rediscluster_connection_read(NULL, 0, NULL, &error), "reply");
    CHECK(rediscluster_connection_node(NULL) == NULL);
    CHECK_INT(rediscluster_connection_fd(NULL), -1);
    CHECK(!rediscluster_connection_is_readonly(NULL));
    CHECK(rediscluster_connection_is_broken(NULL));
    REFUSED(rediscluster_connection_interrupt(NULL, &error), "connection");
    REFUSED(rediscluster_connection_release(NULL, &error), "connection");
    rediscluster_command_free(command);
}

static void of_commands(void)
{
    const char *const argv[] = {"PING"};
    const size_t lengths[] = {4};
    rediscluster_command *command;
    REFUSED_OUT(rediscluster_command_from_argv(0, argv, NULL, &command, &error), "argc", command);
    REFUSED_OUT(rediscluster_command_from_argv(1, NULL, NULL, &command, &error), "argv", command);
    REFUSED(rediscluster_command_from_argv(1, argv, NULL, NULL, &error), "out");
    REFUSED(rediscluster_command_append(NULL, (const uint8_t *)"x", 1, &error), "command");
    REFUSED(rediscluster_command_append_packed(NULL, (const uint8_t *)"x", lengths, 1, &error), "command");
    CHECK_INT(rediscluster_command_new(&command, NULL), REDISCLUSTER_OK);
    REFUSED(rediscluster_command_append(command, NULL, 1, &error), "data");
    REFUSED(rediscluster_command_append_packed(command, NULL, lengths, 1, &error), "data");
    REFUSED(rediscluster_command_append_packed(command, (const uint8_t *)"x", NULL, 1, &error), "lengths");
    rediscluster_command_clear(NULL);
    rediscluster_command_free(command);
    rediscluster_command_free(NULL);
}

static void of_replies(void)
{
    const rediscluster_cell *cells = (const rediscluster_cell *)(uintptr_t)8;
    size_t length = 7, count = 7, size = 7;
    CHECK_INT(rediscluster_reply_kind(NULL), REDISCLUSTER_REPLY_NIL);
    CHECK(rediscluster_reply_bytes(NULL, &length) == NULL && length == 0);
    CHECK(rediscluster_reply_bytes(NULL, NULL) == NULL);
    CHECK_INT(rediscluster_reply_integer(NULL), 0);
    CHECK(rediscluster_reply_double(NULL) == 0);
    CHECK(!rediscluster_reply_boolean(NULL));
    CHECK_INT(rediscluster_reply_count(NULL), 0);
    CHECK(rediscluster_reply_at(NULL, 0) == NULL);
    CHECK(rediscluster_reply_next(NULL) == NULL);
    CHECK(rediscluster_reply_attributes(NULL) == NULL);
    rediscluster_reply_cells(NULL, &cells, &count, &size);
    CHECK(cells == NULL && count == 0 && size == 0);
    rediscluster_reply_cells(NULL, NULL, NULL, NULL);
    REFUSED(rediscluster_reply_check(NULL, &error), "reply");
    rediscluster_reply_free(NULL);
}

static void of_snapshots(void)
{
    int32_t start = 7, end = 7;
    CHECK_INT(rediscluster_topology_version(NULL), 0);
    CHECK_INT(rediscluster_topology_node_count(NULL), 0);
    CHECK(rediscluster_topology_node(NULL, 0) == NULL);
    CHECK(rediscluster_topology_slot_node(NULL, 0, 0) == NULL);
    CHECK_INT(rediscluster_topology_nodes_by_role(NULL, REDISCLUSTER_ROLE_PRIMARY, NULL, 0), 0);
    rediscluster_topology_free(NULL);
    CHECK_STR(rediscluster_node_id(NULL), "");
    CHECK_STR(rediscluster_node_address(NULL), "");
    CHECK_STR(rediscluster_node_host(NULL), "");
    CHECK_INT(rediscluster_node_port(NULL), 0);
    CHECK_STR(rediscluster_node_announced_host(NULL), "");
    CHECK_INT(rediscluster_node_announced_port(NULL), 0);
    CHECK_INT(rediscluster_node_role(NULL), REDISCLUSTER_ROLE_UNKNOWN);
    CHECK_INT(rediscluster_node_primary(NULL), -1);
    CHECK_STR(rediscluster_node_zone(NULL), "");
    CHECK_INT(rediscluster_node_health(NULL), REDISCLUSTER_HEALTH_UNKNOWN);
    CHECK_INT(rediscluster_node_slot_range_count(NULL), 0);
    CHECK(!rediscluster_node_slot_range(NULL, 0, &start, &end) && start == -1 && end == -1);
    CHECK(!rediscluster_node_slot_range(NULL, 0, NULL, NULL));
    CHECK_INT(rediscluster_stats_get(NULL, NULL, REDISCLUSTER_STAT_OPEN), -1);
    rediscluster_stats_free(NULL);
    CHECK_INT(rediscluster_key_slot(NULL, 0), 0);
    CHECK_INT(rediscluster_key_slot(NULL, 1), -1);
}

int main(void)
{
    int descriptors = descriptors_open();
    CHECK_INT(rediscluster_options_new(&options, NULL), REDISCLUSTER_OK);
    CHECK_INT(rediscluster_options_set(options, "startup_nodes", "127.0.0.1:1", NULL), REDISCLUSTER_OK);
    CHECK_INT(rediscluster_options_set(options, "init_slot_cache", "no", NULL), REDISCLUSTER_OK);
    CHECK_INT(rediscluster_pool_new(options, &pool, NULL), REDISCLUSTER_OK);
    of_errors();
    of_options();
    of_pools();
    of_connections();
    of_commands();
    of_replies();
    of_snapshots();
    CHECK_INT(rediscluster_pool_disconnect(pool, NULL), REDISCLUSTER_OK); /* still whole */
    rediscluster_pool_free(pool);
    rediscluster_options_free(options);
    CHECK_INT(descriptors_open(), descriptors);
    return 0;
}
