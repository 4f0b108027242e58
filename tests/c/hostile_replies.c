/* L4: hostile replies to a command: depth 100,000, enormous counts and lengths, a byte at a time, rubbish, pushes, two
 * replies for one command, bulks without their CRLF, 64 MB of line without an end, "$512M" and silence. That call gets an
 * error or the right parse; the next one gets its own reply; memory stays bounded. */
#include "commands.h"
#include "descriptors.h"
#include "fake_node.h"
#include "pools.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int32_t protocol = REDISCLUSTER_ERROR_PROTOCOL, limit = REDISCLUSTER_ERROR_LIMIT;
static fake_node *fake;
static rediscluster_pool *pool;
static int number;

/* A connection that is the next to serve slot 0, and works: answers with what was asked, every time. */
static void works(void)
{
    char text[32];
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof text, "own %d", number++);
        say_expect(connection, text, "ECHO", text, NULL);
    }
    give_back(connection);
}

/* The call for this key ends with the status and breaks its connection, which is not used again. */
static void ends_with(const char *key, int32_t status)
{
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    int64_t closed = pool_stat(pool, NULL, REDISCLUSTER_STAT_CLOSED);
    long before = resident_kib();
    rediscluster_error *error = ask_fails(connection, status, 30000, "GET", key, NULL);
    CHECK_STR(rediscluster_error_node(error), fake_node_address(fake, 1));
    CHECK(rediscluster_error_maybe_executed(error));
    CHECK(strlen(rediscluster_error_message(error)) < 400);
    rediscluster_error_free(error);
    CHECK(rediscluster_connection_is_broken(connection));
    error = ask_fails(connection, REDISCLUSTER_ERROR_CONNECTION, -2, "GET", "other", NULL);
    CHECK(!rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
    give_back(connection);
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CLOSED), closed + 1);
    if (getenv("REDISCLUSTER_TEST_TOOL") == NULL)
        CHECK_BETWEEN(resident_kib() - before, -1000000, 20 * 1024);
    works();
}

static rediscluster_reply *gives(const char *key)
{
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    rediscluster_reply *reply = ask(connection, "GET", key, NULL);
    CHECK(!rediscluster_connection_is_broken(connection));
    give_back(connection);
    works();
    return reply;
}

static void refused(void)
{
    ends_with("depth", limit);
    ends_with("count", limit);
    ends_with("map-count", limit);
    ends_with("count-overflow", protocol);
    ends_with("length", limit);
    ends_with("length-overflow", protocol);
    ends_with("minus-two", protocol);
    ends_with("array-minus-two", protocol);
    ends_with("rubbish", protocol);
    ends_with("zeros", protocol);
    ends_with("no-number", protocol);
    ends_with("bulk-end", protocol);
    ends_with("big-bulk-end", protocol);
    ends_with("line", limit);
    ends_with("many-bulks", limit);
    ends_with("boolean", protocol);
    ends_with("double", protocol);
    ends_with("null", protocol);
    ends_with("two", protocol);
    ends_with("half-close", REDISCLUSTER_ERROR_CONNECTION);
    ends_with("nothing", REDISCLUSTER_ERROR_CONNECTION);
    ends_with("reset", REDISCLUSTER_ERROR_CONNECTION);
}

static void understood(void)
{
    rediscluster_reply *reply = gives("dribble");
    CHECK_INT(rediscluster_reply_count(reply), 3);
    CHECK_STR(reply_text(rediscluster_reply_at(reply, 0)), "slow");
    CHECK_INT(rediscluster_reply_integer(rediscluster_reply_at(reply, 1)), -7);
    CHECK_INT(rediscluster_reply_kind(rediscluster_reply_at(reply, 2)), REDISCLUSTER_REPLY_NIL);
    rediscluster_reply_free(reply);
    reply = gives("empty-bulk");
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_STRING);
    CHECK_STR(reply_text(reply), "");
    rediscluster_reply_free(reply);
    reply = gives("nil-array");
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_NIL);
    rediscluster_reply_free(reply);
    reply = gives("deep-enough");
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_ARRAY);
    rediscluster_reply_free(reply);
}

/* "$512M" and nothing behind it: ends by the call's deadline, and no memory was taken for it. */
static void silence(const char *key)
{
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    long before = resident_kib();
    int64_t begun = clock_ms();
    rediscluster_error *error = ask_fails(connection, REDISCLUSTER_ERROR_TIMEOUT, 200, "GET", key, NULL);
    CHECK_BETWEEN(clock_ms() - begun, 199, 200 + 20 * test_patience());
    CHECK(rediscluster_error_maybe_executed(error));
    rediscluster_error_free(error);
    if (getenv("REDISCLUSTER_TEST_TOOL") == NULL)
        CHECK_BETWEEN(resident_kib() - before, -1000000, 8 * 1024);
    give_back(connection);
    works();
}

/* A second reply that comes when the connection is idle in the pool is seen at the next checkout. */
static void late_second_reply(void)
{
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    rediscluster_reply *reply = ask(connection, "GET", "two-idle", NULL);
    int64_t closed = pool_stat(pool, NULL, REDISCLUSTER_STAT_CLOSED);
    struct pollfd readable;
    CHECK_STR(reply_text(reply), "first");
    rediscluster_reply_free(reply);
    readable.fd = rediscluster_connection_fd(connection);
    readable.events = POLLIN;
    give_back(connection);
    fake_node_control(fake, "open third");
    CHECK_INT(poll(&readable, 1, 5000), 1);
    works();
    CHECK_INT(pool_stat(pool, NULL, REDISCLUSTER_STAT_CLOSED), closed + 1);
}

/* Pushes are no reply: RESP3 ones, and what looks like an array named "message". */
static void pushes(void)
{
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    rediscluster_reply *reply = ask(connection, "GET", "pushes", NULL);
    rediscluster_error *error = NULL;
    CHECK_STR(reply_text(reply), "mine");
    rediscluster_reply_free(reply);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(rediscluster_connection_read(connection, 5000, &reply, &error), error);
        CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_PUSH);
        CHECK_STR(reply_text(rediscluster_reply_at(reply, 0)), "invalidate");
        rediscluster_reply_free(reply);
    }
    CHECK_INT(rediscluster_connection_read(connection, 0, &reply, NULL), REDISCLUSTER_ERROR_TIMEOUT);
    say_expect(connection, "still", "ECHO", "still", NULL);
    give_back(connection);
    works();
    ends_with("push-flood", limit);
}

int main(void)
{
    fake = fake_node_start(
        "node 1\nlog off\n"
        "on ECHO * => echo\n"
        "on GET depth => repeat 100000 send \"*1\\r\\n\"\n"
        "on GET deep-enough => repeat 127 send \"*1\\r\\n\"; send \":1\\r\\n\"\n"
        "on GET count => send \"*2147483647\\r\\n\"; repeat 200 send \"$-2\\r\\n\"\n"
        "on GET map-count => send \"%1073741823\\r\\n\"; repeat 200 send \"$-2\\r\\n\"\n"
        "on GET count-overflow => send \"*99999999999999999999\\r\\n\"\n"
        "on GET length => send \"$9999999999\\r\\n\"\n"
        "on GET length-overflow => send \"$99999999999999999999\\r\\n\"\n"
        "on GET minus-two => send \"$-2\\r\\n\"\n"
        "on GET array-minus-two => send \"*-2\\r\\n\"\n"
        "on GET rubbish => send \"\\x16\\x03\\x01\\x02\\x00\\x01\\x00\\r\\n\"\n"
        "on GET zeros => repeat 100 send \"\\0\\0\\0\\0\\0\\0\\0\\0\"\n"
        "on GET no-number => send \":12a\\r\\n\"\n"
        "on GET bulk-end => send \"$3\\r\\nabcde\\r\\n\"\n"
        "on GET big-bulk-end => send \"$100000\\r\\n\"; repeat 10000 send 0123456789; send \"xx+OK\\r\\n\"\n"
        "on GET line => send +; repeat 65536 send "
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\n"
        "on GET many-bulks => send \"*100\\r\\n\"; repeat 100 fill 200000\n"
        "on GET boolean => send \"#x\\r\\n\"\n"
        "on GET double => send \",1.2.3\\r\\n\"\n"
        "on GET null => send \"_x\\r\\n\"\n"
        "on GET two => bulk one; bulk two\n"
        "on GET two-idle => bulk first; gate third; bulk third\n"
        "on GET half-close => send \"$10\\r\\nabc\"; half-close\n"
        "on GET nothing => close\n"
        "on GET reset => send \"$10\\r\\nabc\"; reset\n"
        "on GET dribble => dribble 1; resp [ slow -7 nil ]\n"
        "on GET empty-bulk => send \"$0\\r\\n\\r\\n\"\n"
        "on GET nil-array => send \"*-1\\r\\n\"\n"
        "on GET silence => send \"$536870912\\r\\n\"; hang\n"
        "on GET array-silence => send \"*100000000\\r\\n$5\\r\\nhe\"; hang\n"
        "on GET pushes => push invalidate a; push invalidate b; bulk mine; push invalidate c\n"
        "on GET push-flood => repeat 5000 push invalidate a\n"
        "handshake\nstore\ntopology 0-16383=1");
    pool = pool_of(fake_node_address(fake, 1), "max_reply_size", "10000000", NULL);
    works();
    refused();
    understood();
    late_second_reply();
    pushes();
    rediscluster_pool_free(pool);

    /* With the limit that is the default. */
    pool = pool_of(fake_node_address(fake, 1), NULL);
    silence("silence");
    silence("array-silence");
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
