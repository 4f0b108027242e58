/* Slots of a real cluster move with their keys from one primary to another under eight threads that read, write, and send
 * pipelines and MGETs across slots: no call fails, each write is there, once, and no read is out of date.
 * ctest: long-drivers serial timeout=120 */
#include "scenario.h"

int main(void)
{
    scenario plan = {.name = "slots move", .threads = 8, .many = true, .pause_us = 1000, .before_ms = 200,
                     .after_ms = 200, .node_timeout = "2000", .command_timeout_ms = 10000, .socket_timeout_ms = 5000,
                     .max_retries = "3", .slots = 200, .move_ms = 2000};
    scenario_seen seen;
    const char *const servers[] = {"redis", "valkey"};
    for (int i = 0; i < 2; i++) {
        plan.server = servers[i];
        scenario_move(&plan, &seen);
        CHECK_INT(scenario_broken(&seen, stderr), 0);
        CHECK(seen.moved > 0);
    }
    return 0;
}
