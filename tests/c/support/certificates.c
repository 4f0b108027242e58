#define _XOPEN_SOURCE 700

#include "certificates.h"

#include "fail.h"

#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct path {
    struct path *next;
    char text[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[4096];
static pid_t owner;
/* What was handed out: it stays valid, so it is kept. */
static struct path *paths;

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static void remove_folder(void)
{
    /* A child that a test forks inherits this, but not the folder. */
    if (getpid() == owner)
        nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_folder(void)
{
    const char *program = getenv("REDISCLUSTER_CERTIFICATES"), *parent = getenv("TMPDIR");
    char *argv[] = {(char *)"certificates", folder, NULL};
    int status, result;
    pid_t child;
    if (program == NULL || *program == '\0')
        check_fail(__FILE__, __LINE__, "REDISCLUSTER_CERTIFICATES must name the script certificates");
    /* The name is one that the program `cluster` sweeps away when its process is gone. */
    owner = getpid();
    result = snprintf(folder, sizeof folder, "%s/rediscluster-test-%ld-XXXXXX",
                      parent != NULL && *parent != '\0' ? parent : "/tmp", (long)owner);
    CHECK(result > 0 && (size_t)result < sizeof folder);
    CHECK(mkdtemp(folder) != NULL);
    CHECK(atexit(remove_folder) == 0);
    result = posix_spawn(&child, program, NULL, NULL, argv, environ);
    if (result != 0)
        check_fail(__FILE__, __LINE__, "%s: %s", program, strerror(result));
    while (waitpid(child, &status, 0) < 0)
        CHECK(errno == EINTR);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

const char *certificates_folder(void)
{
    const char *shared = getenv("REDISCLUSTER_TEST_CERTIFICATES");
    if (shared != NULL && *shared != '\0')
        return shared;
    pthread_mutex_lock(&lock);
    if (*folder == '\0')
        make_folder();
    pthread_mutex_unlock(&lock);
    return folder;
}

const char *certificates_file(const char *name)
{
    const char *parent = certificates_folder();
    size_t length = strlen(parent) + strlen(name) + 2;
    struct path *path;
    /* One that was asked for before is there. */
    pthread_mutex_lock(&lock);
    for (path = paths; path != NULL; path = path->next)
        if (strcmp(strrchr(path->text, '/') + 1, name) == 0)
            break;
    pthread_mutex_unlock(&lock);
    if (path != NULL)
        return path->text;
    path = malloc(sizeof *path + length);
    CHECK(path != NULL);
    snprintf(path->text, length, "%s/%s", parent, name);
    if (access(path->text, R_OK) != 0)
        check_fail(__FILE__, __LINE__, "%s: %s", path->text, strerror(errno));
    pthread_mutex_lock(&lock);
    path->next = paths;
    paths = path;
    pthread_mutex_unlock(&lock);
    return path->text;
}
