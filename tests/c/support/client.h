/* Clients in one line each, called by the driver that the test runs with (driver.h), and what nodes that follow a script
 * saw of them. */
#ifndef TEST_CLIENT_H
#define TEST_CLIENT_H

#include "check.h"
#include "commands.h"
#include "driver.h"
#include "driver_pipeline.h"
#include "fake_node.h"

#include <stdint.h>

/* Three primaries with the ranges that most tests use, and what stands in front of the key's text puts it at one of
 * them: AT1 "x" is a key of node 1. Real clusters of three primaries have the same ranges. */
#define THREE_SHARDS "topology 0-5460=1 5461-10922=2 10923-16383=3"
#define AT1 "{b}"
#define AT2 "{c}"
#define AT3 "{a}"

/* A client of these startup nodes ("host:port,…") and options: name, value, …, NULL, and of what the driver needs. It must
 * come to be; driver_free frees it. */
rediscluster_client *client_of(const char *nodes, ...);

/* The same of options, which are freed. */
rediscluster_client *client_from(rediscluster_options *options);

/* Executes a command, frees it, and gives its reply, error replies too; the caller frees that. */
rediscluster_reply *client_run(rediscluster_client *client, rediscluster_command *command);

/* Executes a command, which must fail with this status, and frees it; the caller frees the error. */
rediscluster_error *client_run_fails(rediscluster_client *client, int32_t status, rediscluster_command *command);

/* The reply to a command of texts (name, argument, …, NULL), which must not be an error; the caller frees it. */
rediscluster_reply *client_say(rediscluster_client *client, const char *name, ...);

/* The same, where the reply's text (or the number it is, or "nil") must be `expected`. */
void client_expect(rediscluster_client *client, const char *expected, const char *name, ...);

/* The text, or the number, that a reply is must be `expected`; NULL: nil. */
void reply_is(const rediscluster_reply *reply, const char *expected);

/* The error of such a command, which must fail with this status; the caller frees it. */
rediscluster_error *client_fails(rediscluster_client *client, int32_t status, const char *name, ...);

/* A reply as text: its bytes, the number it is, "nil". The buffer is for numbers. */
const char *client_text(const rediscluster_reply *reply, char *buffer, size_t size);

/* One number of its pool's statistics: of all nodes (NULL) or of one. */
int64_t client_stat(rediscluster_client *client, const char *node, int32_t what);

/* No place of its pool is taken, waited for or dialled for. */
void client_is_at_rest(rediscluster_client *client);

/* With how many reads commands of this name came to a node: as many as there were writes. */
long client_writes(fake_node *fake, int node, const char *name);

/* The last command of this name that came to a node: its connection and its read; 0 if none did. */
typedef struct client_arrival {
    long connection;
    long read;
} client_arrival;

client_arrival client_last(fake_node *fake, int node, const char *name);

#endif
