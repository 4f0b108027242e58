/* As many commands as max_in_flight wait for their replies on a node's shared connection: one more fails with LIMIT and was
 * not sent, or waits for room, as in_flight_full says. Another node is not concerned. */
#include "client.h"
#include "clock.h"
#include "pools.h"
#include "threads.h"

static fake_node *fake;

struct shared {
    rediscluster_client *client;
    bool waits;
};

static rediscluster_error *get(rediscluster_client *client, const char *key, int64_t timeout_ms)
{
    rediscluster_command *command = command_of("GET", key, NULL);
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_command_set_timeout(command, timeout_ms, &error), error);
    (void)rediscluster_client_execute(client, command, &reply, &error);
    rediscluster_reply_free(reply);
    rediscluster_command_free(command);
    return error;
}

static bool is_full(rediscluster_client *client, bool waits)
{
    rediscluster_error *error = get(client, AT1 "key", 50);
    int32_t status;
    /* Nobody is on its way yet. */
    if (error == NULL)
        return false;
    status = rediscluster_error_status(error);
    if (!waits && status == REDISCLUSTER_ERROR_LIMIT) {
        CHECK_CONTAINS(rediscluster_error_message(error), "max_in_flight");
        CHECK(!rediscluster_error_maybe_executed(error));
        rediscluster_error_free(error);
        return true;
    }
    /* Before the others are on their way it is sent, and not answered. */
    CHECK_INT(status, REDISCLUSTER_ERROR_TIMEOUT);
    if (waits && !rediscluster_error_maybe_executed(error)) {
        rediscluster_error_free(error);
        return true;
    }
    rediscluster_error_free(error);
    return false;
}

static void work(void *argument, int number)
{
    struct shared *shared = argument;
    if (number < 2) {
        rediscluster_error *error = get(shared->client, AT1 "slow", 30000);
        /* What the third has sent, and is not waited for any more, takes room, too. */
        while (error != NULL && rediscluster_error_status(error) == REDISCLUSTER_ERROR_LIMIT) {
            rediscluster_error_free(error);
            clock_sleep_ms(1);
            error = get(shared->client, AT1 "slow", 30000);
        }
        if (error != NULL)
            check_fail(__FILE__, __LINE__, "%s", rediscluster_error_message(error));
        return;
    }
    WAIT_UNTIL(is_full(shared->client, shared->waits), 10000);
    client_expect(shared->client, "value", "GET", AT2 "key", NULL);
    fake_node_control(fake, "open gate");
}

static void fills(const char *what, bool waits)
{
    struct shared shared = {NULL, waits};
    fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\non GET {b}slow => gate gate; bulk value\non GET * => bulk value");
    shared.client = client_of(fake_node_address(fake, 1), "shared", "yes", "max_in_flight", "2", "in_flight_full", what,
                              "socket_timeout", "30000", NULL);
    client_expect(shared.client, "value", "GET", AT1 "key", NULL);
    threads_run(3, work, &shared);
    client_expect(shared.client, "value", "GET", AT1 "key", NULL);
    rediscluster_client_free(shared.client);
    fake_node_stop(fake);
}

int main(void)
{
    fills("error", false);
    fills("wait", true);
    return 0;
}
