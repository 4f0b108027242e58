/* A slot on the move between real servers: a transaction on keys that have gone follows ASK, one on keys of which some have is put
 * off until the move is over, and one that watches ends ABORTED or holds, but never writes over what somebody else has
 * written. ctest: timeout=180 */
#include "client.h"
#include "cluster.h"
#include "commands.h"
#include "pools.h"
#include "threads.h"
#include "transactions.h"

#include <stdlib.h>
#include <string.h>

static cluster *servers;
static rediscluster_client *client;
static const char *const gone = "{move}gone", *const there = "{move}there";
static int32_t slot;
static int target;

static void begin_move(void)
{
    rediscluster_topology *topology = NULL;
    rediscluster_error *error = NULL;
    const char *owner;
    CHECK_OK(rediscluster_pool_topology(rediscluster_client_pool(client), &topology, &error), error);
    owner = rediscluster_node_address(rediscluster_topology_slot_node(topology, slot, 0));
    target = strcmp(owner, cluster_address(servers, 1)) == 0 ? 2 : 1;
    rediscluster_topology_free(topology);
    free(cluster_control(servers, "setslot %d migrating %d", (int)slot, target));
}

static void end_move(void)
{
    free(cluster_control(servers, "setslot %d keys %d", (int)slot, target));
    free(cluster_control(servers, "setslot %d finish %d", (int)slot, target));
}

static void two_at_a_time(void *unused, int number)
{
    rediscluster_transaction *transaction;
    rediscluster_reply *reply;
    (void)unused;
    if (number == 1) {
        clock_sleep_ms(100);
        end_move();
        return;
    }
    transaction = transaction_of(client);
    append(transaction, "INCR", gone, NULL);
    append(transaction, "INCR", there, NULL);
    reply = exec(transaction);
    reply_is(rediscluster_reply_at(reply, 0), "3");
    reply_is(rediscluster_reply_at(reply, 1), "2");
    rediscluster_reply_free(reply);
    rediscluster_transaction_free(transaction);
}

static void on(const char *server)
{
    rediscluster_transaction *transaction;
    rediscluster_reply *reply;
    rediscluster_error *error = NULL;
    int32_t status;
    servers = cluster_start("--server", server, "--primaries", "3", NULL);
    client = client_of(cluster_addresses(servers), NULL);
    slot = rediscluster_key_slot((const uint8_t *)gone, strlen(gone));
    client_expect(client, "OK", "SET", gone, "1", NULL);
    client_expect(client, "OK", "SET", there, "1", NULL);

    begin_move();
    free(cluster_control(servers, "setslot %d keys %d %s", (int)slot, target, gone));
    transaction = transaction_of(client);
    append(transaction, "INCR", gone, NULL);
    append(transaction, "GET", gone, NULL);
    reply = exec(transaction);
    reply_is(rediscluster_reply_at(reply, 1), "2");
    rediscluster_reply_free(reply);
    CHECK(client_stat(client, NULL, REDISCLUSTER_STAT_ASK) > 0);

    /* A watch of the key that has gone follows it. */
    watch(transaction, gone);
    execute_expect(transaction, "2", "GET", gone, NULL);
    append(transaction, "SET", gone, "lost", NULL);
    client_expect(client, "OK", "SET", gone, "2", NULL);
    rediscluster_error_free(exec_fails(transaction, REDISCLUSTER_ERROR_ABORTED));

    /* One key here and one there: until the move is over. */
    threads_run(2, two_at_a_time, NULL);
    client_expect(client, "3", "GET", gone, NULL);

    /* Watched at the old owner while the slot moves away: never run there. */
    watch(transaction, gone);
    begin_move();
    end_move();
    append(transaction, "SET", gone, "lost", NULL);
    status = rediscluster_transaction_exec(transaction, -2, &reply, &error);
    CHECK_INT(status, REDISCLUSTER_ERROR_ABORTED);
    CHECK(!rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
    watch(transaction, gone);
    execute_expect(transaction, "3", "GET", gone, NULL);
    append(transaction, "SET", gone, "4", NULL);
    rediscluster_reply_free(exec(transaction));
    client_expect(client, "4", "GET", gone, NULL);
    rediscluster_transaction_free(transaction);
    rediscluster_client_free(client);
    cluster_stop(servers);
}

int main(void)
{
    on("redis");
    on("valkey");
    return 0;
}
