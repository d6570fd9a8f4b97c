// SPDX-License-Identifier: MIT
//
// temporary_directory.hpp: a directory that is gone, with what is in it, at the end of the scope.
#ifndef AIAUDIT_TESTS_ENGINE_SUPPORT_TEMPORARY_DIRECTORY_HPP
#define AIAUDIT_TESTS_ENGINE_SUPPORT_TEMPORARY_DIRECTORY_HPP

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

namespace aiaudit_tests {

class temporary_directory {
public:
    temporary_directory() {
        std::string name = (std::filesystem::temp_directory_path() / "aiaudit-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed: " + name);
        path_ = name;
    }
    temporary_directory(temporary_directory const&) = delete;
    temporary_directory& operator=(temporary_directory const&) = delete;
    ~temporary_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string const& path() const noexcept { return path_; }
    [[nodiscard]] std::string operator/(std::string const& name) const {
        return path_ + "/" + name;
    }

private:
    std::string path_;
};

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_ENGINE_SUPPORT_TEMPORARY_DIRECTORY_HPP
