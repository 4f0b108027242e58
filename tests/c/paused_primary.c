/* G9: a primary of a real cluster is paused, and goes on after its replica has been promoted, under 63 threads: no read is
 * older than a write that the new primary acknowledged, no acknowledged write is lost, none runs twice, no call ends
 * after its deadline, and the cluster is asked for its topology at most 20 times.
 * ctest: long-drivers serial timeout=180 */
#include "scenario.h"

int main(void)
{
    scenario plan = {.name = "paused", .threads = 63, .pause_us = 10000, .before_ms = 300, .after_ms = 1500,
                     .node_timeout = "1000", .command_timeout_ms = 1000, .socket_timeout_ms = 300,
                     .max_retries = "3", .paused_ms = 5000};
    scenario_seen seen;
    const char *const servers[] = {"redis", "valkey"};
    for (int i = 0; i < 2; i++) {
        plan.server = servers[i];
        scenario_pause(&plan, &seen);
        CHECK_INT(scenario_broken(&seen, stderr), 0);
        CHECK(seen.promotion_ms < plan.paused_ms);
        CHECK(seen.troubled.by_status[REDISCLUSTER_ERROR_TIMEOUT] > 0);
    }
    return 0;
}
