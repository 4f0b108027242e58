# rediscluster_warnings and rediscluster_sanitize: what every C program of this tree is compiled with.

add_library(rediscluster_warnings INTERFACE)
target_compile_options(rediscluster_warnings INTERFACE -Wall -Wextra -Wpedantic -Werror)

add_library(rediscluster_sanitize INTERFACE)
if(REDISCLUSTER_SANITIZE)
    if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "REDISCLUSTER_SANITIZE needs clang, whose runtime is rustc's: -DCMAKE_C_COMPILER=clang")
    endif()
    set(sanitize_options -fsanitize=${REDISCLUSTER_SANITIZE} -fno-omit-frame-pointer)
    if(REDISCLUSTER_SANITIZE MATCHES "undefined")
        list(APPEND sanitize_options -fno-sanitize-recover=undefined)
    endif()
    target_compile_options(rediscluster_sanitize INTERFACE ${sanitize_options})
    target_link_options(rediscluster_sanitize INTERFACE ${sanitize_options})
endif()
