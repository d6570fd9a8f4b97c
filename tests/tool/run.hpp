// SPDX-License-Identifier: MIT
//
// run.hpp: runs the program as a user would, and keeps what it printed.
#ifndef AIAUDIT_TESTS_TOOL_RUN_HPP
#define AIAUDIT_TESTS_TOOL_RUN_HPP

#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace test_support {

struct outcome {
    int status = -1;
    std::string out{};
    std::string err{};
};

inline std::string read_file(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_file(std::string const& path, std::string const& text) {
    std::ofstream(path, std::ios::binary) << text;
}

// `arguments` as a shell reads them; `scratch` is a directory for the program's output.
inline outcome run(std::string const& scratch, std::string const& arguments) {
    std::string const command = std::string(AIAUDIT_PROGRAM) + " " + arguments + " >" + scratch +
                                "/out 2>" + scratch + "/err </dev/null";
    int const status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(scratch + "/out"),
            read_file(scratch + "/err")};
}

}  // namespace test_support

#endif  // AIAUDIT_TESTS_TOOL_RUN_HPP
