/* How a test fails: a line on standard error, then exit status 1. Needs nothing of the library. */
#ifndef TEST_FAIL_H
#define TEST_FAIL_H

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4), noreturn))
#endif
void check_fail(const char *file, int line, const char *format, ...);

/* Exit status with which a test says that it cannot run here (ctest's SKIP_RETURN_CODE). */
#define TEST_SKIPPED 77

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            check_fail(__FILE__, __LINE__, "failed: %s", #condition);                              \
    } while (0)

/* Two integers are equal; both are told if not. */
#define CHECK_INT(actual, expected)                                                                \
    do {                                                                                           \
        long long actual_ = (long long)(actual), expected_ = (long long)(expected);                \
        if (actual_ != expected_)                                                                  \
            check_fail(__FILE__, __LINE__, "%s is %lld, not %lld", #actual, actual_, expected_);   \
    } while (0)

/* An integer lies between two others, ends included. */
#define CHECK_BETWEEN(actual, low, high)                                                           \
    do {                                                                                           \
        long long actual_ = (long long)(actual), low_ = (long long)(low), high_ = (long long)(high); \
        if (actual_ < low_ || actual_ > high_)                                                     \
            check_fail(__FILE__, __LINE__, "%s is %lld, not from %lld to %lld", #actual, actual_,  \
                       low_, high_);                                                               \
    } while (0)

void check_str(const char *file, int line, const char *what, const char *actual,
               const char *expected);
void check_contains(const char *file, int line, const char *what, const char *actual,
                    const char *part);

/* Two strings are equal; NULL equals nothing. */
#define CHECK_STR(actual, expected) check_str(__FILE__, __LINE__, #actual, (actual), (expected))

/* A string holds another. */
#define CHECK_CONTAINS(actual, part) check_contains(__FILE__, __LINE__, #actual, (actual), (part))

#endif
