/* The translate callback: it says where announced addresses are dialled, alike by CLUSTER SLOTS, SHARDS and NODES and after
 * the rules; what it leaves alone stays; it never sees startup nodes, an empty host or "?". Its sink copies at once and
 * refuses what is no address, changing nothing. It runs in the calling thread with no lock held, also in a forked child;
 * user_data is destroyed once. */
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

struct translator {
    fake_node *fake;
    pthread_t thread;
    int calls, destroyed;
    bool misuse;
    rediscluster_pool *pool; /* looked at from inside */
};

static void translate(void *user_data, const char *host, uint16_t port, rediscluster_address_sink sink, void *sink_data)
{
    struct translator *translator = user_data;
    CHECK(pthread_equal(translator->thread, pthread_self()));
    CHECK(*host != '\0' && strcmp(host, "?") != 0 && port != 0);
    translator->calls++;
    if (translator->misuse) {
        const int invalid = REDISCLUSTER_ERROR_INVALID_ARGUMENT;
        CHECK_INT(sink(NULL, "127.0.0.1", 1), invalid);
        CHECK_INT(sink(sink_data, NULL, 1), invalid);
        CHECK_INT(sink(sink_data, "", 1), invalid);
        CHECK_INT(sink(sink_data, "127.0.0.1", 0), invalid);
        CHECK_INT(sink(sink_data, "two words", 1), invalid);
        CHECK_INT(sink(sink_data, "a\nb", 1), invalid);
        CHECK_INT(sink(sink_data, "\xff", 1), invalid);
        CHECK_INT(sink(sink_data, "host:7000", 1), invalid);
        CHECK_INT(sink(sink_data, "[host]", 1), invalid);
    }
    if (translator->pool != NULL)
        CHECK(pool_stat(translator->pool, NULL, REDISCLUSTER_STAT_OPEN) >= 0);
    if (strcmp(host, "gateway") == 0) {
        char copied[] = "127.0.0.1";
        uint16_t to = (uint16_t)fake_node_port(translator->fake, port - 7000);
        CHECK_INT(sink(sink_data, copied, to), REDISCLUSTER_OK);
        memset(copied, 'x', sizeof copied - 1);
        CHECK_INT(sink(sink_data, "10.99.0.9", 1), REDISCLUSTER_ERROR_INVALID_ARGUMENT); /* once */
    }
}

static void destroy(void *user_data)
{
    ((struct translator *)user_data)->destroyed++;
}

static void pinged(rediscluster_pool *pool, int32_t slot, const char *node)
{
    rediscluster_connection *connection = take_slot(pool, slot, -2);
    CHECK_STR(rediscluster_connection_node(connection), node);
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
}

static void announced_addresses(const char *command, const char *form)
{
    struct translator translator = {NULL, pthread_self(), 0, 0, true, NULL};
    char script[400];
    rediscluster_options *options;
    rediscluster_pool *pool = NULL;
    rediscluster_error *error = NULL;
    rediscluster_topology *topology = NULL;
    pid_t child;
    int status = -1;

    snprintf(script, sizeof script, "nodes 3\nnode *\nhandshake\nstore\n"
             "%s 0-99=10.99.0.1:7001,replica:?:7003 100-299=gateway:7002 300-16383=3@", form);
    translator.fake = fake_node_start(script);
    options = options_of(fake_node_address(translator.fake, 1), "topology_command", command, "host_port_remap",
                         "10.99.0.1=gateway", NULL);
    CHECK_OK(rediscluster_options_set_translate(options, translate, &translator, destroy, &error), error);
    CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
    rediscluster_options_free(options);
    CHECK_INT(translator.calls, 3); /* once a node that can be dialled */
    pinged(pool, 0, fake_node_address(translator.fake, 1));
    pinged(pool, 100, fake_node_address(translator.fake, 2));
    pinged(pool, 300, fake_node_address(translator.fake, 3));
    give_back(take_node(pool, "10.99.0.1:7001", -2));
    give_back(take_node(pool, "GATEWAY:7002", -2));
    CHECK_INT(translator.calls, 3); /* never for a checkout */

    CHECK_OK(rediscluster_pool_topology(pool, &topology, &error), error);
    CHECK_STR(rediscluster_node_announced_host(rediscluster_topology_slot_node(topology, 0, 0)), "10.99.0.1");
    CHECK_STR(rediscluster_node_announced_host(rediscluster_topology_slot_node(topology, 100, 0)), "gateway");
    CHECK_INT(rediscluster_topology_node_count(topology), 3);
    rediscluster_topology_free(topology);

    translator.pool = pool;
    CHECK_OK(rediscluster_pool_refresh(pool, -2, &error), error);
    CHECK_INT(translator.calls, 6);
    translator.pool = NULL;
    fflush(NULL);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        /* What the child dials is what the callback says there. */
        rediscluster_connection *connection = NULL;
        bool fine = rediscluster_pool_get_by_slot(pool, 100, REDISCLUSTER_READ, 5000, &connection, NULL) == 0
                    && translator.calls == 9
                    && rediscluster_connection_release(connection, NULL) == 0;
        rediscluster_pool_free(pool);
        child_leave(fine);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_INT(translator.destroyed, 0);
    rediscluster_pool_free(pool);
    CHECK_INT(translator.destroyed, 1);
    fake_node_stop(translator.fake);
}

static void given_back_once(void)
{
    struct translator first = {NULL, pthread_self(), 0, 0, false, NULL}, second = first;
    rediscluster_options *options = options_of("127.0.0.1:1", NULL), *copy = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_options_set_translate(options, translate, &first, destroy, &error), error);
    CHECK_OK(rediscluster_options_clone(options, &copy, &error), error);
    CHECK_OK(rediscluster_options_set_translate(options, translate, &second, destroy, &error), error);
    CHECK_INT(first.destroyed, 0);
    rediscluster_options_free(copy);
    CHECK_INT(first.destroyed, 1);
    /* The rules are the table's, and stay. */
    CHECK_OK(rediscluster_options_set(options, "host_port_remap", ":1=:2", &error), error);
    CHECK_INT(second.destroyed, 0);
    CHECK_OK(rediscluster_options_set_translate(options, NULL, &first, destroy, &error), error);
    CHECK_INT(first.destroyed + second.destroyed, 2);
    CHECK_STR(rediscluster_options_get(options, "host_port_remap"), ":1=:2");
    CHECK_STATUS(rediscluster_options_set_translate(NULL, translate, &first, destroy, &error),
                 REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    CHECK_INT(first.destroyed, 1);
    rediscluster_options_free(options);
    CHECK_INT(first.destroyed + second.destroyed + first.calls + second.calls, 2);
}

int main(void)
{
    announced_addresses("slots", "slots");
    announced_addresses("shards", "shards");
    announced_addresses("nodes", "cluster-nodes");
    given_back_once();
    return 0;
}
