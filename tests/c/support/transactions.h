/* Transactions in one line each. */
#ifndef TEST_TRANSACTIONS_H
#define TEST_TRANSACTIONS_H

#include "check.h"

rediscluster_transaction *transaction_of(rediscluster_client *client);

/* Each must go well; commands are name, argument, …, NULL. */
void watch(rediscluster_transaction *transaction, const char *key);
void append(rediscluster_transaction *transaction, const char *name, ...);
rediscluster_reply *execute(rediscluster_transaction *transaction, const char *name, ...);
rediscluster_reply *exec(rediscluster_transaction *transaction);

/* Reads on the connection that watches; nil: NULL. */
void execute_expect(rediscluster_transaction *transaction, const char *expected, const char *name, ...);

/* Must end with this status; the caller frees the error. */
rediscluster_error *exec_fails(rediscluster_transaction *transaction, int32_t status);

#endif
