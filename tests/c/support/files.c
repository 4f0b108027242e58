#define _XOPEN_SOURCE 700

#include "files.h"

#include "fail.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct path {
    struct path *next;
    char text[];
};

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

const char *files_folder(void)
{
    const char *parent = getenv("TMPDIR");
    int length;
    if (*folder != '\0')
        return folder;
    /* The name is one that the program `cluster` sweeps away when its process is gone. */
    owner = getpid();
    length = snprintf(folder, sizeof folder, "%s/rediscluster-test-%ld-XXXXXX",
                      parent != NULL && *parent != '\0' ? parent : "/tmp", (long)owner);
    CHECK(length > 0 && (size_t)length < sizeof folder);
    CHECK(mkdtemp(folder) != NULL);
    CHECK(atexit(remove_folder) == 0);
    return folder;
}

static const char *path_of(const char *name)
{
    size_t length = strlen(files_folder()) + strlen(name) + 2;
    struct path *path = malloc(sizeof *path + length);
    CHECK(path != NULL);
    snprintf(path->text, length, "%s/%s", folder, name);
    path->next = paths;
    paths = path;
    return path->text;
}

const char *files_make_folder(const char *name)
{
    const char *path = path_of(name);
    CHECK(mkdir(path, 0700) == 0);
    return path;
}

/* By a rename: who reads it meanwhile sees all of it or nothing. */
static const char *written(const char *name, const char *const *texts, int count)
{
    const char *path = path_of(name);
    char beside[4200];
    FILE *file;
    CHECK((size_t)snprintf(beside, sizeof beside, "%s.new", path) < sizeof beside);
    CHECK((file = fopen(beside, "w")) != NULL);
    for (int i = 0; i < count; i++)
        CHECK(fputs(texts[i], file) >= 0);
    CHECK(fclose(file) == 0);
    CHECK(rename(beside, path) == 0);
    return path;
}

const char *files_write(const char *name, const char *text)
{
    return written(name, &text, 1);
}

const char *files_join(const char *name, ...)
{
    const char *path, *texts[8];
    char *read[8];
    int count = 0;
    va_list rest;
    va_start(rest, name);
    while ((path = va_arg(rest, const char *)) != NULL) {
        CHECK(count < 8);
        texts[count] = read[count] = files_read(path);
        count++;
    }
    va_end(rest);
    path = written(name, texts, count);
    while (count-- > 0)
        free(read[count]);
    return path;
}

char *files_read(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t length = 0, capacity = 0, more;
    if (file == NULL)
        check_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
    do {
        if (capacity - length < 4096) {
            capacity = 2 * capacity + 8192;
            text = realloc(text, capacity);
            CHECK(text != NULL);
        }
        length += more = fread(text + length, 1, capacity - length - 1, file);
    } while (more > 0);
    CHECK(!ferror(file) && fclose(file) == 0);
    text[length] = '\0';
    return text;
}
