/* A pipeline is used again and again; what replies are is the pipeline's until they are taken; it holds its client. */
#include "client.h"

#include <stdio.h>

static rediscluster_error *error;

static void append(rediscluster_pipeline *pipeline, const char *name, const char *key, const char *value)
{
    size_t before = rediscluster_pipeline_count(pipeline);
    if (value != NULL)
        CHECK_OK(rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS(name, key, value), &error), error);
    else
        CHECK_OK(rediscluster_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS(name, key), &error), error);
    CHECK(before + 1 == rediscluster_pipeline_count(pipeline) || rediscluster_pipeline_count(pipeline) == 1);
}

static void reply_at_is(const rediscluster_pipeline *pipeline, size_t index, const char *expected)
{
    char number[24];
    const rediscluster_reply *reply = rediscluster_pipeline_reply(pipeline, index);
    CHECK_STR(client_text(reply, number, sizeof number), expected);
    CHECK(rediscluster_pipeline_error(pipeline, index) == NULL);
}

int main(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\nstore");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    rediscluster_pipeline *pipeline = NULL;
    rediscluster_reply *taken, *other;
    CHECK_OK(rediscluster_pipeline_new(client, &pipeline, &error), error);

    /* None is fine. */
    CHECK_OK(rediscluster_pipeline_execute(pipeline, -2, &error), error);
    CHECK_INT(rediscluster_pipeline_count(pipeline), 0);
    CHECK(rediscluster_pipeline_reply(pipeline, 0) == NULL && rediscluster_pipeline_error(pipeline, 0) == NULL);

    append(pipeline, "SET", AT1 "k", "text");
    append(pipeline, "SET", AT2 "k", "two!");
    append(pipeline, "NOSUCH", AT1 "k", NULL);
    append(pipeline, "GET", AT2 "k", NULL);
    CHECK(rediscluster_pipeline_reply(pipeline, 0) == NULL && rediscluster_pipeline_error(pipeline, 0) == NULL);
    CHECK_STATUS(rediscluster_pipeline_execute(pipeline, -2, &error), REDISCLUSTER_ERROR_UNROUTABLE, error);
    reply_at_is(pipeline, 0, "OK");
    CHECK(rediscluster_pipeline_reply(pipeline, 2) == NULL && rediscluster_pipeline_error(pipeline, 2) != NULL);
    CHECK(rediscluster_pipeline_reply(pipeline, 4) == NULL && rediscluster_pipeline_error(pipeline, 4) == NULL);
    CHECK(rediscluster_pipeline_reply(pipeline, SIZE_MAX) == NULL);

    /* A reply that is taken is the caller's, and gone from the pipeline; a part of it is never. */
    taken = rediscluster_pipeline_take_reply(pipeline, 3);
    CHECK_STR(reply_text(taken), "two!");
    CHECK(rediscluster_pipeline_take_reply(pipeline, 3) == NULL);
    CHECK(rediscluster_pipeline_reply(pipeline, 3) == NULL && rediscluster_pipeline_error(pipeline, 3) == NULL);
    CHECK(rediscluster_pipeline_take_reply(pipeline, 2) == NULL);
    CHECK(rediscluster_pipeline_take_reply(pipeline, 4) == NULL);

    /* A second run runs the same commands, and the replies are new ones. */
    CHECK_STATUS(rediscluster_pipeline_execute(pipeline, -2, &error), REDISCLUSTER_ERROR_UNROUTABLE, error);
    CHECK_INT(rediscluster_pipeline_count(pipeline), 4);
    other = rediscluster_pipeline_take_reply(pipeline, 3);
    CHECK_STR(reply_text(other), "two!");

    /* The first append after a run begins anew; so does clear. */
    append(pipeline, "GET", AT2 "k", NULL);
    CHECK_INT(rediscluster_pipeline_count(pipeline), 1);
    CHECK(rediscluster_pipeline_reply(pipeline, 0) == NULL);
    CHECK_OK(rediscluster_pipeline_execute(pipeline, -2, &error), error);
    reply_at_is(pipeline, 0, "two!");
    rediscluster_pipeline_clear(pipeline);
    CHECK_INT(rediscluster_pipeline_count(pipeline), 0);
    CHECK(rediscluster_pipeline_reply(pipeline, 0) == NULL);

    /* It holds its client; what was taken outlives both. */
    append(pipeline, "GET", AT1 "k", NULL);
    rediscluster_client_free(client);
    CHECK_OK(rediscluster_pipeline_execute(pipeline, -2, &error), error);
    reply_at_is(pipeline, 0, "text");
    rediscluster_pipeline_free(pipeline);
    CHECK_STR(reply_text(taken), "two!");
    rediscluster_reply_free(taken);
    rediscluster_reply_free(other);
    fake_node_stop(fake);
    return 0;
}
