# options: one interface target with warnings and sanitizers, and ccache where it is installed.
# -O2: this program waits for nodes; -O3 costs build time and gains nothing that the benchmarks show.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")

add_library(ernstfall_options INTERFACE)
target_compile_options(ernstfall_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Werror
  -Wno-restrict)  # g++ 12 warns about its own std::string (GCC bug 105651)
target_include_directories(ernstfall_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(ernstfall_options INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE FMT_ENFORCE_COMPILE_STRING=0)

set(ERNSTFALL_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread")
if(ERNSTFALL_SANITIZE)
  target_compile_options(ernstfall_options INTERFACE
    -fsanitize=${ERNSTFALL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all
    -Wno-maybe-uninitialized)  # with it g++ 12 takes a std::stop_source for one that is read first
  target_link_options(ernstfall_options INTERFACE -fsanitize=${ERNSTFALL_SANITIZE})
endif()

find_program(ERNSTFALL_CCACHE ccache)
if(ERNSTFALL_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ERNSTFALL_CCACHE})
endif()
