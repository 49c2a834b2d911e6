# Everything about how the compiler is called: standard, warnings, sanitizers, ccache, linker.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_THREAD_PREFER_PTHREAD ON)

option(VIVARIUM_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
    # Precompiled headers need these two allowances to be cached at all.
    set(CMAKE_CXX_COMPILER_LAUNCHER
        "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros "${CCACHE_PROGRAM}")
endif()

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(Boost 1.81 REQUIRED)

# One place for every flag and macro that has to be the same in all translation units.
add_library(vivarium_options INTERFACE)
add_library(vivarium::options ALIAS vivarium_options)
target_compile_options(vivarium_options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Werror
    -ffp-contract=off
    $<$<CXX_COMPILER_ID:Clang>:-Xclang -fno-pch-timestamp>
    # The newest that Debian 12's valgrind reads.
    $<$<CXX_COMPILER_ID:Clang>:-fdebug-default-version=4>
    # g++ 12 warns of impossible accesses inside the standard library once it has inlined enough.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds -Wno-stringop-overflow -Wno-restrict
        -Wno-maybe-uninitialized -Wno-dangling-pointer -Wno-use-after-free
        # It takes Asio's allocation of coroutine frames for a mismatched pair.
        -Wno-mismatched-new-delete>)
target_compile_definitions(vivarium_options INTERFACE
    BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)
if(VIVARIUM_SANITIZE)
    target_compile_options(vivarium_options INTERFACE
        -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(vivarium_options INTERFACE -fsanitize=address,undefined)
    # Recycled coroutine frames would hide a use after free.
    target_compile_definitions(vivarium_options INTERFACE
        BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING BOOST_ASIO_DISABLE_SMALL_BLOCK_RECYCLING)
endif()
if(VIVARIUM_FUZZ STREQUAL "libfuzzer")
    target_compile_options(vivarium_options INTERFACE -fsanitize=fuzzer-no-link)
elseif(VIVARIUM_FUZZ STREQUAL "afl")
    # Debian's plugins of AFL++ are made for other compilers; its runtime takes clang's own hooks.
    target_compile_options(vivarium_options INTERFACE -fsanitize-coverage=trace-pc-guard)
endif()
find_program(LLD_PROGRAM ld.lld-19)
if(LLD_PROGRAM AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_link_options(vivarium_options INTERFACE -fuse-ld=lld-19)
endif()

# vivarium_library(NAME SOURCE...): a static library; includes are written from the top of the tree.
function(vivarium_library name)
    add_library(${name} STATIC ${ARGN})
    target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:vivarium::options>)
endfunction()
