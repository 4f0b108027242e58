/* ctest: drivers
 *
 * E3 through the client: the server closed, or spoke on, connections while they were idle. The next command works, without
 * an error and below 20 ms: a read, a write (once), one of several nodes, a pipeline. No refresh is made. The same with TLS,
 * where handshakes take their time. */
#include "certificates.h"
#include "client.h"
#include "options.h"
#include "pools.h"
#include "tls.h"

/* From when on a connection that says nothing counts as idle, in milliseconds, and some more: a shared one is not looked
 * at before each command. */
enum { IDLE = 15 };

static fake_node *fake;
static int64_t allowed_ms;
static rediscluster_client *client;
static rediscluster_error *error;

static void close_all(void)
{
    for (int node = 1; node <= 3; node++)
        fake_node_control(fake, "disconnect %d", node);
    for (int node = 1; node <= 3; node++)
        WAIT_UNTIL(fake_node_connections_of(fake, node).open == 0, 5000);
}

static void speak_on_all(void)
{
    for (int node = 1; node <= 3; node++)
        fake_node_control(fake, "send %d \"+stale\\r\\n\"", node);
}

static void single(void)
{
    client_expect(client, "value", "GET", AT1 "key", NULL);
    client_expect(client, "OK", "SET", AT2 "key", "value", NULL);
}

static void several(void)
{
    client_expect(client, "3", "EXISTS", AT1 "key", AT2 "key", AT3 "key", NULL);
}

static void piped(void)
{
    driver_pipeline *pipeline;
    pipeline = driver_pipeline_of(client);
    CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", AT1 "key"), &error), error);
    CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("SET", AT2 "key", "value"), &error), error);
    CHECK_OK(driver_pipeline_append_argv(pipeline, REDISCLUSTER_ARGS("GET", AT3 "key"), &error), error);
    PIPELINE_ENDS(pipeline, -2, REDISCLUSTER_OK);
    CHECK_STR(reply_text(driver_pipeline_reply(pipeline, 0)), "value");
    CHECK_STR(reply_text(driver_pipeline_reply(pipeline, 1)), "OK");
    CHECK_STR(reply_text(driver_pipeline_reply(pipeline, 2)), "value");
    driver_pipeline_free(pipeline);
}

static void works_after(void (*disturb)(void), void (*work)(void), long sets)
{
    int64_t begun;
    work();
    disturb();
    clock_sleep_ms(IDLE);
    fake_node_control(fake, "clear");
    begun = clock_ms();
    work();
    CHECK_BETWEEN(clock_ms() - begun, 0, allowed_ms * test_patience());
    CHECK_INT(fake_node_count(fake, "SET"), sets);
}

static void holds(rediscluster_options *options, int64_t allowed)
{
    allowed_ms = allowed;
    client = client_from(options);
    client_expect(client, "OK", "SET", AT1 "key", "value", NULL);
    client_expect(client, "OK", "SET", AT3 "key", "value", NULL);
    works_after(close_all, single, 1);
    works_after(close_all, several, 0);
    works_after(close_all, piped, 1);
    works_after(speak_on_all, single, 1);
    works_after(speak_on_all, several, 0);
    works_after(speak_on_all, piped, 1);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    driver_free(client);
    fake_node_stop(fake);
}

int main(void)
{
    fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\nstore");
    holds(options_of(fake_node_address(fake, 1), NULL), 20);
    for (int version = 2; version <= 3; version++) {
        fake = fake_node_start_format("tls %s\nnode *\ntls-version 1.%d\nhandshake\n" THREE_SHARDS "\nstore",
                                      certificates_folder(), version);
        holds(tls_options_of(fake_node_address(fake, 1), NULL), 300);
    }
    return 0;
}
