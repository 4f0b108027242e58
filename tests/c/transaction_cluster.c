/* Transactions on real servers: all or nothing, watched keys, reads in between, errors of single commands; a transaction is
 * used again after each end, and its connections go back to the pool. ctest: cluster */
#include "client.h"
#include "cluster.h"
#include "commands.h"
#include "pools.h"
#include "transactions.h"

#include <string.h>

static rediscluster_client *client;

static void ran(rediscluster_transaction *transaction)
{
    rediscluster_reply *reply;
    append(transaction, "SET", "{t}a", "1", NULL);
    append(transaction, "INCR", "{t}a", NULL);
    append(transaction, "PING", NULL);
    append(transaction, "MGET", "{t}a", "{t}none", NULL);
    append(transaction, "LPUSH", "{t}a", "x", NULL); /* fails when it runs; the others stand */
    append(transaction, "BLPOP", "{t}empty", "0", NULL); /* does not block in here */
    reply = exec(transaction);
    CHECK_INT(rediscluster_reply_count(reply), 6);
    reply_is(rediscluster_reply_at(reply, 0), "OK");
    reply_is(rediscluster_reply_at(reply, 1), "2");
    reply_is(rediscluster_reply_at(reply, 2), "PONG");
    reply_is(rediscluster_reply_at(rediscluster_reply_at(reply, 3), 0), "2");
    CHECK_INT(rediscluster_reply_kind(rediscluster_reply_at(reply, 4)), REDISCLUSTER_REPLY_ERROR);
    CHECK_INT(rediscluster_reply_kind(rediscluster_reply_at(reply, 5)), REDISCLUSTER_REPLY_NIL);
    rediscluster_reply_free(reply);
    client_expect(client, "2", "GET", "{t}a", NULL);
}

/* Read, then written only if nobody else has. */
static void watched(rediscluster_transaction *transaction)
{
    rediscluster_error *error;
    rediscluster_reply *reply;

    watch(transaction, "{t}a");
    watch(transaction, "{t}b");
    execute_expect(transaction, "2", "GET", "{t}a", NULL);
    append(transaction, "SET", "{t}a", "3", NULL);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 1);
    reply = exec(transaction);
    rediscluster_reply_free(reply);
    client_expect(client, "3", "GET", "{t}a", NULL);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0);

    /* Somebody else writes a watched key, even one that was not there. */
    watch(transaction, "{t}a");
    watch(transaction, "{t}b");
    execute_expect(transaction, NULL, "GET", "{t}b", NULL);
    client_expect(client, "OK", "SET", "{t}b", "theirs", NULL);
    append(transaction, "SET", "{t}a", "4", NULL);
    error = exec_fails(transaction, REDISCLUSTER_ERROR_ABORTED);
    CHECK(rediscluster_error_is_retryable(error) && !rediscluster_error_maybe_executed(error));
    CHECK_STR(rediscluster_error_server_code(error), "");
    rediscluster_error_free(error);
    client_expect(client, "3", "GET", "{t}a", NULL);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0);

    /* Nothing to run, and the watch is judged all the same. */
    watch(transaction, "{t}a");
    reply = exec(transaction);
    CHECK_INT(rediscluster_reply_count(reply), 0);
    rediscluster_reply_free(reply);
    watch(transaction, "{t}a");
    client_expect(client, "OK", "SET", "{t}a", "5", NULL);
    rediscluster_error_free(exec_fails(transaction, REDISCLUSTER_ERROR_ABORTED));
}

static void discarded(rediscluster_transaction *transaction)
{
    rediscluster_error *error = NULL;
    rediscluster_reply *reply;
    int64_t closed = client_stat(client, NULL, REDISCLUSTER_STAT_CLOSED);
    watch(transaction, "{t}a");
    append(transaction, "SET", "{t}a", "lost", NULL);
    client_expect(client, "OK", "SET", "{t}a", "6", NULL);
    CHECK_OK(rediscluster_transaction_discard(transaction, &error), error);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_CLOSED), closed);
    /* What was changed before concerns nobody any more; nor does the slot. */
    watch(transaction, "{other}");
    append(transaction, "GET", "{other}", NULL);
    reply = exec(transaction);
    CHECK_INT(rediscluster_reply_count(reply), 1);
    rediscluster_reply_free(reply);
    client_expect(client, "6", "GET", "{t}a", NULL);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_CLOSED), closed);
}

static void refused_when_queued(rediscluster_transaction *transaction)
{
    rediscluster_error *error;
    append(transaction, "SET", "{t}a", "7", NULL);
    append(transaction, "OBJECT", "ENCODING", "{t}a", NULL);
    /* A number of arguments that only the server knows to be wrong. */
    append(transaction, "OBJECT", "ENCODING", "{t}a", NULL);
    rediscluster_reply_free(exec(transaction));
    append(transaction, "SET", "{t}a", "8", NULL);
    append(transaction, "EVALSHA", "ffffffffffffffffffffffffffffffffffffffff", "1", "{t}a", NULL);
    /* It is queued, and fails when it runs. */
    rediscluster_reply_free(exec(transaction));
    client_expect(client, "8", "GET", "{t}a", NULL);
    append(transaction, "SET", "{t}a", "9", NULL);
    append(transaction, "EVAL", "return 1", "secret", "{t}a", NULL);
    error = NULL;
    {
        rediscluster_reply *reply = NULL;
        int32_t status = rediscluster_transaction_exec(transaction, -2, &reply, &error);
        /* Redis finds out when it looks for keys, or when it runs. */
        if (status != REDISCLUSTER_OK) {
            CHECK_INT(status, REDISCLUSTER_ERROR_SERVER);
            CHECK_STR(rediscluster_error_server_code(error), "EXECABORT");
            CHECK(strstr(rediscluster_error_message(error), "secret") == NULL);
        }
        rediscluster_reply_free(reply);
        rediscluster_error_free(error);
    }
}

static void without_keys(rediscluster_transaction *transaction)
{
    rediscluster_reply *reply;
    append(transaction, "PING", NULL);
    append(transaction, "ECHO", "x", NULL);
    reply = exec(transaction);
    reply_is(rediscluster_reply_at(reply, 1), "x");
    rediscluster_reply_free(reply);
    /* Nothing at all: nothing is sent. */
    reply = exec(transaction);
    CHECK_INT(rediscluster_reply_count(reply), 0);
    rediscluster_reply_free(reply);
}

static void freed_while_it_watches(void)
{
    rediscluster_transaction *transaction = transaction_of(client);
    watch(transaction, "{t}a");
    append(transaction, "SET", "{t}a", "never", NULL);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 1);
    rediscluster_transaction_free(transaction);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
}

int main(void)
{
    cluster *servers = cluster_shared();
    rediscluster_transaction *transaction;
    client = client_of(cluster_addresses(servers), NULL);
    rediscluster_reply_free(client_say(client, "DEL", "{t}a", "{t}b", "{t}empty", "{other}", NULL));
    transaction = transaction_of(client);
    ran(transaction);
    watched(transaction);
    discarded(transaction);
    refused_when_queued(transaction);
    without_keys(transaction);
    freed_while_it_watches();
    rediscluster_reply_free(client_say(client, "DEL", "{t}a", "{t}b", NULL));
    /* It holds the client. */
    rediscluster_client_free(client);
    without_keys(transaction);
    rediscluster_transaction_free(transaction);
    cluster_stop(servers);
    return 0;
}
