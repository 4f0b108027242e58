# Cargo builds the library, in two runs: rustc drops `lto` where all crate types are built at once.

find_program(CARGO cargo HINTS "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin")
find_program(RUSTC rustc HINTS "$ENV{CARGO_HOME}/bin" "$ENV{HOME}/.cargo/bin")
if(NOT CARGO OR NOT RUSTC)
    message(FATAL_ERROR "librediscluster is built with cargo and rustc: see https://rustup.rs")
endif()

# ---- names -------------------------------------------------------------------------------------

# Before 1.0 each minor version is an ABI of its own; build.rs says the same.
if(PROJECT_VERSION_MAJOR EQUAL 0)
    set(rediscluster_soname "librediscluster.so.0.${PROJECT_VERSION_MINOR}")
else()
    set(rediscluster_soname "librediscluster.so.${PROJECT_VERSION_MAJOR}")
endif()
set(rediscluster_file "librediscluster.so.${PROJECT_VERSION}")

# ---- flags -------------------------------------------------------------------------------------

# The target is named even where it is the host: cargo then puts its output in a place that no
# configuration of the user changes, and keeps our flags from build scripts, which run without a
# sanitizer's runtime.
if(NOT REDISCLUSTER_RUST_TARGET)
    execute_process(COMMAND "${RUSTC}" -vV OUTPUT_VARIABLE rustc_about)
    string(REGEX MATCH "host: ([^\n]+)" _ "${rustc_about}")
    set(REDISCLUSTER_RUST_TARGET "${CMAKE_MATCH_1}" CACHE STRING "The target triple that cargo builds for")
    mark_as_advanced(REDISCLUSTER_RUST_TARGET)
endif()

set(cargo_arguments --manifest-path "${PROJECT_SOURCE_DIR}/Cargo.toml" --locked --lib
    --target "${REDISCLUSTER_RUST_TARGET}")
set(cargo_environment "CARGO_TARGET_DIR=${PROJECT_BINARY_DIR}/cargo")
set(cargo_output "${PROJECT_BINARY_DIR}/cargo/${REDISCLUSTER_RUST_TARGET}")
set(rust_flags "${REDISCLUSTER_RUSTFLAGS}")

string(REPLACE "," ";" sanitizers "${REDISCLUSTER_SANITIZE}")
foreach(sanitizer IN LISTS sanitizers)
    if(sanitizer STREQUAL "address" OR sanitizer STREQUAL "thread")
        string(APPEND rust_flags " -Zsanitizer=${sanitizer} -Cunsafe-allow-abi-mismatch=sanitizer -Cforce-frame-pointers=yes")
        set(rust_sanitized ON)
    elseif(NOT sanitizer STREQUAL "undefined")
        message(FATAL_ERROR "REDISCLUSTER_SANITIZE: address, undefined and thread are known, ${sanitizer} is not")
    endif()
endforeach()

string(REPLACE "," ";" faults "${REDISCLUSTER_FAULT}")
foreach(fault IN LISTS faults)
    if(NOT fault MATCHES "^(use_after_free|leak|race|panic)$")
        message(FATAL_ERROR "REDISCLUSTER_FAULT: use_after_free, leak, race and panic are known, ${fault} is not")
    endif()
    string(APPEND rust_flags " --cfg=rediscluster_fault=\"${fault}\"")
endforeach()

if(rust_sanitized)
    list(APPEND cargo_environment "RUSTC_BOOTSTRAP=1")
endif()
string(STRIP "${rust_flags}" rust_flags)
if(rust_flags)
    list(APPEND cargo_environment "RUSTFLAGS=${rust_flags}")
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Debug")
    string(APPEND cargo_output "/debug")
else()
    list(APPEND cargo_arguments --release)
    string(APPEND cargo_output "/release")
endif()

# ---- the two libraries -------------------------------------------------------------------------

file(GLOB_RECURSE rust_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/*.rs")
list(APPEND rust_sources "${PROJECT_SOURCE_DIR}/Cargo.toml" "${PROJECT_SOURCE_DIR}/Cargo.lock"
    "${PROJECT_SOURCE_DIR}/build.rs")
set(library_dir "${PROJECT_BINARY_DIR}/lib")

# Cargo leaves a file as old as it is where nothing changed; the copy is what is made anew.
add_custom_command(
    OUTPUT "${library_dir}/${rediscluster_file}"
    BYPRODUCTS "${library_dir}/${rediscluster_soname}" "${library_dir}/librediscluster.so"
    COMMAND "${CMAKE_COMMAND}" -E env ${cargo_environment}
        "${CARGO}" rustc ${cargo_arguments} --crate-type cdylib
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${library_dir}"
    COMMAND "${CMAKE_COMMAND}" -E copy "${cargo_output}/librediscluster.so" "${library_dir}/${rediscluster_file}"
    COMMAND "${CMAKE_COMMAND}" -E touch "${library_dir}/${rediscluster_file}"
    COMMAND "${CMAKE_COMMAND}" -E create_symlink "${rediscluster_file}" "${library_dir}/${rediscluster_soname}"
    COMMAND "${CMAKE_COMMAND}" -E create_symlink "${rediscluster_soname}" "${library_dir}/librediscluster.so"
    DEPENDS ${rust_sources}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    COMMENT "Building librediscluster.so with cargo"
    VERBATIM)

add_custom_command(
    OUTPUT "${library_dir}/librediscluster.a"
    COMMAND "${CMAKE_COMMAND}" -E env ${cargo_environment}
        "${CARGO}" rustc ${cargo_arguments} --crate-type staticlib
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${library_dir}"
    COMMAND "${CMAKE_COMMAND}" -E copy "${cargo_output}/librediscluster.a" "${library_dir}/librediscluster.a"
    COMMAND "${CMAKE_COMMAND}" -E touch "${library_dir}/librediscluster.a"
    DEPENDS ${rust_sources}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    COMMENT "Building librediscluster.a with cargo"
    VERBATIM)

# Who installs wants both; who only links gets built what he links.
set(all "")
if(REDISCLUSTER_INSTALL)
    set(all ALL)
endif()
add_custom_target(rediscluster_cargo_shared ${all} DEPENDS "${library_dir}/${rediscluster_file}")
add_custom_target(rediscluster_cargo_static ${all} DEPENDS "${library_dir}/librediscluster.a")

# ---- the targets -------------------------------------------------------------------------------

# What the static library needs of the system: OpenSSL, and what every crate does, for its std.
if(NOT DEFINED CACHE{REDISCLUSTER_SYSTEM_LIBRARIES})
    file(WRITE "${PROJECT_BINARY_DIR}/CMakeFiles/empty.rs" "")
    execute_process(
        COMMAND "${RUSTC}" --target "${REDISCLUSTER_RUST_TARGET}" --crate-type staticlib --print native-static-libs
            -o "${PROJECT_BINARY_DIR}/CMakeFiles/libempty.a" "${PROJECT_BINARY_DIR}/CMakeFiles/empty.rs"
        ERROR_VARIABLE rustc_notes OUTPUT_VARIABLE rustc_notes)
    if(rustc_notes MATCHES "native-static-libs: ([^\n]+)")
        string(REGEX MATCHALL "[^ ]+" found "${CMAKE_MATCH_1}")
        list(REMOVE_ITEM found -lc)
        list(REMOVE_DUPLICATES found)
    else()
        set(found -lgcc_s -lutil -lrt -lpthread -lm -ldl)
    endif()
    set(REDISCLUSTER_SYSTEM_LIBRARIES "${found}" CACHE STRING "What librediscluster.a is linked with")
    mark_as_advanced(REDISCLUSTER_SYSTEM_LIBRARIES)
endif()
set(rediscluster_system_libraries -lssl -lcrypto ${REDISCLUSTER_SYSTEM_LIBRARIES})

include(cmake/redisclusterTargets.cmake)
rediscluster_import_targets(
    INCLUDE "${PROJECT_SOURCE_DIR}/include"
    SHARED "${library_dir}/${rediscluster_file}"
    SONAME "${rediscluster_soname}"
    STATIC "${library_dir}/librediscluster.a"
    LIBRARIES ${rediscluster_system_libraries})
add_dependencies(rediscluster::rediscluster_shared rediscluster_cargo_shared)
add_dependencies(rediscluster::rediscluster_static rediscluster_cargo_static)
