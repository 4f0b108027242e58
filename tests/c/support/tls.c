#define _POSIX_C_SOURCE 200809L

#include "tls.h"

#include "certificates.h"
#include "options.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

static void set_all(rediscluster_options *options, va_list rest)
{
    rediscluster_error *error = NULL;
    const char *name;
    while ((name = va_arg(rest, const char *)) != NULL)
        CHECK_OK(rediscluster_options_set(options, name, va_arg(rest, const char *), &error), error);
}

/* OpenSSL reads the system's authorities for each pool, whether they are to be trusted or not: a hundred and more, which
 * takes long under a tool. */
static void shorten_system_authorities(void)
{
    CHECK(setenv("SSL_CERT_FILE", certificates_file("other-ca.pem"), 1) == 0);
}

static rediscluster_options *of_client(const char *nodes)
{
    shorten_system_authorities();
    return options_of(nodes, "ssl", "yes", "ssl_ca_certs", certificates_file("ca.pem"), "ssl_certfile",
                      certificates_file("client.pem"), "ssl_keyfile", certificates_file("client.key"), NULL);
}

rediscluster_options *tls_options_of(const char *nodes, ...)
{
    rediscluster_options *options = of_client(nodes);
    va_list rest;
    va_start(rest, nodes);
    set_all(options, rest);
    va_end(rest);
    return options;
}

rediscluster_options *tls_stranger_of(const char *nodes, ...)
{
    rediscluster_options *options;
    va_list rest;
    shorten_system_authorities();
    options = options_of(nodes, "ssl", "yes", "ssl_ca_certs", certificates_file("ca.pem"), NULL);
    va_start(rest, nodes);
    set_all(options, rest);
    va_end(rest);
    return options;
}

rediscluster_pool *tls_pool_of(const char *nodes, ...)
{
    rediscluster_options *options = of_client(nodes);
    va_list rest;
    va_start(rest, nodes);
    set_all(options, rest);
    va_end(rest);
    return pool_from(options);
}

rediscluster_pool *pool_from(rediscluster_options *options)
{
    rediscluster_pool *pool = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
    rediscluster_options_free(options);
    return pool;
}

rediscluster_error *pool_refused_from(rediscluster_options *options, int32_t status)
{
    rediscluster_error *error = pool_refused(options, status);
    rediscluster_options_free(options);
    return error;
}
