/* NOPERM for what the handshake can do without (HELLO, CLIENT SETNAME, CLIENT SETINFO) is survived: by script, by which
 * HELLO is denied as well, and on real servers with a user who may run neither HELLO nor CLIENT.
 * ctest: timeout=120 */
#include "cluster.h"
#include "commands.h"
#include "fake_node.h"
#include "options.h"
#include "users.h"

static void by_script(const char *protocol, const char *handshake)
{
    const bool needs_hello = protocol[0] == '3';
    fake_node *fake = fake_node_start(
        "node 1 2\n"
        "on HELLO * => error \"NOPERM User app has no permissions to run the 'hello' command\"\n"
        "on CLIENT * => error \"NOPERM User app has no permissions to run the 'client|setname' command\"\n"
        "on AUTH app pw => ok\n"
        "store\ntopology 0-8191=1 8192-16383=2");
    rediscluster_options *options =
        options_of(fake_node_address(fake, 1), "username", "app", "password", "pw", "client_name", "me", "protocol",
                   protocol, "handshake", handshake, NULL);
    rediscluster_error *error = NULL;
    rediscluster_pool *pool = NULL;
    if (needs_hello) {
        error = pool_refused(options, REDISCLUSTER_ERROR_CONFIG);
        CHECK_CONTAINS(rediscluster_error_message(error), "protocol=auto");
        rediscluster_error_free(error);
    } else {
        CHECK_OK(rediscluster_pool_new(options, &pool, &error), error);
        for (int i = 1; i <= 2; i++) {
            rediscluster_connection *connection = take_node(pool, fake_node_address(fake, i), -2);
            say_expect(connection, "OK", "SET", "a", "1", NULL);
            give_back(connection);
        }
        CHECK(fake_node_count(fake, "AUTH") >= 2 && fake_node_count(fake, "CLIENT SETNAME") >= 2);
        CHECK_OK(rediscluster_pool_update_credentials(pool, "app", "pw", &error), error);
        rediscluster_pool_free(pool);
    }
    rediscluster_options_free(options);
    fake_node_stop(fake);
}

static void by_real_servers(const char *server)
{
    const char *protocols[] = {"auto", "2", "3"};
    cluster *servers = cluster_start("--server", server, "--primaries", "3", "--config",
                                     "user app on >pw ~* &* +@all -hello -client", NULL);
    for (int i = 0; i < 3; i++) {
        rediscluster_error *error = NULL;
        rediscluster_pool *pool = pool_of(cluster_addresses(servers), "username", "app", "password", "pw", "client_name",
                                          "me", "protocol", protocols[i], NULL);
        rediscluster_connection *connection = take_slot(pool, 0, -2);
        rediscluster_reply *reply = ask(connection, "CLIENT", "GETNAME", NULL);
        CHECK_STATUS(rediscluster_reply_check(reply, &error), REDISCLUSTER_ERROR_SERVER, error);
        rediscluster_reply_free(reply);
        give_back(connection);
        users_whoami(pool, "app");
        CHECK_OK(rediscluster_pool_update_credentials(pool, "app", "pw", &error), error);
        users_whoami(pool, "app");
        rediscluster_pool_free(pool);
    }
    cluster_stop(servers);
}

int main(void)
{
    const char *protocols[] = {"auto", "2", "3"}, *extents[] = {"full", "minimal"};
    for (int i = 0; i < 6; i++)
        by_script(protocols[i % 3], extents[i / 3]);
    by_real_servers("redis");
    by_real_servers("valkey");
    return 0;
}
