/* A6: a startup node that answers "cluster support disabled", NOAUTH, LOADING, CLUSTERDOWN, an empty view or rubbish
 * is passed over for the next one; where none is left, each is named with what it said. */
#include "fake_node.h"
#include "options.h"
#include "pools.h"

#include <stdio.h>

static void passed_over(const char *rule, const char *cause, int32_t alone)
{
    char script[600], nodes[80];
    char silence[16];
    fake_node *fake;
    rediscluster_error *error;
    int asked = 0;

    snprintf(silence, sizeof silence, "%d", (int)(150 * test_patience()));
    snprintf(script, sizeof script,
             "node 1\n%s\nhandshake\nnode 2\nhandshake\nstore\ntopology 0-16383=2", rule);
    fake = fake_node_start(script);
    snprintf(nodes, sizeof nodes, "%s,%s", fake_node_address(fake, 1), fake_node_address(fake, 2));
    /* Which one is asked first is up to chance: until the bad one was. */
    for (int round = 0; round < 100 && asked < 3; round++) {
        rediscluster_pool *pool = pool_of(nodes, "socket_timeout", silence, NULL);
        give_back(take_slot(pool, 16383, -2));
        rediscluster_pool_free(pool);
        asked = (int)fake_node_connections_of(fake, 1).total;
    }
    CHECK(asked >= 3);
    CHECK_INT(fake_node_count_on(fake, 2, "CONFIG"), 0);

    error = pool_refused_of(fake_node_address(fake, 1), alone, "socket_timeout", silence, NULL);
    CHECK_CONTAINS(rediscluster_error_message(error), fake_node_address(fake, 1));
    CHECK_CONTAINS(rediscluster_error_message(error), cause);
    CHECK_INT(rediscluster_error_attempt_count(error), 1);
    CHECK_STR(rediscluster_attempt_node(rediscluster_error_attempt(error, 0)),
              fake_node_address(fake, 1));
    CHECK_CONTAINS(rediscluster_attempt_cause(rediscluster_error_attempt(error, 0)), cause);
    rediscluster_error_free(error);
    fake_node_stop(fake);
}

int main(void)
{
    const int unreachable = REDISCLUSTER_ERROR_UNREACHABLE;
    passed_over("on * => error \"ERR This instance has cluster support disabled\"",
                "cluster support disabled", unreachable);
    passed_over("on CLUSTER * => error \"ERR This instance has cluster support disabled\"",
                "cluster support disabled", unreachable);
    passed_over("on * => error \"NOAUTH Authentication required.\"", "password",
                REDISCLUSTER_ERROR_AUTH);
    passed_over("on CLUSTER * => error \"NOAUTH Authentication required.\"", "NOAUTH",
                REDISCLUSTER_ERROR_AUTH);
    passed_over("on * => error \"LOADING Redis is loading the dataset in memory\"", "loading",
                unreachable);
    passed_over("on CLUSTER * => error \"LOADING Redis is loading the dataset in memory\"", "LOADING",
                unreachable);
    passed_over("on CLUSTER * => error \"CLUSTERDOWN The cluster is down\"", "CLUSTERDOWN",
                REDISCLUSTER_ERROR_CLUSTER_DOWN);
    passed_over("on CLUSTER * => empty", "no slot", REDISCLUSTER_ERROR_CLUSTER_DOWN);
    passed_over("on CLUSTER * => send \"HTTP/1.1 400 Bad Request\\r\\n\\r\\n\"", "", unreachable);
    passed_over("accept => send \"SSH-2.0-OpenSSH_9.2\\r\\n\"", "", unreachable);
    passed_over("on CLUSTER * => ok", "CLUSTER SLOTS", unreachable);
    passed_over("on CLUSTER * => nil", "CLUSTER SLOTS", unreachable);
    passed_over("on CLUSTER * => resp [ [ 1 2 ] ]", "CLUSTER SLOTS", unreachable);
    passed_over("on CLUSTER * => resp [ [ 5 99999 [ h 1 ] ] ]", "CLUSTER SLOTS", unreachable);
    passed_over("on CLUSTER * => resp [ [ 9 5 [ h 1 ] ] ]", "CLUSTER SLOTS", unreachable);
    passed_over("on CLUSTER * => close", "", unreachable);
    passed_over("on CLUSTER * => hang", "", unreachable);
    passed_over("on HELLO * => hang", "", unreachable);
    return 0;
}
