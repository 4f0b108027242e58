/* Forked children of a test. */
#ifndef TEST_CHILDREN_H
#define TEST_CHILDREN_H

#include <sys/types.h>

/* How a child ends. */
enum child_end {
    CHILD_EXIT,      /* exit(): with all that programs have registered for their end */
    CHILD_EXIT_NOW   /* _exit() */
};

/* Forks; the child calls `work`, whose checks are the child's end where they fail, and ends. What hangs for 100 seconds is
 * killed. Under valgrind, which would report what the parent's other threads hold as lost, each ends as another program. */
pid_t child_start(void (*work)(void *shared), void *shared, enum child_end end);

/* Waits for its end, which must be a good one. */
void child_join(pid_t child);

/* Both. */
void child_run(void (*work)(void *shared), void *shared, enum child_end end);

#endif
