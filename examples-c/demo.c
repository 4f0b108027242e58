/*
 * What librediscluster does, on a cluster that is there: demo host:port[,host:port...]
 *
 * It discovers the cluster, writes and reads twenty keys through connections taken by slot, asks each
 * node one question, lets eight threads share four connections, and shows the pool's statistics. Its
 * keys are gone when it ends. The exit status is 0 only if all of it worked.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rediscluster.h>

enum { KEYS = 20, THREADS = 8, LIMIT = 4, ROUNDS = 50, SLOTS = 16384, COLUMNS = 64, TEXT = 96 };

/* ---- errors -------------------------------------------------------------------------------- */

/* True for success. Else says on stderr what failed and why, with all that was tried, and frees the error. */
static bool worked(rediscluster_status status, rediscluster_error **error, const char *what)
{
    if (status == REDISCLUSTER_OK)
        return true;
    fflush(stdout);
    fprintf(stderr, "demo: %s: %s: %s\n", what, rediscluster_status_name(status), rediscluster_error_message(*error));
    for (size_t i = 0; i < rediscluster_error_attempt_count(*error); i++) {
        const rediscluster_attempt *attempt = rediscluster_error_attempt(*error, i);
        fprintf(stderr, "      tried %s, %" PRId64 " ms: %s\n", rediscluster_attempt_node(attempt),
                rediscluster_attempt_elapsed_ms(attempt), rediscluster_attempt_cause(attempt));
    }
    rediscluster_error_free(*error);
    *error = NULL;
    return false;
}

/* ---- a command and its reply --------------------------------------------------------------- */

/* Sends one command and hands out its reply; NULL, already reported, if it failed or the server refused it. */
static rediscluster_reply *ask(rediscluster_connection *connection, size_t argc, const char *const *argv,
                               const size_t *argvlen)
{
    rediscluster_command *command = NULL;
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;

    rediscluster_status status = rediscluster_command_from_argv(argc, argv, argvlen, &command, &error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_connection_command(connection, command, REDISCLUSTER_TIMEOUT_DEFAULT, &reply, &error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_reply_check(reply, &error);
    rediscluster_command_free(command);
    if (worked(status, &error, argv[0]))
        return reply;
    rediscluster_reply_free(reply);
    return NULL;
}

/* A reply as text that fits a table. */
static void describe(const rediscluster_reply *reply, char text[TEXT])
{
    switch (rediscluster_reply_kind(reply)) {
    case REDISCLUSTER_REPLY_INTEGER:
        snprintf(text, TEXT, "%" PRId64, rediscluster_reply_integer(reply));
        break;
    case REDISCLUSTER_REPLY_STRING:
        snprintf(text, TEXT, "\"%s\"", (const char *)rediscluster_reply_bytes(reply, NULL));
        break;
    case REDISCLUSTER_REPLY_NIL:
        snprintf(text, TEXT, "(nil)");
        break;
    default: {
        const uint8_t *bytes = rediscluster_reply_bytes(reply, NULL);
        snprintf(text, TEXT, "%s", bytes != NULL ? (const char *)bytes : "(elements)");
    }
    }
}

static rediscluster_pool *open_pool(const char *nodes, const char *const settings[][2], size_t count)
{
    rediscluster_options *options = NULL;
    rediscluster_pool *pool = NULL;
    rediscluster_error *error = NULL;

    rediscluster_status status = rediscluster_options_new(&options, &error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_options_set(options, "startup_nodes", nodes, &error);
    for (size_t i = 0; i < count && status == REDISCLUSTER_OK; i++)
        status = rediscluster_options_set(options, settings[i][0], settings[i][1], &error);
    if (status == REDISCLUSTER_OK)
        status = rediscluster_pool_new(options, &pool, &error);
    rediscluster_options_free(options);
    worked(status, &error, "making a pool");
    return pool;
}

static bool give_back(rediscluster_connection *connection)
{
    rediscluster_error *error = NULL;
    return worked(rediscluster_connection_release(connection, &error), &error, "giving a connection back");
}

/* ---- 1. the topology ----------------------------------------------------------------------- */

static const int COLOURS[] = {44, 42, 43, 45, 46, 41, 104, 102, 103, 105, 106, 101};

/* A letter for each primary, by its place among the nodes: A, B, C... */
static char letter_of(const rediscluster_topology *topology, const rediscluster_node *node)
{
    char letter = 'A';
    if (node == NULL)
        return '.';
    for (size_t i = 0; i < rediscluster_topology_node_count(topology); i++) {
        const rediscluster_node *other = rediscluster_topology_node(topology, i);
        if (other == node)
            return letter;
        if (rediscluster_node_role(other) == REDISCLUSTER_ROLE_PRIMARY && letter < 'Z')
            letter++;
    }
    return '?';
}

static void paint(char letter, bool colour)
{
    if (colour && letter >= 'A' && letter <= 'Z')
        printf("\033[30;%dm%c\033[0m", COLOURS[(size_t)(letter - 'A') % (sizeof COLOURS / sizeof *COLOURS)], letter);
    else
        putchar(letter);
}

static void slot_bar(const rediscluster_topology *topology)
{
    const bool colour = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
    const int each = SLOTS / COLUMNS;

    printf("\n  0 ");
    for (int column = 0; column < COLUMNS; column++) {
        /* One owner a column, or none: a single slot that nobody serves must not hide behind its neighbours. */
        const rediscluster_node *owner = rediscluster_topology_slot_node(topology, column * each + each / 2, 0);
        for (int slot = column * each; slot < (column + 1) * each; slot++)
            if (rediscluster_topology_slot_node(topology, slot, 0) == NULL)
                owner = NULL;
        paint(letter_of(topology, owner), colour);
    }
    printf(" 16383   (%d slots a column)\n", each);
}

/* The slots a primary serves, "0-5460 8000", and how many. */
static int slot_ranges(const rediscluster_node *node, char text[TEXT])
{
    int served = 0;
    size_t used = 0;
    int32_t start, end;

    text[0] = '\0';
    for (size_t i = 0; rediscluster_node_slot_range(node, i, &start, &end); i++) {
        char range[32];
        snprintf(range, sizeof range, start == end ? "%s%d" : "%s%d-%d", i == 0 ? "" : " ", (int)start, (int)end);
        served += (int)(end - start + 1);
        if (used + strlen(range) + 4 < 32) {
            memcpy(text + used, range, strlen(range) + 1);
            used += strlen(range);
        } else if (text[used - 1] != '.') {
            memcpy(text + used, "...", 4);
            used += 3;
        }
    }
    return served;
}

/* A primary with its slots and the number of its replicas, or a replica with whose it is. */
static void topology_row(const rediscluster_topology *topology, const rediscluster_node *node, size_t replicas)
{
    const char *id = *rediscluster_node_id(node) != '\0' ? rediscluster_node_id(node) : "-";

    if (rediscluster_node_role(node) == REDISCLUSTER_ROLE_PRIMARY) {
        char slots[TEXT];
        const int served = slot_ranges(node, slots);
        printf("  %c  %-21s  primary  %-8.8s  %-16s  %5d  %8zu\n", letter_of(topology, node),
               rediscluster_node_address(node), id, slots, served, replicas);
    } else {
        const int64_t primary = rediscluster_node_primary(node);
        printf("     %-21s  replica  %-8.8s  ", rediscluster_node_address(node), id);
        if (primary < 0)
            printf("of an unknown primary\n");
        else
            printf("of %c\n", letter_of(topology, rediscluster_topology_node(topology, (size_t)primary)));
    }
}

static bool show_topology(rediscluster_pool *pool)
{
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;

    if (!worked(rediscluster_pool_topology(pool, &topology, &error), &error, "the topology"))
        return false;
    const size_t count = rediscluster_topology_node_count(topology);
    printf("1. The cluster, as the pool discovered it: %zu nodes\n\n", count);
    printf("     %-21s  %-7s  %-8s  %-16s  %5s  %8s\n", "node", "role", "id", "slots", "count", "replicas");
    for (size_t i = 0; i < count; i++) {
        const rediscluster_node *node = rediscluster_topology_node(topology, i);
        size_t replicas = 0;
        /* Replicas stand below their primary. */
        if (rediscluster_node_role(node) == REDISCLUSTER_ROLE_REPLICA && rediscluster_node_primary(node) >= 0)
            continue;
        for (size_t j = 0; j < count; j++)
            replicas += rediscluster_node_primary(rediscluster_topology_node(topology, j)) == (int64_t)i;
        topology_row(topology, node, replicas);
        for (size_t j = 0; j < count; j++)
            if (rediscluster_node_primary(rediscluster_topology_node(topology, j)) == (int64_t)i)
                topology_row(topology, rediscluster_topology_node(topology, j), 0);
    }
    slot_bar(topology);
    rediscluster_topology_free(topology);
    return true;
}

/* ---- 2. keys, by slot ---------------------------------------------------------------------- */

static const char *const NAMES[KEYS] = {
    "apple", "banana", "cherry", "damson", "elderberry", "fig", "grape", "hazelnut", "imbe", "jujube",
    "kiwi", "lemon", "mango", "nectarine", "orange", "papaya", "quince", "raspberry", "sloe", "tangerine"};

/* The keys carry the process id, so that two demos on one cluster do not meet. */
static void key_name(char key[TEXT], const char *name)
{
    snprintf(key, TEXT, "demo:%ld:%s", (long)getpid(), name);
}

static bool one_key(rediscluster_pool *pool, const char *name)
{
    char key[TEXT], value[TEXT], set_text[TEXT], get_text[TEXT];
    rediscluster_connection *connection = NULL;
    rediscluster_error *error = NULL;

    key_name(key, name);
    snprintf(value, sizeof value, "%s juice", name);
    const int32_t slot = rediscluster_key_slot((const uint8_t *)key, strlen(key));
    if (!worked(rediscluster_pool_get_by_slot(pool, slot, REDISCLUSTER_WRITE, REDISCLUSTER_TIMEOUT_DEFAULT,
                                              &connection, &error), &error, "a connection by slot"))
        return false;
    /* The keys end by themselves, should this program be killed. */
    rediscluster_reply *set = ask(connection, REDISCLUSTER_ARGS("SET", key, value, "EX", "60"));
    rediscluster_reply *get = set != NULL ? ask(connection, REDISCLUSTER_ARGS("GET", key)) : NULL;
    bool right = get != NULL;
    if (right) {
        describe(set, set_text);
        describe(get, get_text);
        printf("  %-22s  %5d  %-21s  SET %-4s  GET %s\n", key, (int)slot, rediscluster_connection_node(connection),
               set_text, get_text);
        const char *read = (const char *)rediscluster_reply_bytes(get, NULL);
        right = read != NULL && strcmp(read, value) == 0;
        if (!right)
            fprintf(stderr, "demo: %s is not what was written\n", key);
    }
    rediscluster_reply_free(set);
    rediscluster_reply_free(get);
    return give_back(connection) && right;
}

static bool show_keys(rediscluster_pool *pool)
{
    printf("\n2. Twenty keys, each through a connection taken by its slot\n\n  %-22s  %5s  %-21s  replies\n", "key", "slot",
           "node");
    for (int i = 0; i < KEYS; i++)
        if (!one_key(pool, NAMES[i]))
            return false;
    return true;
}

static bool delete_key(rediscluster_pool *pool, const char *name)
{
    char key[TEXT];
    rediscluster_connection *connection = NULL;
    rediscluster_error *error = NULL;

    key_name(key, name);
    if (!worked(rediscluster_pool_get_by_key(pool, (const uint8_t *)key, strlen(key), REDISCLUSTER_WRITE,
                                             REDISCLUSTER_TIMEOUT_DEFAULT, &connection, &error), &error,
                "a connection by key"))
        return false;
    rediscluster_reply *reply = ask(connection, REDISCLUSTER_ARGS("DEL", key));
    const bool deleted = reply != NULL;
    rediscluster_reply_free(reply);
    return give_back(connection) && deleted;
}

/* ---- 3. each node -------------------------------------------------------------------------- */

/* The value of "field:value" in what INFO tells. */
static void info_field(const char *info, const char *field, char text[TEXT])
{
    const size_t length = strlen(field);

    snprintf(text, TEXT, "?");
    for (const char *line = info; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, field, length) == 0 && line[length] == ':') {
            snprintf(text, TEXT, "%.*s", (int)strcspn(line + length + 1, "\r\n"), line + length + 1);
            return;
        }
    }
}

static bool one_node(rediscluster_pool *pool, const char *address)
{
    static const char *const FIELDS[] = {"redis_version", "role", "uptime_in_seconds", "connected_clients",
                                         "used_memory_human"};
    rediscluster_connection *connection = NULL;
    rediscluster_error *error = NULL;

    if (!worked(rediscluster_pool_get_by_node(pool, address, REDISCLUSTER_TIMEOUT_DEFAULT, &connection, &error), &error,
                address))
        return false;
    rediscluster_reply *reply = ask(connection, REDISCLUSTER_ARGS("INFO"));
    const bool answered = reply != NULL;
    if (answered) {
        char text[5][TEXT];
        for (size_t i = 0; i < 5; i++)
            info_field((const char *)rediscluster_reply_bytes(reply, NULL), FIELDS[i], text[i]);
        printf("  %-21s  %-8s  %-7s  %6s s  %7s  %8s\n", address, text[0], text[1], text[2], text[3], text[4]);
    }
    rediscluster_reply_free(reply);
    return give_back(connection) && answered;
}

static bool show_nodes(rediscluster_pool *pool)
{
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    bool all = true;

    if (!worked(rediscluster_pool_topology(pool, &topology, &error), &error, "the topology"))
        return false;
    printf("\n3. One command, INFO, on each node\n\n  %-21s  %-8s  %-7s  %8s  %7s  %8s\n", "node", "version", "role",
           "uptime", "clients", "memory");
    for (size_t i = 0; i < rediscluster_topology_node_count(topology) && all; i++)
        all = one_node(pool, rediscluster_node_address(rediscluster_topology_node(topology, i)));
    rediscluster_topology_free(topology);
    return all;
}

/* ---- 4. eight threads, four connections ---------------------------------------------------- */

static atomic_int out_now, out_most;

struct worker {
    pthread_t thread;
    rediscluster_pool *pool;
    int number, served;
    double longest_ms;
    bool failed;
};

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Gets a connection, counts on it, keeps it for a moment, gives it back. */
static bool one_round(struct worker *worker, int round)
{
    char key[TEXT];
    rediscluster_connection *connection = NULL;
    rediscluster_error *error = NULL;
    const struct timespec moment = {0, 1000000};

    key_name(key, NAMES[(worker->number + round) % KEYS]);
    const double begin = now_ms();
    if (!worked(rediscluster_pool_get_by_key(worker->pool, (const uint8_t *)key, strlen(key), REDISCLUSTER_WRITE,
                                             REDISCLUSTER_TIMEOUT_DEFAULT, &connection, &error), &error,
                "a connection of the blocking pool"))
        return false;
    const double waited = now_ms() - begin;
    if (waited > worker->longest_ms)
        worker->longest_ms = waited;
    const int out = atomic_fetch_add(&out_now, 1) + 1;
    for (int most = atomic_load(&out_most); out > most && !atomic_compare_exchange_weak(&out_most, &most, out);)
        ;
    rediscluster_reply *reply = ask(connection, REDISCLUSTER_ARGS("STRLEN", key));
    nanosleep(&moment, NULL);
    const bool answered = rediscluster_reply_integer(reply) > 0;
    rediscluster_reply_free(reply);
    atomic_fetch_sub(&out_now, 1);
    return give_back(connection) && answered;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    for (int round = 0; round < ROUNDS && !worker->failed; round++) {
        worker->failed = !one_round(worker, round);
        worker->served += !worker->failed;
    }
    return NULL;
}

static bool show_threads(rediscluster_pool *pool)
{
    struct worker workers[THREADS];
    int started = 0, served = 0;

    printf("\n4. A blocking pool: %d threads, at most %d connections, %d rounds each\n\n", THREADS, LIMIT, ROUNDS);
    printf("  thread  served  longest wait\n");
    fflush(stdout);
    for (int i = 0; i < THREADS; i++, started++) {
        workers[i] = (struct worker){.pool = pool, .number = i};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            fprintf(stderr, "demo: no thread can be started\n");
            break;
        }
    }
    for (int i = 0; i < started; i++) {
        pthread_join(workers[i].thread, NULL);
        printf("  %6d  %6d  %9.1f ms\n", i + 1, workers[i].served, workers[i].longest_ms);
        served += workers[i].served;
    }
    printf("\n  Most connections out at one time: %d of %d. Served: %d of %d.\n", atomic_load(&out_most), LIMIT, served,
           THREADS * ROUNDS);
    return served == THREADS * ROUNDS && atomic_load(&out_most) <= LIMIT;
}

/* ---- 5. statistics ------------------------------------------------------------------------- */

static void stats_row(const rediscluster_stats *stats, const char *node)
{
    static const int32_t WHAT[] = {
        REDISCLUSTER_STAT_OPEN, REDISCLUSTER_STAT_IDLE, REDISCLUSTER_STAT_IN_USE, REDISCLUSTER_STAT_CREATED,
        REDISCLUSTER_STAT_CLOSED, REDISCLUSTER_STAT_EVICTED, REDISCLUSTER_STAT_WAITS, REDISCLUSTER_STAT_TIMEOUTS};

    printf("  %-21s", node != NULL ? node : "all");
    for (size_t i = 0; i < sizeof WHAT / sizeof *WHAT; i++)
        printf("  %7" PRId64, rediscluster_stats_get(stats, node, WHAT[i]));
    putchar('\n');
}

static bool show_stats(rediscluster_pool *pool)
{
    rediscluster_stats *stats = NULL;
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;

    if (!worked(rediscluster_pool_stats(pool, &stats, &error), &error, "the statistics"))
        return false;
    if (!worked(rediscluster_pool_topology(pool, &topology, &error), &error, "the topology")) {
        rediscluster_stats_free(stats);
        return false;
    }
    printf("\n5. That pool's statistics\n\n  %-21s  %7s  %7s  %7s  %7s  %7s  %7s  %7s  %7s\n", "node", "open", "idle",
           "in use", "created", "closed", "evicted", "waits", "in vain");
    for (size_t i = 0; i < rediscluster_topology_node_count(topology); i++)
        stats_row(stats, rediscluster_node_address(rediscluster_topology_node(topology, i)));
    stats_row(stats, NULL);
    rediscluster_topology_free(topology);
    rediscluster_stats_free(stats);
    return true;
}

int main(int argc, char **argv)
{
    static const char *const BLOCKING[][2] = {{"pool_exhausted", "block"}, {"max_connections", "4"}, {"timeout", "5000"}};

    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: demo host:port[,host:port...]\n");
        return 2;
    }
    printf("librediscluster %s on %s\n\n", rediscluster_version_string(), argv[1]);
    rediscluster_pool *pool = open_pool(argv[1], NULL, 0);
    rediscluster_pool *blocking = pool != NULL ? open_pool(argv[1], BLOCKING, 3) : NULL;
    bool good = blocking != NULL && show_topology(pool) && show_keys(pool) && show_nodes(pool) && show_threads(blocking)
                && show_stats(blocking);
    for (int i = 0; i < KEYS && blocking != NULL; i++)
        good = delete_key(pool, NAMES[i]) && good;
    rediscluster_pool_free(blocking);
    rediscluster_pool_free(pool);
    printf("\n%s\n", good ? "This worked, and the keys are gone again." : "Something failed: see above.");
    return good ? 0 : 1;
}
