/* Clusters of real servers: tests/support/cluster.md has the options and the control words. The
 * program is the one that REDISCLUSTER_CLUSTER names. Whatever goes wrong here ends the test. */
#ifndef TEST_CLUSTER_H
#define TEST_CLUSTER_H

typedef struct cluster cluster;

/* Starts a cluster of the test's own: options as for `cluster start`, NULL at the end of them. */
cluster *cluster_start(const char *option, ...);

/* The cluster that REDISCLUSTER_TEST_CLUSTER names, for tests that break nothing: it takes no
 * control words. Where the variable is not set, one of 3 primaries and 3 replicas is started. */
cluster *cluster_shared(void);

/* The same with TLS: the cluster that REDISCLUSTER_TEST_TLS_CLUSTER names, or one that is started. It demands
 * certificates of clients and has those of certificates_folder(); there is a user `app` with the password
 * `app-secret`, who may do everything. */
cluster *cluster_shared_tls(void);

/* How many nodes it had at its start, and the "host:port" of one, from 1. */
int cluster_count_nodes(const cluster *self);
const char *cluster_address(const cluster *self, int node);

/* "host:port,host:port,…" of all: what startup nodes are given as. */
const char *cluster_addresses(const cluster *self);

/* Says a control word ("kill 1", "failover 2", "move 100 3", …), formatted as by printf. Returns
 * the answer, which the caller frees. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
char *cluster_control(cluster *self, const char *format, ...);

/* Ends it, if it is the test's own. NULL does nothing. */
void cluster_stop(cluster *self);

#endif
