/* NULL for each parameter of a client's functions, numbers that are no value of an enumeration, and objects freed in any
 * order: client, pool, command, token, pipeline, explanation, reply. */
#include "client.h"
#include "pools.h"

#include <stdlib.h>

/* An output that is to be NULL afterwards is not so before. */
#define SPOIL(out) ((out) = (void *)&(out))

#define REFUSED(call, parameter)                                                                   \
    do {                                                                                           \
        rediscluster_error *error = NULL;                                                          \
        CHECK_FAILS(call, REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);                             \
        CHECK_CONTAINS(rediscluster_error_message(error), parameter);                              \
        rediscluster_error_free(error);                                                            \
    } while (0)

#define REFUSED_OUT(call, parameter, out)                                                          \
    do {                                                                                           \
        SPOIL(out);                                                                                \
        REFUSED(call, parameter);                                                                  \
        CHECK((out) == NULL);                                                                      \
    } while (0)

static fake_node *fake;

static void of_clients(rediscluster_client *client, rediscluster_options *options)
{
    const char *const argv[] = {"GET", "k"}, *const hole[] = {"GET", NULL};
    const size_t lengths[] = {3, 1}, beyond[] = {3, SIZE_MAX};
    rediscluster_command *command = command_of("GET", "k", NULL);
    rediscluster_client *out;
    rediscluster_reply *reply;
    REFUSED_OUT(rediscluster_client_new(NULL, &out, &error), "options", out);
    REFUSED(rediscluster_client_new(options, NULL, &error), "out");
    REFUSED_OUT(rediscluster_client_with_pool(NULL, &out, &error), "pool", out);
    REFUSED(rediscluster_client_with_pool(rediscluster_client_pool(client), NULL, &error), "out");
    REFUSED_OUT(rediscluster_client_execute(NULL, command, &reply, &error), "client", reply);
    REFUSED_OUT(rediscluster_client_execute(client, NULL, &reply, &error), "command", reply);
    REFUSED(rediscluster_client_execute(client, command, NULL, &error), "reply");
    REFUSED_OUT(rediscluster_client_command(NULL, 2, argv, NULL, &reply, &error), "client", reply);
    REFUSED_OUT(rediscluster_client_command(client, 2, NULL, NULL, &reply, &error), "argv", reply);
    REFUSED_OUT(rediscluster_client_command(client, 0, argv, NULL, &reply, &error), "argc", reply);
    REFUSED_OUT(rediscluster_client_command(client, 2, hole, NULL, &reply, &error), "argv", reply);
    REFUSED_OUT(rediscluster_client_command(client, 2, argv, beyond, &reply, &error), "argv", reply);
    REFUSED(rediscluster_client_command(client, 2, argv, lengths, NULL, &error), "reply");
    /* Without a place for the error. */
    SPOIL(reply);
    CHECK_INT(rediscluster_client_execute(client, NULL, &reply, NULL), REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(reply == NULL);
    CHECK(rediscluster_client_pool(NULL) == NULL);
    rediscluster_client_free(NULL);
    CHECK_INT(rediscluster_error_key_fate(NULL, 0), REDISCLUSTER_KEY_NONE);
    rediscluster_command_free(command);
}

static void of_settings(void)
{
    rediscluster_command *command = command_of("GET", "k", NULL);
    rediscluster_cancel *cancel = NULL;
    rediscluster_error *none = NULL;
    CHECK_OK(rediscluster_cancel_new(&cancel, &none), none);
    REFUSED(rediscluster_command_set_timeout(NULL, 1, &error), "command");
    REFUSED(rediscluster_command_set_timeout(command, -3, &error), "timeout_ms");
    REFUSED(rediscluster_command_set_timeout(command, INT64_MIN, &error), "timeout_ms");
    CHECK_OK(rediscluster_command_set_timeout(command, INT64_MAX, &none), none);
    REFUSED(rediscluster_command_set_route(NULL, REDISCLUSTER_ROUTE_AUTO, 0, NULL, &error), "command");
    REFUSED(rediscluster_command_set_route(command, -1, 0, NULL, &error), "route");
    REFUSED(rediscluster_command_set_route(command, 7, 0, NULL, &error), "route");
    REFUSED(rediscluster_command_set_route(command, REDISCLUSTER_ROUTE_SLOT, -1, NULL, &error), "slot");
    REFUSED(rediscluster_command_set_route(command, REDISCLUSTER_ROUTE_SLOT, 16384, NULL, &error), "slot");
    REFUSED(rediscluster_command_set_route(command, REDISCLUSTER_ROUTE_NODE, 0, NULL, &error), "node");
    REFUSED(rediscluster_command_set_route(command, REDISCLUSTER_ROUTE_NODE, 0, "\xff", &error), "node");
    CHECK_OK(rediscluster_command_set_route(command, REDISCLUSTER_ROUTE_RANDOM, -7, NULL, &none), none);
    REFUSED(rediscluster_command_set_read_from(NULL, 0, &error), "command");
    REFUSED(rediscluster_command_set_read_from(command, -1, &error), "read_from");
    REFUSED(rediscluster_command_set_read_from(command, 6, &error), "read_from");
    REFUSED(rediscluster_command_set_cancel(NULL, cancel, &error), "command");
    CHECK_OK(rediscluster_command_set_cancel(command, NULL, &none), none);
    REFUSED(rediscluster_cancel_new(NULL, &error), "out");
    rediscluster_cancel_fire(NULL);
    rediscluster_cancel_free(NULL);
    rediscluster_cancel_free(cancel);
    rediscluster_command_free(command);
}

static void of_pipelines(rediscluster_client *client)
{
    const char *const argv[] = {"GET", "k"};
    rediscluster_command *command = command_of("GET", "k", NULL);
    rediscluster_pipeline *pipeline = NULL, *out;
    rediscluster_error *none = NULL;
    CHECK_OK(rediscluster_pipeline_new(client, &pipeline, &none), none);
    REFUSED_OUT(rediscluster_pipeline_new(NULL, &out, &error), "client", out);
    REFUSED(rediscluster_pipeline_new(client, NULL, &error), "out");
    REFUSED(rediscluster_pipeline_append(NULL, command, &error), "pipeline");
    REFUSED(rediscluster_pipeline_append(pipeline, NULL, &error), "command");
    REFUSED(rediscluster_pipeline_append_argv(NULL, 2, argv, NULL, &error), "pipeline");
    REFUSED(rediscluster_pipeline_append_argv(pipeline, 2, NULL, NULL, &error), "argv");
    REFUSED(rediscluster_pipeline_append_argv(pipeline, 0, argv, NULL, &error), "argc");
    REFUSED(rediscluster_pipeline_set_cancel(NULL, NULL, &error), "pipeline");
    REFUSED(rediscluster_pipeline_execute(NULL, 0, &error), "pipeline");
    REFUSED(rediscluster_pipeline_execute(pipeline, -3, &error), "timeout_ms");
    CHECK_INT(rediscluster_pipeline_count(pipeline), 0);
    CHECK_INT(rediscluster_pipeline_count(NULL), 0);
    CHECK(rediscluster_pipeline_reply(NULL, 0) == NULL);
    CHECK(rediscluster_pipeline_take_reply(NULL, 0) == NULL);
    CHECK(rediscluster_pipeline_error(NULL, 0) == NULL);
    rediscluster_pipeline_clear(NULL);
    rediscluster_pipeline_free(NULL);

    /* A refused append changes nothing, the outcomes of the run before included. */
    CHECK_OK(rediscluster_pipeline_append(pipeline, command, &none), none);
    CHECK_OK(rediscluster_pipeline_execute(pipeline, -2, &none), none);
    REFUSED(rediscluster_pipeline_execute(pipeline, -3, &error), "timeout_ms");
    CHECK(rediscluster_pipeline_reply(pipeline, 0) != NULL);
    REFUSED(rediscluster_pipeline_append(pipeline, NULL, &error), "command");
    REFUSED(rediscluster_pipeline_append_argv(pipeline, 2, NULL, NULL, &error), "argv");
    REFUSED(rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("MULTI"), &error), "MULTI");
    CHECK(rediscluster_pipeline_reply(pipeline, 0) != NULL);
    CHECK_INT(rediscluster_pipeline_count(pipeline), 1);
    CHECK_OK(rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", "k"), &none), none);
    CHECK(rediscluster_pipeline_reply(pipeline, 0) == NULL);
    CHECK_INT(rediscluster_pipeline_count(pipeline), 1);
    rediscluster_pipeline_free(pipeline);
    rediscluster_command_free(command);
}

static void of_explanations(rediscluster_client *client)
{
    rediscluster_command *command = command_of("GET", "k", NULL);
    rediscluster_explanation *explanation;
    rediscluster_connection *connection;
    REFUSED_OUT(rediscluster_client_explain(NULL, command, &explanation, &error), "client", explanation);
    REFUSED_OUT(rediscluster_client_explain(client, NULL, &explanation, &error), "command", explanation);
    REFUSED(rediscluster_client_explain(client, command, NULL, &error), "out");
    CHECK_INT(rediscluster_explanation_slot(NULL), -1);
    CHECK_INT(rediscluster_explanation_key_count(NULL), 0);
    CHECK_INT(rediscluster_explanation_key(NULL, 0), -1);
    CHECK_INT(rediscluster_explanation_node_count(NULL), 0);
    CHECK(rediscluster_explanation_node(NULL, 0) == NULL);
    CHECK_STR(rediscluster_explanation_reason(NULL), "");
    rediscluster_explanation_free(NULL);
    REFUSED_OUT(rediscluster_pool_get_for_command(NULL, command, -2, &connection, &error), "pool", connection);
    REFUSED_OUT(rediscluster_pool_get_for_command(rediscluster_client_pool(client), NULL, -2, &connection, &error), "command",
                connection);
    REFUSED_OUT(rediscluster_pool_get_for_command(rediscluster_client_pool(client), command, -3, &connection, &error),
                "timeout_ms", connection);
    REFUSED(rediscluster_pool_get_for_command(rediscluster_client_pool(client), command, -2, NULL, &error), "out");
    rediscluster_command_free(command);
}

/* One of each, freed in the order of `order`. */
static void freed_in(const int order[7])
{
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), NULL);
    rediscluster_client *client = NULL, *second = NULL;
    rediscluster_command *command = command_of("SET", "k", "v", NULL);
    rediscluster_cancel *cancel = NULL;
    rediscluster_pipeline *pipeline = NULL;
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_client_with_pool(pool, &client, &error), error);
    CHECK_OK(rediscluster_client_with_pool(pool, &second, &error), error);
    CHECK(rediscluster_client_pool(client) != NULL);
    CHECK_OK(rediscluster_cancel_new(&cancel, &error), error);
    CHECK_OK(rediscluster_command_set_cancel(command, cancel, &error), error);
    CHECK_OK(rediscluster_pipeline_new(client, &pipeline, &error), error);
    CHECK_OK(rediscluster_pipeline_set_cancel(pipeline, cancel, &error), error);
    CHECK_OK(rediscluster_pipeline_append(pipeline, command, &error), error);
    CHECK_OK(rediscluster_client_execute(client, command, &reply, &error), error);
    for (int i = 0; i < 7; i++) {
        /* What is left works. */
        if (client != NULL && command != NULL) {
            rediscluster_reply *other = NULL;
            CHECK_OK(rediscluster_client_execute(client, command, &other, &error), error);
            rediscluster_reply_free(other);
        }
        if (pipeline != NULL) {
            CHECK_OK(rediscluster_pipeline_execute(pipeline, -2, &error), error);
            CHECK_STR(reply_text(rediscluster_pipeline_reply(pipeline, 0)), "OK");
        }
        switch (order[i]) {
        case 0: rediscluster_pool_free(pool); break;
        case 1: rediscluster_client_free(client); client = NULL; break;
        case 2: rediscluster_command_free(command); command = NULL; break;
        case 3: rediscluster_cancel_free(cancel); break;
        case 4: rediscluster_pipeline_free(pipeline); pipeline = NULL; break;
        case 5: CHECK_STR(reply_text(reply), "OK"); rediscluster_reply_free(reply); break;
        default: rediscluster_client_free(second); break;
        }
    }
    /* All gone: the pool is closed. */
    WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 0, 5000);
}

int main(void)
{
    const int orders[][7] = {{0, 1, 2, 3, 4, 5, 6}, {6, 5, 4, 3, 2, 1, 0}, {3, 2, 1, 0, 6, 4, 5},
                             {4, 1, 0, 6, 3, 5, 2}, {1, 4, 6, 0, 2, 5, 3}, {5, 0, 6, 1, 3, 2, 4}};
    rediscluster_options *options = NULL;
    rediscluster_client *client;
    rediscluster_error *error = NULL;
    fake = fake_node_start("node 1\nhandshake\nstore\ntopology 0-16383=1");
    CHECK_OK(rediscluster_options_new(&options, &error), error);
    client = client_of(fake_node_address(fake, 1), NULL);
    of_clients(client, options);
    of_settings();
    of_pipelines(client);
    of_explanations(client);
    rediscluster_client_free(client);
    rediscluster_options_free(options);
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
        freed_in(orders[i]);
    fake_node_stop(fake);
    return 0;
}
