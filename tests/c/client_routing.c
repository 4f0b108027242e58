/* B4: the owner of the real key, in any letter case, wherever the command has its keys; by an explanation, by a connection
 * for the command, and by the command itself. Keys in several slots are CROSS_SLOT before any I/O. Nothing is asked of a
 * server for any of it. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static fake_node *fake;
static rediscluster_client *client;
static rediscluster_error *error;

/* The words are parted by blanks; a "" is an empty argument. */
static rediscluster_command *words_of(const char *line)
{
    rediscluster_command *command = NULL;
    char copy[192];
    CHECK(strlen(line) < sizeof copy);
    strcpy(copy, line);
    CHECK_OK(rediscluster_command_new(&command, &error), error);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
        size_t length = strcmp(word, "\"\"") == 0 ? 0 : strlen(word);
        CHECK_OK(rediscluster_command_append(command, (const uint8_t *)word, length, &error), error);
    }
    return command;
}

/* The keys are in the slot of node 2, and everything else that looks like a key elsewhere. `keys`: their places. */
static void goes_to_2(const char *line, const char *keys)
{
    rediscluster_command *command = words_of(line);
    rediscluster_explanation *explanation = NULL;
    rediscluster_connection *connection = NULL;
    rediscluster_reply *reply;
    char places[64] = "", name[32];
    long before;

    CHECK_OK(rediscluster_client_explain(client, command, &explanation, &error), error);
    if (rediscluster_explanation_slot(explanation) != 7365)
        check_fail(__FILE__, __LINE__, "%s: slot %d", line, rediscluster_explanation_slot(explanation));
    CHECK_INT(rediscluster_explanation_node_count(explanation), 1);
    CHECK_STR(rediscluster_explanation_node(explanation, 0), fake_node_address(fake, 2));
    CHECK(rediscluster_explanation_node(explanation, 1) == NULL);
    for (size_t i = 0; i < rediscluster_explanation_key_count(explanation); i++)
        snprintf(places + strlen(places), sizeof places - strlen(places), i > 0 ? " %d" : "%d",
                 (int)rediscluster_explanation_key(explanation, i));
    if (strcmp(places, keys) != 0)
        check_fail(__FILE__, __LINE__, "%s: keys %s, not %s", line, places, keys);
    CHECK(*rediscluster_explanation_reason(explanation) != '\0');
    rediscluster_explanation_free(explanation);

    CHECK_OK(rediscluster_pool_get_for_command(rediscluster_client_pool(client), command, -2, &connection, &error), error);
    CHECK_STR(rediscluster_connection_node(connection), fake_node_address(fake, 2));
    CHECK_OK(rediscluster_connection_release(connection, &error), error);

    sscanf(line, "%31s", name);
    before = fake_node_count_on(fake, 2, name);
    reply = client_run(client, command);
    CHECK_INT(fake_node_count_on(fake, 2, name), before + 1);
    rediscluster_reply_free(reply);
}

static void crosses(const char *line)
{
    rediscluster_command *command = words_of(line);
    rediscluster_explanation *explanation = NULL;
    rediscluster_connection *connection = NULL;
    CHECK_STATUS(rediscluster_client_explain(client, command, &explanation, &error), REDISCLUSTER_ERROR_CROSS_SLOT, error);
    CHECK_STATUS(rediscluster_pool_get_for_command(rediscluster_client_pool(client), command, -2, &connection, &error),
                 REDISCLUSTER_ERROR_CROSS_SLOT, error);
    CHECK(connection == NULL);
    rediscluster_error_free(client_run_fails(client, REDISCLUSTER_ERROR_CROSS_SLOT, command));
}

int main(void)
{
    fake = fake_node_start("node *\non HELLO * => handshake\non CLIENT * => handshake\n" THREE_SHARDS "\non * => ok");
    client = client_of(fake_node_address(fake, 1), NULL);

    goes_to_2("GET {c}k", "1");
    goes_to_2("get {c}k", "1");
    goes_to_2("gEt {c}k", "1");
    goes_to_2("SET {c}k {a}value", "1");
    goes_to_2("MSET {c}k {a}value {c}l {b}value", "1 3");
    goes_to_2("EVAL {a}script 2 {c}k {c}l {a}argument", "3 4");
    goes_to_2("evalsha {a}script 1 {c}k {a}argument", "3");
    goes_to_2("FCALL {a}function 1 {c}k {a}argument", "3");
    goes_to_2("FCALL_RO {a}function 1 {c}k", "3");
    goes_to_2("XREAD COUNT 10 BLOCK 5 STREAMS {c}k {c}l 0 0", "6 7");
    goes_to_2("xread streams {c}k 0", "2");
    goes_to_2("XREADGROUP GROUP {a}group streams COUNT 2 STREAMS {c}k >", "7");
    goes_to_2("OBJECT ENCODING {c}k", "2");
    goes_to_2("object freq {c}k", "2");
    goes_to_2("ZUNIONSTORE {c}to 2 {c}k {c}l WEIGHTS 1 2", "1 3 4");
    goes_to_2("ZUNION 2 {c}k {c}l", "2 3");
    goes_to_2("ZINTERCARD 2 {c}k {c}l LIMIT 5", "2 3");
    goes_to_2("LMPOP 2 {c}k {c}l LEFT", "2 3");
    goes_to_2("BLMPOP 1 2 {c}k {c}l LEFT", "3 4");
    goes_to_2("MEMORY USAGE {c}k SAMPLES 5", "2");
    goes_to_2("memory usage {c}k", "2");
    goes_to_2("MIGRATE {a}host 6379 {c}k 0 1000", "3");
    goes_to_2("MIGRATE {a}host 6379 \"\" 0 1000 COPY REPLACE KEYS {c}k {c}l", "9 10");
    goes_to_2("MIGRATE {a}host 6379 \"\" 0 1000 AUTH2 {a}user KEYS KEYS {c}k", "10");
    goes_to_2("SORT {c}k", "1");
    goes_to_2("SORT {c}k BY {a}weight LIMIT 0 5 GET {a}get DESC STORE {c}to", "1 11");
    goes_to_2("SORT_RO {c}k BY nosort", "1");
    goes_to_2("GEORADIUS {c}k 15 37 200 km STORE {c}to", "1 7");
    goes_to_2("GEORADIUS {c}k 15 37 200 km", "1");
    goes_to_2("georadiusbymember {c}k {a}member 100 km storedist {c}to", "1 6");
    goes_to_2("GEOSEARCHSTORE {c}to {c}k FROMMEMBER {a}m BYRADIUS 5 m", "1 2");
    goes_to_2("BITOP AND {c}to {c}k {c}l", "2 3 4");
    goes_to_2("BLPOP {c}k {c}l 0.01", "1 2");
    goes_to_2("RENAME {c}k {c}l", "1 2");
    goes_to_2("COPY {c}k {c}l DB 0", "1 2");
    goes_to_2("XGROUP CREATE {c}k {a}group $", "2");
    goes_to_2("XINFO STREAM {c}k", "2");
    goes_to_2("PFMERGE {c}to {c}k", "1 2");
    goes_to_2("LCS {c}k {c}l LEN", "1 2");
    goes_to_2("SPUBLISH {c}channel message", "1");

    fake_node_control(fake, "clear");
    crosses("ZUNIONSTORE {a}to 1 {c}k");
    crosses("SORT {c}k STORE {a}to");
    crosses("GEORADIUS {c}k 15 37 200 km STORE {a}to");
    crosses("EVAL script 2 {a}k {c}k");
    crosses("XREAD STREAMS {a}k {c}k 0 0");
    crosses("MIGRATE host 6379 \"\" 0 1000 KEYS {a}k {c}k");
    crosses("RENAME {a}k {c}k");
    crosses("BITOP AND {c}to {a}k");
    {
        char *log = fake_node_log(fake);
        CHECK_STR(log, "");
        free(log);
    }

    /* Those that split have a node for each slot; a route by hand stands for the keys. */
    {
        rediscluster_command *command = command_of("MGET", AT1 "k", AT2 "k", AT3 "k", NULL);
        rediscluster_explanation *explanation = NULL;
        CHECK_OK(rediscluster_client_explain(client, command, &explanation, &error), error);
        CHECK_INT(rediscluster_explanation_slot(explanation), -1);
        CHECK_INT(rediscluster_explanation_node_count(explanation), 3);
        CHECK_INT(rediscluster_explanation_key_count(explanation), 3);
        rediscluster_explanation_free(explanation);
        CHECK_OK(rediscluster_command_set_route(command, REDISCLUSTER_ROUTE_SLOT, 16383, NULL, &error), error);
        CHECK_OK(rediscluster_client_explain(client, command, &explanation, &error), error);
        CHECK_INT(rediscluster_explanation_slot(explanation), 16383);
        CHECK_STR(rediscluster_explanation_node(explanation, 0), fake_node_address(fake, 3));
        rediscluster_explanation_free(explanation);
        rediscluster_command_free(command);
        command = command_of("PING", NULL);
        CHECK_OK(rediscluster_client_explain(client, command, &explanation, &error), error);
        CHECK_INT(rediscluster_explanation_slot(explanation), -1);
        rediscluster_explanation_free(explanation);
        rediscluster_command_free(command);
    }
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
