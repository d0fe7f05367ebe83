# modules: how a folder becomes a library and how its tests become a program.

# Release builds join the files of a folder (CMAKE_UNITY_BUILD in the presets): most of a cold build is
# the standard library, JSON and CLI11, once per file. So names in anonymous namespaces are unique in a folder;
# an entry of a catalogue (a fault, probe or check) has a namespace of its own. The dev preset builds file by
# file: it finds a missing include.

# Tests are built quickly; what they test is built as it is shipped.
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  set(ernstfall_test_options -O0)
endif()

# ernstfall_module(NAME DEPS...): every .cpp of the current folder, as library ernstfall_NAME.
function(ernstfall_module name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  if(NOT sources)
    add_library(ernstfall_${name} INTERFACE)
    target_link_libraries(ernstfall_${name} INTERFACE ernstfall_options ${ARGN})
    return()
  endif()
  add_library(ernstfall_${name} STATIC ${sources})
  target_link_libraries(ernstfall_${name} PUBLIC ernstfall_options ${ARGN})
endfunction()

# ernstfall_tests(NAME DEPS...): every .cpp of tests/unit/NAME, as program test_NAME.
# Tests run with the source tree as working folder, so that they find tests/golden and scenarios.
function(ernstfall_tests name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/${name}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(test_${name} ${sources})
  target_link_libraries(test_${name} PRIVATE ${ARGN} GTest::gmock GTest::gtest GTest::gtest_main)
  target_compile_options(test_${name} PRIVATE ${ernstfall_test_options})
  add_test(NAME unit.${name} COMMAND test_${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(unit.${name} PROPERTIES LABELS fast TIMEOUT 300)
  if(ERNSTFALL_SANITIZE STREQUAL thread)
    set_tests_properties(unit.${name} PROPERTIES ENVIRONMENT "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp")
  endif()
endfunction()
