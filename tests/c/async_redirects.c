/* MOVED, ASK, TRYAGAIN, LOADING and a failover through the asynchronous handle: followed as by the client, without
 * waiting anywhere but in the poll, and others go on meanwhile. */
#include "asyncs.h"

#include <string.h>

static void redirected(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\nstore\n"
                                      "node 1\non SET {b}moved * => error \"MOVED 3300 $addr2\"\n"
                                      "on SET {b}asked * => error \"ASK 3300 $addr3\"\n"
                                      "first 3 on GET {b}again => error \"TRYAGAIN later\"\n"
                                      "first 2 on GET {b}loading => error \"LOADING data\"\n"
                                      "on GET {b}bad => error \"MOVED nowhere\"\n"
                                      "on GET {b}never => error \"CLUSTERDOWN no\"\n"
                                      "node 2\non GET {c}circle => error \"MOVED 7365 $addr3\"\n"
                                      "node 3\non GET {c}circle => error \"MOVED 7365 $addr2\"");
    rediscluster_client *client =
        client_of(fake_node_address(fake, 1), "max_redirects", "6", "reinitialize_steps", "0", NULL);
    rediscluster_async *loop = async_of(client);
    rediscluster_command *command;
    rediscluster_error *error = NULL;

    async_expect(loop, "OK", "SET", AT1 "asked", "1", NULL);
    CHECK_INT(fake_node_count_on(fake, 3, "ASKING"), 1);
    CHECK_INT(fake_node_count_on(fake, 3, "SET"), 1);
    CHECK_INT(client_writes(fake, 3, "SET"), 1);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_ASK), 1);
    async_submit(loop, 1, command_of("GET", AT1 "again", NULL));
    async_submit(loop, 2, command_of("GET", AT1 "loading", NULL));
    async_submit(loop, 3, command_of("GET", AT1 "asked", NULL));
    async_next_is(loop, 3, "1"); /* is not held up */
    for (int i = 0; i < 2; i++) {
        rediscluster_completion completion = async_next(loop);
        CHECK(completion.tag == 1 || completion.tag == 2);
        reply_is(completion.reply, NULL);
        rediscluster_reply_free(completion.reply);
    }
    CHECK_INT(fake_node_count(fake, "GET"), 8);
    /* Only this command was to go elsewhere; MOVED changes the map for all. */
    async_expect(loop, "OK", "SET", AT1 "moved", "2", NULL);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_MOVED), 1);
    CHECK_INT(fake_node_count_on(fake, 2, "SET"), 1);
    async_expect(loop, "OK", "SET", AT1 "other", "3", NULL);
    CHECK_INT(fake_node_count_on(fake, 2, "SET"), 2);

    async_submit(loop, 4, command_of("GET", AT2 "circle", NULL));
    error = async_next_fails(loop, 4, REDISCLUSTER_ERROR_TOO_MANY_REDIRECTS);
    CHECK_INT(rediscluster_error_attempt_count(error), 7);
    CHECK(!rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
    error = NULL;

    rediscluster_async_free(loop);
    rediscluster_client_free(client);
    client = client_of(fake_node_address(fake, 1), NULL);
    loop = async_of(client);
    command = command_of("GET", AT1 "never", NULL);
    CHECK_OK(rediscluster_command_set_timeout(command, 1500, &error), error);
    async_submit(loop, 5, command);
    async_next_ends(loop, 5, REDISCLUSTER_ERROR_CLUSTER_DOWN, false);
    async_submit(loop, 6, command_of("GET", AT1 "bad", NULL));
    async_next_ends(loop, 6, REDISCLUSTER_ERROR_PROTOCOL, false);
    rediscluster_async_free(loop);
    rediscluster_client_free(client);
    fake_node_stop(fake);
}

/* Its node is gone, the cluster knows a new primary; what is sent meanwhile arrives there. */
static void moved_to_the_next(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\nstore moved\n"
                                      "topology 0-5460=1,replica:4 5461-10922=2 10923-16383=3\n"
                                      "scene after\nnode *\ntopology 0-5460=4 5461-10922=2 10923-16383=3\n"
                                      "node 4\non ROLE => resp [ master 0 [ ] ]");
    rediscluster_client *client = client_of(fake_node_address(fake, 2), NULL);
    rediscluster_async *loop = async_of(client);
    async_expect(loop, "OK", "SET", AT1 "key", "before", NULL);
    fake_node_control(fake, "use after");
    fake_node_control(fake, "kill 1");
    clock_sleep_ms(20); /* a connection that was used just now is not looked at */
    for (uint64_t i = 0; i < 20; i++)
        async_submit(loop, i, command_of("SET", AT1 "key", "after", NULL));
    for (int i = 0; i < 20; i++) {
        rediscluster_completion completion = async_next(loop);
        if (completion.error != NULL)
            check_fail(__FILE__, __LINE__, "%s", rediscluster_error_message(completion.error));
        reply_is(completion.reply, "OK");
        rediscluster_reply_free(completion.reply);
    }
    CHECK_INT(fake_node_count_on(fake, 4, "SET"), 20);
    rediscluster_async_free(loop);
    rediscluster_client_free(client);
    fake_node_stop(fake);
}

int main(void)
{
    redirected();
    moved_to_the_next();
    return 0;
}
