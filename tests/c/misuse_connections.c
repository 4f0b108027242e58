/* Numbers that are no connection, and connections that are given back: every function that takes one answers with
 * NOT_CHECKED_OUT (FORKED for a number that would be of another process; or nothing), and the connection that has its
 * place since is untouched. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

#include <string.h>

static rediscluster_pool *pool;

static void refused(rediscluster_status status)
{
    CHECK(status == REDISCLUSTER_ERROR_NOT_CHECKED_OUT || status == REDISCLUSTER_ERROR_FORKED);
}

static void is_none(rediscluster_connection *connection)
{
    rediscluster_command *command = command_of("PING", NULL);
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    refused(rediscluster_connection_command(connection, command, -2, &reply, NULL));
    refused(rediscluster_connection_append(connection, command, NULL));
    refused(rediscluster_connection_flush(connection, -2, NULL));
    refused(rediscluster_connection_read(connection, -2, &reply, NULL));
    refused(rediscluster_connection_interrupt(connection, NULL));
    refused(rediscluster_connection_release(connection, NULL));
    refused(rediscluster_pool_release(pool, connection, &error));
    CHECK(*rediscluster_error_message(error) != '\0');
    rediscluster_error_free(error);
    CHECK(rediscluster_connection_node(connection) == NULL);
    CHECK_INT(rediscluster_connection_fd(connection), -1);
    CHECK(!rediscluster_connection_is_readonly(connection));
    CHECK(rediscluster_connection_is_broken(connection));
    CHECK(reply == NULL);
    rediscluster_command_free(command);
}

int main(void)
{
    const uint64_t numbers[] = {1,
                                2,
                                0x7fffdeadbeef,
                                (uint64_t)1 << 63,
                                (uint64_t)1 << 63 | 1,
                                UINT64_MAX,
                                UINT64_MAX - 1,
                                0x8000000000010001,
                                0xffffffff00000001};
    fake_node *fake = fake_node_start("node 1\nhandshake\nstore\ntopology 0-16383=1");
    rediscluster_connection *old, *now;
    rediscluster_error *error = NULL;
    uint64_t bits;
    pool = pool_of(fake_node_address(fake, 1), NULL);

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        is_none((rediscluster_connection *)(uintptr_t)numbers[i]);
    is_none((rediscluster_connection *)(void *)&error);

    old = take_slot(pool, 0, -2);
    /* Never an address: bit 63 set, and odd. */
    bits = (uint64_t)(uintptr_t)old;
    CHECK(bits >> 63 == 1 && (bits & 1) == 1);
    give_back(old);
    is_none(old);
    CHECK_STATUS(rediscluster_connection_release(old, &error), REDISCLUSTER_ERROR_NOT_CHECKED_OUT, error);
    now = take_slot(pool, 0, -2);
    CHECK(now != old);
    is_none(old);
    /* Neighbours of a live one. */
    for (int bit = 0; bit < 64; bit++) {
        uint64_t other = (uint64_t)(uintptr_t)now ^ (uint64_t)1 << bit;
        if (other != 0)
            is_none((rediscluster_connection *)(uintptr_t)other);
    }
    CHECK(!rediscluster_connection_is_broken(now));
    say_expect(now, "PONG", "PING", NULL);
    CHECK_OK(rediscluster_pool_release(pool, now, &error), error);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 1);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
