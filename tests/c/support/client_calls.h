/* Clients and their commands in one line each. */
#ifndef TEST_CLIENT_CALLS_H
#define TEST_CLIENT_CALLS_H

#include "check.h"

/* A client of these startup nodes ("host:port,…") and options: name, value, …, NULL. It must come to be. */
rediscluster_client *client_of(const char *nodes, ...);

/* Sends a command (name, argument, …, NULL), whose reply must not be an error; the caller frees it. */
rediscluster_reply *client_run(rediscluster_client *client, const char *name, ...);

/* The same, where the reply's text (or the number it is) must be `expected`; NULL: nil. */
void client_expect(rediscluster_client *client, const char *expected, const char *name, ...);

/* The text, or the number, that a reply is. */
void reply_is(const rediscluster_reply *reply, const char *expected);

/* A number of a client's pool in all. */
int64_t client_stat(rediscluster_client *client, int32_t what);

#endif
