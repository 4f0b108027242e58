/* A script meets what clusters do: NOSCRIPT at each node it comes to, redirects before and behind it, replicas for what only
 * reads; it never runs twice. And what its functions refuse. */
#include "client.h"
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

static rediscluster_error *error;

#define REFUSED(call) CHECK_STATUS(call, REDISCLUSTER_ERROR_INVALID_ARGUMENT, error)

static rediscluster_script *script_of(int32_t access)
{
    rediscluster_script *script = NULL;
    CHECK_OK(rediscluster_script_new((const uint8_t *)"return 1", 8, access, &script, &error), error);
    CHECK_STR(rediscluster_script_sha(script), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    return script;
}

static void call(rediscluster_script *script, rediscluster_client *client, const char *expected)
{
    rediscluster_reply *reply = NULL;
    CHECK_OK(rediscluster_script_call(script, client, 1, REDISCLUSTER_ARGS("b"), &reply, &error), error);
    reply_is(reply, expected);
    rediscluster_reply_free(reply);
}

static void redirected(void)
{
    fake_node *fake = fake_node_start("nodes 2\nnode *\nhandshake\ntopology 0-8191=1 8192-16383=2\n"
                                      "node 1\nonce on EVALSHA * => error \"NOSCRIPT none\"\n"
                                      "once on EVAL * => error \"MOVED 3300 $addr2\"\n"
                                      "node 2\nonce on EVAL * => error \"TRYAGAIN later\"\non EVAL * => int 1\n"
                                      "once on EVALSHA * => error \"NOSCRIPT none\"\non EVALSHA * => int 2\n");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    rediscluster_script *script = script_of(REDISCLUSTER_WRITE);
    call(script, client, "1");
    CHECK_INT(fake_node_count_on(fake, 1, "EVALSHA"), 1);
    CHECK_INT(fake_node_count_on(fake, 2, "EVALSHA"), 0);
    CHECK_INT(fake_node_count_on(fake, 2, "EVAL"), 2);
    call(script, client, "1");
    call(script, client, "2");
    CHECK_INT(fake_node_count_on(fake, 1, "EVAL"), 1);
    rediscluster_script_free(script);
    rediscluster_client_free(client);
    fake_node_stop(fake);
}

static void lost(void)
{
    fake_node *fake = fake_node_start("node 1\nhandshake\ntopology 0-16383=1\non EVALSHA * => error \"NOSCRIPT none\"\n"
                                      "on EVAL * => close\non EVALSHA_RO * => error \"NOSCRIPT none\"\n"
                                      "once on EVAL_RO * => close\non EVAL_RO * => int 3\n");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    rediscluster_script *script = script_of(REDISCLUSTER_WRITE), *reads = script_of(REDISCLUSTER_READ);
    rediscluster_reply *reply = NULL;
    CHECK_FAILS(rediscluster_script_call(script, client, 1, REDISCLUSTER_ARGS("b"), &reply, &error),
                REDISCLUSTER_ERROR_CONNECTION, error);
    CHECK(rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
    error = NULL;
    CHECK_INT(fake_node_count(fake, "EVAL"), 1);
    call(reads, client, "3");
    CHECK_INT(fake_node_count(fake, "EVAL_RO"), 2);
    rediscluster_script_free(script);
    rediscluster_script_free(reads);
    rediscluster_client_free(client);
    fake_node_stop(fake);
}

static void replicas(void)
{
    fake_node *fake = fake_node_start("nodes 2\nnode *\nhandshake\ntopology 0-16383=1,replica:2\n"
                                      "on EVALSHA * => int 1\non EVAL_RO * => int 1\non FCALL_RO * => int 1\n"
                                      "on FCALL * => int 1\non EVALSHA_RO * => int 1\n");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), "read_from", "replica_preferred", NULL);
    rediscluster_client *writer = client_of(fake_node_address(fake, 1), NULL);
    rediscluster_script *script = script_of(REDISCLUSTER_WRITE), *reads = script_of(REDISCLUSTER_READ);
    rediscluster_command *arguments = command_of("1", "b", NULL);
    rediscluster_reply *reply = NULL;
    call(reads, client, "1");
    client_expect(client, "1", "EVAL_RO", "return 1", "1", "b", NULL);
    client_expect(client, "1", "FCALL_RO", "f", "1", "b", NULL);
    CHECK_INT(fake_node_count_on(fake, 2, "EVALSHA_RO"), 1);
    CHECK_INT(fake_node_count_on(fake, 2, "EVAL_RO"), 1);
    CHECK_INT(fake_node_count_on(fake, 2, "FCALL_RO"), 1);
    call(script, client, "1");
    client_expect(client, "1", "FCALL", "f", "1", "b", NULL);
    CHECK_INT(fake_node_count_on(fake, 1, "EVALSHA"), 1);
    CHECK_INT(fake_node_count_on(fake, 1, "FCALL"), 1);
    /* By the call's own setting. */
    CHECK_OK(rediscluster_command_set_read_from(arguments, REDISCLUSTER_READ_FROM_PRIMARY, &error), error);
    CHECK_OK(rediscluster_script_execute(reads, client, arguments, &reply, &error), error);
    rediscluster_reply_free(reply);
    CHECK_INT(fake_node_count_on(fake, 1, "EVALSHA_RO"), 1);
    CHECK_INT(fake_node_count_on(fake, 2, "EVALSHA_RO"), 1);
    call(reads, writer, "1");
    CHECK_INT(fake_node_count_on(fake, 1, "EVALSHA_RO"), 2);
    rediscluster_command_free(arguments);
    rediscluster_script_free(script);
    rediscluster_script_free(reads);
    rediscluster_client_free(client);
    rediscluster_client_free(writer);
    fake_node_stop(fake);
}

static void misuse(void)
{
    fake_node *fake = fake_node_start("node 1\nhandshake\ntopology 0-16383=1\n");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    rediscluster_script *script = NULL;
    rediscluster_command *arguments = command_of("0", NULL);
    rediscluster_reply *reply = NULL;
    const uint8_t source[] = "return 1";
    const char *const argv[] = {"a", NULL};
    REFUSED(rediscluster_script_new(NULL, 1, REDISCLUSTER_READ, &script, &error));
    REFUSED(rediscluster_script_new(source, SIZE_MAX, REDISCLUSTER_READ, &script, &error));
    REFUSED(rediscluster_script_new(source, 8, 0, &script, &error));
    REFUSED(rediscluster_script_new(source, 8, 3, &script, &error));
    REFUSED(rediscluster_script_new(source, 8, REDISCLUSTER_READ, NULL, &error));
    CHECK(script == NULL);
    CHECK_STR(rediscluster_script_sha(NULL), "");
    rediscluster_script_free(NULL);
    script = script_of(REDISCLUSTER_WRITE);
    REFUSED(rediscluster_script_execute(NULL, client, arguments, &reply, &error));
    REFUSED(rediscluster_script_execute(script, NULL, arguments, &reply, &error));
    REFUSED(rediscluster_script_execute(script, client, NULL, &reply, &error));
    REFUSED(rediscluster_script_execute(script, client, arguments, NULL, &error));
    REFUSED(rediscluster_script_call(NULL, client, 0, 1, argv, NULL, &reply, &error));
    REFUSED(rediscluster_script_call(script, NULL, 0, 1, argv, NULL, &reply, &error));
    REFUSED(rediscluster_script_call(script, client, 2, 1, argv, NULL, &reply, &error));
    REFUSED(rediscluster_script_call(script, client, 0, 1, NULL, NULL, &reply, &error));
    REFUSED(rediscluster_script_call(script, client, 0, 2, argv, NULL, &reply, &error));
    REFUSED(rediscluster_script_call(script, client, 0, 1, argv, NULL, NULL, &error));
    CHECK(reply == NULL);
    CHECK_STATUS(rediscluster_script_call(script, client, 2, REDISCLUSTER_ARGS("a", "b"), &reply, &error),
                 REDISCLUSTER_ERROR_CROSS_SLOT, error);
    CHECK_INT(fake_node_count(fake, "EVALSHA") + fake_node_count(fake, "EVAL"), 0);
    rediscluster_command_free(arguments);
    rediscluster_script_free(script);
    rediscluster_client_free(client);
    fake_node_stop(fake);
}

int main(void)
{
    redirected();
    lost();
    replicas();
    misuse();
    return 0;
}
