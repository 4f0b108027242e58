#include "fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void check_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    fflush(stderr);
    exit(1);
}

void check_str(const char *file, int line, const char *what, const char *actual,
               const char *expected)
{
    if (actual == NULL || expected == NULL || strcmp(actual, expected) != 0)
        check_fail(file, line, "%s is \"%s\", not \"%s\"", what, actual ? actual : "(NULL)",
                   expected ? expected : "(NULL)");
}

void check_contains(const char *file, int line, const char *what, const char *actual,
                    const char *part)
{
    if (actual == NULL || strstr(actual, part) == NULL)
        check_fail(file, line, "%s is \"%s\", without \"%s\"", what, actual ? actual : "(NULL)",
                   part);
}
