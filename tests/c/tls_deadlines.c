/* G8 with TLS: a server that is silent in the handshake, or whose handshake, answer to CLUSTER SLOTS or reply
 * comes a byte at a time: each call ends at its deadline, never earlier and at most 20 ms late (four times as much
 * under load; the best of five).
 * ctest: timeout=120 */
#include "certificates.h"
#include "commands.h"
#include "fake_node.h"
#include "options.h"
#include "pools.h"
#include "tls.h"

enum { DEADLINE = 300, LATE = 20 };

/* True if the call was as quick as promised; it must never be quicker. (A millisecond: the clock's grain.) */
static bool in_time(int64_t begun)
{
    int64_t took = clock_ms() - begun;
    CHECK(took >= DEADLINE - 1);
    return took <= DEADLINE + LATE * test_patience();
}

/* The best of five calls ends in time. */
#define ENDS_IN_TIME(call, expected)                                                               \
    do {                                                                                           \
        rediscluster_error *one_error = NULL, **error_out = &one_error;                            \
        bool was_in_time = false;                                                                  \
        for (int round = 0; round < 5 && !was_in_time; round++) {                                  \
            int64_t begun = clock_ms();                                                            \
            CHECK_STATUS(call, expected, one_error);                                               \
            was_in_time = in_time(begun);                                                          \
        }                                                                                          \
        CHECK(was_in_time);                                                                        \
    } while (0)

static int32_t either(rediscluster_status status)
{
    return status == REDISCLUSTER_ERROR_UNREACHABLE ? REDISCLUSTER_ERROR_TIMEOUT : (int32_t)status;
}

/* Making a pool of the options ends in time. Reading the certificates, the system's among them, is not a matter of a server:
 * a pool that speaks to nobody tells how long that takes. */
static void no_pool_in_time(rediscluster_options *options)
{
    rediscluster_pool *pool = NULL;
    rediscluster_error *error = NULL;
    bool was_in_time = false;
    for (int round = 0; round < 5 && !was_in_time; round++) {
        int64_t begun = clock_ms(), reading;
        CHECK_OK(rediscluster_options_set(options, "init_slot_cache", "no", &error), error);
        CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
        reading = clock_ms() - begun;
        rediscluster_pool_free(pool);
        CHECK_OK(rediscluster_options_set(options, "init_slot_cache", "yes", &error), error);
        begun = clock_ms();
        CHECK_STATUS(either(rediscluster_pool_new(options, &pool, &error)), REDISCLUSTER_ERROR_TIMEOUT, error);
        CHECK(clock_ms() - begun >= DEADLINE - 1);
        was_in_time = clock_ms() - begun - reading <= DEADLINE + LATE * test_patience();
    }
    CHECK(was_in_time);
}

/* The handshake of node 2 comes so; the first node is well. */
static void handshake(const char *how)
{
    fake_node *fake = fake_node_start_format("tls %s\nnode *\nhandshake\ntopology 0-8191=1 8192-16383=2\nnode 2\n%s",
                                             certificates_folder(), how);
    rediscluster_pool *pool = tls_pool_of(fake_node_address(fake, 1), NULL);
    rediscluster_options *options =
        tls_options_of(fake_node_address(fake, 2), "socket_connect_timeout", "300", NULL);
    rediscluster_connection *none = NULL;
    rediscluster_error *error = NULL;

    CHECK_FAILS(rediscluster_pool_get_by_slot(pool, 16383, REDISCLUSTER_WRITE, DEADLINE, &none, &error),
                REDISCLUSTER_ERROR_TIMEOUT, error);
    CHECK_CONTAINS(rediscluster_error_message(error), "TLS was agreed on");
    CHECK_STR(rediscluster_error_node(error), fake_node_address(fake, 2));
    CHECK(rediscluster_error_is_retryable(error) && !rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
    ENDS_IN_TIME(rediscluster_pool_get_by_slot(pool, 16383, REDISCLUSTER_WRITE, DEADLINE, &none, error_out),
                 REDISCLUSTER_ERROR_TIMEOUT);
    ENDS_IN_TIME(rediscluster_pool_get_by_node(pool, fake_node_address(fake, 2), DEADLINE, &none, error_out),
                 REDISCLUSTER_ERROR_TIMEOUT);
    CHECK(none == NULL);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 0);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_DIALING), 0);
    rediscluster_pool_free(pool);
    no_pool_in_time(options);
    rediscluster_options_free(options);
    fake_node_stop(fake);
}

static void answers(void)
{
    fake_node *fake = fake_node_start_format(
        "tls %s\nnode 1\nhandshake\ntopology 0-16383=1\non GET slow => dribble 200; bulk hello\n"
        "on GET busy => dribble 2; fill 100000\non PING => pong\n"
        "scene slow\nnode 1\non CLUSTER SLOTS => dribble 200; slots 0-16383=1",
        certificates_folder());
    rediscluster_pool *pool = tls_pool_of(fake_node_address(fake, 1), "topology_refresh_min_interval", "0",
                                          "topology_command", "slots", NULL);
    rediscluster_options *options;
    const char *keys[] = {"slow", "busy"};

    for (int i = 0; i < 2; i++) {
        rediscluster_command *command = command_of("GET", keys[i], NULL);
        rediscluster_reply *reply = NULL;
        bool was_in_time = false;
        for (int round = 0; round < 5 && !was_in_time; round++) {
            rediscluster_connection *connection = take_slot(pool, 0, -2);
            rediscluster_error *error = NULL;
            int64_t begun = clock_ms();
            CHECK_FAILS(rediscluster_connection_command(connection, command, DEADLINE, &reply, &error),
                        REDISCLUSTER_ERROR_TIMEOUT, error);
            was_in_time = in_time(begun);
            CHECK(reply == NULL && rediscluster_error_maybe_executed(error));
            CHECK(rediscluster_connection_is_broken(connection));
            rediscluster_error_free(error);
            give_back(connection);
        }
        CHECK(was_in_time);

        /* Of a pipeline, twice: the read that ends by time leaves the connection usable. */
        was_in_time = false;
        for (int round = 0; round < 5 && !was_in_time; round++) {
            rediscluster_connection *connection = take_slot(pool, 0, -2);
            rediscluster_error *error = NULL;
            int64_t begun;
            CHECK_OK(rediscluster_connection_append(connection, command, &error), error);
            CHECK_OK(rediscluster_connection_flush(connection, -2, &error), error);
            was_in_time = true;
            for (int read = 0; read < 2; read++) {
                begun = clock_ms();
                CHECK_STATUS(rediscluster_connection_read(connection, DEADLINE, &reply, &error),
                             REDISCLUSTER_ERROR_TIMEOUT, error);
                was_in_time = in_time(begun) && was_in_time;
                CHECK(!rediscluster_connection_is_broken(connection));
            }
            give_back(connection);
        }
        CHECK(was_in_time);
        rediscluster_command_free(command);
    }

    fake_node_control(fake, "use slow");
    /* The only node that could be asked is told of, or the end of the time, whatever is noticed first. */
    ENDS_IN_TIME(either(rediscluster_pool_refresh(pool, DEADLINE, error_out)), REDISCLUSTER_ERROR_TIMEOUT);
    options = tls_options_of(fake_node_address(fake, 1), "topology_command", "slots", "socket_timeout", "300", NULL);
    no_pool_in_time(options);
    rediscluster_options_free(options);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
}

int main(void)
{
    handshake("tls-silent");
    handshake("tls-dribble 200");
    handshake("tls-dribble 1");
    answers();
    return 0;
}
