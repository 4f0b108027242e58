/* How a forked child ends. */
#ifndef TEST_CHILD_H
#define TEST_CHILD_H

#include <stdbool.h>

/* Ends the child: with 0 if all was fine. Under valgrind another program ends in its place, or all that the parent's
 * pools hold, which a child leaves alone, would be reported as lost. */
_Noreturn void child_end(bool fine);

#endif
