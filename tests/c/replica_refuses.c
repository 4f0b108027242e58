/* H2: a replica that answers LOADING or MASTERDOWN rests from the moment the reply is read, be it by command or by read:
 * later reads go elsewhere, and nobody asks it before replica_cooldown is over. Other errors, and what a primary says, put
 * nobody to rest. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

#include <stdio.h>

static fake_node *nodes_that_answer(const char *error)
{
    char script[400];
    snprintf(script, sizeof script,
             "node 2\non GET * => error \"%s\"\nnode *\nhandshake\nstore\n"
             "topology 0-16383=1,replica:2,replica:3",
             error);
    return fake_node_start(script);
}

/* One read, its reply read at once or later. */
static void read_once(rediscluster_pool *pool, bool later)
{
    rediscluster_connection *connection = take_reader(pool, 0, -2);
    rediscluster_error *error = NULL;
    if (later) {
        rediscluster_command *command = command_of("GET", "key", NULL);
        rediscluster_reply *reply = NULL;
        CHECK_OK(rediscluster_connection_append(connection, command, &error), error);
        CHECK_OK(rediscluster_connection_read(connection, -2, &reply, &error), error);
        rediscluster_reply_free(reply);
        rediscluster_command_free(command);
    } else {
        rediscluster_reply_free(ask(connection, "GET", "key", NULL));
    }
    give_back(connection);
}

static void rests(const char *answer, bool later)
{
    fake_node *fake = nodes_that_answer(answer);
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "read_from", "replica_preferred", "replica_cooldown",
                                      "60000", NULL);
    for (int i = 0; i < 40; i++)
        read_once(pool, later);
    CHECK_INT(fake_node_count_on(fake, 2, "GET"), 1);
    CHECK_INT(fake_node_count_on(fake, 3, "GET"), 39);
    /* Its connection is none the worse for it, and by node it is to be had. */
    CHECK_INT(pool_stat(pool, fake_node_address(fake, 2), REDISCLUSTER_STAT_IDLE), 1);
    give_back(take_node(pool, fake_node_address(fake, 2), -2));
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

static void does_not_rest(const char *answer, const char *read_from)
{
    fake_node *fake = nodes_that_answer(answer);
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "read_from", read_from, "replica_cooldown", "60000",
                                      NULL);
    for (int i = 0; i < 40; i++)
        read_once(pool, i % 2 == 1);
    CHECK_INT(fake_node_count_on(fake, 2, "GET"), 20);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

/* It says so until the cooldown is over, then it is asked once, and says so again, and later it is well. */
static void asked_again(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\ntopology 0-16383=1,replica:2\n"
                           "scene loading\nnode 2\non GET * => error \"LOADING the data set\"\nnode 1\nstore\n"
                           "scene well\nnode *\nstore");
    fake_node_control(fake, "use loading");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "read_from", "replica_preferred", "replica_cooldown",
                                      "300", NULL);
    int64_t begun = clock_ms();
    while (fake_node_count_on(fake, 2, "GET") < 3) {
        read_once(pool, false);
        clock_sleep_ms(5);
    }
    /* Three answers are two cooldowns apart, on a clock of a few milliseconds' grain. */
    CHECK(clock_ms() - begun >= 2 * (300 - 20));
    fake_node_control(fake, "use well");
    WAIT_UNTIL((read_once(pool, false), fake_node_count_on(fake, 2, "GET") > 5), 10000);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

/* A primary that loads is asked in its turn all the same. */
static void primaries_never_rest(void)
{
    fake_node *fake = fake_node_start("node 1\non GET * => error \"LOADING the data set\"\nnode *\nhandshake\nstore\n"
                                      "topology 0-16383=1,replica:2");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "read_from", "any", NULL);
    for (int i = 0; i < 40; i++)
        read_once(pool, false);
    CHECK_INT(fake_node_count_on(fake, 1, "GET"), 20);
    CHECK_INT(fake_node_count_on(fake, 2, "GET"), 20);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

int main(void)
{
    for (int later = 0; later < 2; later++) {
        rests("LOADING Redis is loading the dataset in memory", later);
        rests("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", later);
    }
    does_not_rest("ERR no", "replica");
    does_not_rest("LOADINGS no", "replica");
    does_not_rest("CLUSTERDOWN Hash slot not served", "replica_preferred");
    asked_again();
    primaries_never_rest();
    return 0;
}
