# The imported targets, for the package (find_package) and for the source tree (add_subdirectory).
#
#   rediscluster::rediscluster_shared   librediscluster.so
#   rediscluster::rediscluster_static   librediscluster.a and the system's libraries it needs
#   rediscluster::rediscluster          shared, unless BUILD_SHARED_LIBS is set to OFF
#
# rediscluster_import_targets(INCLUDE <dir> SHARED <file> SONAME <name> STATIC <file> LIBRARIES <name>...)

function(rediscluster_import_targets)
    cmake_parse_arguments(arg "" "INCLUDE;SHARED;SONAME;STATIC" "LIBRARIES" ${ARGN})

    add_library(rediscluster::rediscluster_shared SHARED IMPORTED GLOBAL)
    set_target_properties(rediscluster::rediscluster_shared PROPERTIES
        IMPORTED_LOCATION "${arg_SHARED}"
        IMPORTED_SONAME "${arg_SONAME}"
        INTERFACE_INCLUDE_DIRECTORIES "${arg_INCLUDE}")

    add_library(rediscluster::rediscluster_static STATIC IMPORTED GLOBAL)
    set_target_properties(rediscluster::rediscluster_static PROPERTIES
        IMPORTED_LOCATION "${arg_STATIC}"
        IMPORTED_LINK_INTERFACE_LANGUAGES C
        INTERFACE_LINK_LIBRARIES "${arg_LIBRARIES}"
        INTERFACE_INCLUDE_DIRECTORIES "${arg_INCLUDE}")

    if(DEFINED BUILD_SHARED_LIBS AND NOT BUILD_SHARED_LIBS)
        add_library(rediscluster::rediscluster ALIAS rediscluster::rediscluster_static)
    else()
        add_library(rediscluster::rediscluster ALIAS rediscluster::rediscluster_shared)
    endif()
endfunction()
