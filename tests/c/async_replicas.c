/* Reads of replicas through the asynchronous handle: they take even turns, a write goes to the primary; one that is dead or
 * loading is passed over; a primary that falls silent is not queued on, and what waits goes to the promoted replica. */
#include "asyncs.h"
#include "pools.h"

static const char script[] = "node *\nhandshake\n"
                             "topology 0-5460=1,replica:4,replica:5 5461-10922=2 10923-16383=3\nstore\n"
                             "on ROLE => resp [ slave ]\n"
                             "scene loading\nnode 4\non GET * => error \"LOADING data\"\n"
                             "scene calm\nnode 4\non NOTHING => ok\n"
                             "scene promoted\nnode *\ntopology 0-5460=4,replica:5 5461-10922=2 10923-16383=3\n"
                             "node 4\non ROLE => resp [ master ]";

static fake_node *fake;

static void submit_gets(rediscluster_async *loop, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        async_submit(loop, i, command_of("GET", AT1 "key", NULL));
}

static void take(rediscluster_async *loop, int count, const char *text)
{
    for (int i = 0; i < count; i++) {
        rediscluster_completion completion = async_next(loop);
        if (completion.error != NULL)
            check_fail(__FILE__, __LINE__, "%s", rediscluster_error_message(completion.error));
        reply_is(completion.reply, text);
        rediscluster_reply_free(completion.reply);
    }
}

static void reads_are_shared(void)
{
    rediscluster_client *client = client_of(fake_node_address(fake, 2), "read_from", "replica", NULL);
    rediscluster_async *loop = async_of(client);
    async_expect(loop, "OK", "SET", AT1 "key", "value", NULL);
    submit_gets(loop, 100);
    take(loop, 100, "value");
    CHECK_INT(fake_node_count_on(fake, 1, "GET"), 0);
    CHECK_INT(fake_node_count_on(fake, 4, "GET"), 50);
    CHECK_INT(fake_node_count_on(fake, 5, "GET"), 50);
    CHECK_INT(fake_node_count_on(fake, 4, "READONLY"), 1);
    /* One that says it cannot answer gives way to the other. */
    fake_node_control(fake, "use loading");
    submit_gets(loop, 20);
    take(loop, 20, "value");
    CHECK_INT(fake_node_count_on(fake, 1, "GET"), 0);
    fake_node_control(fake, "clear");
    submit_gets(loop, 20);
    take(loop, 20, "value");
    CHECK_INT(fake_node_count_on(fake, 5, "GET"), 20);
    /* So does one that is dead. */
    fake_node_control(fake, "kill 5");
    fake_node_control(fake, "use calm");
    clock_sleep_ms(20);
    submit_gets(loop, 20);
    take(loop, 20, "value");
    fake_node_control(fake, "revive 5");
    rediscluster_async_free(loop);
    rediscluster_client_free(client);
}

static void nobody_queues_on_a_silent_primary(void)
{
    rediscluster_client *client = client_of(fake_node_address(fake, 2), "socket_timeout", "300", "command_timeout", "20000",
                                            "max_retries", "20", NULL);
    rediscluster_async *loop = async_of(client);
    async_expect(loop, "OK", "SET", AT1 "key", "1", NULL);
    fake_node_control(fake, "clear");
    fake_node_control(fake, "pause 1");
    async_submit(loop, 1, command_of("SET", AT1 "key", "2", NULL));
    async_next_ends(loop, 1, REDISCLUSTER_ERROR_TIMEOUT, true);
    /* From here on it is probed, by one batch at a time; a hundred others are held back. */
    async_submit(loop, 2, command_of("SET", AT1 "key", "3", NULL));
    async_quiet(loop, 20);
    for (uint64_t i = 10; i < 110; i++)
        async_submit(loop, i, command_of("SET", AT1 "key", "4", NULL));
    async_quiet(loop, 50);
    fake_node_control(fake, "use promoted");
    for (int i = 0, good = 0; i < 101; i++) {
        rediscluster_completion completion = async_next(loop);
        if (completion.reply != NULL) {
            good++;
        } else {
            /* Those that went out to find out. */
            CHECK(rediscluster_error_maybe_executed(completion.error));
        }
        rediscluster_reply_free(completion.reply);
        rediscluster_error_free(completion.error);
        if (i == 100)
            CHECK(good >= 100);
    }
    CHECK(fake_node_count(fake, "ROLE") > 0);
    CHECK(fake_node_count_on(fake, 4, "SET") >= 100);
    fake_node_control(fake, "resume 1");
    rediscluster_async_free(loop);
    rediscluster_client_free(client);
}

int main(void)
{
    fake = fake_node_start(script);
    reads_are_shared();
    nobody_queues_on_a_silent_primary();
    fake_node_stop(fake);
    return 0;
}
