/*
 * Passwords that change while connections live: a callback gives the password of the moment, and when it is replaced
 * the pool is told, so that no connection is lost.
 *
 *     rotate_credentials host:port[,host:port...] [option=value...]
 *
 * The options are those of an administrator, who may do +acl on every node: username=NAME, ssl=yes and so on, as in
 * docs/options.md. Passwords come from the environment: REDISCLUSTER_PASSWORD, and REDISCLUSTER_KEY_PASSWORD for
 * ssl_password. The program makes a user of its own on every node, rotates its password, and deletes it.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rediscluster.h>

enum { PASSWORD = 33, TEXT = 64 };

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

/* ---- where passwords come from -------------------------------------------------------------- */

/* The program's safe: it has a user and the password of the moment. A real one would ask a service for a token. */
struct safe {
    pthread_mutex_t lock;
    char user[TEXT], password[PASSWORD];
    int asked;
};

/* Asked at each dial, by every thread that dials: hence the lock. Answers before it returns. */
static void credentials(void *user_data, const char *node, rediscluster_credentials_sink sink, void *sink_data)
{
    struct safe *safe = user_data;

    (void)node;
    pthread_mutex_lock(&safe->lock);
    safe->asked++;
    sink(sink_data, safe->user, safe->password);
    pthread_mutex_unlock(&safe->lock);
}

static void replace(struct safe *safe, const char *password)
{
    pthread_mutex_lock(&safe->lock);
    snprintf(safe->password, sizeof safe->password, "%s", password);
    pthread_mutex_unlock(&safe->lock);
}

/* How often the library has asked so far. */
static int asked(struct safe *safe)
{
    pthread_mutex_lock(&safe->lock);
    const int times = safe->asked;
    pthread_mutex_unlock(&safe->lock);
    return times;
}

/* 128 bits that nobody can guess, as 32 digits. */
static bool new_password(char password[PASSWORD])
{
    unsigned char random[16];
    FILE *source = fopen("/dev/urandom", "rb");
    const bool good = source != NULL && fread(random, sizeof random, 1, source) == 1;

    for (size_t i = 0; i < sizeof random && good; i++)
        snprintf(password + 2 * i, 3, "%02x", random[i]);
    if (source != NULL)
        fclose(source);
    return holds(good, "/dev/urandom can be read");
}

/* ---- the administrator ---------------------------------------------------------------------- */

/* The options on the command line, and passwords from the environment. */
static bool common_options(int argc, char **argv, rediscluster_options **options)
{
    const char *password = getenv("REDISCLUSTER_PASSWORD"), *key_password = getenv("REDISCLUSTER_KEY_PASSWORD");
    rediscluster_error *error = NULL;

    bool good = worked(rediscluster_options_new(options, &error), &error, "options")
        && worked(rediscluster_options_set(*options, "startup_nodes", argv[1], &error), &error, argv[1]);
    for (int i = 2; i < argc && good; i++) {
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

/*
 * One command on every node, replicas included: ACL lists are each node's own, and nothing copies them. A node that
 * fails does not keep the others from being asked.
 */
static bool on_every_node(rediscluster_pool *administrator, size_t argc, const char *const *argv, const size_t *argvlen)
{
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;

    bool good = worked(rediscluster_pool_topology(administrator, &topology, &error), &error, "the topology");
    for (size_t i = 0; i < rediscluster_topology_node_count(topology); i++) {
        const char *node = rediscluster_node_address(rediscluster_topology_node(topology, i));
        rediscluster_connection *connection = NULL;
        rediscluster_reply *reply = NULL;
        good = worked(rediscluster_pool_get_by_node(administrator, node, REDISCLUSTER_TIMEOUT_DEFAULT, &connection, &error),
                      &error, node)
            && (reply = ask(connection, argc, argv, argvlen)) != NULL && good;
        rediscluster_reply_free(reply);
        if (connection != NULL)
            rediscluster_connection_release(connection, NULL);
    }
    rediscluster_topology_free(topology);
    return good;
}

/* ACL SETUSER with one rule that is a password behind a sign: '>' adds it, '<' removes it. */
static bool change_password(rediscluster_pool *administrator, const char *user, char sign, const char *password)
{
    char rule[PASSWORD + 1];

    snprintf(rule, sizeof rule, "%c%s", sign, password);
    return on_every_node(administrator, REDISCLUSTER_ARGS("ACL", "SETUSER", user, rule));
}

static bool make_user(rediscluster_pool *administrator, const char *user, const char *password)
{
    char rule[PASSWORD + 1];

    /* What a connection's handshake and this program use; a get by slot needs the topology. */
    snprintf(rule, sizeof rule, ">%s", password);
    return on_every_node(administrator,
                         REDISCLUSTER_ARGS("ACL", "SETUSER", user, "reset", "on", rule, "+@connection", "+cluster|slots",
                                           "+cluster|shards", "+cluster|nodes", "+readonly", "+acl|whoami"));
}

/* ---- the program that is not to notice ------------------------------------------------------ */

static rediscluster_connection *get(rediscluster_pool *pool)
{
    rediscluster_connection *connection = NULL;
    rediscluster_error *error = NULL;

    worked(rediscluster_pool_get_by_slot(pool, 0, REDISCLUSTER_WRITE, REDISCLUSTER_TIMEOUT_DEFAULT, &connection, &error),
           &error, "a connection by slot");
    return connection;
}

/* The number that the server gave the connection, which ends with it; -1, already shown, if it is of no use. */
static int64_t client_id(rediscluster_connection *connection, const char *user)
{
    rediscluster_reply *who = ask(connection, REDISCLUSTER_ARGS("ACL", "WHOAMI"));
    rediscluster_reply *id = who != NULL ? ask(connection, REDISCLUSTER_ARGS("CLIENT", "ID")) : NULL;
    int64_t number = -1;

    if (id != NULL) {
        const char *name = (const char *)rediscluster_reply_bytes(who, NULL);
        if (holds(name != NULL && strcmp(name, user) == 0, "the connection is the user's"))
            number = rediscluster_reply_integer(id);
    }
    rediscluster_reply_free(id);
    rediscluster_reply_free(who);
    return number;
}

/* A pool of the user's: what the administrator's options say, but for the credentials. */
static rediscluster_pool *open_pool(const rediscluster_options *common, struct safe *safe)
{
    rediscluster_options *options = NULL;
    rediscluster_pool *pool = NULL;
    rediscluster_error *error = NULL;

    if (worked(rediscluster_options_clone(common, &options, &error), &error, "options")
        && worked(rediscluster_options_set_credentials(options, credentials, safe, NULL, &error), &error, "credentials"))
        worked(rediscluster_pool_new(options, &pool, &error), &error, "the user's pool");
    rediscluster_options_free(options);
    return pool;
}

/*
 * The rotation, in the order that loses nothing: the servers take both passwords; the program uses the new one, also
 * for connections that are there; the servers forget the old one.
 */
static bool rotate(rediscluster_pool *administrator, rediscluster_pool *pool, struct safe *safe)
{
    char old[PASSWORD], next[PASSWORD];
    rediscluster_error *error = NULL;

    snprintf(old, sizeof old, "%s", safe->password);
    if (!new_password(next) || !change_password(administrator, safe->user, '>', next))
        return false;
    replace(safe, next);
    return worked(rediscluster_pool_update_credentials(pool, safe->user, next, &error), &error, "update_credentials")
        && change_password(administrator, safe->user, '<', old);
}

/* The old password opens nothing any more. */
static bool old_is_refused(const rediscluster_options *common, const char *user, const char *password)
{
    rediscluster_options *options = NULL;
    rediscluster_pool *pool = NULL;
    rediscluster_error *error = NULL;

    bool good = worked(rediscluster_options_clone(common, &options, &error), &error, "options")
        && worked(rediscluster_options_set(options, "username", user, &error), &error, "username")
        && worked(rediscluster_options_set(options, "password", password, &error), &error, "password");
    if (good) {
        const rediscluster_status status = rediscluster_pool_new(options, &pool, &error);
        printf("the old password: %s\n", rediscluster_status_name(status));
        good = holds(status == REDISCLUSTER_ERROR_AUTH, "the old password is refused");
    }
    rediscluster_error_free(error);
    rediscluster_pool_free(pool);
    rediscluster_options_free(options);
    return good;
}

/* One connection is in use during the rotation, one waits in the pool. Both are the same afterwards. */
static bool live_through(rediscluster_pool *administrator, rediscluster_pool *pool, struct safe *safe)
{
    rediscluster_connection *used = get(pool), *idle = get(pool);
    bool good = used != NULL && idle != NULL;
    const int64_t used_before = good ? client_id(used, safe->user) : -1;
    const int64_t idle_before = good ? client_id(idle, safe->user) : -1;

    if (idle != NULL)
        rediscluster_connection_release(idle, NULL);
    const int before = asked(safe);
    good = good && used_before >= 0 && idle_before >= 0 && rotate(administrator, pool, safe);

    /* The idle one has logged in anew by now; the one in use goes on, and does so when it is next given out. */
    idle = good ? get(pool) : NULL;
    const int64_t idle_after = idle != NULL ? client_id(idle, safe->user) : -1;
    const int64_t used_during = good ? client_id(used, safe->user) : -1;
    if (used != NULL)
        rediscluster_connection_release(used, NULL);
    used = good ? get(pool) : NULL;
    const int64_t used_after = used != NULL ? client_id(used, safe->user) : -1;
    if (good) {
        printf("in use: client %lld before, %lld at once, %lld when it was given out again\n", (long long)used_before,
               (long long)used_during, (long long)used_after);
        printf("idle: client %lld before, %lld after\n", (long long)idle_before, (long long)idle_after);
        good = holds(idle_after == idle_before, "an idle connection stays")
            && holds(used_during == used_before && used_after == used_before, "a connection in use stays")
            && holds(asked(safe) == before, "nothing was dialled");
    }
    if (used != NULL)
        rediscluster_connection_release(used, NULL);
    if (idle != NULL)
        rediscluster_connection_release(idle, NULL);
    return good;
}

/* A connection that is made now logs in by what the callback says now. */
static bool dial_anew(rediscluster_pool *pool, struct safe *safe)
{
    rediscluster_error *error = NULL;
    const int before = asked(safe);

    if (!worked(rediscluster_pool_disconnect(pool, &error), &error, "disconnect"))
        return false;
    rediscluster_connection *connection = get(pool);
    const int64_t id = connection != NULL ? client_id(connection, safe->user) : -1;
    if (connection != NULL)
        rediscluster_connection_release(connection, NULL);
    printf("a new connection: client %lld; the callback was asked %d times in all\n", (long long)id, asked(safe));
    return id >= 0 && holds(asked(safe) > before, "the callback is asked at each dial");
}

int main(int argc, char **argv)
{
    struct safe safe = {.asked = 0};
    char first[PASSWORD];
    rediscluster_options *common = NULL;
    rediscluster_pool *administrator = NULL, *pool = NULL;
    rediscluster_error *error = NULL;
    bool made = false;

    if (argc < 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: rotate_credentials host:port[,host:port...] [option=value...]\n");
        return 2;
    }
    if (pthread_mutex_init(&safe.lock, NULL) != 0)
        return 1;
    /* The process id keeps two of this program on one cluster apart. */
    snprintf(safe.user, sizeof safe.user, "example-rotate-%ld", (long)getpid());
    bool good = new_password(first);
    replace(&safe, first);
    good = good && common_options(argc, argv, &common)
        && worked(rediscluster_pool_new(common, &administrator, &error), &error, "the administrator's pool")
        && (made = true)
        && make_user(administrator, safe.user, first)
        && (pool = open_pool(common, &safe)) != NULL
        && live_through(administrator, pool, &safe)
        && old_is_refused(common, safe.user, first)
        && dial_anew(pool, &safe);
    rediscluster_pool_free(pool);
    /* Half made or whole, the user goes. */
    if (made)
        good = on_every_node(administrator, REDISCLUSTER_ARGS("ACL", "DELUSER", safe.user)) && good;

    rediscluster_pool_free(administrator);
    rediscluster_options_free(common);
    pthread_mutex_destroy(&safe.lock);
    return good ? 0 : 1;
}
