/* L5 with TLS: a socket that the peer closed or reset does not kill a program whose SIGPIPE has its default
 * action: a command, a pipeline and a large value each end with CONNECTION. Nothing blocks or ignores the signal
 * on the way. */
#include "certificates.h"
#include "commands.h"
#include "fake_node.h"
#include "pools.h"
#include "tls.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static bool is_default(void)
{
    struct sigaction action;
    sigset_t blocked, pending;
    CHECK(sigaction(SIGPIPE, NULL, &action) == 0 && sigprocmask(SIG_BLOCK, NULL, &blocked) == 0
          && sigpending(&pending) == 0);
    return action.sa_handler == SIG_DFL && !sigismember(&blocked, SIGPIPE)
           && !sigismember(&pending, SIGPIPE);
}

int main(void)
{
    const char *ends[] = {"disconnect 1", "kill 1"};
    struct sigaction action;
    size_t size = 8 << 20;
    uint8_t *value = malloc(size);
    fake_node *fake;
    rediscluster_pool *pool;
    rediscluster_error *error = NULL;

    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    CHECK(value != NULL && sigaction(SIGPIPE, &action, NULL) == 0);
    memset(value, 'v', size);
    fake = fake_node_start_format("tls %s\nnode 1\nhandshake\nstore\ntopology 0-16383=1", certificates_folder());
    pool = tls_pool_of(fake_node_address(fake, 1), NULL);
    CHECK(is_default());

    for (int round = 0; round < 6; round++) {
        rediscluster_connection *connection = take_slot(pool, 0, -2);
        rediscluster_command *command = command_of("SET", "k", NULL);
        rediscluster_reply *reply = NULL;
        say_expect(connection, "PONG", "PING", NULL);
        if (round % 3 == 1)
            CHECK_OK(rediscluster_command_append(command, value, size, &error), error);
        else
            CHECK_OK(rediscluster_command_append(command, (const uint8_t *)"v", 1, &error), error);
        fake_node_control(fake, "%s", ends[round % 2]);
        WAIT_UNTIL(fake_node_connections_of(fake, 1).open == 0, 5000);
        if (round % 3 == 2) {
            /* The first write finds a closed peer and gets a RST back, the second one would raise the signal. */
            for (int i = 0; i < 3; i++) {
                rediscluster_status status;
                if ((status = rediscluster_connection_append(connection, command, NULL)) == REDISCLUSTER_OK)
                    status = rediscluster_connection_flush(connection, 2000, NULL);
                CHECK(status == REDISCLUSTER_OK || status == REDISCLUSTER_ERROR_CONNECTION);
                clock_sleep_ms(5);
            }
            CHECK_STATUS(rediscluster_connection_read(connection, 2000, &reply, &error),
                         REDISCLUSTER_ERROR_CONNECTION, error);
        } else {
            CHECK_STATUS(rediscluster_connection_command(connection, command, 5000, &reply, &error),
                         REDISCLUSTER_ERROR_CONNECTION, error);
        }
        CHECK(rediscluster_connection_is_broken(connection));
        rediscluster_command_free(command);
        give_back(connection);
        CHECK(is_default());
        if (round % 2 == 1)
            fake_node_control(fake, "revive 1");
    }
    free(value);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
