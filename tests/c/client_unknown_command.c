/* Commands that the library does not know are asked about at a server, once, and go where their keys are; keys that only a
 * server can tell are asked for once for each shape. What no server knows is UNROUTABLE, each time anew; with a route by
 * hand it goes there. */
#include "client.h"

static fake_node *fake;
static rediscluster_client *client;

static long asked(void)
{
    return fake_node_count(fake, "COMMAND");
}

int main(void)
{
    rediscluster_command *command;
    rediscluster_error *error;
    rediscluster_reply *reply;
    /* Name, arity, flags, first, last and step of the keys: as Redis 6 tells it. */
    fake = fake_node_start("node *\nhandshake\n" THREE_SHARDS "\n"
                           "on COMMAND INFO mod.set => resp [ [ mod.set 3 [ +write ] 1 1 1 ] ]\n"
                           "on COMMAND INFO mod.get => resp [ [ mod.get 2 [ +readonly ] 1 1 1 ] ]\n"
                           "on COMMAND INFO mod.many => resp [ [ mod.many -3 [ +write +movablekeys ] 0 0 0 ] ]\n"
                           "on COMMAND INFO mod.none => resp [ [ mod.none 1 [ +readonly ] 0 0 0 ] ]\n"
                           "on COMMAND INFO * => resp [ nil ]\n"
                           "on COMMAND GETKEYS MOD.MANY * key:1{c} => resp [ key:1{c} ]\n"
                           "on COMMAND GETKEYS MOD.MANY * key:2{a} => resp [ key:2{a} ]\n"
                           "on MOD.NONE => ok\non MOD.* * => bulk $node");
    client = client_of(fake_node_address(fake, 1), NULL);
    client_expect(client, "2", "MOD.SET", AT2 "k", "value", NULL);
    CHECK_INT(asked(), 1);
    client_expect(client, "3", "mod.set", AT3 "k", "value", NULL);
    client_expect(client, "1", "Mod.Set", AT1 "k", "value", NULL);
    CHECK_INT(asked(), 1);
    client_expect(client, "3", "MOD.GET", AT3 "k", NULL);
    client_expect(client, "OK", "MOD.NONE", NULL);
    CHECK_INT(asked(), 3);
    rediscluster_error_free(client_fails(client, REDISCLUSTER_ERROR_INVALID_ARGUMENT, "MOD.SET", AT1 "k", NULL));

    client_expect(client, "2", "MOD.MANY", "option", "key:1{c}", NULL);
    CHECK_INT(asked(), 5);
    /* The same shape. */
    client_expect(client, "3", "MOD.MANY", "option", "key:2{a}", NULL);
    client_expect(client, "2", "MOD.MANY", "option", "key:1{c}", NULL);
    CHECK_INT(asked(), 5);

    for (int i = 0; i < 2; i++) {
        error = client_fails(client, REDISCLUSTER_ERROR_UNROUTABLE, "NO.SUCH", AT1 "k", NULL);
        CHECK_CONTAINS(rediscluster_error_message(error), "NO.SUCH");
        CHECK(!rediscluster_error_maybe_executed(error));
        rediscluster_error_free(error);
        error = NULL;
    }
    CHECK_INT(asked(), 7);
    CHECK_INT(fake_node_count(fake, "NO.SUCH"), 0);
    command = command_of("NO.SUCH", AT1 "k", NULL);
    CHECK_OK(rediscluster_command_set_route(command, REDISCLUSTER_ROUTE_NODE, 0, fake_node_address(fake, 3), &error), error);
    reply = client_run(client, command);
    CHECK_INT(rediscluster_reply_kind(reply), REDISCLUSTER_REPLY_ERROR);
    rediscluster_reply_free(reply);
    CHECK_INT(fake_node_count_on(fake, 3, "NO.SUCH"), 1);
    rediscluster_client_free(client);
    fake_node_stop(fake);
    return 0;
}
