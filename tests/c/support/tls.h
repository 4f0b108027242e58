/* Options and pools with TLS. */
#ifndef TEST_TLS_H
#define TEST_TLS_H

#include "check.h"

/* Options with TLS, trusting ca.pem of certificates_folder() and showing client.pem, then others: name, value, …,
 * NULL. Without the client: tls_stranger_of. The system's authorities are other-ca.pem alone from then on. */
rediscluster_options *tls_options_of(const char *nodes, ...);
rediscluster_options *tls_stranger_of(const char *nodes, ...);

/* A pool of such options, which must come to be. */
rediscluster_pool *tls_pool_of(const char *nodes, ...);

/* The pool of the options, which must come to be; the options are freed. */
rediscluster_pool *pool_from(rediscluster_options *options);

/* The error that making a pool of the options ends with; the options are freed, the caller frees the error. */
rediscluster_error *pool_refused_from(rediscluster_options *options, int32_t status);

#endif
