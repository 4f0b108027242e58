/* Scripts and functions on real servers: by digest, with the text once where a server does not have it, again after SCRIPT
 * FLUSH; keys of several slots are refused; arguments as an array, packed, binary; an error of the script is a reply; what
 * only reads is answered by replicas, scripts, EVAL_RO and FCALL_RO alike. ctest: cluster */
#include "client.h"
#include "cluster.h"
#include "commands.h"
#include "pools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cluster *servers;
static rediscluster_client *client;
static rediscluster_error *error;

static rediscluster_script *script_of(const char *source, int32_t access)
{
    rediscluster_script *script = NULL;
    CHECK_OK(rediscluster_script_new((const uint8_t *)source, strlen(source), access, &script, &error), error);
    return script;
}

/* The sum over the nodes of "name=number" in INFO commandstats ("cmdstat_eval:calls="). */
static long calls(const char *name)
{
    rediscluster_command *command = command_of("INFO", "commandstats", NULL);
    rediscluster_reply *reply = NULL;
    char wanted[64];
    long sum = 0;
    snprintf(wanted, sizeof wanted, "cmdstat_%s:calls=", name);
    CHECK_OK(rediscluster_command_set_route(command, REDISCLUSTER_ROUTE_ALL_NODES, 0, NULL, &error), error);
    CHECK_OK(rediscluster_client_execute(client, command, &reply, &error), error);
    for (size_t i = 1; i < rediscluster_reply_count(reply); i += 2) {
        const char *at = strstr(reply_text(rediscluster_reply_at(reply, i)), wanted);
        if (at != NULL)
            sum += strtol(at + strlen(wanted), NULL, 10);
    }
    rediscluster_reply_free(reply);
    rediscluster_command_free(command);
    return sum;
}

static void by_digest(void)
{
    rediscluster_script *script = script_of("return redis.call('incrby', KEYS[1], ARGV[1])", REDISCLUSTER_WRITE);
    rediscluster_command *arguments;
    rediscluster_reply *reply = NULL;
    long eval, evalsha;
    rediscluster_reply_free(client_say(client, "DEL", "script:n", NULL));
    rediscluster_reply_free(client_say(client, "SCRIPT", "FLUSH", NULL));
    eval = calls("eval"), evalsha = calls("evalsha");
    for (int i = 1; i <= 3; i++) {
        char expected[8];
        snprintf(expected, sizeof expected, "%d", 5 * i);
        CHECK_OK(rediscluster_script_call(script, client, 1, REDISCLUSTER_ARGS("script:n", "5"), &reply, &error), error);
        reply_is(reply, expected);
        rediscluster_reply_free(reply);
    }
    CHECK_INT(calls("eval") - eval, 1);
    CHECK_INT(calls("evalsha") - evalsha, 3);
    rediscluster_reply_free(client_say(client, "SCRIPT", "FLUSH", NULL));
    arguments = command_of("1", "script:n", "1", NULL);
    CHECK_OK(rediscluster_script_execute(script, client, arguments, &reply, &error), error);
    reply_is(reply, "16");
    rediscluster_reply_free(reply);
    CHECK_INT(calls("eval") - eval, 2);
    rediscluster_command_free(arguments);
    rediscluster_script_free(script);
    rediscluster_reply_free(client_say(client, "DEL", "script:n", NULL));
}

static void arguments(void)
{
    rediscluster_script *script = script_of("return {#KEYS, #ARGV, KEYS[1], ARGV[1]}", REDISCLUSTER_WRITE);
    rediscluster_script *fails = script_of("return redis.error_reply('MINE of my own')", REDISCLUSTER_WRITE);
    rediscluster_command *none = NULL;
    rediscluster_reply *reply = NULL;
    const char binary[] = "\0\r\n{s}";
    const char *const argv[] = {binary, "{s}2", ""};
    const size_t lengths[] = {6, 4, 0};
    size_t length;

    CHECK_OK(rediscluster_script_call(script, client, 2, 3, argv, lengths, &reply, &error), error);
    reply_is(rediscluster_reply_at(reply, 0), "2");
    reply_is(rediscluster_reply_at(reply, 1), "1");
    CHECK(memcmp(rediscluster_reply_bytes(rediscluster_reply_at(reply, 2), &length), binary, 6) == 0);
    CHECK_INT(length, 6);
    rediscluster_reply_free(reply);

    /* Without keys it runs at any primary. */
    CHECK_OK(rediscluster_command_new(&none, &error), error);
    CHECK_OK(rediscluster_script_execute(script, client, none, &reply, &error), error);
    reply_is(rediscluster_reply_at(reply, 0), "0");
    rediscluster_reply_free(reply);
    CHECK_OK(rediscluster_script_call(script, client, 0, 0, NULL, NULL, &reply, &error), error);
    rediscluster_reply_free(reply);

    /* On every primary at once: each gets the text where it has not. */
    rediscluster_reply_free(client_say(client, "SCRIPT", "FLUSH", NULL));
    CHECK_OK(rediscluster_command_set_route(none, REDISCLUSTER_ROUTE_ALL_PRIMARIES, 0, NULL, &error), error);
    CHECK_OK(rediscluster_script_execute(script, client, none, &reply, &error), error);
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_MAP);
    CHECK_INT(rediscluster_reply_count(reply), 6);
    for (size_t i = 1; i < 6; i += 2)
        CHECK_INT(rediscluster_reply_kind(rediscluster_reply_at(reply, i)), REDISCLUSTER_REPLY_ARRAY);
    rediscluster_reply_free(reply);

    CHECK_STATUS(rediscluster_script_call(script, client, 2, REDISCLUSTER_ARGS("a", "b"), &reply, &error),
                 REDISCLUSTER_ERROR_CROSS_SLOT, error);
    CHECK_OK(rediscluster_script_call(fails, client, 0, 0, NULL, NULL, &reply, &error), error);
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_ERROR);
    CHECK_CONTAINS(reply_text(reply), "MINE of my own");
    rediscluster_reply_free(reply);
    rediscluster_command_free(none);
    rediscluster_script_free(script);
    rediscluster_script_free(fails);
}

/* Read by replicas, once they have what was written. */
static void by_replicas(void)
{
    rediscluster_script *script = script_of("return redis.call('get', KEYS[1])", REDISCLUSTER_READ);
    static const char library[] = "#!lua name=script_cluster\n"
                                  "redis.register_function{function_name='script_cluster_get', flags={'no-writes'},\n"
                                  "callback=function(keys) return redis.call('get', keys[1]) end}";
    rediscluster_client *reader;
    rediscluster_reply *reply = NULL;
    long before;
    rediscluster_reply_free(client_say(client, "SET", "script:k", "v", NULL));
    rediscluster_reply_free(client_say(client, "FUNCTION", "LOAD", "REPLACE", library, NULL));
    reader = client_of(cluster_addresses(servers), "read_from", "replica", NULL);

    before = calls("evalsha_ro");
    do {
        rediscluster_reply_free(reply);
        CHECK_OK(rediscluster_script_call(script, reader, 1, REDISCLUSTER_ARGS("script:k"), &reply, &error), error);
    } while (strcmp(reply_text(reply), "v") != 0);
    rediscluster_reply_free(reply);
    CHECK(calls("evalsha_ro") > before);
    CHECK_INT(client_stat(reader, NULL, REDISCLUSTER_STAT_OPEN), 1);
    client_expect(reader, "v", "EVAL_RO", "return redis.call('get', KEYS[1])", "1", "script:k", NULL);
    client_expect(reader, "v", "FCALL_RO", "script_cluster_get", "1", "script:k", NULL);
    /* All of it by one node, which is the replica: what writes needs another. */
    CHECK_INT(client_stat(reader, NULL, REDISCLUSTER_STAT_OPEN), 1);
    client_expect(reader, "v", "FCALL", "script_cluster_get", "1", "script:k", NULL);
    CHECK_INT(client_stat(reader, NULL, REDISCLUSTER_STAT_OPEN), 2);
    rediscluster_reply_free(client_say(client, "FUNCTION", "DELETE", "script_cluster", NULL));
    rediscluster_reply_free(client_say(client, "DEL", "script:k", NULL));
    rediscluster_script_free(script);
    rediscluster_client_free(reader);
}

int main(void)
{
    servers = cluster_shared();
    client = client_of(cluster_addresses(servers), NULL);
    by_digest();
    arguments();
    by_replicas();
    rediscluster_client_free(client);
    cluster_stop(servers);
    return 0;
}
