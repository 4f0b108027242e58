/* A1: of startup nodes [dead, live] the live one is enough; all dead is UNREACHABLE within nodes × connect
 * timeout, each node named with its own cause, in the message and as an attempt.
 * ctest: cluster */
#include "cluster.h"
#include "fake_node.h"
#include "options.h"
#include "pools.h"

#include <stdio.h>
#include <string.h>

static void a_dead_and_a_live_one(void)
{
    cluster *servers = cluster_shared();
    fake_node *fake = fake_node_start("node 1\nlisten refuse");
    char nodes[160];
    rediscluster_error *error = NULL;
    rediscluster_topology *topology = NULL;
    rediscluster_pool *pool;

    for (int round = 0; round < 8; round++) {
        /* In either order: which is asked first is up to chance all the same. */
        const char *dead = fake_node_address(fake, 1), *live = cluster_address(servers, 1);
        snprintf(nodes, sizeof nodes, "%s,%s", round % 2 == 0 ? dead : live,
                 round % 2 == 0 ? live : dead);
        pool = pool_of(nodes, "require_full_coverage", "yes", NULL);
        CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
        CHECK_INT(rediscluster_topology_node_count(topology), 6);
        for (int32_t slot = 0; slot < 16384; slot++)
            CHECK(rediscluster_topology_slot_node(topology, slot, 0) != NULL);
        rediscluster_topology_free(topology);
        rediscluster_pool_free(pool);
    }
    fake_node_stop(fake);
    cluster_stop(servers);
}

static void all_dead(void)
{
    fake_node *fake = fake_node_start("node 1 2\nlisten refuse\n"
                                      "node 3\nlisten blackhole\n"
                                      "node 4\naccept => close\n"
                                      "node 5\naccept => hang");
    char nodes[200] = "";
    bool seen[6] = {false}, in_time = false;
    rediscluster_error *error = NULL;

    for (int node = 1; node <= 5; node++)
        sprintf(nodes + strlen(nodes), "%s%s", node > 1 ? "," : "", fake_node_address(fake, node));
    /* Two of them take all of their time: never less; and no more in the best of five. */
    for (int round = 0; round < 5 && !in_time; round++) {
        int64_t begun = clock_ms(), took;
        rediscluster_error_free(error);
        error = pool_refused_of(nodes, REDISCLUSTER_ERROR_UNREACHABLE, "socket_connect_timeout", "150",
                                NULL);
        took = clock_ms() - begun;
        CHECK(took >= 2 * 150);
        in_time = took <= 5 * 150;
    }
    CHECK(in_time);
    CHECK(rediscluster_error_is_retryable(error));
    CHECK(!rediscluster_error_maybe_executed(error));

    CHECK_INT(rediscluster_error_attempt_count(error), 5);
    for (size_t i = 0; i < 5; i++) {
        const rediscluster_attempt *attempt = rediscluster_error_attempt(error, i);
        const char *cause = rediscluster_attempt_cause(attempt);
        int node = 1;
        while (strcmp(fake_node_address(fake, node), rediscluster_attempt_node(attempt)) != 0)
            CHECK(++node <= 5);
        CHECK(!seen[node]);
        seen[node] = true;
        CHECK_CONTAINS(rediscluster_error_message(error), fake_node_address(fake, node));
        if (node <= 2)
            CHECK_CONTAINS(cause, "refused");
        if (node == 4)
            CHECK(strstr(cause, "closed") != NULL || strstr(cause, "reset") != NULL);
        if (node == 3 || node == 5)
            CHECK(rediscluster_attempt_elapsed_ms(attempt) >= 150);
        if (node == 3)
            CHECK_CONTAINS(cause, "cannot connect");
        if (node == 5)
            CHECK_CONTAINS(cause, "time");
    }
    CHECK(rediscluster_error_attempt(error, 5) == NULL);
    rediscluster_error_free(error);
    fake_node_stop(fake);
}

int main(void)
{
    a_dead_and_a_live_one();
    all_dead();
    return 0;
}
