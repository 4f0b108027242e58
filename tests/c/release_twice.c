/* E4: a connection that was released is no connection any more: releasing it again or using it is
 * answered NOT_CHECKED_OUT and changes nothing, whoever has it by then; NULL and rubbish likewise; and
 * the next two gets give two different connections. */
#include "fake_node.h"
#include "pools.h"

#include <string.h>

/* Whatever is done with this value gives `status`. */
static void is_none(rediscluster_pool *pool, rediscluster_connection *connection, int32_t status)
{
    rediscluster_command *command = NULL;
    rediscluster_reply *reply = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_command_from_argv(REDISCLUSTER_ARGS("PING"), &command, &error), error);
    CHECK_STATUS(rediscluster_connection_release(connection, &error), status, error);
    CHECK_STATUS(rediscluster_pool_release(pool, connection, &error), status, error);
    CHECK_STATUS(rediscluster_connection_command(connection, command, -2, &reply, &error), status,
                 error);
    CHECK_STATUS(rediscluster_connection_append(connection, command, &error), status, error);
    CHECK_STATUS(rediscluster_connection_flush(connection, -2, &error), status, error);
    CHECK_STATUS(rediscluster_connection_read(connection, 0, &reply, &error), status, error);
    CHECK_STATUS(rediscluster_connection_interrupt(connection, &error), status, error);
    CHECK(reply == NULL);
    CHECK(rediscluster_connection_node(connection) == NULL);
    CHECK_INT(rediscluster_connection_fd(connection), -1);
    CHECK(rediscluster_connection_is_broken(connection));
    CHECK(!rediscluster_connection_is_readonly(connection));
    rediscluster_command_free(command);
}

static rediscluster_connection *value_of(uint64_t bits)
{
    rediscluster_connection *value = NULL;
    uintptr_t number = (uintptr_t)bits;
    memcpy(&value, &number, sizeof value);
    return value;
}

int main(void)
{
    static const uint64_t rubbish[] = {1, 2, 3, 0x7fffffffffffu, 0xdeadbeef, UINT64_C(1) << 63,
                                       UINT64_C(1) << 63 | 1, UINT64_MAX, UINT64_MAX - 1,
                                       UINT64_C(0x8000000000ffffff)};
    fake_node *fake = fake_node_start("node 1\nhandshake\nstore\ntopology 0-16383=1");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), NULL);
    rediscluster_connection *old = take_slot(pool, 0, -2), *one, *two;

    give_back(old);
    is_none(pool, old, REDISCLUSTER_ERROR_NOT_CHECKED_OUT);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 1);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 1);

    one = take_slot(pool, 0, -2); /* the same connection, another value */
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CREATED), 1);
    CHECK(one != old);
    is_none(pool, old, REDISCLUSTER_ERROR_NOT_CHECKED_OUT);
    two = take_slot(pool, 0, -2);
    CHECK(one != two);
    CHECK(rediscluster_connection_fd(one) != rediscluster_connection_fd(two));
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IN_USE), 2);
    is_none(pool, old, REDISCLUSTER_ERROR_NOT_CHECKED_OUT);
    is_none(pool, NULL, REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++) {
        rediscluster_error *error = NULL;
        int32_t status = (int32_t)rediscluster_connection_release(value_of(rubbish[i]), &error);
        CHECK(status == REDISCLUSTER_ERROR_NOT_CHECKED_OUT || status == REDISCLUSTER_ERROR_FORKED);
        CHECK(error != NULL);
        rediscluster_error_free(error);
    }
    say_expect(one, "PONG", "PING", NULL);
    say_expect(two, "PONG", "PING", NULL);
    give_back(one);
    give_back(two);
    /* Closed connections are none either. */
    one = take_slot(pool, 0, -2);
    {
        rediscluster_error *error = NULL;
        CHECK_OK(rediscluster_pool_disconnect(pool, &error), error);
    }
    give_back(one);
    is_none(pool, one, REDISCLUSTER_ERROR_NOT_CHECKED_OUT);
    is_none(pool, two, REDISCLUSTER_ERROR_NOT_CHECKED_OUT);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_OPEN), 0);
    rediscluster_pool_free(pool);
    is_none(NULL, NULL, REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    fake_node_stop(fake);
    return 0;
}
