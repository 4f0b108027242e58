/* WAIT speaks of the writes of its own connection. Through a client, whose commands go over connections that others have
 * used, it would tell lies, and so it is refused; on a connection that is checked out it tells the truth, here of a replica
 * that is stopped. */
#include "client.h"
#include "cluster.h"
#include "pools.h"

#include <stdlib.h>

int main(void)
{
    cluster *servers = cluster_start("--primaries", "3", "--replicas", "1", NULL);
    rediscluster_client *client = client_of(cluster_addresses(servers), NULL);
    rediscluster_connection *connection = NULL;
    rediscluster_error *error;

    free(cluster_control(servers, "pause 4"));
    error = client_fails(client, REDISCLUSTER_ERROR_INVALID_ARGUMENT, "WAIT", "1", "100", NULL);
    CHECK_CONTAINS(rediscluster_error_message(error), "rediscluster_pool_get_by_key");
    rediscluster_error_free(error);

    error = NULL;
    CHECK_OK(rediscluster_pool_get_by_key(rediscluster_client_pool(client), (const uint8_t *)AT1 "key", 6, REDISCLUSTER_WRITE,
                                          -2, &connection, &error),
             error);
    CHECK_STR(rediscluster_connection_node(connection), cluster_address(servers, 1));
    say_expect(connection, "OK", "SET", AT1 "key", "value", NULL);
    say_expect(connection, "0", "WAIT", "1", "200", NULL);
    free(cluster_control(servers, "resume 4"));
    say_expect(connection, "OK", "SET", AT1 "key", "other", NULL);
    say_expect(connection, "1", "WAIT", "1", "20000", NULL);
    give_back(connection);
    client_expect(client, "other", "GET", AT1 "key", NULL);
    rediscluster_client_free(client);
    cluster_stop(servers);
    return 0;
}
