/* Scripts in a pipeline: the first at each node has its text, the others its hash, so that the order holds on servers that do
 * not have it; one that forgot it meanwhile gets it again. ctest: cluster serial */
#include "client.h"
#include "cluster.h"
#include "fake_node.h"
#include "pools.h"

#include <string.h>

static rediscluster_error *error;

static rediscluster_script *script_of(const char *text)
{
    rediscluster_script *script = NULL;
    CHECK_OK(rediscluster_script_new((const uint8_t *)text, strlen(text), REDISCLUSTER_WRITE, &script, &error), error);
    return script;
}

static rediscluster_pipeline *pipeline_of(rediscluster_client *client)
{
    rediscluster_pipeline *pipeline = NULL;
    CHECK_OK(rediscluster_pipeline_new(client, &pipeline, &error), error);
    return pipeline;
}

/* The script with one key and one argument. */
static void append(rediscluster_pipeline *pipeline, rediscluster_script *script, const char *key, const char *value)
{
    rediscluster_command *arguments = NULL;
    CHECK_OK(rediscluster_command_from_argv(REDISCLUSTER_ARGS("1", key, value), &arguments, &error), error);
    CHECK_OK(rediscluster_pipeline_append_script(pipeline, script, arguments, &error), error);
    rediscluster_command_free(arguments);
}

static void real_servers_that_have_forgotten_all(void)
{
    static const char *const keys[] = {"pipeline_scripts:a", "pipeline_scripts:b", "pipeline_scripts:c", "pipeline_scripts:d"};
    cluster *servers = cluster_shared();
    rediscluster_client *client = client_of(cluster_addresses(servers), NULL);
    rediscluster_script *push = script_of("return redis.call('RPUSH', KEYS[1], ARGV[1])");
    rediscluster_pipeline *pipeline = pipeline_of(client);
    rediscluster_reply_free(client_say(client, "SCRIPT", "FLUSH", NULL));
    for (int turn = 0; turn < 3; turn++) {
        for (size_t key = 0; key < 4; key++)
            append(pipeline, push, keys[key], turn == 0 ? "x" : turn == 1 ? "y" : "z");
        for (size_t key = 0; key < 4; key++)
            CHECK_OK(rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("LINDEX", keys[key], "-1"), &error), error);
    }
    CHECK_OK(rediscluster_pipeline_execute(pipeline, 10000 * test_patience(), &error), error);
    for (int turn = 0; turn < 3; turn++)
        for (size_t key = 0; key < 4; key++) {
            size_t place = (size_t)turn * 8 + key;
            char length[2] = {(char)('1' + turn), 0};
            reply_is(rediscluster_pipeline_reply(pipeline, place), length);
            reply_is(rediscluster_pipeline_reply(pipeline, place + 4), turn == 0 ? "x" : turn == 1 ? "y" : "z");
        }
    for (size_t key = 0; key < 4; key++)
        rediscluster_reply_free(client_say(client, "DEL", keys[key], NULL));
    rediscluster_pipeline_free(pipeline);
    rediscluster_script_free(push);
    rediscluster_client_free(client);
    cluster_stop(servers);
}

static void the_text_goes_once_to_each_node(void)
{
    fake_node *fake = fake_node_start("nodes 2\nnode *\nhandshake\ntopology 0-8191=1 8192-16383=2\n"
                                      "on EVAL * => int 1\n"
                                      "node 2\nonce on EVALSHA * => error \"NOSCRIPT none\"\n"
                                      "node *\non EVALSHA * => int 2\n");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    rediscluster_script *one = script_of("return 1"), *other = script_of("return 2");
    rediscluster_pipeline *pipeline = pipeline_of(client);
    /* b is in slot 3300, a in slot 15495. */
    append(pipeline, one, "b", "");
    append(pipeline, one, "a", "");
    append(pipeline, one, "b", "");
    append(pipeline, other, "b", "");
    append(pipeline, one, "a", "");
    CHECK_OK(rediscluster_pipeline_execute(pipeline, 10000 * test_patience(), &error), error);
    reply_is(rediscluster_pipeline_reply(pipeline, 0), "1");
    reply_is(rediscluster_pipeline_reply(pipeline, 1), "1");
    reply_is(rediscluster_pipeline_reply(pipeline, 2), "2");
    reply_is(rediscluster_pipeline_reply(pipeline, 3), "1");
    /* It had forgotten the script by then. */
    reply_is(rediscluster_pipeline_reply(pipeline, 4), "1");
    CHECK_INT(fake_node_count_on(fake, 1, "EVAL"), 2);
    CHECK_INT(fake_node_count_on(fake, 1, "EVALSHA"), 1);
    CHECK_INT(fake_node_count_on(fake, 2, "EVAL"), 2);
    CHECK_INT(fake_node_count_on(fake, 2, "EVALSHA"), 1);
    CHECK_STATUS(rediscluster_pipeline_append_script(pipeline, NULL, NULL, &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_STATUS(rediscluster_pipeline_append_script(NULL, one, NULL, &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    rediscluster_pipeline_free(pipeline);
    rediscluster_script_free(one);
    rediscluster_script_free(other);
    rediscluster_client_free(client);
    fake_node_stop(fake);
}

int main(void)
{
    the_text_goes_once_to_each_node();
    real_servers_that_have_forgotten_all();
    return 0;
}
