/* G1: a primary of a real cluster is killed under eight threads that call through one client. Its keys work again at once
 * when its replica has been promoted, on the same client; calls for the other shards neither fail nor wait; each write
 * that was acknowledged is there, once. Then the same with an orderly handover, where no call fails at all.
 * ctest: long-drivers serial timeout=180 */
#include "scenario.h"

static void holds(const scenario_seen *seen)
{
    CHECK_INT(scenario_broken(seen, stderr), 0);
}

int main(void)
{
    scenario plan = {.server = "redis", .threads = 8, .pause_us = 1000, .before_ms = 300, .after_ms = 500,
                     .node_timeout = "1000", .command_timeout_ms = 10000, .socket_timeout_ms = 5000,
                     .max_retries = "3"};
    scenario_seen seen;
    const char *const servers[] = {"redis", "valkey"};
    for (int i = 0; i < 2; i++) {
        plan.server = servers[i];
        plan.name = "kill -9";
        scenario_kill(&plan, &seen);
        holds(&seen);
        CHECK(seen.troubled.by_status[REDISCLUSTER_ERROR_CONNECTION] > 0);
        CHECK_INT(seen.troubled.failed, seen.troubled.by_status[REDISCLUSTER_ERROR_CONNECTION]);
        plan.name = "CLUSTER FAILOVER";
        plan.many = true;
        scenario_handover(&plan, &seen);
        holds(&seen);
        /* Who is quick learns of it by a refresh before a redirect tells. */
        CHECK(seen.moved > 0 || seen.refreshes > 0);
        plan.many = false;
    }
    return 0;
}
