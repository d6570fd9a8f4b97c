# Our own programs: the tool, tests, examples, benchmarks, fuzzers.
#
# What is built of what stands in sources.list files, which meson.build reads too: a line is "PROGRAM FILE", FILE from the
# root of the source tree; a program may have many lines; # starts a comment.

# What we demand of our own code. -Werror is CMAKE_COMPILE_WARNING_AS_ERROR, which the presets set.
set(warnings -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast -Wundef
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)  # g++ 12 sees it in its own std::string (its bug 105651)
if(CMAKE_UNITY_BUILD)  # g++ takes the .cpp files that are joined for headers
  list(APPEND warnings $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
add_library(aiaudit_own INTERFACE)
target_compile_options(aiaudit_own INTERFACE ${warnings})
if(AIAUDIT_HEADER_ONLY_TESTS)
  target_link_libraries(aiaudit_own INTERFACE aiaudit::aiaudit aiaudit::gateway)
else()
  target_link_libraries(aiaudit_own INTERFACE aiaudit::compiled aiaudit::compiled-gateway)
endif()
foreach(target IN LISTS compiled_targets)
  target_compile_options(${target} PRIVATE ${warnings})
  if(AIAUDIT_BUILD_FUZZERS)
    target_compile_options(${target} PRIVATE ${AIAUDIT_FUZZ_COVERAGE})
  endif()
endforeach()
if(AIAUDIT_SINGLE_HEADER)
  # The single header first; the modular headers that a source names are then empty by their guards.
  target_compile_options(aiaudit_own INTERFACE "SHELL:-include aiaudit/aiaudit.hpp")
  target_include_directories(aiaudit_own INTERFACE "${PROJECT_SOURCE_DIR}/include")
endif()

# Sets `programs` to the programs of a list and `sources_of_PROGRAM` to their files.
function(aiaudit_read_list list)
  set(path "${PROJECT_SOURCE_DIR}/${list}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${path}")
  file(STRINGS "${path}" lines REGEX "^[^#]")
  set(programs)
  foreach(line IN LISTS lines)
    if(NOT line MATCHES "^([a-z0-9_]+) +([^ ]+)$")
      message(FATAL_ERROR "${list}: not 'PROGRAM FILE': ${line}")
    endif()
    if(NOT EXISTS "${PROJECT_SOURCE_DIR}/${CMAKE_MATCH_2}")
      message(WARNING "${list}: no such file: ${CMAKE_MATCH_2}")  # tools/tidy.py makes it an error
      continue()
    endif()
    list(APPEND programs ${CMAKE_MATCH_1})
    list(APPEND sources_of_${CMAKE_MATCH_1} "${PROJECT_SOURCE_DIR}/${CMAKE_MATCH_2}")
    set(sources_of_${CMAKE_MATCH_1} ${sources_of_${CMAKE_MATCH_1}} PARENT_SCOPE)
  endforeach()
  list(REMOVE_DUPLICATES programs)
  set(programs ${programs} PARENT_SCOPE)
endfunction()

if(AIAUDIT_BUILD_TOOLS OR AIAUDIT_BUILD_TESTS)
  find_package(CLI11 REQUIRED)
  find_package(CURL QUIET)
  find_package(PostgreSQL QUIET)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(MONGOC QUIET IMPORTED_TARGET libmongoc-1.0)
  endif()
  aiaudit_read_list(tools/sources.list)
  foreach(program IN LISTS programs)
    add_executable(${program}_program ${sources_of_${program}})
    target_link_libraries(${program}_program PRIVATE aiaudit_own CLI11::CLI11)
    set_target_properties(${program}_program PROPERTIES
      OUTPUT_NAME ${program} RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tools")
    # It sends e-mail where there is libcurl, and says so where there is none.
    if(CURL_FOUND)
      target_link_libraries(${program}_program PRIVATE CURL::libcurl)
      target_compile_definitions(${program}_program PRIVATE AIAUDIT_TOOL_MAIL)
    endif()
    # It knows PostgreSQL where there is libpq, and says so where there is none.
    if(PostgreSQL_FOUND)
      target_link_libraries(${program}_program PRIVATE PostgreSQL::PostgreSQL)
      target_compile_definitions(${program}_program PRIVATE AIAUDIT_TOOL_POSTGRES)
    endif()
    # And ships to MongoDB where there is libmongoc.
    if(MONGOC_FOUND)
      target_link_libraries(${program}_program PRIVATE PkgConfig::MONGOC)
      target_compile_definitions(${program}_program PRIVATE AIAUDIT_TOOL_MONGODB)
    endif()
  endforeach()
endif()

if(AIAUDIT_BUILD_TESTS)
  enable_testing()
  set(default_shared "${PROJECT_SOURCE_DIR}/../shared")
  if(DEFINED ENV{AIAUDIT_SHARED_DIR})
    set(default_shared "$ENV{AIAUDIT_SHARED_DIR}")
  endif()
  set(AIAUDIT_SHARED_DIR "${default_shared}" CACHE PATH "The corpus, price files and traces that the corpus tests read")
  get_filename_component(shared "${AIAUDIT_SHARED_DIR}" ABSOLUTE BASE_DIR "${PROJECT_SOURCE_DIR}")
  if(NOT EXISTS "${shared}/corpus")
    message(WARNING "no corpus in ${shared}: the corpus tests are disabled (set AIAUDIT_SHARED_DIR)")
  endif()

  find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS unit_test_framework)
  find_package(CURL REQUIRED)  # of the opt-in alerts/smtp.hpp
  find_package(PostgreSQL REQUIRED)  # of the opt-in sinks/postgres_sink.hpp
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(MONGOC REQUIRED IMPORTED_TARGET libmongoc-1.0)  # of the opt-in sinks/mongodb_sink.hpp
  aiaudit_read_list(tests/sources.list)
  foreach(binary IN LISTS programs)
    add_executable(${binary} tests/${binary}/main.cpp ${sources_of_${binary}})
    # It compiles what the others only declare.
    set_source_files_properties(tests/${binary}/main.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    target_link_libraries(${binary} PRIVATE aiaudit_own Boost::unit_test_framework)
    target_include_directories(${binary} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
    target_compile_definitions(${binary} PRIVATE BOOST_TEST_DYN_LINK
      AIAUDIT_SHARED_DIR="${shared}" AIAUDIT_FIXTURE_DIR="${PROJECT_SOURCE_DIR}/tests/fixtures")
    set_target_properties(${binary} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
    if(binary MATCHES "^(engine|unit)$")
      target_link_libraries(${binary} PRIVATE CURL::libcurl PostgreSQL::PostgreSQL)
      target_compile_definitions(${binary} PRIVATE AIAUDIT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    endif()
    if(binary STREQUAL unit)
      target_link_libraries(unit PRIVATE PkgConfig::MONGOC)
    endif()
    if(binary STREQUAL tool)
      target_compile_definitions(tool PRIVATE AIAUDIT_PROGRAM="$<TARGET_FILE:aiaudit_program>"
        AIAUDIT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
      add_dependencies(tool aiaudit_program)
    endif()
    # One test a file: its suite has the file's name.
    foreach(source IN LISTS sources_of_${binary})
      get_filename_component(suite "${source}" NAME_WE)
      add_test(NAME ${binary}.${suite} COMMAND ${binary} --run_test=${suite})
      set_tests_properties(${binary}.${suite} PROPERTIES LABELS ${binary} TIMEOUT 600
        ENVIRONMENT MONGOC_DISABLE_SHM=1)  # else libmongoc warns of files that killed processes left
      if(binary STREQUAL corpus AND NOT EXISTS "${shared}/corpus")
        set_tests_properties(${binary}.${suite} PROPERTIES DISABLED TRUE)
      endif()
    endforeach()
  endforeach()

  find_package(Python3 COMPONENTS Interpreter QUIET)
  if(Python3_FOUND)
    add_test(NAME tidy COMMAND Python3::Interpreter "${PROJECT_SOURCE_DIR}/tools/tidy.py")
    add_test(NAME tidy.self_test COMMAND Python3::Interpreter "${PROJECT_SOURCE_DIR}/tools/tidy.py" --self-test)
    add_test(NAME prices.self_test COMMAND Python3::Interpreter "${PROJECT_SOURCE_DIR}/tools/prices.py" --self-test)
    add_test(NAME bench.self_test COMMAND Python3::Interpreter "${PROJECT_SOURCE_DIR}/tools/bench" --self-test)
  endif()
endif()

if(AIAUDIT_BUILD_EXAMPLES)
  aiaudit_read_list(examples/sources.list)
  foreach(example IN LISTS programs)
    add_executable(example_${example} ${sources_of_${example}})
    target_link_libraries(example_${example} PRIVATE aiaudit_own)
    set_target_properties(example_${example} PROPERTIES
      OUTPUT_NAME ${example} RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/examples")
    if(AIAUDIT_BUILD_TESTS)
      add_test(NAME example.${example} COMMAND example_${example})
      set_tests_properties(example.${example} PROPERTIES LABELS example TIMEOUT 120
        WORKING_DIRECTORY "${PROJECT_BINARY_DIR}/examples")
    endif()
  endforeach()
  file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/examples")
endif()

if(AIAUDIT_BUILD_BENCHMARKS)
  find_package(benchmark REQUIRED)
  find_package(SQLite3 REQUIRED)
  aiaudit_read_list(benchmarks/sources.list)
  foreach(name IN LISTS programs)
    add_executable(bench_${name} ${sources_of_${name}})
    target_link_libraries(bench_${name} PRIVATE aiaudit_own benchmark::benchmark SQLite::SQLite3)
    set_target_properties(bench_${name} PROPERTIES
      OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/benchmarks")
  endforeach()
  if(TARGET aiaudit_program)  # which it measures
    add_dependencies(bench_gateway aiaudit_program)
  endif()
endif()

if(AIAUDIT_BUILD_FUZZERS)
  aiaudit_read_list(tests/fuzz/sources.list)
  foreach(fuzzer IN LISTS programs)
    add_executable(fuzz_${fuzzer} ${sources_of_${fuzzer}})
    target_link_libraries(fuzz_${fuzzer} PRIVATE aiaudit_own -fsanitize=fuzzer)
    target_compile_options(fuzz_${fuzzer} PRIVATE -fsanitize=fuzzer)
    set_target_properties(fuzz_${fuzzer} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
  endforeach()
endif()
