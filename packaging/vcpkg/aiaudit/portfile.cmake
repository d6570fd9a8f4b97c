# An overlay port: it builds the source tree that it lies in.
#
#   vcpkg install aiaudit --overlay-ports=packaging/vcpkg
get_filename_component(SOURCE_PATH "${CURRENT_PORT_DIR}/../../.." ABSOLUTE)
set(parts ledger)
foreach(part IN ITEMS client gateway)
  if(part IN_LIST FEATURES)
    list(APPEND parts ${part})
  endif()
endforeach()

vcpkg_cmake_configure(SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS -DAIAUDIT_BUILD_TOOLS=OFF -DAIAUDIT_INSTALL=ON -DAIAUDIT_COMPILED=ON "-DAIAUDIT_PARTS=${parts}")
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/aiaudit)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
