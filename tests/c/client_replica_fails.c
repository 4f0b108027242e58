/* ctest: drivers
 *
 * H2 through the client: a replica that is LOADING, MASTERDOWN, cuts the connection, falls silent or is gone: the same read
 * is answered elsewhere, and the replica rests for replica_cooldown, after which it is asked again. */
#include "client.h"
#include "pools.h"

static fake_node *fake;

/* The replica is in trouble, of which one read learns: 20 reads, all answered. */
static void rests(const char *scene, const char *read_from, bool by_primary)
{
    rediscluster_client *client = client_of(fake_node_address(fake, 1), "read_from", read_from, "replica_cooldown", "300",
                                            "socket_timeout", "500", NULL);
    int64_t met;
    for (int i = 0; i < 4; i++)
        client_expect(client, "value", "GET", AT1 "key", NULL);
    if (*scene != '\0')
        fake_node_control(fake, "use %s", scene);
    else
        fake_node_control(fake, "kill 4");
    fake_node_control(fake, "clear");
    met = clock_ms();
    for (int i = 0; i < 20; i++)
        client_expect(client, "value", "GET", AT1 "key", NULL);
    if (clock_ms() - met < 300)
        CHECK_BETWEEN(fake_node_count_on(fake, 4, "GET"), *scene != '\0', 1);
    CHECK(fake_node_count_on(fake, 5, "GET") >= 19 || by_primary);
    CHECK_BETWEEN(fake_node_count_on(fake, 1, "GET"), 0, by_primary ? 20 : 0);

    /* Well again, it is asked when its rest is over, and not before. */
    fake_node_control(fake, "use base");
    fake_node_control(fake, "revive 4");
    WAIT_UNTIL((client_expect(client, "value", "GET", AT1 "key", NULL), fake_node_count_on(fake, 4, "GET") > 1), 10000);
    CHECK(clock_ms() - met >= 250);
    driver_free(client);
}

int main(void)
{
    fake = fake_node_start("node *\nhandshake\non GET * => bulk value\n"
                           "topology 0-5460=1,replica:4,replica:5 5461-10922=2 10923-16383=3\n"
                           "scene loading\nnode 4\non GET * => error \"LOADING Redis is loading the dataset in memory\"\n"
                           "scene masterdown\nnode 4\non GET * => error \"MASTERDOWN Link with MASTER is down\"\n"
                           "scene cut\nnode 4\non GET * => close\n"
                           "scene silent\nnode 4\non GET * => hang\n"
                           "scene base");
    rests("loading", "replica_preferred", false);
    rests("masterdown", "replica_preferred", false);
    rests("cut", "replica_preferred", false);
    rests("silent", "replica_preferred", false);
    rests("", "replica_preferred", false);
    rests("loading", "any", true);
    fake_node_stop(fake);
    return 0;
}
