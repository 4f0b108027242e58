/* No password, key, argument or value stands in an error, its attempts, a log line of any level or what options_get gives:
 * over wrong passwords, servers that repeat what they were sent, broken replies, timeouts and bad options. */
#include "commands.h"
#include "fake_node.h"
#include "options.h"
#include "pools.h"

#include <pthread.h>
#include <string.h>

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
    CHECK(lines > 20 && levels[REDISCLUSTER_LOG_ERROR] > 0 && levels[REDISCLUSTER_LOG_WARNING] > 0
          && levels[REDISCLUSTER_LOG_INFO] > 0 && levels[REDISCLUSTER_LOG_DEBUG] > 0);
    return 0;
}
