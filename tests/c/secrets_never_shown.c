/* No password, key, argument or value stands in an error, its attempts, a log line of any level or what options_get gives:
 * over wrong passwords, servers that repeat what they were sent, broken replies, timeouts and bad options; nor one that a
 * callback gave or that came later, nor what opens or stands in a key's file. */
#define _POSIX_C_SOURCE 200809L

#include "certificates.h"
#include "commands.h"
#include "fake_node.h"
#include "options.h"
#include "pools.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET "hunter2"

static int lines, levels[8];
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void clean(const char *text)
{
    if (strstr(text, SECRET) != NULL)
        check_fail(__FILE__, __LINE__, "shown: %s", text);
}

static void take_line(void *user_data, rediscluster_log_level level, const char *message)
{
    CHECK(user_data == &lines);
    clean(message);
    CHECK(strlen(message) > 0 && strchr(message, '\n') == NULL);
    pthread_mutex_lock(&turn);
    lines++;
    levels[level]++;
    pthread_mutex_unlock(&turn);
}

static void clean_error(rediscluster_error *error)
{
    CHECK(error != NULL);
    clean(rediscluster_error_message(error));
    clean(rediscluster_error_node(error));
    clean(rediscluster_error_server_code(error));
    for (size_t i = 0; i < rediscluster_error_attempt_count(error); i++) {
        clean(rediscluster_attempt_node(rediscluster_error_attempt(error, i)));
        clean(rediscluster_attempt_cause(rediscluster_error_attempt(error, i)));
    }
    rediscluster_error_free(error);
}

static rediscluster_options *logged(fake_node *fake, const char *name, const char *value)
{
    rediscluster_options *options =
        options_of(fake_node_address(fake, 1), "password", SECRET, "username", "app", "socket_timeout",
                   "300", name, value, NULL);
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_options_set_log(options, take_line, &lines, NULL, &error), error);
    for (size_t i = 0; i < rediscluster_options_count(); i++)
        clean(rediscluster_options_get(options, rediscluster_options_name(i)));
    CHECK_STR(rediscluster_options_get(options, "password"), "***");
    return options;
}

/* The pool is refused by a server that answers the first words so. */
static void refused(const char *rule, int32_t status)
{
    char script[300];
    fake_node *fake;
    const char *protocols[] = {"auto", "2", "3"};
    strcpy(script, "node 1\n");
    strcat(script, rule);
    strcat(script, "\nhandshake\ntopology 0-16383=1");
    fake = fake_node_start(script);
    for (int i = 0; i < 3; i++) {
        rediscluster_options *options = logged(fake, "protocol", protocols[i]);
        rediscluster_pool *pool = NULL;
        rediscluster_error *error = NULL;
        rediscluster_status got = rediscluster_pool_new(options, &pool, &error);
        CHECK(pool == NULL);
        if (status != REDISCLUSTER_OK)
            CHECK_INT(got, status);
        clean_error(error);
        rediscluster_options_free(options);
    }
    fake_node_stop(fake);
}

static void in_use(void)
{
    const char *troubles[] = {"rubbish", "close", "hang", "two", "half"};
    fake_node *fake = fake_node_start(
        "node 1\n"
        "on GET rubbish* => send \"" SECRET "\\r\\n\"\n"
        "on GET close* => send \"$30\\r\\n" SECRET "\"; close\n"
        "on GET hang* => hang\n"
        "on GET two* => bulk " SECRET "; bulk " SECRET "\n"
        "on GET half* => send \"*2\\r\\n$7\\r\\n" SECRET "\\r\\n!x\\r\\n\"\n"
        "on GET echo* => error \"ERR unknown command 'GET', with args beginning with: '$arg1'\"\n"
        "handshake\nstore\ntopology 0-16383=1");
    rediscluster_options *options = logged(fake, "topology_refresh_min_interval", "0");
    rediscluster_pool *pool = NULL;
    rediscluster_connection *connection, *none = NULL;
    rediscluster_error *error = NULL;
    rediscluster_reply *reply;
    CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
    rediscluster_options_free(options);
    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        char key[64];
        rediscluster_command *command;
        strcpy(key, troubles[i]);
        strcat(key, SECRET);
        connection = take_slot(pool, 0, -2);
        command = command_of("GET", key, NULL);
        CHECK(rediscluster_connection_command(connection, command, 100, &reply, &error) != REDISCLUSTER_OK);
        clean_error(error);
        error = NULL;
        /* The next call on it tells why it is broken. */
        CHECK(rediscluster_connection_command(connection, command, 100, &reply, &error) != REDISCLUSTER_OK);
        clean_error(error);
        error = NULL;
        rediscluster_command_free(command);
        give_back(connection);
    }
    /* A name of a command that holds one is cut, or not told; the server's repetition is left out. */
    connection = take_slot(pool, 0, -2);
    reply = ask(connection, "GET", "echo" SECRET, NULL);
    CHECK_FAILS(rediscluster_reply_check(reply, &error), REDISCLUSTER_ERROR_SERVER, error);
    clean_error(error);
    error = NULL;
    rediscluster_reply_free(reply);
    give_back(connection);
    fake_node_control(fake, "kill 1");
    CHECK(rediscluster_pool_get_by_key(pool, (const uint8_t *)SECRET, 7, REDISCLUSTER_READ, 200, &none, &error)
          != REDISCLUSTER_OK);
    clean_error(error);
    error = NULL;
    CHECK(rediscluster_pool_refresh(pool, 200, &error) != REDISCLUSTER_OK);
    clean_error(error);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

static void bad_options(void)
{
    const char *urls[] = {
        "redis://app:" SECRET "@host:70000",       "redis://app:" SECRET "@",
        "redis://app:" SECRET "@host/x",           "redis://app:" SECRET "%zz@host",
        "redis://host?password=" SECRET "%z",      "redis://host?pasword=" SECRET,
        "http://app:" SECRET "@host",              "rediss://app:" SECRET "@host",
        "redis://" SECRET "@host:70000",           "app:" SECRET "@host",
        "redis://:" SECRET "@host?password=other", "redis://app:" SECRET "@host?nonsense=1",
    };
    rediscluster_options *options = NULL;
    rediscluster_error *error = NULL;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        rediscluster_status status = rediscluster_options_from_url(urls[i], &options, &error);
        if (status == REDISCLUSTER_OK) {
            clean(rediscluster_options_get(options, "password"));
            rediscluster_options_free(options);
        } else {
            clean_error(error);
        }
        error = NULL;
    }
    CHECK_OK(rediscluster_options_new(&options, &error), error);
    CHECK_FAILS(rediscluster_options_set(options, "password", SECRET "\n", &error), REDISCLUSTER_ERROR_CONFIG, error);
    clean_error(error);
    error = NULL;
    CHECK_FAILS(rediscluster_options_set(options, "pasword", SECRET, &error), REDISCLUSTER_ERROR_CONFIG, error);
    clean_error(error);
    rediscluster_options_free(options);
}

static void answer(void *user_data, const char *node, rediscluster_credentials_sink sink, void *sink_data)
{
    CHECK(user_data == &lines && *node != '\0');
    CHECK_INT(sink(sink_data, "app", SECRET "\n"), REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK_INT(sink(sink_data, "app", SECRET), REDISCLUSTER_OK);
}

static void clean_topology(rediscluster_pool *pool)
{
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    for (size_t i = 0; i < rediscluster_topology_node_count(topology); i++) {
        const rediscluster_node *node = rediscluster_topology_node(topology, i);
        clean(rediscluster_node_address(node));
        clean(rediscluster_node_id(node));
    }
    rediscluster_topology_free(topology);
}

/* A server that repeats what it refuses, once by the callback's password and once by one that replaces another. */
static void given_later(void)
{
    fake_node *fake = fake_node_start(
        "node 1\nhandshake\nstore\ntopology 0-16383=1\n"
        "scene refusing\nnode 1\n"
        "on HELLO * => error \"WRONGPASS invalid pair $arg3 $arg4\"\n"
        "on AUTH * => error \"WRONGPASS invalid pair $arg1 $arg2\"\n"
        "scene odd\nnode 1\n"
        "on HELLO * => error \"$arg4 $arg3\"\n"
        "on AUTH * => error \"$arg2 $arg1\"\n"
        "scene mute\nnode 1\non HELLO * => hang\non AUTH * => hang\n"
        "scene rubbish\nnode 1\non HELLO * => send \"$arg4\\r\\n\"\non AUTH * => send \"$arg2\\r\\n\"\n"
        "scene well\n");
    const char *scenes[] = {"refusing", "odd", "mute", "rubbish"};
    for (int by_callback = 0; by_callback < 2; by_callback++) {
        rediscluster_options *options = logged(fake, "command_timeout", "200");
        rediscluster_pool *pool = NULL;
        rediscluster_error *error = NULL;
        if (by_callback)
            CHECK_OK(rediscluster_options_set_credentials(options, answer, &lines, NULL, &error), error);
        for (size_t i = 0; i < rediscluster_options_count(); i++)
            clean(rediscluster_options_get(options, rediscluster_options_name(i)));
        for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
            rediscluster_connection *none = NULL;
            fake_node_control(fake, "use well");
            CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
            give_back(take_slot(pool, 0, -2));
            clean_topology(pool);
            fake_node_control(fake, "use %s", scenes[i]);
            /* Where it is rubbish that ended the connection, the credentials were not refused. */
            if (rediscluster_pool_update_credentials(pool, "app", SECRET "-too", &error) != REDISCLUSTER_OK)
                clean_error(error);
            else
                CHECK(strcmp(scenes[i], "rubbish") == 0);
            error = NULL;
            CHECK(rediscluster_pool_get_by_slot(pool, 0, REDISCLUSTER_WRITE, 200, &none, &error) != REDISCLUSTER_OK);
            clean_error(error);
            error = NULL;
            CHECK(rediscluster_pool_refresh(pool, 200, &error) != REDISCLUSTER_OK);
            clean_error(error);
            error = NULL;
            CHECK_FAILS(rediscluster_pool_update_credentials(pool, SECRET "\r", SECRET, &error),
                        REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
            clean_error(error);
            error = NULL;
            CHECK_FAILS(rediscluster_pool_update_credentials(pool, "app", SECRET "\n", &error),
                        REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
            clean_error(error);
            error = NULL;
            rediscluster_pool_free(pool);
        }
        rediscluster_options_free(options);
    }
    fake_node_stop(fake);
}

/* The options make no connector: why is told without what the files or the password hold. */
static void key_refused(const char *certificate, const char *key, const char *password)
{
    rediscluster_options *options = options_of("127.0.0.1:1", "ssl", "yes", "ssl_ca_certs", certificates_file("ca.pem"),
                                               "ssl_certfile", certificate, "ssl_keyfile", key, NULL);
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_options_set_log(options, take_line, &lines, NULL, &error), error);
    if (password != NULL) {
        CHECK_OK(rediscluster_options_set(options, "ssl_password", password, &error), error);
        CHECK_STR(rediscluster_options_get(options, "ssl_password"), "***");
    }
    clean_error(pool_refused(options, REDISCLUSTER_ERROR_CONFIG));
    rediscluster_options_free(options);
}

static void keys_files(void)
{
    const char *contents[] = {
        "-----BEGIN PRIVATE KEY-----\n" SECRET "\n-----END PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC," SECRET "\n\n" SECRET
        "\n-----END RSA PRIVATE KEY-----\n",
        SECRET,
        "-----BEGIN " SECRET "-----\n",
    };
    const char *certificate = certificates_file("client.pem");
    key_refused(certificate, certificates_file("client-encrypted.key"), SECRET);
    key_refused(certificate, certificates_file("client-encrypted-traditional.key"), SECRET);
    key_refused(certificate, certificates_file("unfit.key"), SECRET);
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        char path[] = "/tmp/rediscluster-test-key-XXXXXX";
        int file = mkstemp(path);
        CHECK(file >= 0);
        CHECK(write(file, contents[i], strlen(contents[i])) == (ssize_t)strlen(contents[i]));
        close(file);
        key_refused(certificate, path, NULL);
        key_refused(certificate, path, SECRET);
        key_refused(path, certificates_file("client.key"), NULL);
        unlink(path);
    }
}

int main(void)
{
    refused("on * => error \"WRONGPASS invalid username-password pair or user is disabled.\"",
            REDISCLUSTER_ERROR_AUTH);
    refused("on * => error \"ERR unknown command `$arg0`, with args beginning with: `$arg1`, `$arg2`, `$arg3`, `$arg4`\"",
            REDISCLUSTER_OK);
    refused("on * => error \"NOPERM no $arg1 $arg2 $arg3 $arg4\"", REDISCLUSTER_OK);
    refused("on * => error \"$arg4 $arg3 $arg2 $arg1\"", REDISCLUSTER_OK);
    refused("on * => send \"-" SECRET "\\r\\n\"; close", REDISCLUSTER_OK);
    refused("on * => send \"" SECRET "\\r\\n\"; close", REDISCLUSTER_OK);
    refused("on CLUSTER * => resp [ [ " SECRET " 5 ] ]", REDISCLUSTER_OK);
    refused("on * => hang", REDISCLUSTER_OK);
    in_use();
    bad_options();
    given_later();
    keys_files();
    CHECK(lines > 20 && levels[REDISCLUSTER_LOG_ERROR] > 0 && levels[REDISCLUSTER_LOG_WARNING] > 0
          && levels[REDISCLUSTER_LOG_INFO] > 0 && levels[REDISCLUSTER_LOG_DEBUG] > 0);
    return 0;
}
