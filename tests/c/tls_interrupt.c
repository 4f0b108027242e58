/* With TLS: rediscluster_connection_interrupt, from another thread, ends a command, a read and a flush with
 * CANCELLED at once; with none under way the next call ends so; the connection is broken then, and its release
 * closes it. */
#include "certificates.h"
#include "commands.h"
#include "fake_node.h"
#include "pools.h"
#include "threads.h"
#include "tls.h"

#include <stdlib.h>
#include <string.h>

enum doing { COMMAND, READ, FLUSH };

struct shared {
    fake_node *fake;
    rediscluster_pool *pool;
    rediscluster_connection *connection;
    enum doing doing;
};

static rediscluster_status blocked(struct shared *shared, rediscluster_error **error)
{
    rediscluster_command *command = command_of("HANG", NULL);
    rediscluster_reply *reply = NULL;
    rediscluster_status status = REDISCLUSTER_OK;
    uint8_t *large;
    switch (shared->doing) {
    case COMMAND:
        status = rediscluster_connection_command(shared->connection, command, 60000, &reply, error);
        break;
    case READ:
        CHECK_INT(rediscluster_connection_append(shared->connection, command, NULL), 0);
        status = rediscluster_connection_read(shared->connection, -1, &reply, error);
        break;
    case FLUSH:
        /* More than the sockets hold, to a node that does not read. */
        CHECK_INT(rediscluster_connection_append(shared->connection, command, NULL), 0);
        CHECK_INT(rediscluster_connection_flush(shared->connection, 60000, NULL), 0);
        WAIT_UNTIL(fake_node_count(shared->fake, "HANG") > 0, 10000);
        fake_node_control(shared->fake, "pause 1");
        large = calloc(1, 64 << 20);
        CHECK(large != NULL);
        CHECK_INT(rediscluster_command_append(command, large, 64 << 20, NULL), 0);
        free(large);
        CHECK_INT(rediscluster_connection_append(shared->connection, command, NULL), 0);
        status = rediscluster_connection_flush(shared->connection, 60000, error);
        break;
    }
    CHECK(reply == NULL);
    rediscluster_command_free(command);
    return status;
}

static void work(void *argument, int number)
{
    struct shared *shared = argument;
    rediscluster_error *error = NULL;
    if (number == 0) {
        CHECK_STATUS(blocked(shared, &error), REDISCLUSTER_ERROR_CANCELLED, error);
        CHECK(rediscluster_connection_is_broken(shared->connection));
    } else {
        /* For a while it waits; before that the interruption would hold for the call to come, which is as well. */
        if (shared->doing != FLUSH)
            WAIT_UNTIL(fake_node_count(shared->fake, "HANG") > 0, 10000);
        clock_sleep_ms(50);
        CHECK_OK(rediscluster_connection_interrupt(shared->connection, &error), error);
    }
}

int main(void)
{
    struct shared shared;
    rediscluster_error *error = NULL;
    int64_t begun;
    shared.fake = fake_node_start_format("tls %s\nnode 1\non HANG * => hang\nhandshake\nstore\ntopology 0-16383=1",
                                         certificates_folder());
    shared.pool = tls_pool_of(fake_node_address(shared.fake, 1), "socket_timeout", "60000", NULL);
    for (int doing = COMMAND; doing <= FLUSH; doing++) {
        shared.doing = (enum doing)doing;
        fake_node_control(shared.fake, "clear");
        shared.connection = take_slot(shared.pool, 0, -2);
        begun = clock_ms();
        threads_run(2, work, &shared);
        CHECK(clock_ms() - begun < 30000);
        give_back(shared.connection);
        CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_OPEN), 0);
        if (doing == FLUSH)
            fake_node_control(shared.fake, "resume 1");
    }

    /* With no call under way. */
    shared.connection = take_slot(shared.pool, 0, -2);
    CHECK_OK(rediscluster_connection_interrupt(shared.connection, &error), error);
    CHECK_OK(rediscluster_connection_interrupt(shared.connection, &error), error);
    CHECK(rediscluster_connection_is_broken(shared.connection));
    rediscluster_error_free(ask_fails(shared.connection, REDISCLUSTER_ERROR_CANCELLED, -2, "PING", NULL));
    give_back(shared.connection);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_OPEN), 0);
    CHECK_STATUS(rediscluster_connection_interrupt(shared.connection, &error),
                 REDISCLUSTER_ERROR_NOT_CHECKED_OUT, error);
    shared.connection = take_slot(shared.pool, 0, -2);
    say_expect(shared.connection, "PONG", "PING", NULL);
    give_back(shared.connection);
    rediscluster_pool_free(shared.pool);
    fake_node_stop(shared.fake);
    return 0;
}
