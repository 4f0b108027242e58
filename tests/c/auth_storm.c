/* G2: refused logins come back as AUTH at once and are no storm, however many threads ask for connections: between two
 * logins that a node refuses lie 500 ms, so that it sees at most two a second, and nothing refreshes the topology. Only
 * while a node let somebody in less than a second ago do connections log in side by side, and those already under way when
 * it refuses the first are refused as well. Right credentials work at once. By script, with init_slot_cache=no too, and on
 * real servers whose password was changed.
 * ctest: slow timeout=120 */
#define _POSIX_C_SOURCE 200809L

#include "cluster.h"
#include "commands.h"
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 64, NODES = 2, DURATION = 1700, PAUSE = 500, MOST = 4096 };

struct shared {
    rediscluster_pool *pool;
    _Atomic int64_t until; /* 0: nobody has begun */
    bool discovers; /* each get begins with a discovery, whose error is of several nodes */
    atomic_long refused, longest;
};

static void try_on(void *argument, int number)
{
    struct shared *shared = argument;
    int64_t nobody = 0;
    (void)atomic_compare_exchange_strong(&shared->until, &nobody, clock_ms() + DURATION);
    for (int round = 0; clock_ms() < shared->until; round++) {
        rediscluster_connection *none = NULL;
        rediscluster_error *error = NULL;
        int64_t begun = clock_ms(), took;
        CHECK_FAILS(rediscluster_pool_get_by_slot(shared->pool, (number + round) % 2 ? 0 : 16383, REDISCLUSTER_WRITE, 20000,
                                                  &none, &error),
                    REDISCLUSTER_ERROR_AUTH, error);
        CHECK_CONTAINS(rediscluster_error_message(error), "password");
        if (!shared->discovers)
            CHECK_STR(rediscluster_error_server_code(error), "WRONGPASS");
        rediscluster_error_free(error);
        took = clock_ms() - begun;
        if (took > atomic_load(&shared->longest))
            atomic_store(&shared->longest, took);
        atomic_fetch_add(&shared->refused, 1);
        clock_sleep_ms(1);
    }
}

static void storm(struct shared *shared)
{
    shared->refused = shared->longest = 0;
    /* From the first thread's beginning on: to start them all may take long. */
    shared->until = 0;
    threads_run(THREADS, try_on, shared);
    /* Under valgrind one thread runs at a time, and not each may have its turn. */
    CHECK(shared->refused > (test_is_under_valgrind() ? 0 : THREADS));
    CHECK(shared->longest < 250 * test_patience());
    CHECK_INT(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_DIALING), 0);
    CHECK_INT(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_OPEN), 0);
}

/* Who gets one now gets it. */
static void get_one(void *argument, int number)
{
    struct shared *shared = argument;
    rediscluster_connection *connection = take_slot(shared->pool, number % 2 ? 0 : 16383, 20000);
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
}

/* When logins came to the node, in ms: HELLO with AUTH in it, and AUTH. */
static int logins(fake_node *fake, int node, double *times)
{
    char *log = fake_node_log(fake), *rest = NULL;
    int count = 0;
    for (char *line = strtok_r(log, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        double at;
        int of;
        if (strstr(line, " AUTH ") == NULL || sscanf(line, "%lf %d", &at, &of) != 2 || of != node)
            continue;
        CHECK(count < MOST);
        times[count++] = at;
    }
    free(log);
    return count;
}

/* The first few may come together; from then on there is a pause between any two. (Counted from when a refusal is
 * read, which is later than when the node logged its command.) */
static void are_apart(fake_node *fake, int node, int together)
{
    double times[MOST];
    int count = logins(fake, node, times);
    /* The storm may be over after the first few there, too. */
    CHECK(count > together || (count == together && test_is_under_valgrind()));
    for (int i = together; i < count; i++)
        CHECK(times[i] - times[i - 1] >= PAUSE);
    CHECK(count <= together + DURATION / PAUSE + 1);
    /* Nor is it dialled more often than that. */
    CHECK(fake_node_connections_of(fake, node).total <= THREADS * (DURATION / PAUSE + 2));
}

static const char script[] = "node 1 2\n"
                             "on HELLO * AUTH * right => handshake\non AUTH * right => handshake\n"
                             "on HELLO * AUTH * => error \"WRONGPASS invalid username-password pair or user is disabled.\"\n"
                             "on AUTH * => error \"WRONGPASS invalid username-password pair or user is disabled.\"\n"
                             "handshake\nstore\ntopology 0-8191=1 8192-16383=2\n"
                             "scene before\nnode 1 2\non HELLO * => handshake\non AUTH * => handshake\nscene after\n";

/* `recent`: the nodes let somebody in just before. */
static void under_a_live_pool(const char *protocol, bool recent)
{
    fake_node *fake = fake_node_start(script);
    struct shared shared = {0};
    rediscluster_error *error = NULL;
    int64_t refreshes;
    fake_node_control(fake, "use before");
    shared.pool = pool_of(fake_node_address(fake, 1), "username", "app", "password", "old", "protocol", protocol, "handshake",
                          protocol[0] == '2' ? "minimal" : "full", "topology_refresh_min_interval", "0", NULL);
    threads_run(2, get_one, &shared);
    if (!recent)
        clock_sleep_ms(1100);
    fake_node_control(fake, "use after");
    fake_node_control(fake, "clear");
    CHECK_OK(rediscluster_pool_disconnect(shared.pool, &error), error);
    refreshes = pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_REFRESHES);
    storm(&shared);
    for (int node = 1; node <= NODES; node++) {
        double times[MOST];
        int together = 1, count = logins(fake, node, times);
        if (recent) /* as many as came before the first refusal was read */
            while (together < count && times[together] - times[together - 1] < PAUSE)
                together++;
        CHECK(together <= THREADS);
        are_apart(fake, node, together);
    }
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_REFRESHES), refreshes);
    CHECK_INT(fake_node_count(fake, "CLUSTER"), 0);
    CHECK_OK(rediscluster_pool_update_credentials(shared.pool, "app", "right", &error), error);
    threads_run(THREADS, get_one, &shared);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_REFRESHES), refreshes);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    rediscluster_pool_free(shared.pool);
    fake_node_stop(fake);
}

static void before_the_first_discovery(void)
{
    fake_node *fake = fake_node_start(script);
    struct shared shared = {0};
    rediscluster_error *error = NULL;
    char nodes[80];
    snprintf(nodes, sizeof nodes, "%s,%s", fake_node_address(fake, 1), fake_node_address(fake, 2));
    shared.pool = pool_of(nodes, "username", "app", "password", "old", "init_slot_cache", "no", NULL);
    shared.discovers = true;
    storm(&shared);
    for (int node = 1; node <= NODES; node++)
        are_apart(fake, node, 1);
    CHECK_OK(rediscluster_pool_update_credentials(shared.pool, "app", "right", &error), error);
    shared.discovers = false;
    threads_run(THREADS, get_one, &shared);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    rediscluster_pool_free(shared.pool);
    fake_node_stop(fake);
}

/* How many logins the node has refused, by its own log. */
static int64_t refused_by(rediscluster_pool *watcher, const char *node)
{
    rediscluster_connection *connection = take_node(watcher, node, -2);
    rediscluster_reply *reply = say(connection, "ACL", "LOG", NULL);
    int64_t sum = 0;
    for (size_t i = 0; i < rediscluster_reply_count(reply); i++) {
        const rediscluster_reply *entry = rediscluster_reply_at(reply, i);
        /* A map, or an array of names and values: both are cells in pairs. */
        for (size_t j = 0; j < rediscluster_reply_count(entry); j++) {
            if (strcmp(reply_text(rediscluster_reply_at(entry, j)), "count") == 0)
                sum += rediscluster_reply_integer(rediscluster_reply_at(entry, j + 1));
        }
    }
    rediscluster_reply_free(reply);
    give_back(connection);
    return sum;
}

static void on_real_servers(void)
{
    cluster *servers = cluster_start("--primaries", "2", "--password", "old", "--config", "user watcher on >w ~* &* +@all",
                                     NULL);
    rediscluster_pool *watcher =
        pool_of(cluster_addresses(servers), "username", "watcher", "password", "w", "protocol", "2", NULL);
    struct shared shared = {0};
    rediscluster_error *error = NULL;
    int64_t refreshes;
    shared.pool = pool_of(cluster_addresses(servers), "password", "old", "topology_refresh_min_interval", "0", NULL);
    threads_run(2, get_one, &shared);
    for (int node = 1; node <= NODES; node++) {
        free(cluster_control(servers, "config %d requirepass right", node));
        CHECK_INT(refused_by(watcher, cluster_address(servers, node)), 0);
    }
    /* Nobody is let in less than a second ago. */
    clock_sleep_ms(1100);
    CHECK_OK(rediscluster_pool_disconnect(shared.pool, &error), error);
    refreshes = pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_REFRESHES);
    storm(&shared);
    for (int node = 1; node <= NODES; node++)
        CHECK_BETWEEN(refused_by(watcher, cluster_address(servers, node)), 1, DURATION / PAUSE + 2);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_REFRESHES), refreshes);
    CHECK_OK(rediscluster_pool_update_credentials(shared.pool, NULL, "right", &error), error);
    threads_run(THREADS, get_one, &shared);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    rediscluster_pool_free(shared.pool);
    rediscluster_pool_free(watcher);
    cluster_stop(servers);
}

int main(void)
{
    under_a_live_pool("auto", false);
    under_a_live_pool("2", true);
    before_the_first_discovery();
    on_real_servers();
    return 0;
}
