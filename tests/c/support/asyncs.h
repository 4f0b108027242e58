/* The asynchronous handle in one line each. */
#ifndef TEST_ASYNCS_H
#define TEST_ASYNCS_H

#include "client.h"

/* A handle of the client, which must come to be. */
rediscluster_async *async_of(rediscluster_client *client);

/* Submits a command with the tag, which must be taken, and frees it. */
void async_submit(rediscluster_async *loop, uint64_t tag, rediscluster_command *command);

/* The next completion, which must come within a minute; reply and error are the caller's. */
rediscluster_completion async_next(rediscluster_async *loop);

/* The next completion, which must have the tag and a reply whose text is `expected`; NULL: "nil". */
void async_next_is(rediscluster_async *loop, uint64_t tag, const char *expected);

/* The next completion, which must have the tag and an error of this status; the caller frees it. */
rediscluster_error *async_next_fails(rediscluster_async *loop, uint64_t tag, int32_t status);

/* The same where it must be so whether the command may have run; all is freed. */
void async_next_ends(rediscluster_async *loop, uint64_t tag, int32_t status, bool maybe_executed);

/* Submits a command, frees it, and gives its completion, which must be the next. */
rediscluster_completion async_run(rediscluster_async *loop, rediscluster_command *command);

/* Submits a command of texts (name, argument, …, NULL), whose reply's text (or number, or "nil") must be `expected`. */
void async_expect(rediscluster_async *loop, const char *expected, const char *name, ...);

/* A command of texts must be refused with this status when it is submitted. */
void async_refuses(rediscluster_async *loop, int32_t status, const char *name, ...);

/* Polls for so long; no completion may come. */
void async_quiet(rediscluster_async *loop, int64_t ms);

#endif
