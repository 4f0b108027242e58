#include "child.h"

#include "pools.h"

#include <unistd.h>

void child_end(bool fine)
{
    const char *program = fine ? "true" : "false";
    if (test_is_under_valgrind())
        execlp(program, program, (char *)NULL);
    _exit(fine ? 0 : 1);
}
