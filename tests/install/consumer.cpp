// The same from C++, with the C header and, where it is installed, the C++ one.
#include <cstdint>
#include <cstring>
#include <iostream>

#include <rediscluster.h>
#if defined(__has_include)
#if __has_include(<rediscluster.hpp>)
#include <rediscluster.hpp>
#endif
#endif

int main()
{
    rediscluster_options *options = nullptr;
    rediscluster_pool *pool = nullptr;
    rediscluster_error *error = nullptr;

    const bool good = rediscluster_version() == REDISCLUSTER_VERSION
        && rediscluster_key_slot(reinterpret_cast<const std::uint8_t *>("123456789"), 9) == 12739
        && rediscluster_options_from_url("redis://127.0.0.1:1", &options, &error) == REDISCLUSTER_OK
        && rediscluster_pool_new(options, &pool, &error) == REDISCLUSTER_ERROR_UNREACHABLE
        && std::strstr(rediscluster_error_message(error), "127.0.0.1:1") != nullptr;
    if (!good)
        std::cerr << "consumer.cpp: " << rediscluster_error_message(error) << '\n';
    rediscluster_error_free(error);
    rediscluster_options_free(options);
    return good ? 0 : 1;
}
