/* faults [SERVER...] [scenario=NAME]: real clusters of 3 + 3 nodes get into trouble under load, and a table for each
 * says what callers saw of it. Ends with 1 where a promise was broken. tests/faults/run builds and starts it. */
#include "scenario.h"

#include <inttypes.h>
#include <string.h>

typedef struct trouble {
    void (*run)(const scenario *plan, scenario_seen *seen);
    scenario plan;
} trouble;

static const trouble troubles[] = {
    {scenario_kill,
     {.name = "kill -9", .threads = 8, .pause_us = 1000, .before_ms = 1000, .after_ms = 2000, .node_timeout = "1500",
      .command_timeout_ms = 10000, .socket_timeout_ms = 5000, .max_retries = "3"}},
    {scenario_kill,
     {.name = "kill -9, max_retries=1000", .threads = 8, .pause_us = 1000, .before_ms = 1000, .after_ms = 2000,
      .node_timeout = "1500", .command_timeout_ms = 10000, .socket_timeout_ms = 5000, .max_retries = "1000"}},
    {scenario_pause,
     {.name = "paused for 5 s", .threads = 63, .pause_us = 5000, .before_ms = 1000, .after_ms = 3000,
      .node_timeout = "1500", .command_timeout_ms = 2000, .socket_timeout_ms = 500, .max_retries = "3",
      .paused_ms = 5000}},
    {scenario_pause,
     {.name = "paused for 5 s, calls wait, a refresh tells", .threads = 63, .pause_us = 5000, .before_ms = 1000,
      .after_ms = 3000, .node_timeout = "1500", .command_timeout_ms = 10000, .socket_timeout_ms = 5000,
      .max_retries = "3", .paused_ms = 5000, .is_told = true}},
    {scenario_move,
     {.name = "1,000 slots move", .threads = 8, .many = true, .pause_us = 1000, .before_ms = 1000, .after_ms = 1000,
      .node_timeout = "2000", .command_timeout_ms = 10000, .socket_timeout_ms = 5000, .max_retries = "3",
      .slots = 1000, .move_ms = 8000}},
    {scenario_restart,
     {.name = "comes back as a replica", .threads = 8, .pause_us = 1000, .before_ms = 1000, .after_ms = 2000,
      .node_timeout = "1500", .command_timeout_ms = 10000, .socket_timeout_ms = 5000, .max_retries = "3"}},
    {scenario_handover,
     {.name = "CLUSTER FAILOVER", .threads = 8, .many = true, .pause_us = 1000, .before_ms = 1000, .after_ms = 2000,
      .node_timeout = "1500", .command_timeout_ms = 10000, .socket_timeout_ms = 5000, .max_retries = "3"}},
};

static void print_calls(const char *what, const load_calls *calls)
{
    printf("| %s | %ld calls, %ld failed", what, calls->all, calls->failed);
    for (int status = 1; status < LOAD_STATUSES; status++)
        if (calls->by_status[status] > 0)
            printf(", %s %ld", rediscluster_status_name(status), calls->by_status[status]);
    printf("; longest %.1f ms |\n", (double)calls->longest_us / 1000);
}

static void print(const scenario_seen *seen)
{
    const load_truth *truth = &seen->truth;
    printf("\n%s, %s: %d threads, cluster-node-timeout %s ms, command_timeout %" PRId64 " ms, socket_timeout %" PRId64 " ms\n\n",
           seen->plan.server, seen->plan.name, seen->plan.threads, seen->plan.node_timeout,
           seen->plan.command_timeout_ms, seen->plan.socket_timeout_ms);
    printf("| | |\n| --- | --- |\n");
    print_calls("slots in trouble, before it", &seen->before);
    print_calls("slots in trouble", &seen->troubled);
    print_calls("other slots meanwhile", &seen->others);
    if (seen->is_failover)
        printf("| trouble to promotion (or return) | %" PRId64 " ms |\n| from there to the first answer | %" PRId64
               " ms |\n| … and to the end of the last call that failed or took over 20 ms | %" PRId64 " ms |\n",
               seen->promotion_ms, seen->answer_ms, seen->well_ms);
    else
        printf("| the move | %" PRId64 " ms |\n", seen->promotion_ms);
    printf("| topology calls | ");
    if (seen->slots >= 0)
        printf("SLOTS %" PRId64 ", NODES %" PRId64 ", SHARDS %" PRId64 "; ", seen->slots, seen->nodes, seen->shards);
    printf("%" PRId64 " refreshes, %" PRId64 " left out |\n", seen->refreshes, seen->suppressed);
    printf("| redirects | MOVED %" PRId64 ", ASK %" PRId64 " |\n", seen->moved, seen->asked);
    printf("| writes | %ld acknowledged, %ld maybe, %ld refused |\n", truth->acknowledged, truth->maybe,
           truth->refused);
    printf("| … of these | lost %ld, doubled %ld, run though refused %ld; lost by the servers themselves %ld |\n",
           truth->lost, truth->doubled, truth->ghosts, truth->lost_by_servers);
    printf("| reads | %ld, stale %ld; of what the servers had lost %ld |\n", truth->reads, truth->stale,
           truth->rolled_back);
    if (seen->error[0] != '\0')
        printf("| a call that failed | %s |\n", seen->error);
    printf("| the machine: the longest that a thread overslept, or waited for a PING | %.1f ms |\n", (double)seen->machine_us / 1000);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *servers[] = {"redis", "valkey"};
    const char *only = NULL, *server = NULL;
    int broken = 0, runs = 0;
    scenario_talks = true;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "scenario=", 9) == 0)
            only = argv[i] + 9;
        else
            server = argv[i];
    }
    for (size_t at = 0; at < sizeof servers / sizeof *servers; at++) {
        if (server != NULL && strcmp(server, servers[at]) != 0)
            continue;
        for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
            scenario plan = troubles[i].plan;
            scenario_seen seen;
            if (only != NULL && strcmp(only, plan.name) != 0)
                continue;
            plan.server = servers[at];
            troubles[i].run(&plan, &seen);
            print(&seen);
            broken += scenario_broken(&seen, stdout);
            runs++;
        }
    }
    printf("\n%d scenarios, %d promises broken\n", runs, broken);
    return broken == 0 && runs > 0 ? 0 : 1;
}
