/* A replica that is promoted: after a refresh writes go to it and reads to the old primary, each on connections made for
 * the new role. A replica that the topology calls failed or loading rests, and so is not dialled. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

#include <stdio.h>

static void read_once(rediscluster_pool *pool, const char *node)
{
    rediscluster_connection *connection = take_reader(pool, 0, -2);
    CHECK_STR(rediscluster_connection_node(connection), node);
    CHECK(rediscluster_connection_is_readonly(connection));
    rediscluster_reply_free(ask(connection, "GET", "key", NULL));
    give_back(connection);
}

static void promoted(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\nstore\n"
                                      "scene before\nnode *\ntopology 0-16383=1,replica:2\n"
                                      "scene after\nnode *\ntopology 0-16383=2,replica:1");
    const char *one = fake_node_address(fake, 1), *two = fake_node_address(fake, 2);
    rediscluster_pool *pool;
    rediscluster_connection *writer, *reader;
    rediscluster_error *error = NULL;

    fake_node_control(fake, "use before");
    pool = pool_of(one, "read_from", "replica_preferred", NULL);
    read_once(pool, two);
    writer = take_slot(pool, 0, -2);
    reader = take_reader(pool, 0, -2);
    fake_node_control(fake, "use after");
    CHECK_OK(rediscluster_pool_refresh(pool, -2, &error), error);
    read_once(pool, one);
    give_back(writer);
    give_back(reader);
    read_once(pool, one);
    writer = take_slot(pool, 0, -2);
    CHECK_STR(rediscluster_connection_node(writer), two);
    CHECK(!rediscluster_connection_is_readonly(writer));
    say_expect(writer, "OK", "SET", "key", "value", NULL);
    give_back(writer);
    WAIT_UNTIL(fake_node_connections_of(fake, 2).open == 1, 5000);
    CHECK_INT(fake_node_count_on(fake, 1, "READONLY"), 1);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

static void unwell(const char *health)
{
    char script[300];
    fake_node *fake;
    rediscluster_pool *pool;
    snprintf(script, sizeof script,
             "node *\nhandshake\nstore\ntopology 0-16383=1,replica:2/health=%s,replica:3", health);
    fake = fake_node_start(script);
    pool = pool_of(fake_node_address(fake, 1), "read_from", "replica", "topology_command", "shards", NULL);
    for (int i = 0; i < 20; i++)
        read_once(pool, fake_node_address(fake, 3));
    CHECK_INT(fake_node_connections_of(fake, 2).total, 0);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

int main(void)
{
    promoted();
    unwell("fail");
    unwell("loading");
    return 0;
}
