// What the C++ tests share: an assertion that stays in release builds, and the cluster they use.

#ifndef REDISCLUSTER_TESTS_CPP_CHECK_HPP
#define REDISCLUSTER_TESTS_CPP_CHECK_HPP

#include <cstdio>
#include <cstdlib>
#include <string>

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            std::exit(1); \
        } \
    } while (0)

#define CHECK_OK(call, failure) \
    do { \
        if ((call) != REDISCLUSTER_OK) { \
            std::fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, (failure).message()); \
            std::exit(1); \
        } \
    } while (0)

// "host:port,host:port": the nodes of the cluster under test.
inline std::string cluster() {
    const char *nodes = std::getenv("REDISCLUSTER_TEST_CLUSTER");
    if (nodes == nullptr || *nodes == '\0') {
        std::fprintf(stderr, "REDISCLUSTER_TEST_CLUSTER must name the nodes of a cluster\n");
        std::exit(1);
    }
    return nodes;
}

#endif
