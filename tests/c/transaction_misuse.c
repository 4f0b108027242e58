/* What a transaction refuses: NULL, keys of several slots before anything is sent, commands that bind a connection's state, reads
 * before the watch; a fired token ends it. */
#include "client.h"
#include "commands.h"
#include "fake_node.h"
#include "pools.h"
#include "transactions.h"

static rediscluster_error *error;

#define REFUSED(call) CHECK_STATUS(call, REDISCLUSTER_ERROR_INVALID_ARGUMENT, error)

static void appended(rediscluster_transaction *transaction, rediscluster_command *command, int32_t status)
{
    CHECK_STATUS(rediscluster_transaction_append(transaction, command, &error), status, error);
    rediscluster_command_free(command);
}

int main(void)
{
    fake_node *fake = fake_node_start("node 1\nhandshake\ntopology 0-16383=1\non WATCH * => ok\non UNWATCH => ok\n"
                                      "on MULTI => ok\non EXEC => array OK\non COMMAND INFO * => array nil\n"
                                      "on SET * => simple QUEUED\non GET * => simple QUEUED\non INCR * => simple QUEUED\n");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), NULL);
    rediscluster_transaction *transaction = NULL, *none = NULL;
    rediscluster_command *command = command_of("GET", "k", NULL), *empty = NULL;
    rediscluster_cancel *cancel = NULL;
    rediscluster_reply *reply = NULL;
    const uint8_t key[] = "k";

    REFUSED(rediscluster_transaction_new(NULL, &none, &error));
    REFUSED(rediscluster_transaction_new(client, NULL, &error));
    CHECK(none == NULL);
    CHECK_OK(rediscluster_transaction_new(client, &transaction, &error), error);
    REFUSED(rediscluster_transaction_watch(NULL, key, 1, -2, &error));
    REFUSED(rediscluster_transaction_watch(transaction, NULL, 1, -2, &error));
    REFUSED(rediscluster_transaction_watch(transaction, key, SIZE_MAX, -2, &error));
    REFUSED(rediscluster_transaction_watch(transaction, key, 1, -3, &error));
    REFUSED(rediscluster_transaction_execute(NULL, command, &reply, &error));
    REFUSED(rediscluster_transaction_execute(transaction, NULL, &reply, &error));
    REFUSED(rediscluster_transaction_execute(transaction, command, NULL, &error));
    REFUSED(rediscluster_transaction_append(NULL, command, &error));
    REFUSED(rediscluster_transaction_append(transaction, NULL, &error));
    REFUSED(rediscluster_transaction_exec(NULL, -2, &reply, &error));
    REFUSED(rediscluster_transaction_exec(transaction, -2, NULL, &error));
    REFUSED(rediscluster_transaction_exec(transaction, -3, &reply, &error));
    REFUSED(rediscluster_transaction_discard(NULL, &error));
    REFUSED(rediscluster_transaction_set_cancel(NULL, NULL, &error));
    rediscluster_transaction_free(NULL);
    CHECK(rediscluster_transaction_append(transaction, NULL, NULL) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);

    /* Before the watch a read guards nothing. */
    REFUSED(rediscluster_transaction_execute(transaction, command, &reply, &error));
    CHECK(reply == NULL);
    CHECK_OK(rediscluster_command_new(&empty, &error), error);
    REFUSED(rediscluster_transaction_append(transaction, empty, &error));

    appended(transaction, command_of("GET", NULL), REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    appended(transaction, command_of("MULTI", NULL), REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    appended(transaction, command_of("exec", NULL), REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    appended(transaction, command_of("WATCH", "k", NULL), REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    appended(transaction, command_of("SUBSCRIBE", "c", NULL), REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    appended(transaction, command_of("MONITOR", NULL), REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    appended(transaction, command_of("SELECT", "1", NULL), REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    appended(transaction, command_of("CLIENT", "REPLY", "OFF", NULL), REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    appended(transaction, command_of("WAIT", "1", "0", NULL), REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    appended(transaction, command_of("NOSUCH", "k", NULL), REDISCLUSTER_ERROR_UNROUTABLE);
    appended(transaction, command_of("MGET", "a", "b", NULL), REDISCLUSTER_ERROR_CROSS_SLOT);
    append(transaction, "SET", "{a}1", "v", NULL);
    appended(transaction, command_of("SET", "b", "v", NULL), REDISCLUSTER_ERROR_CROSS_SLOT);
    CHECK_STATUS(rediscluster_transaction_watch(transaction, (const uint8_t *)"b", 1, -2, &error),
                 REDISCLUSTER_ERROR_CROSS_SLOT, error);
    CHECK_INT(fake_node_count(fake, "SET") + fake_node_count(fake, "WATCH") + fake_node_count(fake, "MULTI"), 0);
    /* What was refused is not there; what was appended is. */
    reply = exec(transaction);
    CHECK_INT(rediscluster_reply_count(reply), 1);
    rediscluster_reply_free(reply);
    reply = NULL;
    CHECK_INT(fake_node_count(fake, "SET"), 1);

    /* A token. */
    CHECK_OK(rediscluster_cancel_new(&cancel, &error), error);
    CHECK_OK(rediscluster_transaction_set_cancel(transaction, cancel, &error), error);
    rediscluster_cancel_fire(cancel);
    append(transaction, "SET", "{a}1", "v", NULL);
    rediscluster_error_free(exec_fails(transaction, REDISCLUSTER_ERROR_CANCELLED));
    CHECK_INT(fake_node_count(fake, "EXEC"), 1);
    CHECK_OK(rediscluster_transaction_set_cancel(transaction, NULL, &error), error);
    rediscluster_cancel_free(cancel);
    append(transaction, "SET", "{a}1", "v", NULL);
    rediscluster_reply_free(exec(transaction));

    /* A client that only reads. */
    rediscluster_transaction_free(transaction);
    rediscluster_client_free(client);
    client = client_of(fake_node_address(fake, 1), "readonly", "yes", NULL);
    transaction = transaction_of(client);
    append(transaction, "GET", "k", NULL);
    rediscluster_reply_free(exec(transaction));
    append(transaction, "GET", "k", NULL);
    append(transaction, "SET", "k", "v", NULL);
    rediscluster_error_free(exec_fails(transaction, REDISCLUSTER_ERROR_READ_ONLY));
    CHECK_INT(fake_node_count(fake, "EXEC"), 3);

    rediscluster_command_free(command);
    rediscluster_command_free(empty);
    rediscluster_transaction_free(transaction);
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
