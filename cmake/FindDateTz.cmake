# Finds Howard Hinnant's date and tz: target DateTz::DateTz. It uses the system's zone database.
#
# By its own package where there is one (it says with which macros the library was built), else by header and library.
find_package(date CONFIG QUIET)
if(TARGET date::date-tz)
  set(DateTz_LIBRARY date::date-tz)
  get_target_property(DateTz_INCLUDE_DIR date::date-tz INTERFACE_INCLUDE_DIRECTORIES)
else()
  find_path(DateTz_INCLUDE_DIR date/tz.h)
  find_library(DateTz_LIBRARY date-tz)
  mark_as_advanced(DateTz_INCLUDE_DIR DateTz_LIBRARY)
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DateTz REQUIRED_VARS DateTz_LIBRARY DateTz_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "on Debian: apt-get install libhowardhinnant-date-dev")
if(DateTz_FOUND AND NOT TARGET DateTz::DateTz)
  add_library(DateTz::DateTz INTERFACE IMPORTED)
  target_link_libraries(DateTz::DateTz INTERFACE "${DateTz_LIBRARY}")
  if(NOT TARGET date::date-tz)
    set_target_properties(DateTz::DateTz PROPERTIES
      INTERFACE_INCLUDE_DIRECTORIES "${DateTz_INCLUDE_DIR}"
      INTERFACE_COMPILE_DEFINITIONS "USE_OS_TZDB=1;ONLY_C_LOCALE=1;HAS_STRING_VIEW=1")
  endif()
endif()
