#include "options.h"

#include <stdarg.h>
#include <stddef.h>

static rediscluster_options *options_list(const char *nodes, va_list rest)
{
    rediscluster_options *options = NULL;
    rediscluster_error *error = NULL;
    const char *name;
    CHECK_OK(rediscluster_options_new(&options, &error), error);
    CHECK_OK(rediscluster_options_set(options, "startup_nodes", nodes, &error), error);
    while ((name = va_arg(rest, const char *)) != NULL)
        CHECK_OK(rediscluster_options_set(options, name, va_arg(rest, const char *), &error), error);
    return options;
}

rediscluster_options *options_of(const char *nodes, ...)
{
    rediscluster_options *options;
    va_list rest;
    va_start(rest, nodes);
    options = options_list(nodes, rest);
    va_end(rest);
    return options;
}

rediscluster_error *pool_refused(const rediscluster_options *options, int32_t status)
{
    rediscluster_pool *pool = (rediscluster_pool *)(void *)&pool;
    rediscluster_error *error = NULL;
    CHECK_FAILS(rediscluster_pool_new(options, &pool, &error), status, error);
    CHECK(pool == NULL);
    return error;
}

rediscluster_error *pool_refused_of(const char *nodes, int32_t status, ...)
{
    rediscluster_options *options;
    rediscluster_error *error;
    va_list rest;
    va_start(rest, status);
    options = options_list(nodes, rest);
    va_end(rest);
    error = pool_refused(options, status);
    rediscluster_options_free(options);
    return error;
}
