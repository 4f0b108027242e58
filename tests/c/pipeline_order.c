/* I1: 10 commands over 3 shards: the replies in their order, one write a node, each error in its place. What the replies are
 * is the pipeline's until they are taken, and a pipeline is used again and again. */
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
    append(pipeline, "SET", AT2 "k", "two");
    append(pipeline, "SET", AT3 "k", "three");
    append(pipeline, "INCR", AT1 "k", NULL);
    append(pipeline, "GET", AT3 "k", NULL);
    append(pipeline, "GET", AT1 "k", NULL);
    append(pipeline, "NOSUCH", AT1 "k", NULL);
    append(pipeline, "APPEND", AT2 "k", "!");
    append(pipeline, "GET", AT2 "k", NULL);
    append(pipeline, "GET", AT1 "none", NULL);
    CHECK(rediscluster_pipeline_reply(pipeline, 0) == NULL && rediscluster_pipeline_error(pipeline, 0) == NULL);
    fake_node_control(fake, "clear");
    /* One that no server knows is an error, in its place. */
    CHECK_STATUS(rediscluster_pipeline_execute(pipeline, -2, &error), REDISCLUSTER_ERROR_UNROUTABLE, error);
    reply_at_is(pipeline, 0, "OK");
    reply_at_is(pipeline, 1, "OK");
    reply_at_is(pipeline, 2, "OK");
    CHECK_INT(rediscluster_reply_kind(rediscluster_pipeline_reply(pipeline, 3)), REDISCLUSTER_REPLY_ERROR);
    reply_at_is(pipeline, 4, "three");
    reply_at_is(pipeline, 5, "text");
    CHECK(rediscluster_pipeline_reply(pipeline, 6) == NULL);
    CHECK_INT(rediscluster_error_status(rediscluster_pipeline_error(pipeline, 6)), REDISCLUSTER_ERROR_UNROUTABLE);
    reply_at_is(pipeline, 7, "4");
    reply_at_is(pipeline, 8, "two!");
    reply_at_is(pipeline, 9, "nil");
    CHECK(rediscluster_pipeline_reply(pipeline, 10) == NULL && rediscluster_pipeline_error(pipeline, 10) == NULL);
    CHECK(rediscluster_pipeline_reply(pipeline, SIZE_MAX) == NULL);
    CHECK_INT(client_writes(fake, 1, "SET") + client_writes(fake, 2, "SET") + client_writes(fake, 3, "SET"), 3);
    for (int node = 1; node <= 3; node++) {
        client_arrival first = client_last(fake, node, "SET"), last = client_last(fake, node, "GET");
        CHECK_INT(first.read, last.read);
        CHECK_INT(first.connection, last.connection);
    }

    /* A reply that is taken is the caller's, and gone from the pipeline; a part of it is never. */
    taken = rediscluster_pipeline_take_reply(pipeline, 8);
    CHECK_STR(reply_text(taken), "two!");
    CHECK(rediscluster_pipeline_take_reply(pipeline, 8) == NULL);
    CHECK(rediscluster_pipeline_reply(pipeline, 8) == NULL && rediscluster_pipeline_error(pipeline, 8) == NULL);
    CHECK(rediscluster_pipeline_take_reply(pipeline, 6) == NULL);
    CHECK(rediscluster_pipeline_take_reply(pipeline, 10) == NULL);

    /* A second run runs the same commands, and the replies are new ones. */
    CHECK_STATUS(rediscluster_pipeline_execute(pipeline, -2, &error), REDISCLUSTER_ERROR_UNROUTABLE, error);
    CHECK_INT(rediscluster_pipeline_count(pipeline), 10);
    other = rediscluster_pipeline_take_reply(pipeline, 8);
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
