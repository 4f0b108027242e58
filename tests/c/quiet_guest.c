/* L5: over a pool's whole life, with failures, wrong answers and misuse, the library starts no thread, prints nothing,
 * touches no signal's action or mask, changes no directory and no umask, and leaves no descriptor that a program run by
 * exec would inherit. */
#include "commands.h"
#include "descriptors.h"
#include "fake_node.h"
#include "options.h"
#include "pools.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIGNALS = 64 };

struct world {
    struct sigaction actions[SIGNALS];
    sigset_t mask;
    int threads;
    char directory[1024];
};

static void look(struct world *world)
{
    memset(world, 0, sizeof *world);
    for (int i = 1; i < SIGNALS; i++)
        sigaction(i, NULL, &world->actions[i]);
    sigprocmask(SIG_BLOCK, NULL, &world->mask);
    world->threads = threads_running();
    CHECK(getcwd(world->directory, sizeof world->directory) != NULL);
}

static void same(const struct world *before)
{
    struct world now;
    look(&now);
    for (int i = 1; i < SIGNALS; i++) {
        CHECK(now.actions[i].sa_handler == before->actions[i].sa_handler);
        CHECK_INT(now.actions[i].sa_flags, before->actions[i].sa_flags);
        CHECK_INT(sigismember(&now.mask, i), sigismember(&before->mask, i));
    }
    CHECK_INT(now.threads, before->threads);
    CHECK_STR(now.directory, before->directory);
}

/* Every socket of this process is closed on exec. */
static void sockets_are_cloexec(void)
{
    DIR *folder = opendir("/proc/self/fd");
    struct dirent *entry;
    int sockets = 0;
    CHECK(folder != NULL);
    while ((entry = readdir(folder)) != NULL) {
        char path[300], target[64];
        ssize_t length;
        snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
        length = readlink(path, target, sizeof target - 1);
        target[length > 0 ? length : 0] = '\0';
        if (strncmp(target, "socket:", 7) != 0)
            continue;
        sockets++;
        CHECK(fcntl(atoi(entry->d_name), F_GETFD) & FD_CLOEXEC);
    }
    closedir(folder);
    CHECK(sockets >= 2);
}

static void a_life(const struct world *before)
{
    fake_node *fake = fake_node_start("node 1 2\nhandshake\nstore\non GET bad => send rubbish\\r\\n\n"
                                      "on GET slow => hang\ntopology 0-8191=1 8192-16383=2");
    rediscluster_pool *pool;
    rediscluster_connection *connection, *other, *none = NULL;
    rediscluster_reply *reply = NULL;
    same(before);
    pool = pool_of(fake_node_address(fake, 1), "topology_refresh_min_interval", "0", NULL);
    same(before);
    connection = take_slot(pool, 0, -2);
    other = take_slot(pool, 16383, -2);
    sockets_are_cloexec();
    rediscluster_error_free(ask_fails(connection, REDISCLUSTER_ERROR_PROTOCOL, -2, "GET", "bad", NULL));
    rediscluster_error_free(ask_fails(other, REDISCLUSTER_ERROR_TIMEOUT, 30, "GET", "slow", NULL));
    give_back(connection);
    give_back(other);
    same(before);
    CHECK(rediscluster_connection_release(other, NULL) == REDISCLUSTER_ERROR_NOT_CHECKED_OUT);
    CHECK(rediscluster_connection_command(NULL, NULL, 0, &reply, NULL) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    rediscluster_pool_free(pool);
    CHECK(rediscluster_pool_new(NULL, &pool, NULL) == REDISCLUSTER_ERROR_INVALID_ARGUMENT);
    CHECK(pool == NULL);
    pool = pool_of(fake_node_address(fake, 1), NULL);
    fake_node_control(fake, "kill 1");
    fake_node_control(fake, "kill 2");
    CHECK(rediscluster_pool_get_by_slot(pool, 0, REDISCLUSTER_WRITE, 500, &none, NULL)
          == REDISCLUSTER_ERROR_CONNECTION);
    CHECK(rediscluster_pool_refresh(pool, 500, NULL) == REDISCLUSTER_ERROR_UNREACHABLE);
    same(before);
    rediscluster_pool_free(pool);
    rediscluster_error_free(pool_refused_of(fake_node_address(fake, 1), REDISCLUSTER_ERROR_UNREACHABLE, NULL));
    fake_node_stop(fake);
    same(before);
}

int main(void)
{
    struct world before;
    FILE *words = tmpfile();
    int out, err;
    CHECK(words != NULL);
    CHECK((out = dup(1)) >= 0 && (err = dup(2)) >= 0);
    fflush(NULL);
    CHECK(dup2(fileno(words), 1) == 1 && dup2(fileno(words), 2) == 2);
    look(&before);
    a_life(&before);
    fflush(NULL);
    CHECK(dup2(out, 1) == 1 && dup2(err, 2) == 2);
    CHECK_INT(lseek(fileno(words), 0, SEEK_END), 0);
    fclose(words);
    close(out);
    close(err);
    return 0;
}
