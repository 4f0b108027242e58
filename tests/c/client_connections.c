/* ctest: drivers
 *
 * The option `shared`: threads whose calls wait for one node at the same time do so on one connection, or two, and with
 * shared=no each on a connection of the pool, all of which others may use afterwards. An asynchronous handle has its own. */
#include "client.h"
#include "threads.h"

enum { THREADS = 8 };

static fake_node *fake;
static rediscluster_client *client;

static void wait_for_the_node(void *argument, int number)
{
    (void)argument;
    if (number < THREADS) {
        client_expect(client, "value", "GET", AT1 "key", NULL);
        return;
    }
    /* What shares a connection with the first is not read before that is answered. */
    WAIT_UNTIL(fake_node_count_on(fake, 1, "GET") == (driver_connections(THREADS) < THREADS ? 1 : THREADS), 10000);
    fake_node_control(fake, "open gate");
}

int main(void)
{
    fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\non GET * => gate gate; bulk value\nstore");
    client = client_of(fake_node_address(fake, 2), NULL);
    threads_run(THREADS + 1, wait_for_the_node, NULL);
    CHECK_INT(fake_node_count_on(fake, 1, "GET"), THREADS);
    if (driver_connections(THREADS) < THREADS)
        CHECK_BETWEEN(fake_node_connections_of(fake, 1).total, 1, driver_connections(THREADS));
    else
        CHECK_INT(fake_node_connections_of(fake, 1).total, driver_connections(THREADS));
    client_is_at_rest(client);
    driver_free(client);
    fake_node_stop(fake);
    return 0;
}
