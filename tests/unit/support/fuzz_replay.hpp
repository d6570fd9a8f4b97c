// SPDX-License-Identifier: MIT
//
// fuzz_replay.hpp: runs a fuzzer on the inputs that were worth keeping. It aborts where its promise
// is broken.
#ifndef AIAUDIT_TESTS_UNIT_SUPPORT_FUZZ_REPLAY_HPP
#define AIAUDIT_TESTS_UNIT_SUPPORT_FUZZ_REPLAY_HPP

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace aiaudit_tests {

using fuzzer = int (*)(std::uint8_t const*, std::size_t);

// How many inputs there were.
inline std::size_t replay(fuzzer run, std::string const& name) {
    std::size_t files = 0;
    for (auto const& entry :
         std::filesystem::directory_iterator(AIAUDIT_FIXTURE_DIR "/fuzz/" + name)) {
        std::ifstream file(entry.path(), std::ios::binary);
        std::string const bytes{std::istreambuf_iterator<char>(file), {}};
        run(reinterpret_cast<std::uint8_t const*>(bytes.data()), bytes.size());
        ++files;
    }
    return files;
}

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_UNIT_SUPPORT_FUZZ_REPLAY_HPP
