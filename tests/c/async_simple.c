/* ctest: cluster
 *
 * Commands of every kind through the asynchronous handle, by polling alone: keys of all nodes, several keys, none, an
 * error reply; before and after the first topology is there. */
#include "asyncs.h"
#include "cluster.h"
#include "cluster.h"

static void all_kinds(rediscluster_async *loop)
{
    rediscluster_error *error = NULL;
    rediscluster_completion completion;
    size_t count = 7;

    async_expect(loop, "OK", "SET", "async:{1}a", "one", NULL);
    async_expect(loop, "one", "GET", "async:{1}a", NULL);
    async_expect(loop, "nil", "GET", "async:{1}none", NULL);
    async_expect(loop, "OK", "MSET", "async:{2}a", "two", "async:{3}a", "three", "async:{1}a", "1", NULL);
    completion = async_run(loop, command_of("MGET", "async:{3}a", "async:{1}a", "async:{2}a", NULL));
    CHECK_INT(rediscluster_reply_count(completion.reply), 3);
    CHECK_STR(reply_text(rediscluster_reply_at(completion.reply, 0)), "three");
    CHECK_STR(reply_text(rediscluster_reply_at(completion.reply, 1)), "1");
    CHECK_STR(reply_text(rediscluster_reply_at(completion.reply, 2)), "two");
    rediscluster_reply_free(completion.reply);
    async_expect(loop, "PONG", "PING", NULL);
    async_expect(loop, "hello", "ECHO", "hello", NULL);
    completion = async_run(loop, command_of("DBSIZE", NULL));
    CHECK(rediscluster_reply_integer(completion.reply) >= 3);
    rediscluster_reply_free(completion.reply);
    completion = async_run(loop, command_of("INCR", "async:{2}a", NULL));
    CHECK_STATUS(rediscluster_reply_check(completion.reply, &error), REDISCLUSTER_ERROR_SERVER, error);
    rediscluster_reply_free(completion.reply);
    async_expect(loop, "3", "DEL", "async:{1}a", "async:{2}a", "async:{3}a", NULL);
    /* What is refused, is refused at once. */
    async_refuses(loop, REDISCLUSTER_ERROR_INVALID_ARGUMENT, "GET", NULL);
    async_refuses(loop, REDISCLUSTER_ERROR_INVALID_ARGUMENT, "MULTI", NULL);
    async_refuses(loop, REDISCLUSTER_ERROR_CROSS_SLOT, "RENAME", "async:{1}a", "async:{2}a", NULL);
    async_refuses(loop, REDISCLUSTER_ERROR_UNROUTABLE, "SCAN", "0", NULL);
    /* Nothing is in flight: time passes, and no time where it would never end. */
    CHECK_OK(rediscluster_async_poll(loop, &completion, 1, 20, &count, &error), error);
    CHECK_INT(count, 0);
    CHECK_OK(rediscluster_async_poll(loop, &completion, 1, -1, &count, &error), error);
    CHECK_INT(count, 0);
}

int main(void)
{
    cluster *servers = cluster_shared();
    rediscluster_client *client = client_of(cluster_addresses(servers), NULL);
    rediscluster_async *loop = async_of(client);
    rediscluster_completion completion;
    rediscluster_error *error = NULL;

    rediscluster_client_free(client); /* The handle holds it. */
    all_kinds(loop);
    rediscluster_async_free(loop);

    client = client_of(cluster_addresses(servers), "init_slot_cache", "no", NULL);
    loop = async_of(client);
    all_kinds(loop);
    /* No server knows it, and that takes an answer. */
    completion = async_run(loop, command_of("NO.SUCH.COMMAND", "key", NULL));
    CHECK_INT(rediscluster_error_status(completion.error), REDISCLUSTER_ERROR_UNROUTABLE);
    rediscluster_error_free(completion.error);
    CHECK_OK(rediscluster_async_close(loop, &error), error);
    async_refuses(loop, REDISCLUSTER_ERROR_CLOSED, "GET", "key", NULL);
    rediscluster_async_free(loop);
    rediscluster_client_free(client);
    cluster_stop(servers);
    return 0;
}
