/* L6: the process forks, 200 times, while its other threads wait inside the library: for a reply, plain and over TLS; for a
 * place in a full pool; in a refresh and behind the one who leads it; in a login, behind one, and in update_credentials.
 * No child hangs: each uses all those pools, by connections of its own and by the newest credentials. The parent's threads
 * get what they waited for.
 * ctest: slow timeout=300 */
#define _POSIX_C_SOURCE 200809L

#include "certificates.h"
#include "children.h"
#include "commands.h"
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

#include <stdbool.h>

enum { FORKS = 200 };

/* What the threads wait in; the number is the thread's. */
enum { FORKING, PLAIN_REPLY, TLS_REPLY, PLACE, LEADING_A_REFRESH, BEHIND_A_REFRESH, LOGGING_IN, BEHIND_A_LOGIN, UPDATING, WAITERS };

struct shared {
    fake_node *plain, *tls, *places, *topology, *login, *update;
    rediscluster_pool *pools[WAITERS];
    rediscluster_connection *held;
};

static void used(rediscluster_pool *pool)
{
    rediscluster_connection *connection = take_slot(pool, 0, 20000);
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
}

static void in_thread(void *argument, int number)
{
    struct shared *shared = argument;
    const int own[] = {PLAIN_REPLY, TLS_REPLY, PLACE, LEADING_A_REFRESH, LOGGING_IN, UPDATING};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        used(shared->pools[own[((size_t)number + i) % (sizeof own / sizeof *own)]]);
}

static void child(void *argument)
{
    struct shared *shared = argument;
    const int own[] = {PLAIN_REPLY, TLS_REPLY, PLACE, LEADING_A_REFRESH, LOGGING_IN, UPDATING};
    rediscluster_error *error = NULL;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        used(shared->pools[own[i]]);
        CHECK_INT(pool_stat(shared->pools[own[i]], NULL, REDISCLUSTER_STAT_WAITING), 0);
    }
    CHECK_OK(rediscluster_pool_refresh(shared->pools[LEADING_A_REFRESH], 20000, &error), error);
    CHECK_OK(rediscluster_pool_disconnect(shared->pools[UPDATING], &error), error);
    CHECK_OK(rediscluster_pool_update_credentials(shared->pools[UPDATING], NULL, "newest", &error), error);
    used(shared->pools[UPDATING]);
    threads_run(4, in_thread, shared);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        CHECK_INT(pool_stat(shared->pools[own[i]], NULL, REDISCLUSTER_STAT_IN_USE), 0);
        rediscluster_pool_free(shared->pools[own[i]]);
    }
}

static void reply(rediscluster_pool *pool)
{
    rediscluster_connection *connection = take_slot(pool, 0, 20000);
    rediscluster_command *command = command_of("GET", "slow", NULL);
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_connection_command(connection, command, -1, &reply, &error), error);
    CHECK_STR(reply_text(reply), "at last");
    rediscluster_reply_free(reply);
    rediscluster_command_free(command);
    give_back(connection);
}

/* All threads wait where they are to. */
static bool all_wait(struct shared *shared)
{
    return fake_node_count(shared->plain, "GET") == 1 && fake_node_count(shared->tls, "GET") == 1
           && pool_stat(shared->pools[PLACE], NULL, REDISCLUSTER_STAT_WAITING) == 1
           && fake_node_count(shared->topology, "CLUSTER") == 2 && fake_node_count(shared->update, "AUTH") == 1
           && pool_stat(shared->pools[LOGGING_IN], NULL, REDISCLUSTER_STAT_DIALING) == 2
           && fake_node_connections_of(shared->login, 1).open == 2;
}

static void parent(struct shared *shared)
{
    int forks = test_rounds(FORKS);
    WAIT_UNTIL(all_wait(shared), 20000);
    /* Behind the leader of a refresh, and behind a login: past their last step that is seen from outside. */
    clock_sleep_ms(100);
    for (int i = 0; i < forks; i++)
        child_run(child, shared, i % 2 ? CHILD_EXIT : CHILD_EXIT_NOW);
    fake_node_control(shared->plain, "open replies");
    fake_node_control(shared->tls, "open replies");
    give_back(shared->held);
    fake_node_control(shared->topology, "open topology");
    fake_node_control(shared->login, "open logins");
    fake_node_control(shared->update, "open logins");
}

static void work(void *argument, int number)
{
    struct shared *shared = argument;
    rediscluster_pool *pool = shared->pools[number];
    rediscluster_error *error = NULL;
    switch (number) {
    case FORKING:
        parent(shared);
        break;
    case PLAIN_REPLY:
    case TLS_REPLY:
        reply(pool);
        break;
    case LEADING_A_REFRESH:
    case BEHIND_A_REFRESH:
        CHECK_OK(rediscluster_pool_refresh(pool, -1, &error), error);
        break;
    case UPDATING:
        CHECK_OK(rediscluster_pool_update_credentials(pool, NULL, "newer", &error), error);
        break;
    default:
        give_back(take_slot(pool, 0, -1));
    }
}

int main(void)
{
    struct shared shared = {0};
    const char *patient = "200000";
    shared.plain = fake_node_start("node 1\non GET slow => gate replies; bulk \"at last\"\nhandshake\nstore\n"
                                   "topology 0-16383=1");
    shared.tls = fake_node_start_format("tls %s\nnode 1\non GET slow => gate replies; bulk \"at last\"\nhandshake\nstore\n"
                                        "topology 0-16383=1\n",
                                        certificates_folder());
    shared.places = fake_node_start("node 1\nhandshake\nstore\ntopology 0-16383=1");
    /* The second question of the topology waits, those of the children do not. */
    shared.topology = fake_node_start("node 1\nskip 1 once on CLUSTER * => gate topology; slots 0-16383=1\n"
                                      "handshake\nstore\ntopology 0-16383=1");
    /* Discovery has passed; then one login waits, and those of children do not. */
    shared.login = fake_node_start("node 1\nskip 1 once on HELLO * => gate logins; handshake\nhandshake\nstore\n"
                                   "topology 0-16383=1");
    shared.update = fake_node_start("node 1\non AUTH newer => gate logins; ok\n"
                                    "on HELLO * AUTH * old => error \"WRONGPASS old\"\nhandshake\nstore\n"
                                    "topology 0-16383=1\nscene before\nnode 1\non HELLO * => handshake\nscene after\n");
    shared.pools[PLAIN_REPLY] = pool_of(fake_node_address(shared.plain, 1), "socket_timeout", patient, NULL);
    shared.pools[TLS_REPLY] = pool_of(fake_node_address(shared.tls, 1), "socket_timeout", patient, "ssl", "yes",
                                      "ssl_ca_certs", certificates_file("ca.pem"), "ssl_certfile",
                                      certificates_file("client.pem"), "ssl_keyfile", certificates_file("client.key"), NULL);
    shared.pools[PLACE] =
        pool_of(fake_node_address(shared.places, 1), "max_connections", "1", "pool_exhausted", "block", NULL);
    shared.held = take_slot(shared.pools[PLACE], 0, -2);
    shared.pools[LEADING_A_REFRESH] = pool_of(fake_node_address(shared.topology, 1), "socket_timeout", patient, NULL);
    shared.pools[BEHIND_A_REFRESH] = shared.pools[LEADING_A_REFRESH];
    shared.pools[LOGGING_IN] = pool_of(fake_node_address(shared.login, 1), "socket_timeout", patient,
                                       "socket_connect_timeout", patient, "password", "pw", NULL);
    shared.pools[BEHIND_A_LOGIN] = shared.pools[LOGGING_IN];
    fake_node_control(shared.update, "use before");
    shared.pools[UPDATING] = pool_of(fake_node_address(shared.update, 1), "socket_timeout", patient, "command_timeout",
                                     patient, "password", "old", NULL);
    give_back(take_slot(shared.pools[UPDATING], 0, -2));
    fake_node_control(shared.update, "use after");
    /* The login that let discovery in lets others go ahead for a second. */
    clock_sleep_ms(1100);
    threads_run(WAITERS, work, &shared);
    for (int i = 1; i < WAITERS; i++) {
        if (i == BEHIND_A_REFRESH || i == BEHIND_A_LOGIN)
            continue;
        used(shared.pools[i]);
        CHECK_INT(pool_stat(shared.pools[i], NULL, REDISCLUSTER_STAT_IN_USE), 0);
        CHECK_INT(pool_stat(shared.pools[i], NULL, REDISCLUSTER_STAT_TIMEOUTS), 0);
        rediscluster_pool_free(shared.pools[i]);
    }
    fake_node_stop(shared.plain);
    fake_node_stop(shared.tls);
    fake_node_stop(shared.places);
    fake_node_stop(shared.topology);
    fake_node_stop(shared.login);
    fake_node_stop(shared.update);
    return 0;
}
