/* The resolve callback: it is asked for every name in place of the system's resolver, startup nodes and announced names
 * alike, anew at each dial, and never for a numeric host. Its addresses are tried in its order, or with ip_preference those
 * of one family first. A name it says nothing of is unknown: CONNECTION. Its sink refuses what is no address, changing
 * nothing. It runs in the calling thread with no lock held, also in a forked child; user_data is destroyed once. */
#define _POSIX_C_SOURCE 200809L

#include "children.h"
#include "commands.h"
#include "fake_node.h"
#include "options.h"
#include "pools.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct resolver {
    pthread_t thread;
    int calls, destroyed;
    rediscluster_pool *pool; /* looked at from inside */
};

static void resolve(void *user_data, const char *name, rediscluster_ip_sink sink, void *sink_data)
{
    const int invalid = REDISCLUSTER_ERROR_INVALID_ARGUMENT;
    struct resolver *resolver = user_data;
    CHECK(pthread_equal(resolver->thread, pthread_self()));
    resolver->calls++;
    CHECK_INT(sink(NULL, "127.0.0.1"), invalid);
    CHECK_INT(sink(sink_data, NULL), invalid);
    CHECK_INT(sink(sink_data, ""), invalid);
    CHECK_INT(sink(sink_data, "localhost"), invalid);
    CHECK_INT(sink(sink_data, "127.0.0.1:7000"), invalid);
    CHECK_INT(sink(sink_data, "127.0.0.256"), invalid);
    CHECK_INT(sink(sink_data, "\xff"), invalid);
    if (resolver->pool != NULL)
        CHECK(pool_stat(resolver->pool, NULL, REDISCLUSTER_STAT_OPEN) >= 0);
    if (strcmp(name, "one.test") == 0) {
        CHECK_INT(sink(sink_data, "127.0.0.1"), REDISCLUSTER_OK);
    } else if (strcmp(name, "two.test") == 0) { /* nobody listens at the first, and one stands there twice */
        CHECK_INT(sink(sink_data, "127.0.0.9"), REDISCLUSTER_OK);
        CHECK_INT(sink(sink_data, "127.0.0.1"), REDISCLUSTER_OK);
        CHECK_INT(sink(sink_data, "127.0.0.9"), REDISCLUSTER_OK);
    } else if (strcmp(name, "both.test") == 0) {
        CHECK_INT(sink(sink_data, "127.0.0.9"), REDISCLUSTER_OK);
        CHECK_INT(sink(sink_data, "::1"), REDISCLUSTER_OK);
        CHECK_INT(sink(sink_data, "127.0.0.8"), REDISCLUSTER_OK);
    } else {
        CHECK_STR(name, "unknown.test");
    }
}

static void destroy(void *user_data)
{
    ((struct resolver *)user_data)->destroyed++;
}

static rediscluster_options *resolving(struct resolver *resolver, const char *nodes)
{
    rediscluster_options *options = options_of(nodes, NULL);
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_options_set_resolve(options, resolve, resolver, destroy, &error), error);
    return options;
}

static void names_and_numbers(void)
{
    fake_node *fake = fake_node_start("nodes 4\nnode *\nhandshake\nstore\n"
                                      "topology 0-99=1@one.test 100-199=2@two.test 200-299=3 300-16383=4@unknown.test");
    struct resolver resolver = {pthread_self(), 0, 0, NULL};
    rediscluster_options *options;
    rediscluster_pool *pool = NULL;
    rediscluster_error *error = NULL;
    rediscluster_connection *connection;
    char name[64];
    pid_t child;
    int status = -1;

    snprintf(name, sizeof name, "one.test:%d", fake_node_port(fake, 1));
    options = resolving(&resolver, name);
    CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
    rediscluster_options_free(options);
    CHECK_INT(resolver.calls, 1);
    resolver.pool = pool;
    for (int i = 0; i < 2; i++) {
        connection = take_slot(pool, 0, -2);
        CHECK_STR(rediscluster_connection_node(connection), name);
        say_expect(connection, "PONG", "PING", NULL);
        give_back(connection);
        CHECK_INT(resolver.calls, 2); /* a dial asks, a checkout does not */
    }
    connection = take_slot(pool, 100, -2);
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
    CHECK_INT(resolver.calls, 3);
    connection = take_slot(pool, 200, -2);
    CHECK_STR(rediscluster_connection_node(connection), fake_node_address(fake, 3));
    give_back(connection);
    CHECK_INT(resolver.calls, 3);

    CHECK_FAILS(rediscluster_pool_get_by_slot(pool, 300, REDISCLUSTER_WRITE, 5000, &connection, &error),
                REDISCLUSTER_ERROR_CONNECTION, error);
    CHECK_CONTAINS(rediscluster_error_message(error), "unknown.test");
    CHECK_CONTAINS(rediscluster_error_message(error), "resolve callback gave no address");
    snprintf(name, sizeof name, "unknown.test:%d", fake_node_port(fake, 4));
    CHECK_STR(rediscluster_error_node(error), name);
    rediscluster_error_free(error);
    error = NULL;
    CHECK_INT(fake_node_connections_of(fake, 4).total, 0);

    resolver.pool = NULL;
    resolver.calls = 0;
    fflush(NULL);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        bool fine = rediscluster_pool_get_by_slot(pool, 0, REDISCLUSTER_READ, 5000, &connection, NULL) == 0
                    && resolver.calls >= 2 && rediscluster_connection_release(connection, NULL) == 0;
        rediscluster_pool_free(pool);
        child_leave(fine);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_INT(resolver.destroyed, 0);
    rediscluster_pool_free(pool);
    CHECK_INT(resolver.destroyed, 1);
    fake_node_stop(fake);
}

/* All addresses of a name that nobody listens at, in the order in which they were tried. */
static void tried(const char *preference, const char *first, const char *second, const char *third)
{
    struct resolver resolver = {pthread_self(), 0, 0, NULL};
    fake_node *fake = fake_node_start("node 1\nlisten refuse"); /* a port that nobody else takes */
    rediscluster_options *options;
    rediscluster_error *error = NULL;
    const char *hosts[3] = {first, second, third}, *message, *before = NULL;
    char name[64];

    snprintf(name, sizeof name, "both.test:%d", fake_node_port(fake, 1));
    options = resolving(&resolver, name);
    CHECK_OK(rediscluster_options_set(options, "ip_preference", preference, &error), error);
    error = pool_refused(options, REDISCLUSTER_ERROR_UNREACHABLE);
    rediscluster_options_free(options);
    CHECK_INT(resolver.calls, 1);
    CHECK_INT(resolver.destroyed, 1);
    message = rediscluster_error_message(error);
    for (int i = 0; i < 3; i++) {
        const char *at;
        snprintf(name, sizeof name, "%s:%d: ", hosts[i], fake_node_port(fake, 1));
        CHECK_CONTAINS(message, name);
        at = strstr(message, name);
        CHECK(before == NULL || at > before);
        before = at;
    }
    rediscluster_error_free(error);
    fake_node_stop(fake);
}

static void given_back_once(void)
{
    struct resolver first = {pthread_self(), 0, 0, NULL}, second = first;
    rediscluster_options *options = resolving(&first, "127.0.0.1:1"), *copy = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_options_clone(options, &copy, &error), error);
    CHECK_OK(rediscluster_options_set_resolve(options, resolve, &second, destroy, &error), error);
    CHECK_INT(first.destroyed, 0);
    rediscluster_options_free(copy);
    CHECK_INT(first.destroyed, 1);
    CHECK_OK(rediscluster_options_set_resolve(options, NULL, &first, destroy, &error), error);
    CHECK_INT(first.destroyed + second.destroyed, 2);
    CHECK_STATUS(rediscluster_options_set_resolve(NULL, resolve, &first, destroy, &error),
                 REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    rediscluster_options_free(options);
    CHECK_INT(first.destroyed + second.destroyed + first.calls + second.calls, 2);
}

int main(void)
{
    names_and_numbers();
    tried("any", "127.0.0.9", "[::1]", "127.0.0.8");
    tried("ipv4", "127.0.0.9", "127.0.0.8", "[::1]");
    tried("ipv6", "[::1]", "127.0.0.9", "127.0.0.8");
    given_back_once();
    return 0;
}
