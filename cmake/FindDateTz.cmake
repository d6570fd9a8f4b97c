# Finds the time zones: target DateTz::DateTz. Where std::chrono has them (g++ 14), it is empty; else it is Howard Hinnant's
# date and tz, by its own package where there is one (it says with which macros the library was built), else by header and
# library, built for the system's zone database, which <aiaudit/timezone/tzdb.hpp> expects.
include(CheckCXXSourceCompiles)
include(CMakePushCheckState)
cmake_push_check_state(RESET)
set(CMAKE_REQUIRED_FLAGS -std=c++20)
check_cxx_source_compiles("#include <chrono>
#if !defined(__cpp_lib_chrono) || __cpp_lib_chrono < 201907L
#error
#endif
int main() {}" DateTz_IN_STD)
cmake_pop_check_state()
include(FindPackageHandleStandardArgs)
if(DateTz_IN_STD)
  find_package_handle_standard_args(DateTz REQUIRED_VARS DateTz_IN_STD)
  if(NOT TARGET DateTz::DateTz)
    add_library(DateTz::DateTz INTERFACE IMPORTED)
  endif()
  return()
endif()
find_package(date CONFIG QUIET)
if(TARGET date::date-tz)
  set(DateTz_LIBRARY date::date-tz)
  get_target_property(DateTz_INCLUDE_DIR date::date-tz INTERFACE_INCLUDE_DIRECTORIES)
else()
  find_path(DateTz_INCLUDE_DIR date/tz.h)
  find_library(DateTz_LIBRARY date-tz)
  mark_as_advanced(DateTz_INCLUDE_DIR DateTz_LIBRARY)
endif()
find_package_handle_standard_args(DateTz REQUIRED_VARS DateTz_LIBRARY DateTz_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "on Debian: apt-get install libhowardhinnant-date-dev")
if(DateTz_FOUND AND NOT TARGET DateTz::DateTz)
  add_library(DateTz::DateTz INTERFACE IMPORTED)
  target_link_libraries(DateTz::DateTz INTERFACE "${DateTz_LIBRARY}")
  if(NOT TARGET date::date-tz)
    set_target_properties(DateTz::DateTz PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${DateTz_INCLUDE_DIR}")
  endif()
endif()
