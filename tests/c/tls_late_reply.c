/* E5 with TLS: a reply that comes after its call timed out is read by nobody, ever: rounds with unique values over
 * pooled connections, late replies of several threads under way all the time. Nor is a second reply to one
 * command. */
#include "certificates.h"
#include "commands.h"
#include "fake_node.h"
#include "pools.h"
#include "threads.h"
#include "tls.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 600 };

struct shared {
    rediscluster_pool *pool;
    pthread_mutex_t lock;
    int rounds, timeouts;
};

static rediscluster_command *echo(const char *name, const char *text)
{
    rediscluster_command *command = NULL;
    rediscluster_error *error = NULL;
    CHECK_OK(rediscluster_command_new(&command, &error), error);
    CHECK_OK(rediscluster_command_append(command, (const uint8_t *)name, strlen(name), &error), error);
    CHECK_OK(rediscluster_command_append(command, (const uint8_t *)text, strlen(text), &error), error);
    return command;
}

static void work(void *argument, int number)
{
    struct shared *shared = argument;
    for (int round = number; round < shared->rounds; round += THREADS) {
        rediscluster_connection *connection = take_slot(shared->pool, round % 16384, -1);
        rediscluster_command *late, *now;
        rediscluster_reply *reply = NULL;
        rediscluster_error *error = NULL;
        char text[48];
        int32_t status;
        snprintf(text, sizeof text, "late %d", round);
        late = echo("LATE", text); /* answered 50 ms later with its argument */
        status = (int32_t)rediscluster_connection_command(connection, late, round % 3 + 1, &reply,
                                                          &error);
        if (status == REDISCLUSTER_OK) {
            /* On a machine so busy that the thread slept through both: its own reply, at least. */
            CHECK_STR((const char *)rediscluster_reply_bytes(reply, NULL), text);
            rediscluster_reply_free(reply);
            give_back(connection);
            rediscluster_command_free(late);
            continue;
        }
        CHECK_FAILS(status, REDISCLUSTER_ERROR_TIMEOUT, error);
        CHECK(reply == NULL);
        pthread_mutex_lock(&shared->lock);
        shared->timeouts++;
        pthread_mutex_unlock(&shared->lock);
        /* Unless the 1 to 3 ms were over before it was sent, the connection is done for. */
        if (rediscluster_error_maybe_executed(error)) {
            CHECK(rediscluster_connection_is_broken(connection));
            rediscluster_error_free(error);
            error = NULL;
            CHECK_STATUS(rediscluster_connection_command(connection, late, -2, &reply, &error),
                         REDISCLUSTER_ERROR_CONNECTION, error);
        } else {
            rediscluster_error_free(error);
            error = NULL;
        }
        give_back(connection);
        rediscluster_command_free(late);

        snprintf(text, sizeof text, "now %d", round);
        now = echo("NOW", text);
        connection = take_slot(shared->pool, round % 16384, -1);
        CHECK_OK(rediscluster_connection_command(connection, now, 10000, &reply, &error), error);
        CHECK_STR((const char *)rediscluster_reply_bytes(reply, NULL), text);
        rediscluster_reply_free(reply);
        /* A reply that is not read by its own user is no other's either. */
        if (round % 5 == 0) {
            reply = NULL;
            CHECK_OK(rediscluster_connection_append(connection, now, &error), error);
            CHECK_OK(rediscluster_connection_flush(connection, -2, &error), error);
        }
        give_back(connection);
        rediscluster_command_free(now);
    }
}

/* The second one may come in the same record or later, on an idle connection. */
static void two_replies(rediscluster_pool *pool, fake_node *fake)
{
    for (int round = 0; round < 20; round++) {
        rediscluster_connection *connection = take_slot(pool, 0, -1);
        struct pollfd readable = {rediscluster_connection_fd(connection), POLLIN, 0};
        rediscluster_command *two;
        rediscluster_reply *reply = NULL;
        rediscluster_error *error = NULL;
        char text[24];
        int32_t status;
        snprintf(text, sizeof text, "twice-%d", round);
        two = echo(round % 2 == 0 ? "TWO" : "APART", text);
        status = (int32_t)rediscluster_connection_command(connection, two, 10000, &reply, &error);
        if (status == REDISCLUSTER_OK)
            CHECK_STR(reply_text(reply), text);
        else
            CHECK_INT(status, REDISCLUSTER_ERROR_PROTOCOL);
        if (round % 2 != 0)
            CHECK_INT(status, REDISCLUSTER_OK);
        rediscluster_error_free(error);
        rediscluster_reply_free(reply);
        rediscluster_command_free(two);
        give_back(connection);
        if (round % 2 != 0) {
            fake_node_control(fake, "open twice-%d", round);
            CHECK_INT(poll(&readable, 1, 10000), 1);
        }
        connection = take_slot(pool, 0, -1);
        say_expect(connection, "once", "NOW", "once", NULL);
        give_back(connection);
    }
}

int main(void)
{
    fake_node *fake = fake_node_start_format("tls %s\nlog off\nnode 1\nhandshake\non LATE * => delay 50; echo\n"
                                             "on NOW * => echo\non TWO * => echo; echo\n"
                                             "on APART * => echo; flush; gate $arg1; echo\ntopology 0-16383=1",
                                             certificates_folder());
    struct shared shared = {0};
    CHECK(pthread_mutex_init(&shared.lock, NULL) == 0);
    shared.rounds = test_rounds(ROUNDS);
    shared.pool = tls_pool_of(fake_node_address(fake, 1), "max_connections", "4", "pool_exhausted",
                          "block", NULL);
    threads_run(THREADS, work, &shared);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK(2 * shared.timeouts > shared.rounds);
    CHECK(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_CLOSED) > shared.timeouts / 2);
    CHECK_BETWEEN(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_OPEN), 0, 4);
    two_replies(shared.pool, fake);
    pthread_mutex_destroy(&shared.lock);
    rediscluster_pool_free(shared.pool);
    fake_node_stop(fake);
    return 0;
}
