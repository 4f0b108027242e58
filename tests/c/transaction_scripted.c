/* What a transaction does with what servers may answer: MULTI, commands and EXEC leave in one write; a redirect while they are
 * queued, or in place of EXEC, begins it again at the right node, with one ASKING in front of MULTI if that is asked for, and
 * ends one that watches; nil, EXECABORT and a refused MULTI each have their status. */
#include "client.h"
#include "commands.h"
#include "fake_node.h"
#include "pools.h"
#include "transactions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static fake_node *fake;
static rediscluster_client *client;

static void started(const char *rules)
{
    fake = fake_node_start_format("nodes 2\nnode *\nhandshake\ntopology 0-8191=1 8192-16383=2\non WATCH * => ok\n"
                                  "on UNWATCH => ok\non MULTI => ok\n%s\non SET * => simple QUEUED\non GET * => simple QUEUED\non INCR * => simple QUEUED\n",
                                  rules);
    client = client_of(fake_node_address(fake, 1), NULL);
}

static void ended(void)
{
    rediscluster_client_free(client);
    fake_node_stop(fake);
}

/* The READ numbers of two commands in the log; they came with one read if they are the same. */
static long read_of(const char *log, const char *command)
{
    const char *at = strstr(log, command);
    CHECK(at != NULL);
    while (at[-1] == ' ')
        at--;
    while (at[-1] != ' ')
        at--;
    return strtol(at, NULL, 10);
}

static void one_write(void)
{
    rediscluster_transaction *transaction;
    rediscluster_reply *reply;
    char *log;
    started("on EXEC => array OK 1");
    transaction = transaction_of(client);
    append(transaction, "SET", "b", "v", NULL); /* slot 3300 */
    append(transaction, "INCR", "b", NULL);
    reply = exec(transaction);
    CHECK_INT(rediscluster_reply_count(reply), 2);
    rediscluster_reply_free(reply);
    log = fake_node_log(fake);
    CHECK_INT(read_of(log, "MULTI"), read_of(log, "EXEC"));
    CHECK_INT(read_of(log, "MULTI"), read_of(log, "INCR"));
    free(log);
    rediscluster_transaction_free(transaction);
    ended();
}

/* `where`: "SET *" or "EXEC". */
static void moved(const char *where)
{
    char rules[256];
    rediscluster_transaction *transaction;
    rediscluster_error *error;
    snprintf(rules, sizeof rules,
             "node 1\nonce on %s => error \"MOVED 3300 $addr2\"\non EXEC => error \"EXECABORT previous errors\"\n"
             "node 2\non EXEC => array OK\nnode *",
             where);
    started(rules);
    transaction = transaction_of(client);
    append(transaction, "SET", "b", "v", NULL);
    rediscluster_reply_free(exec(transaction));
    CHECK_INT(fake_node_count_on(fake, 2, "EXEC"), 1);
    CHECK_INT(fake_node_count_on(fake, 1, "EXEC"), 1);
    /* The map is right now. */
    append(transaction, "SET", "b", "v", NULL);
    rediscluster_reply_free(exec(transaction));
    CHECK_INT(fake_node_count_on(fake, 1, "EXEC"), 1);
    CHECK_INT(fake_node_count_on(fake, 2, "EXEC"), 2);
    rediscluster_transaction_free(transaction);
    ended();

    /* With a watch it ends, and begins anew at the new node. */
    started(rules);
    transaction = transaction_of(client);
    watch(transaction, "b");
    append(transaction, "SET", "b", "v", NULL);
    error = exec_fails(transaction, REDISCLUSTER_ERROR_ABORTED);
    CHECK_STR(rediscluster_error_server_code(error), "MOVED");
    CHECK_STR(rediscluster_error_node(error), fake_node_address(fake, 1));
    CHECK(!rediscluster_error_maybe_executed(error) && rediscluster_error_attempt_count(error) == 1);
    rediscluster_error_free(error);
    CHECK_INT(fake_node_count_on(fake, 2, "EXEC"), 0);
    watch(transaction, "b");
    CHECK_INT(fake_node_count_on(fake, 2, "WATCH"), 1);
    append(transaction, "SET", "b", "v", NULL);
    rediscluster_reply_free(exec(transaction));
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    rediscluster_transaction_free(transaction);
    ended();
}

/* One ASKING, in front of MULTI, in the same write: servers keep it until EXEC. */
static void asked(void)
{
    rediscluster_transaction *transaction;
    char *log;
    started("node 1\non SET * => error \"ASK 3300 $addr2\"\non EXEC => error \"EXECABORT previous errors\"\n"
            "node 2\non EXEC => array OK 1\nnode *");
    transaction = transaction_of(client);
    append(transaction, "GET", "b", NULL);
    append(transaction, "SET", "b", "v", NULL);
    rediscluster_reply_free(exec(transaction));
    CHECK_INT(fake_node_count_on(fake, 2, "ASKING"), 1);
    log = fake_node_log(fake);
    CHECK_INT(read_of(log, "ASKING"), read_of(strstr(log, "ASKING"), "EXEC"));
    CHECK(strstr(strstr(log, "ASKING"), "MULTI") != NULL);
    free(log);
    /* The map stays: the next one asks the owner first. */
    append(transaction, "GET", "b", NULL);
    append(transaction, "SET", "b", "v", NULL);
    rediscluster_reply_free(exec(transaction));
    CHECK_INT(fake_node_count_on(fake, 1, "EXEC"), 2);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_ASK), 2);
    rediscluster_transaction_free(transaction);
    ended();

    /* A watch follows, too, and what comes behind it on that connection is asked for. */
    started("node 1\non WATCH b => error \"ASK 3300 $addr2\"\nnode 2\non GET b => bulk v\non EXEC => array OK\nnode *");
    transaction = transaction_of(client);
    watch(transaction, "b");
    execute_expect(transaction, "v", "GET", "b", NULL);
    append(transaction, "SET", "b", "v", NULL);
    rediscluster_reply_free(exec(transaction));
    CHECK_INT(fake_node_count_on(fake, 2, "ASKING"), 3);
    CHECK_INT(fake_node_count_on(fake, 1, "EXEC"), 0);
    rediscluster_transaction_free(transaction);
    ended();
}

static void put_off(void)
{
    rediscluster_transaction *transaction;
    started("node 1\nfirst 2 on SET * => error \"TRYAGAIN Multiple keys request during rehashing of slot\"\n"
            "first 2 on EXEC => error \"EXECABORT previous errors\"\n"
            "once on EXEC => error \"EXECABORT Transaction discarded because of: READONLY no writes here\"\n"
            "on EXEC => array OK\nnode *");
    transaction = transaction_of(client);
    append(transaction, "SET", "b", "v", NULL);
    rediscluster_reply_free(exec(transaction));
    CHECK_INT(fake_node_count_on(fake, 1, "EXEC"), 4);
    rediscluster_transaction_free(transaction);
    ended();
}

/* A watch that was lost between two calls: nobody may take the rest for guarded. */
static void void_until_ended(void)
{
    rediscluster_transaction *transaction;
    rediscluster_command *command;
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    started("node 1\non GET b => error \"MOVED 3300 $addr2\"\nnode 2\non EXEC => array OK\nnode *");
    transaction = transaction_of(client);
    watch(transaction, "b");
    command = command_of("GET", "b", NULL);
    CHECK_STATUS(rediscluster_transaction_execute(transaction, command, &reply, &error),
                 REDISCLUSTER_ERROR_ABORTED, error);
    CHECK(reply == NULL);
    CHECK_STATUS(rediscluster_transaction_execute(transaction, command, &reply, &error),
                 REDISCLUSTER_ERROR_ABORTED, error);
    CHECK_STATUS(rediscluster_transaction_append(transaction, command, &error), REDISCLUSTER_ERROR_ABORTED, error);
    CHECK_STATUS(rediscluster_transaction_watch(transaction, (const uint8_t *)"b", 1, -2, &error),
                 REDISCLUSTER_ERROR_ABORTED, error);
    rediscluster_error_free(exec_fails(transaction, REDISCLUSTER_ERROR_ABORTED));
    CHECK_INT(fake_node_count(fake, "EXEC"), 0);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    append(transaction, "SET", "b", "v", NULL);
    rediscluster_reply_free(exec(transaction));
    rediscluster_command_free(command);
    rediscluster_transaction_free(transaction);
    ended();
}

static void ends(const char *rules, int32_t status, const char *code, const char *text, bool maybe_executed)
{
    rediscluster_transaction *transaction;
    rediscluster_error *error;
    started(rules);
    transaction = transaction_of(client);
    watch(transaction, "b");
    append(transaction, "SET", "b", "secret", NULL);
    append(transaction, "GET", "b", NULL);
    error = exec_fails(transaction, status);
    CHECK_STR(rediscluster_error_server_code(error), code);
    CHECK_CONTAINS(rediscluster_error_message(error), text);
    CHECK(strstr(rediscluster_error_message(error), "secret") == NULL);
    CHECK_INT(rediscluster_error_maybe_executed(error), maybe_executed);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    rediscluster_error_free(error);
    rediscluster_transaction_free(transaction);
    ended();
}

/* A first watch that is refused leaves nothing watched, and says so. */
static void watch_refused(void)
{
    rediscluster_transaction *transaction;
    rediscluster_command *command = command_of("GET", "b", NULL);
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    started("node 1\non WATCH b => error \"NOPERM no\"\nnode *");
    transaction = transaction_of(client);
    CHECK_FAILS(rediscluster_transaction_watch(transaction, (const uint8_t *)"b", 1, -2, &error),
                REDISCLUSTER_ERROR_SERVER, error);
    CHECK_STR(rediscluster_error_server_code(error), "NOPERM");
    rediscluster_error_free(error);
    error = NULL;
    CHECK_STATUS(rediscluster_transaction_execute(transaction, command, &reply, &error),
                 REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(client_stat(client, NULL, REDISCLUSTER_STAT_CLOSED), 0);
    rediscluster_command_free(command);
    rediscluster_transaction_free(transaction);
    ended();
}

int main(void)
{
    watch_refused();
    one_write();
    moved("SET *");
    moved("EXEC");
    asked();
    put_off();
    void_until_ended();
    ends("on EXEC => nil", REDISCLUSTER_ERROR_ABORTED, "", "watched key", false);
    ends("on SET * => error \"ERR unknown command, beginning with: secret\"\non EXEC => error \"EXECABORT no\"",
         REDISCLUSTER_ERROR_SERVER, "EXECABORT", "command 0 ", false);
    ends("on GET * => error \"NOPERM no\"\non EXEC => error \"EXECABORT no\"", REDISCLUSTER_ERROR_SERVER, "EXECABORT",
         "GET, was refused with NOPERM", false);
    ends("on EXEC => error \"EXECABORT Transaction discarded because of: OOM no memory\"", REDISCLUSTER_ERROR_SERVER,
         "EXECABORT", "EXEC", false);
    ends("on EXEC => ok", REDISCLUSTER_ERROR_PROTOCOL, "", "something else", true);
    return 0;
}
