/* ctest: slow timeout=300 */
/* L6: fork, 1,000 times, while threads use every connection of a pool and others wait for one. In each
 * child the first call works, on a connection of its own; a connection checked out across the fork gives
 * FORKED; then eight threads contend for the same handle without a hang; and when the child has freed the
 * pool and ended, the parent's connections still work.
 *
 * Under a sanitizer, whose own allocator does not outlive a fork, threads stand still at each fork: those
 * with a connection between two commands, the others waiting in the pool. */
#define _POSIX_C_SOURCE 200809L

#include "children.h"
#include "descriptors.h"
#include "fake_node.h"
#include "pools.h"
#include "threads.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOADERS = 6, PLACES = 2, CHILD_THREADS = 8, FORKS = 1000, IN_CHILD = 10 };

struct shared {
    rediscluster_pool *pool;
    fake_node *fake;
    rediscluster_connection *held; /* across all forks */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done, pause;
    int paused;
    long rounds;
};

/* Checks in a child end it at once: nothing of the parent's is run or flushed. */
#define CHILD_CHECK(condition)                                                                     \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            static const char text[] = "in the child: " #condition "\n";                           \
            ssize_t ignored = write(2, text, sizeof text - 1);                                     \
            (void)ignored;                                                                         \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

/* Says a word with its own number and must get it back. */
static bool echoes(rediscluster_connection *connection, long number)
{
    rediscluster_command *command = NULL;
    rediscluster_reply *reply = NULL;
    char text[32];
    bool same;
    snprintf(text, sizeof text, "%ld %ld", (long)getpid(), number);
    if (rediscluster_command_from_argv(REDISCLUSTER_ARGS("ECHO", text), &command, NULL) != 0)
        return false;
    same = rediscluster_connection_command(connection, command, 20000, &reply, NULL) == 0
           && rediscluster_reply_kind(reply) == REDISCLUSTER_REPLY_STRING
           && strcmp((const char *)rediscluster_reply_bytes(reply, NULL), text) == 0;
    rediscluster_reply_free(reply);
    rediscluster_command_free(command);
    return same;
}

static void load(struct shared *shared, int number)
{
    for (long round = 0;; round++) {
        bool done;
        rediscluster_connection *connection = take_slot(shared->pool, number % 2 ? 16383 : 0, -1);
        CHECK(echoes(connection, number * 1000000 + round));
        pthread_mutex_lock(&shared->lock);
        shared->paused++;
        while (shared->pause)
            pthread_cond_wait(&shared->changed, &shared->lock);
        shared->paused--;
        pthread_mutex_unlock(&shared->lock);
        give_back(connection);
        pthread_mutex_lock(&shared->lock);
        shared->rounds++;
        done = shared->done;
        pthread_mutex_unlock(&shared->lock);
        if (done)
            return;
    }
}

static void in_child(void *argument, int number)
{
    struct shared *shared = argument;
    for (int round = 0; round < IN_CHILD; round++) {
        rediscluster_connection *connection = NULL;
        int32_t slot = (number + round) % 2 ? 16383 : 0;
        CHILD_CHECK(rediscluster_pool_get_by_slot(shared->pool, slot, REDISCLUSTER_WRITE, 20000,
                                                  &connection, NULL)
                    == REDISCLUSTER_OK);
        CHILD_CHECK(echoes(connection, number * 1000 + round));
        CHILD_CHECK(rediscluster_connection_release(connection, NULL) == REDISCLUSTER_OK);
    }
}

static void child(struct shared *shared)
{
    rediscluster_connection *connection = NULL;
    rediscluster_reply *reply = NULL;
    rediscluster_command *ping = NULL;
    /* What hangs is killed, and the parent sees it. */
    alarm(100);
    CHILD_CHECK(rediscluster_pool_get_by_slot(shared->pool, 0, REDISCLUSTER_WRITE, 20000, &connection,
                                              NULL)
                == REDISCLUSTER_OK);
    CHILD_CHECK(connection != shared->held);
    CHILD_CHECK(echoes(connection, 0));
    CHILD_CHECK(rediscluster_command_from_argv(REDISCLUSTER_ARGS("PING"), &ping, NULL) == 0);
    CHILD_CHECK(rediscluster_connection_command(shared->held, ping, 1000, &reply, NULL)
                == REDISCLUSTER_ERROR_FORKED);
    CHILD_CHECK(rediscluster_connection_release(shared->held, NULL) == REDISCLUSTER_ERROR_FORKED);
    CHILD_CHECK(rediscluster_pool_release(shared->pool, shared->held, NULL)
                == REDISCLUSTER_ERROR_FORKED);
    CHILD_CHECK(rediscluster_connection_interrupt(shared->held, NULL) == REDISCLUSTER_ERROR_FORKED);
    CHILD_CHECK(rediscluster_connection_fd(shared->held) == -1);
    CHILD_CHECK(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_IN_USE) == 1);
    CHILD_CHECK(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_WAITING) == 0);
    CHILD_CHECK(rediscluster_connection_release(connection, NULL) == REDISCLUSTER_OK);
    rediscluster_command_free(ping);
    threads_run(CHILD_THREADS, in_child, shared);
    CHILD_CHECK(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_IN_USE) == 0);
    rediscluster_pool_free(shared->pool);
    child_leave(true);
}

static bool all_stand(struct shared *shared)
{
    int paused;
    pthread_mutex_lock(&shared->lock);
    paused = shared->paused;
    pthread_mutex_unlock(&shared->lock);
    return paused == PLACES
           && pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_WAITING) == LOADERS - PLACES;
}

static void pause_all(struct shared *shared, bool pause)
{
    pthread_mutex_lock(&shared->lock);
    shared->pause = pause;
    pthread_cond_broadcast(&shared->changed);
    pthread_mutex_unlock(&shared->lock);
    if (pause)
        WAIT_UNTIL(all_stand(shared), 20000);
}

static void parent(struct shared *shared)
{
    int forks = test_rounds(FORKS);
    WAIT_UNTIL(pool_stat(shared->pool, NULL, REDISCLUSTER_STAT_WAITS) > 0, 10000);
    for (int i = 0; i < forks; i++) {
        int status = 0;
        pid_t pid;
        if (test_is_sanitized())
            pause_all(shared, true);
        pid = fork();
        CHECK(pid >= 0);
        if (pid == 0)
            child(shared);
        if (test_is_sanitized())
            pause_all(shared, false);
        CHECK(waitpid(pid, &status, 0) == pid);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            check_fail(__FILE__, __LINE__, "child %d ended with status %x", i, (unsigned)status);
        if (i % 10 == 0)
            CHECK(echoes(shared->held, i));
    }
    pthread_mutex_lock(&shared->lock);
    shared->done = true;
    pthread_mutex_unlock(&shared->lock);
}

static void work(void *argument, int number)
{
    if (number == 0)
        parent(argument);
    else
        load(argument, number);
}

int main(void)
{
    fake_node *fake = fake_node_start("log off\nnode 1 2\nhandshake\nstore\n"
                                      "topology 0-8191=1 8192-16383=2");
    struct shared shared = {0};
    int sockets = descriptors_sockets();
    shared.fake = fake;
    CHECK(pthread_mutex_init(&shared.lock, NULL) == 0);
    CHECK(pthread_cond_init(&shared.changed, NULL) == 0);
    /* One of the places is held throughout: six threads for the other two. */
    shared.pool = pool_of(fake_node_address(fake, 1), "max_connections", "3",
                          "max_connections_per_node", "2", "pool_exhausted", "block", NULL);
    shared.held = take_slot(shared.pool, 0, -2);
    threads_run(1 + LOADERS, work, &shared);
    CHECK(shared.rounds > 0);
    CHECK(echoes(shared.held, -1));
    give_back(shared.held);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_IN_USE), 0);
    CHECK_INT(pool_stat(shared.pool, NULL, REDISCLUSTER_STAT_TIMEOUTS), 0);
    rediscluster_pool_free(shared.pool);
    CHECK_INT(descriptors_sockets(), sockets);
    pthread_cond_destroy(&shared.changed);
    pthread_mutex_destroy(&shared.lock);
    fake_node_stop(fake);
    return 0;
}
