/* L5 with TLS: over a pool's whole life, with certificates that are read, refused and broken, the library starts
 * no thread, prints nothing, touches no signal's action or mask, changes no directory and no umask, and leaves no
 * descriptor that a program run by exec would inherit. */
#include "certificates.h"
#include "commands.h"
#include "descriptors.h"
#include "fake_node.h"
#include "pools.h"
#include "tls.h"

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
    const char *folder = certificates_folder();
    fake_node *fake = fake_node_start_format("node *\nhandshake\ntopology 0-8191=1 8192-16382=2 16383=3\n"
                                             "on GET bad => send rubbish\\r\\n\non GET slow => hang\n"
                                             "on GET cut => send \"$5\\r\\nhe\"; truncate\n"
                                             "node 1 2\ntls %s\nnode 3\ntls %s expired",
                                             folder, folder);
    rediscluster_pool *pool;
    rediscluster_connection *connection, *other, *third, *none = NULL;
    rediscluster_error *error = NULL;
    same(before);
    pool = tls_pool_of(fake_node_address(fake, 1), "topology_refresh_min_interval", "0", NULL);
    same(before);
    connection = take_slot(pool, 0, -2);
    other = take_slot(pool, 16382, -2);
    third = take_slot(pool, 1, -2);
    sockets_are_cloexec();
    CHECK_STATUS(rediscluster_pool_get_by_slot(pool, 16383, REDISCLUSTER_WRITE, -2, &none, &error),
                 REDISCLUSTER_ERROR_TLS, error);
    rediscluster_error_free(ask_fails(connection, REDISCLUSTER_ERROR_PROTOCOL, -2, "GET", "bad", NULL));
    rediscluster_error_free(ask_fails(other, REDISCLUSTER_ERROR_TIMEOUT, 30, "GET", "slow", NULL));
    rediscluster_error_free(ask_fails(third, REDISCLUSTER_ERROR_CONNECTION, -2, "GET", "cut", NULL));
    give_back(connection);
    give_back(other);
    give_back(third);
    CHECK_OK(rediscluster_pool_reload_tls(pool, &error), error);
    same(before);
    rediscluster_pool_free(pool);
    rediscluster_error_free(pool_refused_from(
        tls_options_of(fake_node_address(fake, 1), "ssl_keyfile", certificates_file("client-encrypted.key"), NULL),
        REDISCLUSTER_ERROR_CONFIG));
    rediscluster_error_free(
        pool_refused_from(tls_options_of(fake_node_address(fake, 3), NULL), REDISCLUSTER_ERROR_TLS));
    pool = tls_pool_of(fake_node_address(fake, 1), NULL);
    fake_node_control(fake, "kill 1");
    fake_node_control(fake, "kill 2");
    CHECK(rediscluster_pool_get_by_slot(pool, 0, REDISCLUSTER_WRITE, 500, &none, NULL)
          == REDISCLUSTER_ERROR_CONNECTION);
    same(before);
    rediscluster_pool_free(pool);
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
