/* Pools and connections in one line each, and how much of a long test to run. */
#ifndef TEST_POOLS_H
#define TEST_POOLS_H

#include "check.h"

#include <stdbool.h>
#include <stdint.h>

/* A pool of these startup nodes ("host:port,…") and options: name, value, …, NULL. It must come to be. */
rediscluster_pool *pool_of(const char *nodes, ...);

/* One number of a pool's statistics: of all nodes (NULL) or of one. */
int64_t pool_stat(const rediscluster_pool *pool, const char *node, int32_t what);

/* A connection that must be had: by slot, to write and to read, and by node. */
rediscluster_connection *take_slot(rediscluster_pool *pool, int32_t slot, int64_t timeout_ms);
rediscluster_connection *take_reader(rediscluster_pool *pool, int32_t slot, int64_t timeout_ms);
rediscluster_connection *take_node(rediscluster_pool *pool, const char *node, int64_t timeout_ms);

/* Gives back a connection that is checked out. */
void give_back(rediscluster_connection *connection);

/* Sends a command and gives its reply, which must not be an error: name, argument, …, NULL. */
rediscluster_reply *say(rediscluster_connection *connection, const char *name, ...);

/* The same, where the reply's text (or the number it is) must be `expected`. */
void say_expect(rediscluster_connection *connection, const char *expected, const char *name, ...);

/* So many rounds of a long test: all of `count`, less if REDISCLUSTER_TEST_SCALE (a fraction) says so or
 * the test runs under a tool (REDISCLUSTER_TEST_TOOL); never none. */
int test_rounds(int count);

/* What an upper bound of time is multiplied by: 4, more under a tool (REDISCLUSTER_TEST_PATIENCE). */
int64_t test_patience(void);

/* True under a sanitizer: its allocator has locks of its own, which a fork leaves closed in the child if
 * another thread is inside. */
bool test_is_sanitized(void);

bool test_is_under_valgrind(void);

#endif
