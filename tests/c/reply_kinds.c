/* Replies: each kind of RESP2 and RESP3 is told as what it is; each accessor gives its own kind's value and 0, NULL or
 * false for every other; bytes are followed by a NUL; a root has no sibling. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

#include <math.h>
#include <string.h>

static rediscluster_connection *connection;

/* What the accessors of other kinds say of it. */
static void is_only(const rediscluster_reply *reply, rediscluster_kind kind)
{
    bool has_bytes = kind == REDISCLUSTER_REPLY_STRING || kind == REDISCLUSTER_REPLY_STATUS
                     || kind == REDISCLUSTER_REPLY_ERROR || kind == REDISCLUSTER_REPLY_BIGNUMBER
                     || kind == REDISCLUSTER_REPLY_VERBATIM;
    bool has_elements = kind == REDISCLUSTER_REPLY_ARRAY || kind == REDISCLUSTER_REPLY_MAP
                        || kind == REDISCLUSTER_REPLY_SET || kind == REDISCLUSTER_REPLY_PUSH;
    size_t length = 77;
    const uint8_t *bytes = rediscluster_reply_bytes(reply, &length);
    CHECK_INT(rediscluster_reply_kind(reply), kind);
    CHECK_INT(bytes != NULL, has_bytes);
    CHECK(rediscluster_reply_bytes(reply, NULL) == bytes);
    if (has_bytes)
        CHECK_INT(bytes[length], '\0');
    else
        CHECK_INT(length, 0);
    if (kind != REDISCLUSTER_REPLY_INTEGER)
        CHECK_INT(rediscluster_reply_integer(reply), 0);
    if (kind != REDISCLUSTER_REPLY_DOUBLE)
        CHECK(rediscluster_reply_double(reply) == 0);
    if (kind != REDISCLUSTER_REPLY_BOOLEAN)
        CHECK(!rediscluster_reply_boolean(reply));
    if (!has_elements) {
        CHECK_INT(rediscluster_reply_count(reply), 0);
        CHECK(rediscluster_reply_at(reply, 0) == NULL);
    }
    CHECK(rediscluster_reply_at(reply, rediscluster_reply_count(reply)) == NULL);
    CHECK(rediscluster_reply_at(reply, SIZE_MAX) == NULL);
    CHECK(rediscluster_reply_attributes(reply) == NULL);
}

static rediscluster_reply *get(const char *key, rediscluster_kind kind)
{
    rediscluster_reply *reply = ask(connection, "GET", key, NULL);
    is_only(reply, kind);
    CHECK(rediscluster_reply_next(reply) == NULL);
    return reply;
}

static void text(const char *key, rediscluster_kind kind, const char *expected, size_t length)
{
    rediscluster_reply *reply = get(key, kind);
    size_t got;
    CHECK(memcmp(rediscluster_reply_bytes(reply, &got), expected, length) == 0);
    CHECK_INT(got, length);
    rediscluster_reply_free(reply);
}

static void integer(const char *key, int64_t expected)
{
    rediscluster_reply *reply = get(key, REDISCLUSTER_REPLY_INTEGER);
    CHECK(rediscluster_reply_integer(reply) == expected);
    rediscluster_reply_free(reply);
}

static double number(const char *key)
{
    rediscluster_reply *reply = get(key, REDISCLUSTER_REPLY_DOUBLE);
    double value = rediscluster_reply_double(reply);
    rediscluster_reply_free(reply);
    return value;
}

static void aggregate(const char *key, rediscluster_kind kind, size_t count)
{
    rediscluster_reply *reply = get(key, kind);
    const rediscluster_reply *element = rediscluster_reply_at(reply, 0);
    CHECK_INT(rediscluster_reply_count(reply), count);
    for (size_t i = 0; i < count; i++) {
        CHECK(element != NULL && element == rediscluster_reply_at(reply, i));
        element = rediscluster_reply_next(element);
    }
    CHECK(element == NULL);
    rediscluster_reply_free(reply);
}

int main(void)
{
    fake_node *fake = fake_node_start(
        "node 1\n"
        "on GET status => send \"+OK then\\r\\n\"\n"
        "on GET status-empty => send \"+\\r\\n\"\n"
        "on GET string => send \"$5\\r\\na\\0\\r\\nb\\r\\n\"\n"
        "on GET string-empty => send \"$0\\r\\n\\r\\n\"\n"
        "on GET error => send \"-WRONGTYPE Operation against a key\\r\\n\"\n"
        "on GET blob-error => send \"!10\\r\\nSYNTAX\\r\\nno\\r\\n\"\n"
        "on GET big => send \"(-3492890328409238509324850943850943825024385\\r\\n\"\n"
        "on GET verbatim => send \"=8\\r\\ntxt:some\\r\\n\"\n"
        "on GET int => send \":42\\r\\n\"\n"
        "on GET int-plus => send \":+42\\r\\n\"\n"
        "on GET int-least => send \":-9223372036854775808\\r\\n\"\n"
        "on GET int-most => send \":9223372036854775807\\r\\n\"\n"
        "on GET double => send \",-1.5e3\\r\\n\"\n"
        "on GET double-int => send \",10\\r\\n\"\n"
        "on GET inf => send \",inf\\r\\n\"\n"
        "on GET minus-inf => send \",-inf\\r\\n\"\n"
        "on GET nan => send \",nan\\r\\n\"\n"
        "on GET true => send \"#t\\r\\n\"\n"
        "on GET false => send \"#f\\r\\n\"\n"
        "on GET nil => send \"_\\r\\n\"\n"
        "on GET nil-bulk => send \"$-1\\r\\n\"\n"
        "on GET nil-array => send \"*-1\\r\\n\"\n"
        "on GET array => send \"*3\\r\\n:1\\r\\n+two\\r\\n_\\r\\n\"\n"
        "on GET array-empty => send \"*0\\r\\n\"\n"
        "on GET map => send \"%2\\r\\n+a\\r\\n:1\\r\\n+b\\r\\n*1\\r\\n:2\\r\\n\"\n"
        "on GET map-empty => send \"%0\\r\\n\"\n"
        "on GET set => send \"~3\\r\\n:1\\r\\n:2\\r\\n*2\\r\\n:3\\r\\n:4\\r\\n\"\n"
        "on GET all => send \"*6\\r\\n*0\\r\\n*-1\\r\\n#t\\r\\n,0.5\\r\\n$2\\r\\nhi\\r\\n*1\\r\\n*1\\r\\n:9\\r\\n\"\n"
        "handshake\nstore\ntopology 0-16383=1");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "protocol", "3", NULL);
    rediscluster_reply *reply;
    const rediscluster_reply *element;
    const rediscluster_kind kinds[] = {REDISCLUSTER_REPLY_ARRAY,   REDISCLUSTER_REPLY_NIL,
                                       REDISCLUSTER_REPLY_BOOLEAN, REDISCLUSTER_REPLY_DOUBLE,
                                       REDISCLUSTER_REPLY_STRING,  REDISCLUSTER_REPLY_ARRAY};
    connection = take_slot(pool, 0, -2);

    text("status", REDISCLUSTER_REPLY_STATUS, "OK then", 7);
    text("status-empty", REDISCLUSTER_REPLY_STATUS, "", 0);
    text("string", REDISCLUSTER_REPLY_STRING, "a\0\r\nb", 5);
    text("string-empty", REDISCLUSTER_REPLY_STRING, "", 0);
    text("error", REDISCLUSTER_REPLY_ERROR, "WRONGTYPE Operation against a key", 33);
    text("blob-error", REDISCLUSTER_REPLY_ERROR, "SYNTAX\r\nno", 10);
    text("big", REDISCLUSTER_REPLY_BIGNUMBER, "-3492890328409238509324850943850943825024385", 44);
    text("verbatim", REDISCLUSTER_REPLY_VERBATIM, "some", 4);
    integer("int", 42);
    integer("int-plus", 42);
    integer("int-least", INT64_MIN);
    integer("int-most", INT64_MAX);
    CHECK(number("double") == -1500.0);
    CHECK(number("double-int") == 10.0);
    CHECK(number("inf") == HUGE_VAL);
    CHECK(number("minus-inf") == -HUGE_VAL);
    CHECK(number("nan") != number("nan"));
    reply = get("true", REDISCLUSTER_REPLY_BOOLEAN);
    CHECK(rediscluster_reply_boolean(reply));
    rediscluster_reply_free(reply);
    reply = get("false", REDISCLUSTER_REPLY_BOOLEAN);
    CHECK(!rediscluster_reply_boolean(reply));
    rediscluster_reply_free(reply);
    rediscluster_reply_free(get("nil", REDISCLUSTER_REPLY_NIL));
    rediscluster_reply_free(get("nil-bulk", REDISCLUSTER_REPLY_NIL));
    rediscluster_reply_free(get("nil-array", REDISCLUSTER_REPLY_NIL));
    aggregate("array", REDISCLUSTER_REPLY_ARRAY, 3);
    aggregate("array-empty", REDISCLUSTER_REPLY_ARRAY, 0);
    aggregate("map", REDISCLUSTER_REPLY_MAP, 4);
    aggregate("map-empty", REDISCLUSTER_REPLY_MAP, 0);
    aggregate("set", REDISCLUSTER_REPLY_SET, 3);
    aggregate("all", REDISCLUSTER_REPLY_ARRAY, 6);

    reply = ask(connection, "GET", "all", NULL);
    element = rediscluster_reply_at(reply, 0);
    for (size_t i = 0; i < 6; i++, element = rediscluster_reply_next(element))
        is_only(element, kinds[i]);
    CHECK_INT(rediscluster_reply_integer(
                  rediscluster_reply_at(rediscluster_reply_at(rediscluster_reply_at(reply, 5), 0), 0)),
              9);
    /* A part is refused: the whole stays. */
    rediscluster_reply_free((rediscluster_reply *)(uintptr_t)rediscluster_reply_at(reply, 5));
    rediscluster_reply_free((rediscluster_reply *)(uintptr_t)rediscluster_reply_at(reply, 0));
    CHECK_INT(rediscluster_reply_count(reply), 6);
    CHECK(rediscluster_reply_boolean(rediscluster_reply_at(reply, 2)));
    rediscluster_reply_free(reply);
    /* A reply outlives its connection and its pool. */
    reply = ask(connection, "GET", "string", NULL);
    give_back(connection);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    CHECK(memcmp(rediscluster_reply_bytes(reply, NULL), "a\0\r\nb", 6) == 0);
    rediscluster_reply_free(reply);
    return 0;
}
