# Adds the program `consumer`, which links aiaudit::${LINKED}.
set(source main.cpp)
if(LINKED MATCHES "(ledger|gateway)$")
  set(source ${CMAKE_MATCH_1}.cpp)
endif()
add_executable(consumer "${CMAKE_CURRENT_LIST_DIR}/${source}")
target_link_libraries(consumer PRIVATE aiaudit::${LINKED})
