/* Who connections are logged in as, by what the servers say. */
#ifndef TEST_USERS_H
#define TEST_USERS_H

#include "pools.h"

/* How many connections with this name (option client_name) the node has by its CLIENT LIST; each must be this user's. */
int users_connections(rediscluster_connection *asked, const char *name, const char *user);

/* A connection to each node of the pool's topology says that it is this user's. */
void users_whoami(rediscluster_pool *pool, const char *user);

/* K4 on a cluster of the test's own, of this kind of server ("redis", "valkey"): user and password, and a password alone,
 * at every node, discovery's connections included; also after CLIENT KILL and after a node's restart. */
void users_on_every_node(const char *server);

#endif
