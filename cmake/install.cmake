# Install rules: headers, the program, the package for find_package, aiaudit.pc.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/aiaudit")

# Two export sets, so that find_package(aiaudit COMPONENTS ledger) needs only what the ledger needs.
target_include_directories(aiaudit_ledger INTERFACE "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
install(TARGETS aiaudit_ledger EXPORT aiaudit-ledger-targets)
install(TARGETS aiaudit EXPORT aiaudit-targets FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
foreach(set aiaudit-ledger-targets aiaudit-targets)
  install(EXPORT ${set} NAMESPACE aiaudit:: DESTINATION "${package_dir}")
endforeach()
if(TARGET aiaudit_program AND AIAUDIT_BUILD_TOOLS)
  install(TARGETS aiaudit_program RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/aiauditConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/aiauditConfig.cmake" INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/aiauditConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/aiauditConfig.cmake" "${PROJECT_BINARY_DIR}/aiauditConfigVersion.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindLMDB.cmake" "${CMAKE_CURRENT_LIST_DIR}/FindHttplib.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindDateTz.cmake"
  DESTINATION "${package_dir}")

configure_file("${CMAKE_CURRENT_LIST_DIR}/aiaudit.pc.in" "${PROJECT_BINARY_DIR}/aiaudit.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/aiaudit.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
