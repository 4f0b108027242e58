/* Credentials that are replaced again and again while 8 threads get and release: as long as the server accepts all of them
 * nobody notices, whether there is room for all or threads wait for a connection; where it refuses some, AUTH is the only
 * error; at the end nothing is in use and no connection is left over. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

#include <stdatomic.h>
#include <stdio.h>

enum { THREADS = 8, UPDATES = 300 };

struct shared {
    rediscluster_pool *pool;
    bool some_refused;
    atomic_bool done;
    atomic_long served, refused;
};

static void replace(struct shared *shared)
{
    int updates = test_rounds(UPDATES);
    if (updates < 30)
        updates = 30;
    for (int i = 0; i < updates; i++) {
        const bool bad = shared->some_refused && i % 2 == 0;
        atomic_long *count = bad ? &shared->refused : &shared->served;
        long before;
        rediscluster_error *error = NULL;
        rediscluster_status status;
        char password[32];
        snprintf(password, sizeof password, "%s-%d", bad ? "bad" : "good", i);
        status = rediscluster_pool_update_credentials(shared->pool, "app", password, &error);
        if (!bad || status != REDISCLUSTER_OK) /* OK: none was idle */
            CHECK_STATUS(status, bad ? REDISCLUSTER_ERROR_AUTH : REDISCLUSTER_OK, error);
        /* Twice: one call may have begun before. */
        before = atomic_load(count);
        WAIT_UNTIL(atomic_load(count) >= before + 2, 20000);
    }
    atomic_store(&shared->done, true);
}

static void use(struct shared *shared, int number)
{
    char key[32];
    snprintf(key, sizeof key, "key-%d", number);
    for (int round = 0; !atomic_load(&shared->done); round++) {
        const int32_t slot = (number + round) % 2 ? 0 : 16383;
        rediscluster_connection *connection = NULL;
        rediscluster_error *error = NULL;
        rediscluster_status status =
            rediscluster_pool_get_by_slot(shared->pool, slot, REDISCLUSTER_WRITE, 20000, &connection, &error);
        if (status != REDISCLUSTER_OK) {
            CHECK(shared->some_refused);
            CHECK_STATUS(status, REDISCLUSTER_ERROR_AUTH, error);
            atomic_fetch_add(&shared->refused, 1);
            clock_sleep_ms(1);
            continue;
        }
        say_expect(connection, key, "ECHO", key, NULL);
        give_back(connection);
        atomic_fetch_add(&shared->served, 1);
    }
}

static void work(void *argument, int number)
{
    if (number == THREADS)
        replace(argument);
    else
        use(argument, number);
}

static void race(bool some_refused, const char *places)
{
    fake_node *fake = fake_node_start("log off\nnode 1 2\n"
                                      "on HELLO * AUTH app bad* => error \"WRONGPASS invalid username-password pair\"\n"
                                      "on AUTH app bad* => error \"WRONGPASS invalid username-password pair\"\n"
                                      "handshake\nstore\ntopology 0-8191=1 8192-16383=2");
    struct shared shared = {0};
    rediscluster_error *error = NULL;
    shared.some_refused = some_refused;
    shared.pool = pool_of(fake_node_address(fake, 1), "username", "app", "password", "good", "max_connections", places,
                          "pool_exhausted", "block", NULL);
    threads_run(THREADS + 1, work, &shared);
    CHECK(atomic_load(&shared.served) > 0 && (atomic_load(&shared.refused) > 0) == some_refused);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_DIALING), 0);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_WAITING), 0);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_REFRESHES), 1);
    WAIT_UNTIL(fake_node_connections_of(fake, 1).open + fake_node_connections_of(fake, 2).open
                   == pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_OPEN),
               10000);
    CHECK_OK(rediscluster_pool_update_credentials(shared.pool, "app", "good", &error), error);
    give_back(take_slot(shared.pool, 0, 5000));
    give_back(take_slot(shared.pool, 16383, 5000));
    rediscluster_pool_free(shared.pool);
    WAIT_UNTIL(fake_node_connections_of(fake, 1).open + fake_node_connections_of(fake, 2).open == 0, 10000);
    fake_node_stop(fake);
}

int main(void)
{
    race(false, "32");
    race(false, "3");
    race(true, "32");
    race(true, "3");
    return 0;
}
