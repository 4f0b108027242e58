/* A node that fails, or answers with an error or with something else than it should, by policy: a partial MSET tells the
 * fate of each key; a sum fails; a map has the failure as its entry; one of the nodes is enough for RANDOMKEY and PING. A reply of a
 * wrong kind is PROTOCOL, with the node. */
#include "client.h"
#include "pools.h"

#include <stdio.h>
#include <string.h>

static fake_node *fake;
static rediscluster_client *client;
static rediscluster_error *error;

static void fates(const rediscluster_error *told, const int *expected, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK_INT(rediscluster_error_key_fate(told, i), expected[i]);
    CHECK_INT(rediscluster_error_key_fate(told, count), REDISCLUSTER_KEY_NONE);
    CHECK_INT(rediscluster_error_key_fate(told, SIZE_MAX), REDISCLUSTER_KEY_NONE);
}

/* Node 2 is cut when MSET has been read, node 3 refuses. */
static void partial_mset(void)
{
    const int cut[] = {REDISCLUSTER_KEY_WRITTEN, REDISCLUSTER_KEY_UNKNOWN, REDISCLUSTER_KEY_NOT_WRITTEN,
                       REDISCLUSTER_KEY_WRITTEN, REDISCLUSTER_KEY_UNKNOWN};
    const int dead[] = {REDISCLUSTER_KEY_NOT_WRITTEN, REDISCLUSTER_KEY_WRITTEN};
    rediscluster_reply *reply;
    fake_node_control(fake, "use cut");
    error = client_fails(client, REDISCLUSTER_ERROR_CONNECTION, "MSET", AT1 "first", "1", AT2 "secret", "2", AT3 "k", "3",
                         AT1 "l", "4", AT2 "l", "5", NULL);
    CHECK(rediscluster_error_maybe_executed(error));
    CHECK_STR(rediscluster_error_node(error), fake_node_address(fake, 2));
    fates(error, cut, 5);
    CHECK_CONTAINS(rediscluster_error_message(error), "keys 1, 4 were written");
    CHECK_CONTAINS(rediscluster_error_message(error), "key 3 was not");
    CHECK_CONTAINS(rediscluster_error_message(error), "keys 2, 5 may have been");
    CHECK(strstr(rediscluster_error_message(error), "secret") == NULL);
    rediscluster_error_free(error);
    CHECK_INT(fake_node_count_on(fake, 2, "MSET"), 1);

    /* An error reply is a reply, and says what was done. */
    reply = client_run(client, command_of("MSET", AT1 "k", "1", AT3 "k", "3", NULL));
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_ERROR);
    CHECK_CONTAINS(reply_text(reply), "OOM command not allowed");
    CHECK_CONTAINS(reply_text(reply), "key 1 was written");
    rediscluster_reply_free(reply);

    /* Nothing left for the dead node. */
    fake_node_control(fake, "use base");
    fake_node_control(fake, "kill 2");
    error = client_fails(client, REDISCLUSTER_ERROR_CONNECTION, "MSET", AT2 "k", "1", AT1 "k", "2", NULL);
    fates(error, dead, 2);
    /* What was written was: the call as a whole may not be taken for undone. */
    CHECK(rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
    error = client_fails(client, REDISCLUSTER_ERROR_CONNECTION, "MGET", AT2 "k", AT1 "k", NULL);
    CHECK_INT(rediscluster_error_key_fate(error, 0), REDISCLUSTER_KEY_NOT_WRITTEN);
    CHECK_INT(rediscluster_error_key_fate(error, 1), REDISCLUSTER_KEY_WRITTEN);
    CHECK(!rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
}

/* Node 2 is dead. */
static void without_a_node(void)
{
    rediscluster_command *command;
    rediscluster_reply *reply;
    error = client_fails(client, REDISCLUSTER_ERROR_CONNECTION, "DBSIZE", NULL);
    CHECK_STR(rediscluster_error_node(error), fake_node_address(fake, 2));
    CHECK_INT(rediscluster_error_key_fate(error, 0), REDISCLUSTER_KEY_NONE);
    rediscluster_error_free(error);
    error = client_fails(client, REDISCLUSTER_ERROR_CONNECTION, "KEYS", "*", NULL);
    rediscluster_error_free(error);
    error = client_fails(client, REDISCLUSTER_ERROR_CONNECTION, "FLUSHALL", NULL);
    CHECK(rediscluster_error_maybe_executed(error));
    CHECK_CONTAINS(rediscluster_error_message(error), "FLUSHALL ran on");
    CHECK_CONTAINS(rediscluster_error_message(error), "did not run on");
    rediscluster_error_free(error);
    reply = client_say(client, "RANDOMKEY", NULL);
    CHECK_STR(reply_text(reply), "some key");
    rediscluster_reply_free(reply);

    command = command_of("DBSIZE", NULL);
    error = NULL;
    CHECK_OK(rediscluster_command_set_route(command, REDISCLUSTER_ROUTE_ALL_PRIMARIES, 0, NULL, &error), error);
    reply = client_run(client, command);
    CHECK_INT(rediscluster_reply_count(reply), 6);
    for (size_t i = 0; i < 6; i += 2) {
        bool dead = strcmp(reply_text(rediscluster_reply_at(reply, i)), fake_node_address(fake, 2)) == 0;
        const rediscluster_reply *entry = rediscluster_reply_at(reply, i + 1);
        CHECK_INT(rediscluster_reply_kind(entry), dead ? REDISCLUSTER_REPLY_ERROR : REDISCLUSTER_REPLY_INTEGER);
        if (dead)
            CHECK_CONTAINS(reply_text(entry), "CONNECTION ");
    }
    rediscluster_reply_free(reply);

    fake_node_control(fake, "kill 1");
    fake_node_control(fake, "kill 3");
    command = command_of("DBSIZE", NULL);
    CHECK_OK(rediscluster_command_set_route(command, REDISCLUSTER_ROUTE_ALL_PRIMARIES, 0, NULL, &error), error);
    error = client_run_fails(client, REDISCLUSTER_ERROR_CONNECTION, command);
    rediscluster_error_free(error);
    for (int node = 1; node <= 3; node++)
        fake_node_control(fake, "revive %d", node);
}

static void wrong_kinds(void)
{
    fake_node_control(fake, "use wrong");
    error = client_fails(client, REDISCLUSTER_ERROR_PROTOCOL, "DBSIZE", NULL);
    CHECK_STR(rediscluster_error_node(error), fake_node_address(fake, 3));
    rediscluster_error_free(error);
    error = client_fails(client, REDISCLUSTER_ERROR_PROTOCOL, "MGET", AT1 "k", AT3 "k", NULL);
    CHECK_STR(rediscluster_error_node(error), fake_node_address(fake, 3));
    rediscluster_error_free(error);
    error = client_fails(client, REDISCLUSTER_ERROR_PROTOCOL, "DEL", AT1 "k", AT3 "k", NULL);
    CHECK(rediscluster_error_maybe_executed(error));
    CHECK_INT(rediscluster_error_key_fate(error, 0), REDISCLUSTER_KEY_WRITTEN);
    CHECK_INT(rediscluster_error_key_fate(error, 1), REDISCLUSTER_KEY_UNKNOWN);
    rediscluster_error_free(error);
    error = client_fails(client, REDISCLUSTER_ERROR_PROTOCOL, "SCRIPT", "EXISTS", "sha", NULL);
    rediscluster_error_free(error);
    /* The connections are as good as before. */
    fake_node_control(fake, "use base");
    client_expect(client, "6", "DBSIZE", NULL);
    fake_node_control(fake, "use large");
    error = client_fails(client, REDISCLUSTER_ERROR_PROTOCOL, "DBSIZE", NULL);
    rediscluster_error_free(error);
}

int main(void)
{
    fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\n"
                           "on MSET * => ok\non DBSIZE => int 2\non KEYS * => array one\non FLUSHALL => ok\n"
                           "on RANDOMKEY => bulk \"some key\"\non MGET * => array v\non DEL * => int 1\n"
                           "on SCRIPT EXISTS * => resp [ 1 ]\n"
                           "scene base\n"
                           "scene cut\nnode 2\non MSET * => close\n"
                           "node 3\non MSET * => error \"OOM command not allowed when used memory > 'maxmemory'.\"\n"
                           "scene wrong\nnode 3\non DBSIZE => bulk many\non MGET * => array one two\non DEL * => bulk one\n"
                           "on SCRIPT EXISTS * => int 1\n"
                           "scene large\nnode *\non DBSIZE => int 9223372036854775807");
    client = client_of(fake_node_address(fake, 1), "retry_backoff_max", "20", NULL);
    partial_mset();
    without_a_node();
    wrong_kinds();
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
