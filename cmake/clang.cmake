# A toolchain: the clang that scripts/clang finds.
execute_process(COMMAND "${CMAKE_CURRENT_LIST_DIR}/../scripts/clang" clang++
  OUTPUT_VARIABLE CMAKE_CXX_COMPILER OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
