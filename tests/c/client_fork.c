/* ctest: long-drivers timeout=300
 *
 * A child uses the client, command, token and pipeline that it inherits, on connections of its own, by many threads at
 * once; a token fired in the child ends the child's calls alone, and one fired by the parent the parent's. Many children,
 * under load, and the parent's calls go on. */
#include "children.h"
#include "client.h"
#include "pools.h"
#include "threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { CHILDREN = 1000, LOAD = 4 };

static fake_node *fake;

struct shared {
    rediscluster_client *client;
    rediscluster_command *command;
    rediscluster_cancel *cancel;
    driver_pipeline *pipeline;
    atomic_bool over;
};

static void piped(struct shared *shared)
{
    PIPELINE_ENDS(shared->pipeline, -2, REDISCLUSTER_OK);
    for (size_t i = 0; i < 3; i++)
        CHECK_STR(reply_text(driver_pipeline_reply(shared->pipeline, i)), "value");
}

static void get(struct shared *shared)
{
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(driver_execute(shared->client, shared->command, &reply, &error), error);
    CHECK_STR(reply_text(reply), "value");
    rediscluster_reply_free(reply);
}

static void contend(void *argument, int number)
{
    struct shared *shared = argument;
    for (int i = 0; i < 10; i++) {
        if (i % 2 == 0)
            get(shared);
        else
            client_expect(shared->client, "value", "GET", number % 2 ? AT2 "key" : AT3 "key", NULL);
    }
}

static void in_the_child(void *argument)
{
    struct shared *shared = argument;
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    get(shared);
    piped(shared);
    /* Under a sanitizer whose locks a fork may leave closed no threads are begun. */
    if (!test_is_sanitized())
        threads_run(8, contend, shared);
    rediscluster_cancel_fire(shared->cancel);
    CHECK_STATUS(driver_execute(shared->client, shared->command, &reply, &error),
                 REDISCLUSTER_ERROR_CANCELLED, error);
    driver_pipeline_free(shared->pipeline);
    rediscluster_command_free(shared->command);
    rediscluster_cancel_free(shared->cancel);
    driver_free(shared->client);
}

static void *load(void *argument)
{
    struct shared *shared = argument;
    while (!atomic_load(&shared->over))
        get(shared);
    return NULL;
}

int main(void)
{
    struct shared shared = {0};
    rediscluster_error *error = NULL;
    pthread_t threads[LOAD];
    int children = test_rounds(CHILDREN);

    fake = fake_node_start("log off\nnode *\nhandshake\n" THREE_SHARDS "\non GET * => bulk value");
    shared.client = client_of(fake_node_address(fake, 1), NULL);
    shared.command = command_of("GET", AT1 "key", NULL);
    CHECK_OK(rediscluster_cancel_new(&shared.cancel, &error), error);
    CHECK_OK(rediscluster_command_set_cancel(shared.command, shared.cancel, &error), error);
    shared.pipeline = driver_pipeline_of(shared.client);
    CHECK_OK(driver_pipeline_append_argv(shared.pipeline, REDISCLUSTER_ARGS("GET", AT1 "key"), &error), error);
    CHECK_OK(driver_pipeline_append_argv(shared.pipeline, REDISCLUSTER_ARGS("GET", AT2 "key"), &error), error);
    CHECK_OK(driver_pipeline_append_argv(shared.pipeline, REDISCLUSTER_ARGS("GET", AT3 "key"), &error), error);
    get(&shared);
    piped(&shared);

    child_run(in_the_child, &shared, CHILD_EXIT);
    get(&shared);
    piped(&shared);
    if (!test_is_sanitized()) {
        for (int i = 0; i < LOAD; i++)
            CHECK(pthread_create(&threads[i], NULL, load, &shared) == 0);
    }
    for (int i = 0; i < children; i++) {
        child_run(in_the_child, &shared, i % 2 ? CHILD_EXIT : CHILD_EXIT_NOW);
        piped(&shared);
    }
    atomic_store(&shared.over, true);
    if (!test_is_sanitized()) {
        for (int i = 0; i < LOAD; i++)
            CHECK(pthread_join(threads[i], NULL) == 0);
    }
    client_is_at_rest(shared.client);
    driver_pipeline_free(shared.pipeline);
    rediscluster_command_free(shared.command);
    rediscluster_cancel_free(shared.cancel);
    driver_free(shared.client);
    fake_node_stop(fake);
    return 0;
}
