# Header, libraries, pkg-config file and CMake package. All of it may be moved after the installation,
# as long as it moves together.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/rediscluster")

install(FILES include/rediscluster.h DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(FILES include/rediscluster.hpp DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" OPTIONAL)
install(PROGRAMS "${library_dir}/${rediscluster_file}" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(FILES "${library_dir}/${rediscluster_soname}" "${library_dir}/librediscluster.so"
    "${library_dir}/librediscluster.a" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(FILES LICENSE LICENSE-MIT LICENSE-APACHE DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# ---- CMake -------------------------------------------------------------------------------------

configure_package_config_file(cmake/redisclusterConfig.cmake.in
    "${PROJECT_BINARY_DIR}/package/redisclusterConfig.cmake"
    INSTALL_DESTINATION "${package_dir}"
    PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
# The ABI changes with the minor version before 1.0, and with the major one after.
if(PROJECT_VERSION_MAJOR EQUAL 0)
    set(compatibility SameMinorVersion)
else()
    set(compatibility SameMajorVersion)
endif()
write_basic_package_version_file("${PROJECT_BINARY_DIR}/package/redisclusterConfigVersion.cmake"
    COMPATIBILITY ${compatibility})
install(FILES "${PROJECT_BINARY_DIR}/package/redisclusterConfig.cmake"
    "${PROJECT_BINARY_DIR}/package/redisclusterConfigVersion.cmake"
    cmake/redisclusterTargets.cmake
    DESTINATION "${package_dir}")

# ---- pkg-config --------------------------------------------------------------------------------

# The paths start at the .pc file itself, wherever the prefix ends up.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    set(rediscluster_pc_prefix "${CMAKE_INSTALL_PREFIX}")
    set(rediscluster_pc_libdir "${CMAKE_INSTALL_LIBDIR}")
else()
    file(RELATIVE_PATH up "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
    string(REGEX REPLACE "/$" "" up "${up}")
    set(rediscluster_pc_prefix "\${pcfiledir}/${up}")
    set(rediscluster_pc_libdir "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
endif()
if(IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
    set(rediscluster_pc_includedir "${CMAKE_INSTALL_INCLUDEDIR}")
else()
    set(rediscluster_pc_includedir "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
endif()
string(REPLACE ";" " " rediscluster_pc_libraries "${rediscluster_system_libraries}")
configure_file(cmake/rediscluster.pc.in "${PROJECT_BINARY_DIR}/package/rediscluster.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/package/rediscluster.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
