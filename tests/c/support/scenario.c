#define _POSIX_C_SOURCE 200809L

#include "scenario.h"

#include "cluster.h"
#include "commands.h"
#include "driver.h"
#include "options.h"
#include "pools.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool scenario_talks = false;

/* Of 3 + 3 nodes: slots 0 to 5460 are node 1's, whose replica is node 4. */
enum { OLD = 1, TARGET = 2, THIRD = 3, NEW = 4, NODES = 6, LAST_SLOT = 5460 };

typedef struct trial {
    const scenario *plan;
    scenario_seen *seen;
    cluster *servers;
    rediscluster_pool *admin;
    rediscluster_connection *nodes[NODES + 1]; /* straight to each node; NULL: it is gone */
    rediscluster_connection *control;
    rediscluster_client *client;
    load *load;
    int64_t began_us, trouble_us, cured_us;
    bool counts_topology;
} trial;

static void tell(const trial *self, const char *what)
{
    if (scenario_talks) {
        fprintf(stderr, "\r%-7s %-30s %5.1f s  %-40s", self->plan->server, self->plan->name,
                (double)(clock_us() - self->began_us) / 1e6, what);
        fflush(stderr);
    }
}

static void let_pass(const trial *self, int64_t ms, const char *what)
{
    int64_t end = clock_ms() + ms;
    do {
        int64_t left = end - clock_ms();
        tell(self, what);
        clock_sleep_ms(left < 250 ? (left > 0 ? left : 0) : 250);
    } while (clock_ms() < end);
}

/* ---- the servers, asked directly ----------------------------------------------------------------- */

static int64_t calls_of(const char *stats, const char *subcommand)
{
    char head[64];
    const char *line;
    snprintf(head, sizeof head, "cmdstat_cluster|%s:calls=", subcommand);
    line = strstr(stats, head);
    return line != NULL ? strtoll(line + strlen(head), NULL, 10) : 0;
}

/* Adds what the nodes that are there have been asked about the topology, times `sign`. */
static void count_topology(const trial *self, int64_t sign)
{
    for (int node = 1; node <= NODES; node++) {
        rediscluster_reply *reply;
        if (self->nodes[node] == NULL)
            continue;
        reply = say(self->nodes[node], "INFO", "commandstats", NULL);
        self->seen->slots += sign * calls_of(reply_text(reply), "slots");
        self->seen->nodes += sign * calls_of(reply_text(reply), "nodes");
        self->seen->shards += sign * calls_of(reply_text(reply), "shards");
        rediscluster_reply_free(reply);
    }
}

static bool is_primary(const trial *self, int node)
{
    rediscluster_reply *reply = say(self->nodes[node], "ROLE", NULL);
    bool is = strcmp(reply_text(rediscluster_reply_at(reply, 0)), "master") == 0;
    rediscluster_reply_free(reply);
    return is;
}

static void await_promotion(trial *self)
{
    int64_t end = clock_ms() + 15000 * test_patience();
    int64_t told = 0;
    while (!is_primary(self, NEW)) {
        CHECK(clock_ms() < end);
        if (clock_ms() - told > 250) {
            told = clock_ms();
            tell(self, "waiting for the promotion");
        }
        clock_sleep_ms(1);
    }
    self->cured_us = clock_us();
}

/* A node is about to go, and the connection with it. */
static void leave(trial *self, int node)
{
    give_back(self->nodes[node]);
    self->nodes[node] = NULL;
}

/* ---- beginning and end --------------------------------------------------------------------------- */

/* How much slower a tool makes this program, and not the servers. */
static int64_t slowness(void)
{
    return test_patience() / 4;
}

static rediscluster_client *client_of(const trial *self)
{
    char timeout[24], silence[24];
    rediscluster_options *options;
    rediscluster_client *client = NULL;
    rediscluster_error *error = NULL;
    snprintf(timeout, sizeof timeout, "%" PRId64, self->plan->command_timeout_ms * slowness());
    snprintf(silence, sizeof silence, "%" PRId64, self->plan->socket_timeout_ms * slowness());
    options = options_of(cluster_addresses(self->servers), "command_timeout", timeout, "socket_timeout",
                         silence, "max_retries", self->plan->max_retries, NULL);
    driver_set(options);
    CHECK_OK(rediscluster_client_new(options, &client, &error), error);
    rediscluster_options_free(options);
    return client;
}

static void begin(trial *self, const scenario *plan, scenario_seen *seen, int last_slot)
{
    load_plan load = {0};
    memset(self, 0, sizeof *self);
    memset(seen, 0, sizeof *seen);
    self->plan = plan;
    self->seen = seen;
    seen->plan = *plan;
    self->began_us = clock_us();
    self->counts_topology = true;
    tell(self, "starting a cluster");
    self->servers = cluster_start("--server", plan->server, "--primaries", "3", "--replicas", "1", "--node-timeout",
                                  plan->node_timeout, "--config", "repl-ping-replica-period 1", NULL);
    self->admin = pool_of(cluster_addresses(self->servers), NULL);
    for (int node = 1; node <= NODES; node++)
        self->nodes[node] = take_node(self->admin, cluster_address(self->servers, node), -2);
    CHECK(is_primary(self, OLD) && !is_primary(self, NEW));
    self->client = client_of(self);

    self->control = take_node(self->admin, cluster_address(self->servers, THIRD), -2);
    load.client = self->client;
    load.control = self->control;
    load.threads = plan->threads;
    load.first = 0;
    load.last = last_slot;
    load.pause_us = plan->pause_us * slowness();
    load.many = plan->many;
    self->load = load_start(&load);
    let_pass(self, plan->before_ms, "calls before the trouble");
}

static int64_t client_stat(const trial *self, int32_t what)
{
    return pool_stat(rediscluster_client_pool(self->client), NULL, what);
}

/* `gone`: the node that will not be there any more to be asked what it was asked; 0: none. */
static void trouble_begins(trial *self, int gone)
{
    scenario_seen *seen = self->seen;
    if (gone != 0)
        leave(self, gone);
    count_topology(self, -1);
    seen->refreshes = -client_stat(self, REDISCLUSTER_STAT_REFRESHES);
    seen->suppressed = -client_stat(self, REDISCLUSTER_STAT_REFRESHES_SUPPRESSED);
    seen->moved = -client_stat(self, REDISCLUSTER_STAT_MOVED);
    seen->asked = -client_stat(self, REDISCLUSTER_STAT_ASK);
    self->trouble_us = clock_us();
}

/* Threads stop, and what they saw is put together. */
static void end(trial *self)
{
    scenario_seen *seen = self->seen;
    const scenario *plan = self->plan;
    rediscluster_client *reader;
    int64_t now, allowed, answer, trouble;

    let_pass(self, plan->after_ms, "calls after the trouble");
    now = clock_us();
    load_stop(self->load);
    if (self->counts_topology)
        count_topology(self, 1);
    else
        seen->slots = seen->nodes = seen->shards = -1;
    seen->refreshes += client_stat(self, REDISCLUSTER_STAT_REFRESHES);
    seen->suppressed += client_stat(self, REDISCLUSTER_STAT_REFRESHES_SUPPRESSED);
    seen->moved += client_stat(self, REDISCLUSTER_STAT_MOVED);
    seen->asked += client_stat(self, REDISCLUSTER_STAT_ASK);

    seen->machine_us = load_machine_us(self->load, self->trouble_us, now);
    allowed = 1000 * plan->command_timeout_ms * slowness() + 20000 * test_patience() + 3 * seen->machine_us;
    seen->before = load_calls_between(self->load, true, 0, self->trouble_us, allowed);
    seen->troubled = load_calls_between(self->load, true, self->trouble_us, INT64_MAX, allowed);
    seen->others = load_calls_between(self->load, false, self->trouble_us, INT64_MAX, allowed);
    answer = load_first_answer(self->load, self->cured_us);
    trouble = load_last_trouble(self->load, now, 20000);
    seen->promotion_ms = (self->cured_us - self->trouble_us) / 1000;
    seen->answer_ms = answer < 0 ? -1 : (answer - self->cured_us) / 1000;
    seen->well_ms = trouble < self->cured_us ? 0 : (trouble - self->cured_us) / 1000;

    tell(self, "waiting until the cluster is whole");
    free(cluster_control(self->servers, "wait ok"));
    tell(self, "reading what was written");
    reader = client_of(self);
    seen->truth = load_truth_of(self->load, reader, seen->is_orderly ? 0 : self->cured_us);
    rediscluster_client_free(reader);

    snprintf(seen->error, sizeof seen->error, "%s", load_error(self->load));
    load_free(self->load);
    give_back(self->control);
    driver_free(self->client);
    for (int node = 1; node <= NODES; node++)
        if (self->nodes[node] != NULL)
            give_back(self->nodes[node]);
    rediscluster_pool_free(self->admin);
    cluster_stop(self->servers);
    if (scenario_talks)
        fprintf(stderr, "\r%100s\r", "");
}

/* ---- the scenarios ------------------------------------------------------------------------------- */

void scenario_kill(const scenario *plan, scenario_seen *seen)
{
    trial self;
    begin(&self, plan, seen, LAST_SLOT);
    seen->is_failover = true;
    trouble_begins(&self, OLD);
    free(cluster_control(self.servers, "kill %d", OLD));
    await_promotion(&self);
    end(&self);
}

void scenario_pause(const scenario *plan, scenario_seen *seen)
{
    trial self;
    int64_t left;
    begin(&self, plan, seen, LAST_SLOT);
    seen->is_failover = true;
    trouble_begins(&self, 0);
    free(cluster_control(self.servers, "pause %d", OLD));
    await_promotion(&self);
    if (plan->is_told) {
        rediscluster_error *error = NULL;
        let_pass(&self, 300, "the replica has been promoted");
        CHECK_OK(rediscluster_pool_refresh(rediscluster_client_pool(self.client), -2, &error), error);
        self.cured_us = clock_us();
    }
    left = plan->paused_ms - (clock_us() - self.trouble_us) / 1000;
    let_pass(&self, left > 0 ? left : 0, "the old primary is still paused");
    free(cluster_control(self.servers, "resume %d", OLD));
    end(&self);
}

void scenario_restart(const scenario *plan, scenario_seen *seen)
{
    trial self;
    begin(&self, plan, seen, LAST_SLOT);
    /* What was lost when it was killed is another scenario's. */
    seen->is_failover = true;
    leave(&self, OLD);
    free(cluster_control(self.servers, "kill %d", OLD));
    await_promotion(&self);
    let_pass(&self, 1500, "the replica has been promoted");
    trouble_begins(&self, 0);
    /* Asks for the topology itself, until all is well. */
    self.counts_topology = false;
    tell(&self, "the old primary comes back");
    free(cluster_control(self.servers, "restart %d", OLD));
    self.cured_us = clock_us();
    end(&self);
}

void scenario_handover(const scenario *plan, scenario_seen *seen)
{
    trial self;
    begin(&self, plan, seen, LAST_SLOT);
    seen->is_failover = seen->is_orderly = true;
    trouble_begins(&self, 0);
    say_expect(self.nodes[NEW], "OK", "CLUSTER", "FAILOVER", NULL);
    await_promotion(&self);
    end(&self);
}

static void set_slot(trial *self, int node, int slot, const char *what, const char *id)
{
    char text[12];
    snprintf(text, sizeof text, "%d", slot);
    say_expect(self->nodes[node], "OK", "CLUSTER", "SETSLOT", text, what, id, NULL);
}

static void move_keys(trial *self, int slot)
{
    const char *address = cluster_address(self->servers, TARGET);
    const char *colon = strrchr(address, ':');
    char host[64], text[12];
    rediscluster_error *error = NULL;
    size_t count;
    snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
    snprintf(text, sizeof text, "%d", slot);
    do {
        rediscluster_reply *keys = say(self->nodes[OLD], "CLUSTER", "GETKEYSINSLOT", text, "100", NULL), *reply = NULL;
        rediscluster_command *migrate = command_of("MIGRATE", host, colon + 1, "", "0", "5000", "KEYS", NULL);
        count = rediscluster_reply_count(keys);
        for (size_t i = 0; i < count; i++) {
            size_t length = 0;
            const uint8_t *key = rediscluster_reply_bytes(rediscluster_reply_at(keys, i), &length);
            CHECK_OK(rediscluster_command_append(migrate, key, length, &error), error);
        }
        if (count > 0) {
            CHECK_OK(rediscluster_connection_command(self->nodes[OLD], migrate, -2, &reply, &error), error);
            CHECK_OK(rediscluster_reply_check(reply, &error), error);
        }
        rediscluster_reply_free(keys);
        rediscluster_reply_free(reply);
        rediscluster_command_free(migrate);
    } while (count > 0);
}

/* One slot, as an operator moves it. */
static void move_slot(trial *self, int slot, const char *from, const char *to)
{
    set_slot(self, TARGET, slot, "IMPORTING", from);
    set_slot(self, OLD, slot, "MIGRATING", to);
    move_keys(self, slot);
    set_slot(self, TARGET, slot, "NODE", to);
    set_slot(self, OLD, slot, "NODE", to);
    set_slot(self, THIRD, slot, "NODE", to);
}

void scenario_move(const scenario *plan, scenario_seen *seen)
{
    trial self;
    rediscluster_reply *from, *to;
    begin(&self, plan, seen, plan->slots - 1);
    seen->is_orderly = true;
    from = say(self.nodes[OLD], "CLUSTER", "MYID", NULL);
    to = say(self.nodes[TARGET], "CLUSTER", "MYID", NULL);
    trouble_begins(&self, 0);
    for (int slot = 0; slot < plan->slots; slot++) {
        char what[48];
        int64_t ahead = plan->move_ms * slot / plan->slots - (clock_us() - self.trouble_us) / 1000;
        move_slot(&self, slot, reply_text(from), reply_text(to));
        if (ahead > 0)
            clock_sleep_ms(ahead);
        snprintf(what, sizeof what, "%d slots moved", slot + 1);
        if (slot % 20 == 0)
            tell(&self, what);
    }
    self.cured_us = clock_us();
    rediscluster_reply_free(from);
    rediscluster_reply_free(to);
    end(&self);
}

/* ---- promises ------------------------------------------------------------------------------------ */

static int broken(const scenario_seen *seen, FILE *to, bool is, const char *promise, int64_t number)
{
    if (is)
        fprintf(to, "BROKEN: %s, %s: %s: %" PRId64 "\n", seen->plan.server, seen->plan.name, promise, number);
    return is;
}

int scenario_broken(const scenario_seen *seen, FILE *to)
{
    const load_truth *truth = &seen->truth;
    int64_t slack_ms = 3 * seen->machine_us / 1000, patience = test_patience();
    int64_t asked = seen->slots + seen->shards > seen->nodes ? seen->slots + seen->shards : seen->nodes;
    int64_t longest_ms = seen->others.longest_us / 1000;
    int count = 0;
    count += broken(seen, to, seen->others.failed > 0, "calls on other slots failed", seen->others.failed);
    count += broken(seen, to, longest_ms > 20 * patience + slack_ms, "a call on other slots took ms", longest_ms);
    count += broken(seen, to, seen->others.late + seen->troubled.late > 0, "calls ended after their deadline",
                    seen->others.late + seen->troubled.late);
    count += broken(seen, to, truth->lost > 0, "acknowledged writes were lost", truth->lost);
    count += broken(seen, to, truth->doubled > 0, "writes ran twice", truth->doubled);
    count += broken(seen, to, truth->ghosts > 0, "writes ran that were said not to have", truth->ghosts);
    count += broken(seen, to, truth->unreadable > 0, "keys could not be read in the end", truth->unreadable);
    count += broken(seen, to, truth->stale > 0, "reads were older than an acknowledged write", truth->stale);
    count += broken(seen, to, truth->acknowledged == 0 || truth->reads == 0, "nothing was written or read", 0);
    if (seen->is_failover) {
        count += broken(seen, to, asked > 20, "topology calls for a failover", asked);
        count += broken(seen, to, seen->answer_ms < 0 || seen->answer_ms > 50 * patience + slack_ms,
                        "ms from the promotion to the first answer", seen->answer_ms);
    }
    if (seen->is_orderly)
        count += broken(seen, to, seen->troubled.failed > 0, "calls failed", seen->troubled.failed);
    if (count > 0 && seen->error[0] != '\0')
        fprintf(to, "a call that failed: %s\n", seen->error);
    return count;
}
