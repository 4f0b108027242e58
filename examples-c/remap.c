/*
 * A cluster that announces addresses at which it cannot be reached from here: behind NAT, in containers, through a
 * tunnel. Three ways to reach it by others: a rule, a callback that translates, and a callback that resolves names.
 *
 *     remap host:port[,host:port...] HOST [option=value...]
 *
 * HOST is another name or address of the machine that all nodes announce: localhost, for a cluster on 127.0.0.1. With
 * ssl=yes the servers' certificates must hold it; ssl_server_name=NAME says a name that they do hold, which the
 * invented names of the callbacks need. Options are those of docs/options.md; passwords come from the environment:
 * REDISCLUSTER_PASSWORD, and REDISCLUSTER_KEY_PASSWORD for ssl_password.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rediscluster.h>

enum { TEXT = 320 };

static const char key[] = "example:remap";
/* The ending of names that no resolver knows. */
static const char domain[] = ".cluster.example";

/* True for success. Else says what failed and why, and frees the error. */
static bool worked(rediscluster_status status, rediscluster_error **error, const char *what)
{
    if (status == REDISCLUSTER_OK)
        return true;
    fprintf(stderr, "%s: %s: %s%s\n", what, rediscluster_status_name(status), rediscluster_error_message(*error),
            rediscluster_error_maybe_executed(*error) ? " (it may have run)" : "");
    rediscluster_error_free(*error);
    *error = NULL;
    return false;
}

/* What this program says of the library must hold, else it ends with 1. */
static bool holds(bool claim, const char *what)
{
    if (!claim)
        fprintf(stderr, "not so: %s\n", what);
    return claim;
}

/* Sends one command and hands out its reply, which may be an error reply; NULL, already shown, if it failed. */
static rediscluster_reply *ask(rediscluster_connection *connection, size_t argc, const char *const *argv,
                               const size_t *argvlen)
{
    rediscluster_command *command = NULL;
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;

    if (worked(rediscluster_command_from_argv(argc, argv, argvlen, &command, &error), &error, argv[0]))
        worked(rediscluster_connection_command(connection, command, REDISCLUSTER_TIMEOUT_DEFAULT, &reply, &error), &error,
               argv[0]);
    rediscluster_command_free(command);
    return reply;
}

/* The options that all pools have: nodes, what stands on the command line, passwords from the environment. */
static bool common_options(int argc, char **argv, rediscluster_options **options)
{
    const char *password = getenv("REDISCLUSTER_PASSWORD"), *key_password = getenv("REDISCLUSTER_KEY_PASSWORD");
    rediscluster_error *error = NULL;

    bool good = worked(rediscluster_options_new(options, &error), &error, "options")
        && worked(rediscluster_options_set(*options, "startup_nodes", argv[1], &error), &error, argv[1]);
    for (int i = 3; i < argc && good; i++) {
        char name[64];
        const char *value = strchr(argv[i], '=');
        snprintf(name, sizeof name, "%.*s", (int)strcspn(argv[i], "="), argv[i]);
        good = worked(rediscluster_options_set(*options, name, value != NULL ? value + 1 : "", &error), &error, name);
    }
    if (good && password != NULL)
        good = worked(rediscluster_options_set(*options, "password", password, &error), &error, "password");
    if (good && key_password != NULL)
        good = worked(rediscluster_options_set(*options, "ssl_password", key_password, &error), &error, "ssl_password");
    return good;
}

/* ---- the callbacks -------------------------------------------------------------------------- */

/* What the callbacks work with. The library calls them from every thread that is inside it: hence the lock. */
struct network {
    char address[TEXT]; /* where all nodes really are */
    pthread_mutex_t lock;
    int translated, resolved;
    bool destroyed;
};

static void count(struct network *network, int *number)
{
    pthread_mutex_lock(&network->lock);
    *number += 1;
    pthread_mutex_unlock(&network->lock);
}

/* host and port are what a server announced. To leave an address as it is, do not call the sink. */
static void translate(void *user_data, const char *host, uint16_t port, rediscluster_address_sink sink, void *sink_data)
{
    struct network *network = user_data;
    char name[64];

    (void)host;
    snprintf(name, sizeof name, "node-%u%s", (unsigned)port, domain);
    if (sink(sink_data, name, port) == REDISCLUSTER_OK)
        count(network, &network->translated);
}

/*
 * In place of the system's resolver, at each dial of a name; numeric hosts never come here. A program would ask its
 * directory of services; here every name is the one machine. Without a call of the sink a name is unknown.
 */
static void resolve(void *user_data, const char *name, rediscluster_ip_sink sink, void *sink_data)
{
    struct network *network = user_data;

    (void)name;
    if (sink(sink_data, network->address) == REDISCLUSTER_OK)
        count(network, &network->resolved);
}

/* The last pool and the last options that could call a callback are gone. */
static void destroy(void *user_data)
{
    struct network *network = user_data;
    network->destroyed = true;
}

/* ---- using the cluster ---------------------------------------------------------------------- */

/* Every node of the topology: announced at the one address, dialled at the other. */
static bool show_addresses(rediscluster_pool *pool, const char *announced, const char *dialled)
{
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;

    bool good = worked(rediscluster_pool_topology(pool, &topology, &error), &error, "the topology");
    for (size_t i = 0; i < rediscluster_topology_node_count(topology) && good; i++) {
        const rediscluster_node *node = rediscluster_topology_node(topology, i);
        printf("  announced %s:%d, dialled %s\n", rediscluster_node_announced_host(node),
               (int)rediscluster_node_announced_port(node), rediscluster_node_address(node));
        good = holds(strcmp(rediscluster_node_announced_host(node), announced) == 0, "a node shows what it announces")
            && holds(strstr(rediscluster_node_host(node), dialled) != NULL, "and where it is dialled");
    }
    rediscluster_topology_free(topology);
    return good;
}

/* A key is written, read and deleted by a connection to the other address. */
static bool use_key(rediscluster_pool *pool, const char *dialled)
{
    rediscluster_connection *connection = NULL;
    rediscluster_reply *replies[3] = {NULL, NULL, NULL};
    rediscluster_error *error = NULL;

    bool good = worked(rediscluster_pool_get_by_key(pool, (const uint8_t *)key, strlen(key), REDISCLUSTER_WRITE,
                                                    REDISCLUSTER_TIMEOUT_DEFAULT, &connection, &error),
                       &error, "a connection by key")
        && holds(strstr(rediscluster_connection_node(connection), dialled) != NULL, "the connection is to the other address")
        && (replies[0] = ask(connection, REDISCLUSTER_ARGS("SET", key, "reached", "EX", "60"))) != NULL
        && (replies[1] = ask(connection, REDISCLUSTER_ARGS("GET", key))) != NULL
        && (replies[2] = ask(connection, REDISCLUSTER_ARGS("DEL", key))) != NULL;
    for (size_t i = 0; i < 3 && good; i++)
        good = worked(rediscluster_reply_check(replies[i], &error), &error, "the key");
    if (good) {
        const char *value = (const char *)rediscluster_reply_bytes(replies[1], NULL);
        good = holds(value != NULL && strcmp(value, "reached") == 0, "the key holds what was written");
    }
    for (size_t i = 0; i < 3; i++)
        rediscluster_reply_free(replies[i]);
    if (connection != NULL)
        rediscluster_connection_release(connection, NULL);
    return good;
}

/* "MOVED 12182 10.0.0.1:7002": the slot, and the node as the server announces it. */
static bool parse_moved(const rediscluster_reply *reply, int *slot, char node[TEXT])
{
    const char *text = (const char *)rediscluster_reply_bytes(reply, NULL);
    return rediscluster_reply_kind(reply) == REDISCLUSTER_REPLY_ERROR && sscanf(text, "MOVED %d %255s", slot, node) == 2;
}

/*
 * A redirect names the announced address as well. The node of the key's slot is asked for a key that lives elsewhere;
 * the pool takes what its MOVED says, and so does ask(), and both go to the other address.
 */
static bool show_redirect(rediscluster_pool *pool, const char *dialled)
{
    const int32_t own = rediscluster_key_slot((const uint8_t *)key, strlen(key));
    rediscluster_topology *topology = NULL;
    rediscluster_connection *wrong = NULL, *right = NULL;
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    const rediscluster_node *other = NULL;
    char node[TEXT];
    int slot = -1;

    bool good = worked(rediscluster_pool_topology(pool, &topology, &error), &error, "the topology");
    for (int32_t at = 0; at < 16384 && other == NULL && good; at++)
        if (rediscluster_topology_slot_node(topology, at, 0) != rediscluster_topology_slot_node(topology, own, 0))
            other = rediscluster_topology_slot_node(topology, at, 0);
    if (good && other != NULL)
        good = worked(rediscluster_pool_get_by_node(pool, rediscluster_node_address(other), REDISCLUSTER_TIMEOUT_DEFAULT,
                                                    &wrong, &error),
                      &error, "a connection by node")
            && (reply = ask(wrong, REDISCLUSTER_ARGS("GET", key))) != NULL
            && holds(parse_moved(reply, &slot, node), "a node that does not serve the slot answers MOVED")
            && worked(rediscluster_pool_moved(pool, slot, node, &error), &error, "moved")
            && worked(rediscluster_pool_ask(pool, node, REDISCLUSTER_TIMEOUT_DEFAULT, &right, &error), &error, "ask")
            && holds(strstr(rediscluster_connection_node(right), dialled) != NULL, "a redirect is translated");
    if (good && right != NULL)
        printf("  MOVED to %s is followed to %s\n", node, rediscluster_connection_node(right));
    rediscluster_reply_free(reply);
    if (right != NULL)
        rediscluster_connection_release(right, NULL);
    if (wrong != NULL)
        rediscluster_connection_release(wrong, NULL);
    rediscluster_topology_free(topology);
    return good;
}

/* The whole of it on a pool of these options. */
static bool use(const rediscluster_options *options, const char *announced, const char *dialled)
{
    rediscluster_pool *pool = NULL;
    rediscluster_error *error = NULL;

    const bool good = worked(rediscluster_pool_new(options, &pool, &error), &error, "the pool")
        && show_addresses(pool, announced, dialled)
        && use_key(pool, dialled)
        && show_redirect(pool, dialled);
    rediscluster_pool_free(pool);
    return good;
}

/* ---- the three ways ------------------------------------------------------------------------- */

/* What the nodes announce: the host of the first, which is that of all in this example. */
static bool find_announced(const rediscluster_options *common, char announced[TEXT])
{
    rediscluster_pool *pool = NULL;
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;

    const bool good = worked(rediscluster_pool_new(common, &pool, &error), &error, "the pool")
        && worked(rediscluster_pool_topology(pool, &topology, &error), &error, "the topology")
        && snprintf(announced, TEXT, "%s",
                    rediscluster_node_announced_host(rediscluster_topology_node(topology, 0))) < TEXT
        && holds(announced[0] != '\0', "the first node announces a host");
    rediscluster_topology_free(topology);
    rediscluster_pool_free(pool);
    return good;
}

/* A rule: from_host:from_port=to_host:to_port, either part of it alone, several parted by commas. */
static bool by_rule(const rediscluster_options *common, const char *announced, const char *host)
{
    rediscluster_options *options = NULL;
    rediscluster_error *error = NULL;
    char rule[2 * TEXT + 8];

    /* An IPv6 address stands in brackets. */
    const char *const form[] = {"%s=%s", "[%s]=%s", "%s=[%s]", "[%s]=[%s]"};
    snprintf(rule, sizeof rule, form[(strchr(announced, ':') != NULL) + 2 * (strchr(host, ':') != NULL)], announced, host);
    printf("by the rule %s:\n", rule);
    const bool good = worked(rediscluster_options_clone(common, &options, &error), &error, "options")
        && worked(rediscluster_options_set(options, "host_port_remap", rule, &error), &error, "host_port_remap")
        && use(options, announced, host);
    rediscluster_options_free(options);
    return good;
}

static bool by_callbacks(const rediscluster_options *common, const char *announced)
{
    struct network network = {.translated = 0, .resolved = 0, .destroyed = false};
    rediscluster_options *options = NULL;
    rediscluster_error *error = NULL;

    snprintf(network.address, sizeof network.address, "%s", announced);
    if (pthread_mutex_init(&network.lock, NULL) != 0)
        return holds(false, "there is a mutex");
    printf("by callbacks:\n");
    bool good = worked(rediscluster_options_clone(common, &options, &error), &error, "options")
        && worked(rediscluster_options_set_translate(options, translate, &network, destroy, &error), &error, "translate")
        && worked(rediscluster_options_set_resolve(options, resolve, &network, NULL, &error), &error, "resolve")
        && use(options, announced, domain)
        && holds(network.translated > 0 && network.resolved > 0, "the callbacks are asked");
    rediscluster_options_free(options);
    /* Nothing can call them any more: what they work with may go. */
    if (good) {
        printf("  %d addresses translated, %d names resolved\n", network.translated, network.resolved);
        good = holds(network.destroyed, "user_data is given back");
    }
    pthread_mutex_destroy(&network.lock);
    return good;
}

int main(int argc, char **argv)
{
    rediscluster_options *common = NULL;
    char announced[TEXT];

    if (argc < 3 || argv[1][0] == '-' || strchr(argv[2], '=') != NULL) {
        fprintf(stderr, "usage: remap host:port[,host:port...] HOST [option=value...]\n");
        return 2;
    }
    const bool good = common_options(argc, argv, &common)
        && find_announced(common, announced)
        && by_rule(common, announced, argv[2])
        && by_callbacks(common, announced);
    rediscluster_options_free(common);
    return good ? 0 : 1;
}
