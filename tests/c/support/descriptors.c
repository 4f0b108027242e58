#define _GNU_SOURCE

#include "descriptors.h"

#include "fail.h"

#include <dirent.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#if defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 33)
#include <malloc.h>
#define HAVE_MALLINFO2 1
#endif
#endif

/* Entries of a folder of /proc/self whose link begins with `prefix` (NULL: all entries). */
static int count_entries(const char *path, const char *prefix)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    int count = 0;
    CHECK(folder != NULL);
    while ((entry = readdir(folder)) != NULL) {
        char target[128];
        ssize_t length;
        if (entry->d_name[0] == '.')
            continue;
        if (prefix == NULL) {
            count++;
            continue;
        }
        length = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
        if (length > 0 && strncmp(target, prefix, strlen(prefix)) == 0)
            count++;
    }
    closedir(folder);
    return count;
}

int descriptors_open(void)
{
    return count_entries("/proc/self/fd", NULL) - 1;
}

int descriptors_sockets(void)
{
    return count_entries("/proc/self/fd", "socket:");
}

int descriptors_most_unsent(void)
{
    int most = 0, bytes;
    for (int descriptor = 3; descriptor < 1024; descriptor++)
        if (ioctl(descriptor, SIOCOUTQ, &bytes) == 0 && bytes > most)
            most = bytes;
    return most;
}

int threads_running(void)
{
    return count_entries("/proc/self/task", NULL);
}

long resident_kib(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long size, resident;
    CHECK(file != NULL);
    CHECK(fscanf(file, "%ld %ld", &size, &resident) == 2);
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

long long heap_bytes(void)
{
#ifdef HAVE_MALLINFO2
    struct mallinfo2 info = mallinfo2();
    return (long long)(info.uordblks + info.hblkhd);
#else
    return -1;
#endif
}
