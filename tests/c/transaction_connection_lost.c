/* What is known of a transaction whose connection is lost: once all of EXEC may have left it may have run, and is not sent
 * again; before that it cannot have, and is begun again, unless keys were watched on that connection. */
#include "client.h"
#include "clock.h"
#include "commands.h"
#include "fake_node.h"
#include "pools.h"
#include "transactions.h"

#include <stdlib.h>
#include <string.h>

static fake_node *fake;
static rediscluster_client *client;
static rediscluster_transaction *transaction;

static void started(const char *rules)
{
    fake = fake_node_start_format("node 1\nhandshake\ntopology 0-16383=1\non WATCH * => ok\n%s\non MULTI => ok\n"
                                  "on EXEC => array OK\non SET * => simple QUEUED\non GET * => simple QUEUED\non INCR * => simple QUEUED\n",
                                  rules);
    client = client_of(fake_node_address(fake, 1), "retry_backoff_max", "20", NULL);
    transaction = transaction_of(client);
}

static void ended(void)
{
    rediscluster_transaction_free(transaction);
    rediscluster_client_free(client);
    fake_node_stop(fake);
}

static void fails(int32_t status, bool maybe_executed)
{
    rediscluster_error *error = exec_fails(transaction, status);
    CHECK_INT(rediscluster_error_maybe_executed(error), maybe_executed);
    rediscluster_error_free(error);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
}

int main(void)
{
    size_t size = (size_t)24 << 20;
    char *large = malloc(size + 1);
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    int64_t began;
    CHECK(large != NULL);
    memset(large, 'x', size);
    large[size] = '\0';

    /* EXEC has left. */
    started("on EXEC => close");
    append(transaction, "SET", "k", "v", NULL);
    fails(REDISCLUSTER_ERROR_CONNECTION, true);
    CHECK_INT(fake_node_count(fake, "EXEC"), 1);
    /* What only reads is asked again. */
    ended();
    started("once on EXEC => close");
    append(transaction, "GET", "k", NULL);
    rediscluster_reply_free(exec(transaction));
    CHECK_INT(fake_node_count(fake, "EXEC"), 2);
    ended();

    /* A command was refused before the end: EXEC cannot run it. */
    started("once on SET * => error \"TRYAGAIN on the move\"; flush; close");
    append(transaction, "SET", "k", "v", NULL);
    rediscluster_reply_free(exec(transaction));
    CHECK_INT(fake_node_count(fake, "MULTI"), 2);
    ended();

    /* The end comes while the commands are still being sent: EXEC has not left. */
    started("once on MULTI => reset");
    append(transaction, "SET", "k", large, NULL);
    rediscluster_reply_free(exec(transaction));
    CHECK_INT(fake_node_count(fake, "MULTI"), 2);
    CHECK_INT(fake_node_count(fake, "EXEC"), 1);
    ended();
    /* With a watch nothing is begun again, and what is said is that nothing was done. */
    started("once on MULTI => reset");
    watch(transaction, "k");
    append(transaction, "SET", "k", large, NULL);
    fails(REDISCLUSTER_ERROR_CONNECTION, false);
    CHECK_INT(fake_node_count(fake, "EXEC"), 0);
    ended();

    /* The watching connection is closed in between: nothing is sent. */
    started("");
    watch(transaction, "k");
    fake_node_control(fake, "disconnect 1");
    WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 0, 5000);
    append(transaction, "SET", "k", "v", NULL);
    fails(REDISCLUSTER_ERROR_CONNECTION, false);
    CHECK_INT(fake_node_count(fake, "MULTI"), 0);
    ended();

    /* Time runs out. */
    started("on EXEC => silent");
    append(transaction, "SET", "k", "v", NULL);
    began = clock_ms();
    CHECK_FAILS(rediscluster_transaction_exec(transaction, 100, &reply, &error), REDISCLUSTER_ERROR_TIMEOUT, error);
    CHECK(clock_ms() - began >= 100 && clock_ms() - began < 100 + 500 * test_patience());
    CHECK(rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
    error = NULL;
    append(transaction, "SET", "k", "v", NULL);
    CHECK_FAILS(rediscluster_transaction_exec(transaction, 0, &reply, &error), REDISCLUSTER_ERROR_TIMEOUT, error);
    CHECK(!rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
    CHECK_INT(fake_node_count(fake, "EXEC"), 1);
    ended();
    free(large);
    return 0;
}
