/* Options in one line, and pools that must not come to be. */
#ifndef TEST_OPTIONS_H
#define TEST_OPTIONS_H

#include "check.h"

/* Options with these startup nodes ("host:port,…") and values: name, value, …, NULL. */
rediscluster_options *options_of(const char *nodes, ...);

/* The error, with this status, that making a pool of the options ends with; the caller frees it. */
rediscluster_error *pool_refused(const rediscluster_options *options, int32_t status);

/* The same of startup nodes and values: name, value, …, NULL. */
rediscluster_error *pool_refused_of(const char *nodes, int32_t status, ...);

#endif
