/* rediscluster_reply_next makes a loop over 100,000 nested pairs linear: ten times as many take about ten times as long,
 * not a hundred times. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static double processor_ms(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* The best of five walks, each of which must meet all pairs in order. */
static double walk(const rediscluster_reply *reply, size_t count)
{
    double best = 1e9;
    CHECK_INT(rediscluster_reply_count(reply), count);
    for (int round = 0; round < 5; round++) {
        double begun = processor_ms(), took;
        size_t pairs = 0;
        for (const rediscluster_reply *pair = rediscluster_reply_at(reply, 0); pair != NULL;
             pair = rediscluster_reply_next(pair)) {
            const rediscluster_reply *key = rediscluster_reply_at(pair, 0);
            const rediscluster_reply *value = rediscluster_reply_next(key);
            CHECK(rediscluster_reply_integer(key) == 7);
            CHECK(*rediscluster_reply_bytes(value, NULL) == 'v');
            CHECK(rediscluster_reply_next(value) == NULL);
            pairs++;
        }
        CHECK_INT(pairs, count);
        took = processor_ms() - begun;
        best = took < best ? took : best;
    }
    return best;
}

int main(void)
{
    fake_node *fake = fake_node_start(
        "node 1\n"
        "on GET few => send \"*10000\\r\\n\"; repeat 10000 send \"*2\\r\\n:7\\r\\n$1\\r\\nv\\r\\n\"\n"
        "on GET many => send \"*100000\\r\\n\"; repeat 100000 send \"*2\\r\\n:7\\r\\n$1\\r\\nv\\r\\n\"\n"
        "handshake\nstore\ntopology 0-16383=1");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), NULL);
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    rediscluster_reply *few = ask(connection, "GET", "few", NULL);
    rediscluster_reply *many = ask(connection, "GET", "many", NULL);
    double small = walk(few, 10000), large = walk(many, 100000);

    if (large > 40 * small + 5)
        check_fail(__FILE__, __LINE__, "10,000 pairs took %.3f ms, 100,000 took %.3f ms", small, large);
    CHECK_STR(reply_text(rediscluster_reply_at(rediscluster_reply_at(many, 99999), 1)), "v");
    CHECK(rediscluster_reply_at(many, 100000) == NULL);
    rediscluster_reply_free(few);
    rediscluster_reply_free(many);
    give_back(connection);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
