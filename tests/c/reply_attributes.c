/* Attributes (RESP3): a map in front of a reply or of any element is found from what it belongs to, counts for no
 * element, and is skipped by loops. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

static void one_entry(const rediscluster_reply *owner, const char *name, int64_t value)
{
    const rediscluster_reply *attributes = rediscluster_reply_attributes(owner);
    CHECK(attributes != NULL);
    CHECK_INT(rediscluster_reply_kind(attributes), REDISCLUSTER_REPLY_MAP);
    CHECK_INT(rediscluster_reply_count(attributes), 2);
    CHECK_STR(reply_text(rediscluster_reply_at(attributes, 0)), name);
    CHECK_INT(rediscluster_reply_integer(rediscluster_reply_at(attributes, 1)), value);
}

int main(void)
{
    fake_node *fake = fake_node_start(
        "node 1\n"
        "on GET root => send \"|1\\r\\n+ttl\\r\\n:60\\r\\n$1\\r\\nv\\r\\n\"\n"
        "on GET parts => send \"*4\\r\\n:1\\r\\n|1\\r\\n+a\\r\\n:2\\r\\n:2\\r\\n"
        "|1\\r\\n+b\\r\\n:3\\r\\n*1\\r\\n|1\\r\\n+c\\r\\n:4\\r\\n:3\\r\\n:4\\r\\n\"\n"
        "on GET both => send \"|1\\r\\n+r\\r\\n:1\\r\\n*1\\r\\n|1\\r\\n+e\\r\\n:2\\r\\n+x\\r\\n\"\n"
        "handshake\nstore\ntopology 0-16383=1");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), NULL);
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    rediscluster_reply *reply = ask(connection, "GET", "root", NULL);
    const rediscluster_reply *element;
    int64_t number = 0;

    CHECK_STR(reply_text(reply), "v");
    one_entry(reply, "ttl", 60);
    CHECK(rediscluster_reply_attributes(rediscluster_reply_attributes(reply)) == NULL);
    rediscluster_reply_free(reply);

    reply = ask(connection, "GET", "parts", NULL);
    CHECK_INT(rediscluster_reply_count(reply), 4);
    CHECK(rediscluster_reply_attributes(reply) == NULL);
    for (element = rediscluster_reply_at(reply, 0); element != NULL;
         element = rediscluster_reply_next(element)) {
        CHECK(element == rediscluster_reply_at(reply, (size_t)number));
        number++;
        if (number == 3)
            element = rediscluster_reply_at(reply, 2);
        else
            CHECK_INT(rediscluster_reply_integer(element), number);
    }
    CHECK_INT(number, 4);
    CHECK(rediscluster_reply_attributes(rediscluster_reply_at(reply, 0)) == NULL);
    one_entry(rediscluster_reply_at(reply, 1), "a", 2);
    one_entry(rediscluster_reply_at(reply, 2), "b", 3);
    one_entry(rediscluster_reply_at(rediscluster_reply_at(reply, 2), 0), "c", 4);
    CHECK_INT(rediscluster_reply_integer(rediscluster_reply_at(rediscluster_reply_at(reply, 2), 0)), 3);
    CHECK(rediscluster_reply_attributes(rediscluster_reply_at(reply, 3)) == NULL);
    rediscluster_reply_free(reply);

    reply = ask(connection, "GET", "both", NULL);
    one_entry(reply, "r", 1);
    one_entry(rediscluster_reply_at(reply, 0), "e", 2);
    CHECK(rediscluster_reply_next(rediscluster_reply_at(reply, 0)) == NULL);
    rediscluster_reply_free(reply);
    say_expect(connection, "PONG", "PING", NULL);
    give_back(connection);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
