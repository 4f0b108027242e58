/* Commands that the library does not know, and keys that only a server can tell, are asked about at a server without
 * waiting: other commands go on meanwhile, and it is asked once. What no server knows completes as UNROUTABLE. */
#include "asyncs.h"

int main(void)
{
    fake_node *fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\n"
                                      "on COMMAND INFO mod.set => delay 100; resp [ [ mod.set 3 [ +write ] 1 1 1 ] ]\n"
                                      "on COMMAND INFO mod.many => resp [ [ mod.many -3 [ +write +movablekeys ] 0 0 0 ] ]\n"
                                      "on COMMAND INFO * => resp [ nil ]\n"
                                      "on COMMAND GETKEYS MOD.MANY * key:1{c} => resp [ key:1{c} ]\n"
                                      "on COMMAND GETKEYS MOD.MANY * bad => error \"ERR Invalid command\"\n"
                                      "on MOD.* * => bulk $node\nstore");
    rediscluster_client *client = client_of(fake_node_address(fake, 1), "init_slot_cache", "no", NULL);
    rediscluster_async *loop = async_of(client);
    rediscluster_command *command;
    rediscluster_error *error = NULL;
    async_submit(loop, 1, command_of("MOD.SET", AT2 "k", "value", NULL));
    async_submit(loop, 2, command_of("GET", AT1 "none", NULL));
    async_next_is(loop, 2, NULL); /* is not held up */
    async_next_is(loop, 1, "2");
    async_expect(loop, "3", "mod.set", AT3 "k", "value", NULL);
    CHECK_INT(fake_node_count(fake, "COMMAND"), 1);
    /* What is known by now is refused at once. */
    async_refuses(loop, REDISCLUSTER_ERROR_INVALID_ARGUMENT, "MOD.SET", AT2 "k", NULL);

    async_expect(loop, "2", "MOD.MANY", "option", "key:1{c}", NULL);
    CHECK_INT(fake_node_count(fake, "COMMAND"), 3);
    async_submit(loop, 3, command_of("MOD.MANY", "option", "bad", NULL));
    async_next_ends(loop, 3, REDISCLUSTER_ERROR_UNROUTABLE, false);
    async_submit(loop, 4, command_of("NO.SUCH", "key", NULL));
    async_next_ends(loop, 4, REDISCLUSTER_ERROR_UNROUTABLE, false);
    /* With a route by hand it goes there. */
    command = command_of("MOD.OTHER", "key", NULL);
    CHECK_OK(rediscluster_command_set_route(command, REDISCLUSTER_ROUTE_NODE, 0, fake_node_address(fake, 3), &error), error);
    async_submit(loop, 5, command);
    async_next_is(loop, 5, "3");
    /* The question's time is the command's. */
    fake_node_control(fake, "pause 1");
    fake_node_control(fake, "pause 2");
    fake_node_control(fake, "pause 3");
    command = command_of("MOD.NEVER", "key", NULL);
    CHECK_OK(rediscluster_command_set_timeout(command, 60, &error), error);
    async_submit(loop, 6, command);
    async_next_ends(loop, 6, REDISCLUSTER_ERROR_TIMEOUT, false);
    rediscluster_async_free(loop);
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
