/* Transactions across a fork: commands appended before run in the child on its own connection; a watch is the parent's alone,
 * the child is told FORKED once and begins anew, and the parent's goes on as if nothing had been. */
#include "children.h"
#include "client.h"
#include "commands.h"
#include "fake_node.h"
#include "pools.h"
#include "transactions.h"

static rediscluster_client *client;

static void in_child(void *shared)
{
    rediscluster_transaction **transactions = shared;
    rediscluster_error *error = NULL;
    rediscluster_reply_free(exec(transactions[0]));
    CHECK_STATUS(rediscluster_transaction_watch(transactions[1], (const uint8_t *)"k", 1, -2, &error),
                 REDISCLUSTER_ERROR_FORKED, error);
    watch(transactions[1], "k");
    append(transactions[1], "SET", "k", "v", NULL);
    rediscluster_reply_free(exec(transactions[1]));
    CHECK_OK(rediscluster_transaction_discard(transactions[2], &error), error);
    append(transactions[2], "SET", "k", "v", NULL);
    rediscluster_reply_free(exec(transactions[2]));
    for (int i = 0; i < 4; i++) /* the last still watches, in the parent */
        rediscluster_transaction_free(transactions[i]);
    rediscluster_client_free(client);
}

int main(void)
{
    fake_node *fake = fake_node_start("node 1\nhandshake\ntopology 0-16383=1\non WATCH * => ok\non UNWATCH => ok\n"
                                      "on MULTI => ok\non EXEC => array OK\non SET * => simple QUEUED\non GET * => simple QUEUED\non INCR * => simple QUEUED\n");
    rediscluster_transaction *transactions[4];
    rediscluster_error *error = NULL;
    client = client_of(fake_node_address(fake, 1), NULL);
    for (int i = 0; i < 4; i++)
        transactions[i] = transaction_of(client);
    append(transactions[0], "SET", "k", "v", NULL);
    for (int i = 1; i < 4; i++)
        watch(transactions[i], "k");
    child_run(in_child, transactions, CHILD_EXIT);

    CHECK_INT(fake_node_count(fake, "EXEC"), 3);
    CHECK_INT(fake_node_count(fake, "UNWATCH"), 0);
    for (int i = 1; i < 4; i++)
        append(transactions[i], "SET", "k", "v", NULL);
    for (int i = 0; i < 3; i++)
        rediscluster_reply_free(exec(transactions[i]));
    CHECK_OK(rediscluster_transaction_discard(transactions[3], &error), error);
    CHECK_INT(fake_node_count(fake, "EXEC"), 6);
    CHECK_INT(fake_node_count(fake, "UNWATCH"), 1);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    for (int i = 0; i < 4; i++)
        rediscluster_transaction_free(transactions[i]);
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
