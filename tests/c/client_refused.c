/* What a client refuses is refused before any I/O, by a call, a pipeline and an explanation alike, and the message says what
 * to use instead: no command, a wrong number of arguments, several slots, commands that need a connection or a node of
 * their own. */
#include "client.h"

#include <stdlib.h>
#include <string.h>

static fake_node *fake;
static rediscluster_client *client;
static rediscluster_error *error;

/* The message has these words, parted by blanks. */
static void says(const rediscluster_error *told, const char *words)
{
    char copy[128];
    CHECK(strlen(words) < sizeof copy);
    strcpy(copy, words);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
        CHECK_CONTAINS(rediscluster_error_message(told), word);
    CHECK(!rediscluster_error_maybe_executed(told));
    CHECK_INT(rediscluster_error_attempt_count(told), 0);
}

/* A command of words parted by blanks. */
static rediscluster_command *words_of(const char *line)
{
    rediscluster_command *command = NULL;
    char copy[128];
    strcpy(copy, line);
    CHECK_OK(rediscluster_command_new(&command, &error), error);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
        CHECK_OK(rediscluster_command_append(command, (const uint8_t *)word, strlen(word), &error), error);
    return command;
}

static void refused(int32_t status, const char *line, const char *words)
{
    rediscluster_command *command = words_of(line);
    rediscluster_reply *reply = NULL;
    rediscluster_explanation *explanation = NULL;
    rediscluster_pipeline *pipeline = NULL;
    rediscluster_status appended;

    CHECK_FAILS(rediscluster_client_execute(client, command, &reply, &error), status, error);
    CHECK(reply == NULL);
    says(error, words);
    rediscluster_error_free(error);
    error = NULL;

    CHECK_FAILS(rediscluster_client_explain(client, command, &explanation, &error), status, error);
    CHECK(explanation == NULL);
    says(error, words);
    rediscluster_error_free(error);
    error = NULL;

    /* A pipeline refuses at once what no map is needed for, and the rest when it runs, each in its place. */
    CHECK_OK(rediscluster_pipeline_new(client, &pipeline, &error), error);
    CHECK_OK(rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", AT1 "key"), &error), error);
    appended = rediscluster_pipeline_append(pipeline, command, &error);
    if (appended != REDISCLUSTER_OK) {
        CHECK_FAILS(appended, status, error);
        says(error, words);
        rediscluster_error_free(error);
        error = NULL;
        CHECK_INT(rediscluster_pipeline_count(pipeline), 1);
    } else {
        CHECK_STATUS(rediscluster_pipeline_execute(pipeline, -2, &error), status, error);
        CHECK_INT(rediscluster_error_status(rediscluster_pipeline_error(pipeline, 1)), status);
        says(rediscluster_pipeline_error(pipeline, 1), words);
        CHECK(rediscluster_pipeline_error(pipeline, 0) == NULL);
        CHECK_INT(rediscluster_reply_kind(rediscluster_pipeline_reply(pipeline, 0)), REDISCLUSTER_REPLY_NIL);
    }
    rediscluster_pipeline_free(pipeline);
    rediscluster_command_free(command);
}

/* Nothing came but the pipelines' GETs, all on one connection. */
static void nothing_else_was_sent(void)
{
    char *log = fake_node_log(fake);
    for (char *line = strtok(log, "\n"); line != NULL; line = strtok(NULL, "\n"))
        if (strstr(line, " GET " AT1 "key") == NULL)
            check_fail(__FILE__, __LINE__, "this came, too: %s", line);
    free(log);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_CREATED), 1);
}

int main(void)
{
    const int32_t invalid = REDISCLUSTER_ERROR_INVALID_ARGUMENT, crossed = REDISCLUSTER_ERROR_CROSS_SLOT,
                  unroutable = REDISCLUSTER_ERROR_UNROUTABLE;
    fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\nstore");
    client = client_of(fake_node_address(fake, 1), NULL);
    client_expect(client, "nil", "GET", AT1 "key", NULL);
    fake_node_control(fake, "clear");

    refused(invalid, "", "name append");
    refused(invalid, "GET", "GET 2 1");
    refused(invalid, "get a b", "GET 2 3");
    refused(invalid, "SET a", "SET at least 3 2");
    refused(invalid, "XGROUP CREATE a", "XGROUP CREATE at least");

    refused(crossed, "SINTER {a}k {b}k", "SINTER 15495 3300 hash tag");
    refused(crossed, "RENAME {a}k {b}k", "RENAME hash tag");
    refused(crossed, "MSETNX {a}k 1 {b}k 2", "MSETNX hash tag");
    refused(crossed, "EVAL return 2 {a}k {b}k", "EVAL hash tag");
    refused(crossed, "XREAD STREAMS {a}k {b}k 0 0", "XREAD");
    refused(crossed, "SORT {a}k STORE {b}k", "SORT");

    refused(invalid, "MULTI", "MULTI transaction");
    refused(invalid, "EXEC", "EXEC transaction");
    refused(invalid, "DISCARD", "DISCARD transaction");
    refused(invalid, "WATCH k", "WATCH transaction");
    refused(invalid, "UNWATCH", "UNWATCH transaction");
    refused(invalid, "SUBSCRIBE c", "SUBSCRIBE subscriber");
    refused(invalid, "PSUBSCRIBE c", "PSUBSCRIBE subscriber");
    refused(invalid, "SSUBSCRIBE c", "SSUBSCRIBE subscriber");
    refused(invalid, "UNSUBSCRIBE", "UNSUBSCRIBE");
    refused(invalid, "MONITOR", "MONITOR rediscluster_pool_get_by_node");
    refused(invalid, "SELECT 1", "SELECT option connection");
    refused(invalid, "AUTH secret", "AUTH option");
    refused(invalid, "HELLO 2", "HELLO option");
    refused(invalid, "QUIT", "QUIT");
    refused(invalid, "RESET", "RESET");
    refused(invalid, "READONLY", "READONLY option");
    refused(invalid, "READWRITE", "READWRITE option");
    refused(invalid, "ASKING", "ASKING");
    refused(invalid, "CLIENT REPLY OFF", "CLIENT REPLY");
    refused(invalid, "CLIENT SETNAME x", "CLIENT SETNAME option");
    refused(invalid, "CLIENT TRACKING ON", "CLIENT TRACKING");
    refused(invalid, "client no-evict on", "CLIENT NO-EVICT");
    refused(invalid, "WAIT 1 0", "WAIT rediscluster_pool_get_by_key rediscluster_connection_command");
    refused(invalid, "WAITAOF 1 0 0", "WAITAOF rediscluster_pool_get_by_key");

    refused(unroutable, "SCAN 0", "SCAN rediscluster_scan_new route");
    refused(unroutable, "SHUTDOWN", "SHUTDOWN rediscluster_command_set_route");
    refused(unroutable, "REPLICAOF NO ONE", "REPLICAOF route");
    refused(unroutable, "CLUSTER FAILOVER", "CLUSTER FAILOVER route");
    refused(unroutable, "SAVE", "SAVE route");

    nothing_else_was_sent();
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
