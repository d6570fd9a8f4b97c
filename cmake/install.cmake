# Install rules: headers, libraries, the program, the package for find_package, the files of pkg-config.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/aiaudit")

# An export set for each target, so that find_package(aiaudit COMPONENTS ledger) needs only what the ledger needs.
set(installed)
foreach(target IN ITEMS aiaudit_ledger aiaudit aiaudit_gateway LISTS compiled_targets)
  if(NOT TARGET ${target} OR (target IN_LIST compiled_targets AND NOT AIAUDIT_COMPILED))
    continue()
  endif()
  get_target_property(name ${target} EXPORT_NAME)
  list(APPEND installed ${name})
  set(file_set)
  if(target STREQUAL aiaudit_ledger)
    set(file_set FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  endif()
  install(TARGETS ${target} EXPORT aiaudit-${name}-targets ${file_set})
  install(EXPORT aiaudit-${name}-targets NAMESPACE aiaudit:: DESTINATION "${package_dir}")
endforeach()
if(TARGET aiaudit_program AND AIAUDIT_BUILD_TOOLS)
  install(TARGETS aiaudit_program RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()

set(header_only_parts ledger ${AIAUDIT_PARTS})
list(REMOVE_DUPLICATES header_only_parts)
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/aiauditConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/aiauditConfig.cmake" INSTALL_DESTINATION "${package_dir}")
set(architecture)
if(NOT AIAUDIT_COMPILED)
  set(architecture ARCH_INDEPENDENT)
endif()
write_basic_package_version_file("${PROJECT_BINARY_DIR}/aiauditConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion ${architecture})
install(FILES "${PROJECT_BINARY_DIR}/aiauditConfig.cmake" "${PROJECT_BINARY_DIR}/aiauditConfigVersion.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindLMDB.cmake" "${CMAKE_CURRENT_LIST_DIR}/FindHttplib.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindDateTz.cmake"
  DESTINATION "${package_dir}")

# pkg-config: a file for each target. They say where they are by where they lie, so that the tree can be moved.
set(pc_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
  message(STATUS "aiaudit: no pkg-config files: CMAKE_INSTALL_LIBDIR and CMAKE_INSTALL_INCLUDEDIR must be relative")
  return()
endif()
file(RELATIVE_PATH pc_prefix "/${pc_dir}" "/")
string(REGEX REPLACE "/$" "" pc_prefix "\${pcfiledir}/${pc_prefix}")
set(zones)
if(NOT DateTz_IN_STD)
  set(zones -ldate-tz)
endif()
function(aiaudit_pkg_config target)
  cmake_parse_arguments(pc "" "DETAIL;REQUIRES;LIBS;CFLAGS" "" ${ARGN})
  if(NOT target IN_LIST installed)
    return()
  endif()
  set(pc_NAME aiaudit-${target})
  if(target STREQUAL aiaudit)
    set(pc_NAME aiaudit)
  endif()
  configure_file("${PROJECT_SOURCE_DIR}/cmake/package.pc.in" "${PROJECT_BINARY_DIR}/${pc_NAME}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${pc_NAME}.pc" DESTINATION "${pc_dir}")
endfunction()
aiaudit_pkg_config(ledger DETAIL ": the ledger alone, header-only"
  REQUIRES "lmdb libcrypto" LIBS "-pthread" CFLAGS "-I\${includedir} -pthread")
aiaudit_pkg_config(aiaudit DETAIL ", header-only"
  REQUIRES "aiaudit-ledger libssl cpp-httplib" LIBS "-lboost_json ${zones}")
aiaudit_pkg_config(gateway DETAIL ": the gateway, header-only"
  REQUIRES "aiaudit-ledger libssl" LIBS "-lboost_json ${zones}")
set(separate CFLAGS "-DAIAUDIT_SEPARATE")
aiaudit_pkg_config(compiled-ledger DETAIL ": the ledger alone"
  REQUIRES "aiaudit-ledger" LIBS "-L\${libdir} -laiaudit-ledger" ${separate})
aiaudit_pkg_config(compiled REQUIRES "aiaudit-compiled-ledger aiaudit" LIBS "-L\${libdir} -laiaudit" ${separate})
aiaudit_pkg_config(compiled-gateway DETAIL ": the gateway"
  REQUIRES "aiaudit-compiled aiaudit-gateway" LIBS "-L\${libdir} -laiaudit-gateway" ${separate})
