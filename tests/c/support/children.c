#define _POSIX_C_SOURCE 200809L

#include "children.h"

#include "fail.h"
#include "pools.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int is_child;

/* Asked by LeakSanitizer: in a child all that the parent's other threads held looks lost. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return is_child;
}

pid_t child_start(void (*work)(void *shared), void *shared, enum child_end end)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child != 0)
        return child;
    is_child = 1;
    alarm(100);
    work(shared);
    if (test_is_under_valgrind())
        execlp("true", "true", (char *)NULL);
    if (end == CHILD_EXIT)
        exit(0);
    _exit(0);
}

void child_join(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        CHECK(errno == EINTR);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        check_fail(__FILE__, __LINE__, "a child ended with status %x", (unsigned)status);
}

void child_run(void (*work)(void *shared), void *shared, enum child_end end)
{
    child_join(child_start(work, shared, end));
}
