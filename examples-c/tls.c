/*
 * TLS: the program checks the servers, shows them its own certificate, whose key is encrypted, and logs in as an ACL
 * user. Once with options by name, once with a rediss:// URL. The certificates are read again while the pool is used.
 *
 *     REDISCLUSTER_PASSWORD=... REDISCLUSTER_KEY_PASSWORD=... tls host:port[,host:port...] FOLDER USER
 *
 * FOLDER holds ca.pem (the authority that signed the servers' certificates), client.pem and client-encrypted.key, all
 * PEM. The servers demand certificates (tls-auth-clients yes). USER may do +acl|whoami +info +client|id.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rediscluster.h>

enum { TEXT = 1024 };

struct settings {
    const char *nodes, *user, *password, *key_password;
    char authority[TEXT], certificate[TEXT], key[TEXT];
};

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

/* Sends one command and hands out its reply; NULL, already shown, if it failed or the server refused it. */
static rediscluster_reply *ask(rediscluster_connection *connection, size_t argc, const char *const *argv,
                               const size_t *argvlen)
{
    rediscluster_command *command = NULL;
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;

    const bool good = worked(rediscluster_command_from_argv(argc, argv, argvlen, &command, &error), &error, argv[0])
        && worked(rediscluster_connection_command(connection, command, REDISCLUSTER_TIMEOUT_DEFAULT, &reply, &error),
                  &error, argv[0])
        && worked(rediscluster_reply_check(reply, &error), &error, argv[0]);
    rediscluster_command_free(command);
    if (good)
        return reply;
    rediscluster_reply_free(reply);
    return NULL;
}

/* ---- two ways to say the same --------------------------------------------------------------- */

static bool set(rediscluster_options *options, const char *name, const char *value)
{
    rediscluster_error *error = NULL;
    return worked(rediscluster_options_set(options, name, value, &error), &error, name);
}

static bool by_options(const struct settings *settings, rediscluster_options **options)
{
    rediscluster_error *error = NULL;

    /* Servers are checked unless ssl_cert_reqs says otherwise: authority, dates, and the host that is dialled. */
    return worked(rediscluster_options_new(options, &error), &error, "options")
        && set(*options, "startup_nodes", settings->nodes)
        && set(*options, "ssl", "yes")
        && set(*options, "ssl_ca_certs", settings->authority)
        && set(*options, "ssl_certfile", settings->certificate)
        && set(*options, "ssl_keyfile", settings->key)
        && set(*options, "ssl_password", settings->key_password)
        && set(*options, "username", settings->user)
        && set(*options, "password", settings->password);
}

/* Appends a text to a URL: whatever is not a letter, a digit or one of -._~ as %XX. False if it does not fit. */
static bool encode(char *url, size_t size, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    size_t used = strlen(url);

    for (; *text != '\0' && used + 4 <= size; text++) {
        if (strchr(plain, *text) != NULL)
            used += (size_t)snprintf(url + used, size - used, "%c", *text);
        else
            used += (size_t)snprintf(url + used, size - used, "%%%02X", (unsigned)(unsigned char)*text);
    }
    return *text == '\0';
}

/* Appends a part of a URL as it is, "&ssl_keyfile=", and a text behind it. */
static bool add(char *url, size_t size, const char *front, const char *value)
{
    const size_t used = strlen(url);
    return (size_t)snprintf(url + used, size - used, "%s", front) < size - used && encode(url, size, value);
}

/* rediss:// is ssl=yes. A password is better kept out of a configuration file that holds such a URL: set it by name. */
static bool by_url(const struct settings *settings, rediscluster_options **options)
{
    char url[8 * TEXT] = "rediss://";
    rediscluster_error *error = NULL;

    const bool fits = encode(url, sizeof url, settings->user)
        && add(url, sizeof url, ":", settings->password)
        && add(url, sizeof url, "@", "")
        && add(url, sizeof url, settings->nodes, "")
        && add(url, sizeof url, "/?ssl_ca_certs=", settings->authority)
        && add(url, sizeof url, "&ssl_certfile=", settings->certificate)
        && add(url, sizeof url, "&ssl_keyfile=", settings->key)
        && add(url, sizeof url, "&ssl_password=", settings->key_password);
    return holds(fits, "the URL fits its place")
        && worked(rediscluster_options_from_url(url, options, &error), &error, "the URL");
}

/* ---- what there is behind it ---------------------------------------------------------------- */

static void show_version(const char *node, const char *role, const char *user, const char *info)
{
    const char *version = strstr(info, "redis_version:");

    version = version != NULL ? version + strlen("redis_version:") : "?";
    printf("  %s  %s  version %.*s  as %s\n", node, role, (int)strcspn(version, "\r\n"), version, user);
}

/* Asks one node who the program is there, and which server it is. */
static bool show_node(rediscluster_pool *pool, const rediscluster_node *node, const char *user)
{
    const char *address = rediscluster_node_address(node);
    const char *role = rediscluster_node_role(node) == REDISCLUSTER_ROLE_PRIMARY ? "primary" : "replica";
    rediscluster_connection *connection = NULL;
    rediscluster_reply *who = NULL, *info = NULL;
    rediscluster_error *error = NULL;
    bool good = false;

    if (worked(rediscluster_pool_get_by_node(pool, address, REDISCLUSTER_TIMEOUT_DEFAULT, &connection, &error), &error,
               address)
        && (who = ask(connection, REDISCLUSTER_ARGS("ACL", "WHOAMI"))) != NULL
        && (info = ask(connection, REDISCLUSTER_ARGS("INFO", "server"))) != NULL) {
        const char *name = (const char *)rediscluster_reply_bytes(who, NULL);
        const char *text = (const char *)rediscluster_reply_bytes(info, NULL);
        good = holds(name != NULL && strcmp(name, user) == 0, "the node knows the program by its user")
            && holds(text != NULL, "INFO is a text");
        if (good)
            show_version(address, role, name, text);
    }
    rediscluster_reply_free(info);
    rediscluster_reply_free(who);
    if (connection != NULL)
        rediscluster_connection_release(connection, NULL);
    return good;
}

static bool show_nodes(rediscluster_pool *pool, const char *user)
{
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;

    bool good = worked(rediscluster_pool_topology(pool, &topology, &error), &error, "the topology")
        && holds(rediscluster_topology_node_count(topology) > 0, "there are nodes");
    for (size_t i = 0; i < rediscluster_topology_node_count(topology) && good; i++)
        good = show_node(pool, rediscluster_topology_node(topology, i), user);
    rediscluster_topology_free(topology);
    return good;
}

/* The number that the node of slot 0 gave the connection; -1, already shown, if there is none to be had. */
static int64_t client_id(rediscluster_pool *pool)
{
    rediscluster_connection *connection = NULL;
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    int64_t id = -1;

    if (worked(rediscluster_pool_get_by_slot(pool, 0, REDISCLUSTER_WRITE, REDISCLUSTER_TIMEOUT_DEFAULT, &connection,
                                             &error),
               &error, "a connection by slot")
        && (reply = ask(connection, REDISCLUSTER_ARGS("CLIENT", "ID"))) != NULL)
        id = rediscluster_reply_integer(reply);
    rediscluster_reply_free(reply);
    if (connection != NULL)
        rediscluster_connection_release(connection, NULL);
    return id;
}

/* After certificates were renewed: the files are read again. Connections that are open stay, until they are closed. */
static bool reload(rediscluster_pool *pool)
{
    rediscluster_error *error = NULL;

    const int64_t before = client_id(pool);
    if (before < 0 || !worked(rediscluster_pool_reload_tls(pool, &error), &error, "reload_tls"))
        return false;
    const int64_t after = client_id(pool);
    if (after < 0 || !worked(rediscluster_pool_disconnect(pool, &error), &error, "disconnect"))
        return false;
    const int64_t anew = client_id(pool);
    printf("client %lld; %lld after reload_tls; %lld after disconnect\n", (long long)before, (long long)after,
           (long long)anew);
    return holds(after == before, "an open connection stays") && holds(anew > after, "a new one is made afterwards");
}

static bool use(rediscluster_options *options, const char *user, const char *how)
{
    rediscluster_pool *pool = NULL;
    rediscluster_error *error = NULL;

    printf("%s:\n", how);
    const bool good = worked(rediscluster_pool_new(options, &pool, &error), &error, "the pool")
        && show_nodes(pool, user)
        && reload(pool);
    rediscluster_pool_free(pool);
    return good;
}

/* ---- what a mistake gets -------------------------------------------------------------------- */

/* Makes a pool with one or two options changed, which must fail with this status, and shows what it says. */
static bool refused(const rediscluster_options *right, const char *name, const char *value, const char *name2,
                    const char *value2, rediscluster_status expected)
{
    rediscluster_options *options = NULL;
    rediscluster_pool *pool = NULL;
    rediscluster_error *error = NULL;

    bool good = worked(rediscluster_options_clone(right, &options, &error), &error, "options")
        && set(options, name, value)
        && (name2 == NULL || set(options, name2, value2));
    if (good) {
        const rediscluster_status status = rediscluster_pool_new(options, &pool, &error);
        /* Where every node was tried, what the first one said is enough here. */
        const rediscluster_attempt *attempt = rediscluster_error_attempt(error, 0);
        printf("%s=%s: %s: %s\n", name, value, rediscluster_status_name(status),
               attempt != NULL ? rediscluster_attempt_cause(attempt) : rediscluster_error_message(error));
        good = holds(status == expected, "it is refused, and the status says why");
    }
    rediscluster_error_free(error);
    rediscluster_pool_free(pool);
    rediscluster_options_free(options);
    return good;
}

static bool show_mistakes(const rediscluster_options *right)
{
    return refused(right, "ssl_password", "not the password", NULL, NULL, REDISCLUSTER_ERROR_CONFIG)
        && refused(right, "ssl_certfile", "", "ssl_keyfile", "", REDISCLUSTER_ERROR_TLS)
        && refused(right, "ssl_server_name", "elsewhere.example", NULL, NULL, REDISCLUSTER_ERROR_TLS)
        && refused(right, "password", "not the password", NULL, NULL, REDISCLUSTER_ERROR_AUTH);
}

int main(int argc, char **argv)
{
    struct settings settings;
    rediscluster_options *options = NULL, *from_url = NULL;

    if (argc != 4 || getenv("REDISCLUSTER_PASSWORD") == NULL || getenv("REDISCLUSTER_KEY_PASSWORD") == NULL) {
        fprintf(stderr, "usage: REDISCLUSTER_PASSWORD=... REDISCLUSTER_KEY_PASSWORD=... "
                        "tls host:port[,host:port...] FOLDER USER\n"
                        "FOLDER holds ca.pem, client.pem, client-encrypted.key\n");
        return 2;
    }
    settings.nodes = argv[1];
    settings.user = argv[3];
    settings.password = getenv("REDISCLUSTER_PASSWORD");
    settings.key_password = getenv("REDISCLUSTER_KEY_PASSWORD");
    const bool fits = snprintf(settings.authority, TEXT, "%s/ca.pem", argv[2]) < TEXT
        && snprintf(settings.certificate, TEXT, "%s/client.pem", argv[2]) < TEXT
        && snprintf(settings.key, TEXT, "%s/client-encrypted.key", argv[2]) < TEXT;

    const bool good = holds(fits, "the names of the files fit their places")
        && by_options(&settings, &options)
        && use(options, settings.user, "by options")
        && by_url(&settings, &from_url)
        && use(from_url, settings.user, "by URL")
        && show_mistakes(options);

    rediscluster_options_free(from_url);
    rediscluster_options_free(options);
    return good ? 0 : 1;
}
