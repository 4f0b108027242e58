/* ctest: cluster
 *
 * Commands that block hold up nobody: each has a connection of its own, which goes back afterwards. One that is cancelled
 * or out of time takes nothing out any more. */
#include "asyncs.h"
#include "cluster.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static rediscluster_async *loop;
static rediscluster_client *client;
static rediscluster_error *error;
static char list[48], stream[48];

/* It was blocking on the server, and is not any more. */
static void await_blocked(const char *number)
{
    for (int64_t end = clock_ms() + 20000;;) {
        rediscluster_reply *reply = client_say(client, "EVAL", "return redis.call('info','clients'):match('blocked_clients:(%d+)')",
                                               "1", list, NULL);
        char text[64];
        bool is = strcmp(client_text(reply, text, sizeof text), number) == 0;
        rediscluster_reply_free(reply);
        if (is)
            return;
        CHECK(clock_ms() < end);
        async_quiet(loop, 5);
    }
}

int main(void)
{
    cluster *servers = cluster_shared();
    rediscluster_command *command;
    rediscluster_completion completion;
    client = client_of(cluster_addresses(servers), NULL);
    loop = async_of(client);
    snprintf(list, sizeof list, "{async:%d}list", (int)getpid());
    snprintf(stream, sizeof stream, "{async:%d}stream", (int)getpid());

    /* The command that ends it is behind it in the same slot. */
    async_submit(loop, 1, command_of("BLPOP", list, "0", NULL));
    async_expect(loop, "PONG", "PING", NULL);
    async_submit(loop, 2, command_of("RPUSH", list, "value", NULL));
    for (int i = 0; i < 2; i++) {
        completion = async_next(loop);
        CHECK(completion.reply != NULL);
        if (completion.tag == 1)
            CHECK_STR(reply_text(rediscluster_reply_at(completion.reply, 1)), "value");
        else
            CHECK_INT(rediscluster_reply_integer(completion.reply), 1);
        rediscluster_reply_free(completion.reply);
    }
    /* What it blocks for is added to its time; then it is nil. */
    command = command_of("BLPOP", list, "1", NULL);
    CHECK_OK(rediscluster_command_set_timeout(command, 900, &error), error);
    async_submit(loop, 2, command);
    async_next_is(loop, 2, NULL);
    async_submit(loop, 3, command_of("XREAD", "BLOCK", "20", "STREAMS", stream, "$", NULL));
    async_next_is(loop, 3, NULL);
    CHECK_BETWEEN(client_stat(client, NULL, REDISCLUSTER_STAT_IN_USE), 0, 3);

    /* Cancelled: the server takes nothing out for nobody. */
    async_submit(loop, 4, command_of("BLPOP", list, "0", NULL));
    async_quiet(loop, 5);
    await_blocked("1");
    CHECK_OK(rediscluster_async_cancel(loop, 4, &error), error);
    error = async_next_fails(loop, 4, REDISCLUSTER_ERROR_CANCELLED);
    CHECK(rediscluster_error_maybe_executed(error));
    CHECK(*rediscluster_error_node(error) != '\0');
    rediscluster_error_free(error);
    error = NULL;
    await_blocked("0");
    async_expect(loop, "1", "RPUSH", list, "stays", NULL);
    async_expect(loop, "stays", "LPOP", list, NULL);
    rediscluster_async_free(loop);
    rediscluster_client_free(client);
    cluster_stop(servers);
    return 0;
}
