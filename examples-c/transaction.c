/*
 * A transfer between two accounts, by a transaction: both are watched and read, and written only if nobody else has
 * meanwhile. transaction host:port[,host:port...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rediscluster.h>

/* A transaction is of one slot: what stands in braces says which. */
static const char from[] = "example:{accounts}:alice", to[] = "example:{accounts}:bob";

static rediscluster_status append(rediscluster_transaction *transaction, size_t argc, const char *const *argv,
                                  const size_t *argvlen, rediscluster_error **error)
{
    rediscluster_command *command = NULL;
    rediscluster_status status = rediscluster_command_from_argv(argc, argv, argvlen, &command, error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_transaction_append(transaction, command, error);
    rediscluster_command_free(command);
    return status;
}

/* What an account holds, read on the connection that watches it. */
static rediscluster_status balance(rediscluster_transaction *transaction, const char *account, long *amount,
                                   rediscluster_error **error)
{
    rediscluster_command *command = NULL;
    rediscluster_reply *reply = NULL;
    rediscluster_status status = rediscluster_command_from_argv(REDISCLUSTER_ARGS("GET", account), &command, error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_transaction_execute(transaction, command, &reply, error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_reply_check(reply, error);
    if (status == REDISCLUSTER_OK && rediscluster_reply_bytes(reply, NULL) != NULL)
        *amount = strtol((const char *)rediscluster_reply_bytes(reply, NULL), NULL, 10);
    rediscluster_reply_free(reply);
    rediscluster_command_free(command);
    return status;
}

static rediscluster_status transfer(rediscluster_transaction *transaction, long amount, rediscluster_error **error)
{
    const int64_t timeout = REDISCLUSTER_TIMEOUT_DEFAULT;
    rediscluster_reply *reply = NULL;
    char text[32];
    long held = 0;

    rediscluster_status status =
        rediscluster_transaction_watch(transaction, (const uint8_t *)from, strlen(from), timeout, error);
    if (status == REDISCLUSTER_OK)
        status = balance(transaction, from, &held, error);
    if (status == REDISCLUSTER_OK && held < amount) {
        printf("alice has %ld and cannot give %ld\n", held, amount);
        return rediscluster_transaction_discard(transaction, error);
    }
    snprintf(text, sizeof text, "%ld", amount);
    if (status == REDISCLUSTER_OK)
        status = append(transaction, REDISCLUSTER_ARGS("DECRBY", from, text), error);
    if (status == REDISCLUSTER_OK)
        status = append(transaction, REDISCLUSTER_ARGS("INCRBY", to, text), error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_transaction_exec(transaction, timeout, &reply, error);
    else
        rediscluster_transaction_discard(transaction, NULL);
    for (size_t i = 0; i < rediscluster_reply_count(reply) && status == REDISCLUSTER_OK; i++)
        status = rediscluster_reply_check(rediscluster_reply_at(reply, i), error);
    if (status == REDISCLUSTER_OK)
        printf("%ld moved: alice has %lld, bob has %lld\n", amount,
               (long long)rediscluster_reply_integer(rediscluster_reply_at(reply, 0)),
               (long long)rediscluster_reply_integer(rediscluster_reply_at(reply, 1)));
    rediscluster_reply_free(reply);
    return status;
}

int main(int argc, char **argv)
{
    rediscluster_options *options = NULL;
    rediscluster_client *client = NULL;
    rediscluster_transaction *transaction = NULL;
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;

    if (argc != 2) {
        fprintf(stderr, "usage: transaction host:port[,host:port...]\n");
        return 2;
    }
    rediscluster_status status = rediscluster_options_new(&options, &error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_options_set(options, "startup_nodes", argv[1], &error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_client_new(options, &client, &error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_client_command(client, REDISCLUSTER_ARGS("MSET", from, "100", to, "0"), &reply, &error);
    rediscluster_reply_free(reply);
    reply = NULL;
    if (status == REDISCLUSTER_OK)
        status = rediscluster_transaction_new(client, &transaction, &error);
    for (long amount = 70; status == REDISCLUSTER_OK && amount <= 80; amount += 10) {
        /* Somebody was faster, or the slot is moving: what was read is worth nothing. */
        while ((status = transfer(transaction, amount, &error)) == REDISCLUSTER_ERROR_ABORTED) {
            rediscluster_error_free(error);
            error = NULL;
        }
    }
    if (status == REDISCLUSTER_OK)
        status = rediscluster_client_command(client, REDISCLUSTER_ARGS("DEL", from, to), &reply, &error);
    rediscluster_reply_free(reply);
    if (status != REDISCLUSTER_OK)
        fprintf(stderr, "%s: %s\n", rediscluster_status_name(status), rediscluster_error_message(error));
    rediscluster_error_free(error);
    rediscluster_transaction_free(transaction);
    rediscluster_client_free(client);
    rediscluster_options_free(options);
    return status == REDISCLUSTER_OK ? 0 : 1;
}
