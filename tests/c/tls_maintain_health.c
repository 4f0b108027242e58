/* Pool with TLS, health_check_interval: maintain sends PING on what has been idle for so long, the longest first,
 * closes what does not answer, and leaves the order in which connections are given out as it was; with a budget of
 * 0 it sends nothing. */
#include "certificates.h"
#include "fake_node.h"
#include "pools.h"
#include "tls.h"

static int64_t number_of(rediscluster_connection *connection)
{
    rediscluster_reply *reply = say(connection, "CLIENT", "ID", NULL);
    int64_t number = rediscluster_reply_integer(reply);
    rediscluster_reply_free(reply);
    return number;
}

int main(void)
{
    fake_node *fake = fake_node_start_format("tls %s\nnode 1\nhandshake\nstore\ntopology 0-16383=1\n"
                                             "scene sick\nnode 1\non PING => hang",
                                             certificates_folder());
    rediscluster_pool *pool = tls_pool_of(fake_node_address(fake, 1), "health_check_interval", "200",
                                      NULL);
    rediscluster_connection *connections[3];
    rediscluster_error *error = NULL;
    int64_t numbers[3], next = -9, begun;

    for (int i = 0; i < 3; i++) {
        connections[i] = take_slot(pool, 0, -2);
        numbers[i] = number_of(connections[i]);
    }
    give_back(connections[0]);
    give_back(connections[1]);
    clock_sleep_ms(220);
    give_back(connections[2]);
    CHECK_OK(rediscluster_pool_maintain(pool, 0, &next, &error), error);
    CHECK_INT(next, 0); /* due, but not for nothing */
    CHECK_INT(fake_node_count(fake, "PING"), 0);
    begun = clock_ms();
    CHECK_OK(rediscluster_pool_maintain(pool, 10000, &next, &error), error);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 3);
    if (clock_ms() - begun < 150) { /* else the machine is very busy */
        CHECK_INT(fake_node_count(fake, "PING"), 2);
        CHECK_BETWEEN(next, 1, 200);
    }

    /* The newest first, as if nobody had looked. */
    for (int i = 0; i < 3; i++) {
        connections[i] = take_slot(pool, 0, 0);
        CHECK_INT(number_of(connections[i]), numbers[2 - i]);
    }
    for (int i = 0; i < 3; i++)
        give_back(connections[i]);

    /* One that does not answer is closed within the budget, and costs no place. */
    fake_node_control(fake, "use sick");
    clock_sleep_ms(220);
    begun = clock_ms();
    CHECK_OK(rediscluster_pool_maintain(pool, 300, &next, &error), error);
    CHECK_BETWEEN(clock_ms() - begun, 300, 300 + 50 * test_patience());
    CHECK_BETWEEN(pool_stat(pool, NULL, REDISCLUSTER_STAT_CLOSED), 1, 3);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE),
              3 - pool_stat(pool, NULL, REDISCLUSTER_STAT_CLOSED));
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
