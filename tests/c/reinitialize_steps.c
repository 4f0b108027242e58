/* F5: with reinitialize_steps 3 each third MOVED refreshes, with 1 each, with 0 none; any other refresh begins the
 * counting anew; too soon after the last one there is none, and the next MOVED asks again; one that fails is logged and no
 * failure of the call. */
#include "fake_node.h"
#include "pools.h"

static rediscluster_error *error;

static rediscluster_pool *pool_with(fake_node *fake, const char *steps, const char *min_interval)
{
    return pool_of(fake_node_address(fake, 1), "reinitialize_steps", steps, "topology_refresh_min_interval",
                   min_interval, "topology_command", "slots", NULL);
}

static void moved(rediscluster_pool *pool, fake_node *fake)
{
    CHECK_OK(rediscluster_pool_moved(pool, 0, fake_node_address(fake, 2), &error), error);
}

int main(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\ntopology 0-8191=1 8192-16383=2");
    const char *steps[] = {"3", "1", "0"};
    const int refreshes[] = {3, 9, 0};
    rediscluster_pool *pool;

    for (int i = 0; i < 3; i++) {
        pool = pool_with(fake, steps[i], "0");
        fake_node_control(fake, "clear");
        for (int j = 0; j < 9; j++)
            moved(pool, fake);
        CHECK_INT(fake_node_count(fake, "CLUSTER SLOTS"), refreshes[i]);
        CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES), 1 + refreshes[i]);
        CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_MOVED), 9);
        rediscluster_pool_free(pool);
    }

    /* The patch is there, refreshed or not; the refresh brings the truth. */
    pool = pool_with(fake, "3", "0");
    for (int i = 0; i < 2; i++)
        moved(pool, fake);
    {
        rediscluster_connection *connection = take_slot(pool, 0, -2);
        CHECK_STR(rediscluster_connection_node(connection), fake_node_address(fake, 2));
        give_back(connection);
        CHECK_OK(rediscluster_pool_refresh(pool, -2, &error), error);
        connection = take_slot(pool, 0, -2);
        CHECK_STR(rediscluster_connection_node(connection), fake_node_address(fake, 1));
        give_back(connection);
    }
    /* That refresh counts: two more bring none. */
    fake_node_control(fake, "clear");
    for (int i = 0; i < 2; i++)
        moved(pool, fake);
    CHECK_INT(fake_node_count(fake, "CLUSTER SLOTS"), 0);
    moved(pool, fake);
    CHECK_INT(fake_node_count(fake, "CLUSTER SLOTS"), 1);
    rediscluster_pool_free(pool);

    pool = pool_with(fake, "1", "60000");
    fake_node_control(fake, "clear");
    for (int i = 0; i < 5; i++)
        moved(pool, fake);
    CHECK_INT(fake_node_count(fake, "CLUSTER SLOTS"), 0);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES_SUPPRESSED), 5);
    rediscluster_pool_free(pool);

    pool = pool_with(fake, "1", "0");
    fake_node_control(fake, "kill 1");
    fake_node_control(fake, "kill 2");
    moved(pool, fake);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_REFRESHES), 2);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
