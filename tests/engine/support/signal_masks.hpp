// SPDX-License-Identifier: MIT
//
// signal_masks.hpp: which signals the threads of this process block.
#ifndef AIAUDIT_TESTS_ENGINE_SUPPORT_SIGNAL_MASKS_HPP
#define AIAUDIT_TESTS_ENGINE_SUPPORT_SIGNAL_MASKS_HPP

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

namespace aiaudit_tests {

// The signals that a thread of this process blocks, by number.
[[nodiscard]] inline std::uint64_t blocked_signals(std::filesystem::path const& task) {
    std::ifstream status(task / "status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("SigBlk:")) return std::stoull(line.substr(7), nullptr, 16);
    }
    return 0;
}

// All signals but those that cannot be blocked, are the C library's, or say that a thread failed.
[[nodiscard]] inline std::uint64_t signals_of_applications() {
    std::uint64_t all = ~std::uint64_t{0};
    for (int const each :
         {SIGKILL, SIGSTOP, 32, 33, 34, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS})
        all &= ~(std::uint64_t{1} << (each - 1));
    return all;
}

// 0: every thread but the first blocks what an application may want to have.
[[nodiscard]] inline int check_signal_masks(unsigned threads_least) {
    unsigned threads = 0;
    for (auto const& each : std::filesystem::directory_iterator("/proc/self/task")) {
        if (each.path().filename() == std::to_string(::getpid())) continue;
        ++threads;
        std::uint64_t const wanted = signals_of_applications();
        if ((blocked_signals(each.path()) & wanted) != wanted) return 20;
    }
    return threads >= threads_least ? 0 : 21;
}

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_ENGINE_SUPPORT_SIGNAL_MASKS_HPP
