/* Commands in one line, and replies of every kind. */
#ifndef TEST_COMMANDS_H
#define TEST_COMMANDS_H

#include "check.h"

/* A command of NUL-terminated arguments: name, argument, …, NULL. */
rediscluster_command *command_of(const char *name, ...);

/* Sends such a command and gives the reply, error replies too; the caller frees it. */
rediscluster_reply *ask(rediscluster_connection *connection, const char *name, ...);

/* Sends such a command, which must fail with this status; the caller frees the error. */
rediscluster_error *ask_fails(rediscluster_connection *connection, int32_t status, int64_t timeout_ms,
                              const char *name, ...);

/* A reply's bytes as text: "" where it has none. */
const char *reply_text(const rediscluster_reply *reply);

#endif
