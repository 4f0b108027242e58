/* rediscluster_reply_check: an error reply becomes SERVER with the server's code and text, without the arguments that
 * servers repeat; every other kind is OK; errors among the elements are not looked at. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

#include <string.h>

static void is_error(rediscluster_connection *connection, const char *key, const char *code, const char *text)
{
    rediscluster_reply *reply = ask(connection, "GET", key, NULL);
    rediscluster_error *error = NULL;
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_ERROR);
    CHECK_FAILS(rediscluster_reply_check(reply, &error), REDISCLUSTER_ERROR_SERVER, error);
    CHECK_INT(rediscluster_error_status(error), REDISCLUSTER_ERROR_SERVER);
    CHECK_STR(rediscluster_error_server_code(error), code);
    CHECK_CONTAINS(rediscluster_error_message(error), text);
    CHECK(strstr(rediscluster_error_message(error), "hunter2") == NULL);
    CHECK(!rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
    CHECK_INT(rediscluster_reply_check(reply, NULL), REDISCLUSTER_ERROR_SERVER);
    rediscluster_reply_free(reply);
    CHECK(!rediscluster_connection_is_broken(connection));
}

int main(void)
{
    fake_node *fake = fake_node_start(
        "node 1\n"
        "on GET wrongtype => error \"WRONGTYPE Operation against a key holding the wrong kind of value\"\n"
        "on GET moved => error \"MOVED 5 127.0.0.1:1\"\n"
        "on GET plain => error \"something without a code\"\n"
        "on GET unknown => error \"ERR unknown command 'GET', with args beginning with: 'hunter2' \"\n"
        "on GET blob => send \"!11\\r\\nOOPS a\\r\\nbcd\\r\\n\"\n"
        "on GET empty => send \"-\\r\\n\"\n"
        "on GET elements => resp [ 1 -\"ERR inside\" ]\n"
        "handshake\nstore\ntopology 0-16383=1");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), NULL);
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    rediscluster_error *error = NULL;
    rediscluster_reply *reply;

    is_error(connection, "wrongtype", "WRONGTYPE", "wrong kind of value");
    is_error(connection, "moved", "MOVED", "127.0.0.1:1");
    is_error(connection, "plain", "", "something without a code");
    is_error(connection, "unknown", "ERR", "unknown command");
    is_error(connection, "blob", "OOPS", "OOPS a");
    is_error(connection, "empty", "", "");
    reply = ask(connection, "GET", "elements", NULL);
    CHECK_OK(rediscluster_reply_check(reply, &error), error);
    CHECK_STATUS(rediscluster_reply_check(rediscluster_reply_at(reply, 1), &error),
                 REDISCLUSTER_ERROR_SERVER, error);
    rediscluster_reply_free(reply);
    CHECK_STATUS(rediscluster_reply_check(NULL, &error), REDISCLUSTER_ERROR_INVALID_ARGUMENT, error);
    reply = ask(connection, "GET", "nothing", NULL);
    CHECK_OK(rediscluster_reply_check(reply, &error), error);
    rediscluster_reply_free(reply);
    give_back(connection);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_IDLE), 1);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
