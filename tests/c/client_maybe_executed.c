/* ctest: drivers
 *
 * G6: an INCR that is answered after its time is applied once, and its error says that it may have run; with
 * retry_on_timeout it may run more often. A GET is tried again, and so is what never left: a refused dial. */
#include "client.h"
#include "pools.h"

static fake_node *fake;

static bool is_applied(rediscluster_client *client)
{
    rediscluster_reply *reply = client_say(client, "GET", AT1 "late", NULL);
    bool applied = rediscluster_reply_kind(reply) != REDISCLUSTER_REPLY_NIL;
    rediscluster_reply_free(reply);
    return applied;
}

static void late_write(void)
{
    rediscluster_client *client = client_of(fake_node_address(fake, 1), "socket_timeout", "250", NULL);
    rediscluster_error *error;
    fake_node_control(fake, "clear");
    error = client_fails(client, REDISCLUSTER_ERROR_TIMEOUT, "INCR", AT1 "late", NULL);
    CHECK(rediscluster_error_maybe_executed(error));
    CHECK_STR(rediscluster_error_node(error), fake_node_address(fake, 1));
    CHECK_INT(rediscluster_error_slot(error), 3300);
    CHECK_INT(rediscluster_error_attempt_count(error), 1);
    rediscluster_error_free(error);
    CHECK_INT(fake_node_count(fake, "INCR"), 1);
    WAIT_UNTIL(is_applied(client), 5000);
    client_expect(client, "1", "GET", AT1 "late", NULL);
    driver_free(client);
}

/* The connection ends after the command was read: it may have run. */
static void cut_write(void)
{
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    rediscluster_error *error;
    fake_node_control(fake, "clear");
    error = client_fails(client, REDISCLUSTER_ERROR_CONNECTION, "INCR", AT1 "cut", NULL);
    CHECK(rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
    CHECK_INT(fake_node_count(fake, "INCR"), 1);
    /* On a connection that had been good. */
    client_expect(client, "OK", "SET", AT1 "other", "value", NULL);
    error = client_fails(client, REDISCLUSTER_ERROR_CONNECTION, "INCR", AT1 "cut", NULL);
    CHECK(rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
    CHECK_INT(fake_node_count(fake, "INCR"), 2);
    driver_free(client);
}

static void reads_are_tried_again(void)
{
    rediscluster_client *client = client_of(fake_node_address(fake, 1), "socket_timeout", "250", NULL);
    fake_node_control(fake, "clear");
    client_expect(client, "OK", "SET", AT1 "read", "value", NULL);
    client_expect(client, "value", "GET", AT1 "read", NULL);
    CHECK_INT(fake_node_count(fake, "GET"), 3);
    driver_free(client);
}

static void writes_too_if_told_so(void)
{
    rediscluster_client *client =
        client_of(fake_node_address(fake, 1), "socket_timeout", "250", "retry_on_timeout", "yes", NULL);
    fake_node_control(fake, "clear");
    client_expect(client, "7", "INCRBY", AT1 "insist", "7", NULL);
    CHECK_INT(fake_node_count(fake, "INCRBY"), 2);
    driver_free(client);
}

/* A try more than max_retries ends it, and names each. */
static void retries_end(void)
{
    rediscluster_client *client = client_of(fake_node_address(fake, 1), "max_retries", "2", NULL);
    rediscluster_error *error;
    fake_node_control(fake, "clear");
    error = client_fails(client, REDISCLUSTER_ERROR_CONNECTION, "GET", AT1 "never", NULL);
    CHECK(rediscluster_error_maybe_executed(error));
    CHECK_INT(rediscluster_error_attempt_count(error), 3);
    rediscluster_error_free(error);
    CHECK_INT(fake_node_count(fake, "GET"), 3);
    driver_free(client);
}

static void refused_dial(void)
{
    rediscluster_client *client =
        client_of(fake_node_address(fake, 2), "max_retries", "1000", "retry_backoff_max", "20", NULL);
    rediscluster_error *error;
    rediscluster_command *command = command_of("INCR", AT1 "dialled", NULL);
    rediscluster_error *none = NULL;
    fake_node_control(fake, "kill 1");
    CHECK_OK(rediscluster_command_set_timeout(command, 300, &none), none);
    error = client_run_fails(client, REDISCLUSTER_ERROR_TIMEOUT, command);
    CHECK(!rediscluster_error_maybe_executed(error));
    CHECK_CONTAINS(rediscluster_error_message(error), "refused");
    CHECK(rediscluster_error_attempt_count(error) > 2);
    rediscluster_error_free(error);
    fake_node_control(fake, "revive 1");
    client_expect(client, "1", "INCR", AT1 "dialled", NULL);
    driver_free(client);
}

int main(void)
{
    fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\n"
                           "on INCR {b}late => delay 600; store\n"
                           "on INCR {b}cut => close\n"
                           "first 2 on GET {b}read => silent\n"
                           "first 1 on INCRBY {b}insist * => silent\n"
                           "on GET {b}never => close\n"
                           "store");
    late_write();
    cut_write();
    reads_are_tried_again();
    writes_too_if_told_so();
    retries_end();
    refused_dial();
    fake_node_stop(fake);
    return 0;
}
