// SPDX-License-Identifier: MIT
//
// lmdb_testing.hpp: ledger directories for tests, and what is in them.
#ifndef AIAUDIT_TESTS_ENGINE_SUPPORT_LMDB_TESTING_HPP
#define AIAUDIT_TESTS_ENGINE_SUPPORT_LMDB_TESTING_HPP

#include "store_testing.hpp"

#include <aiaudit/storage/lmdb_store.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace aiaudit_tests {

using aiaudit::lmdb_store;

[[nodiscard]] inline result<lmdb_store> open_at(std::string path, bool create = true,
                                                bool read_only = false) {
    auto options = store_options_in(std::move(path));
    options.create = create;
    options.read_only = read_only;
    return lmdb_store::open(options);
}

[[nodiscard]] inline std::string data_file(std::string const& ledger, segment_number segment = 1) {
    return ledger + "/segments/" + aiaudit::detail::segment_name(segment) + "/data.mdb";
}

[[nodiscard]] inline std::string bytes_of(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

inline void write_text(std::string const& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
}

// A file descriptor of this process on the file: LMDB's second one, for the meta page, has O_DSYNC.
[[nodiscard]] inline int descriptor_on(std::string const& path, bool synchronous) {
    for (auto const& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        if (std::filesystem::read_symlink(entry.path(), gone) != std::filesystem::canonical(path))
            continue;
        int const descriptor = std::stoi(entry.path().filename());
        if (((::fcntl(descriptor, F_GETFL) & O_DSYNC) != 0) == synchronous) return descriptor;
    }
    return -1;
}

// The next commit on that segment fails half-way: its meta page meets a full disk.
inline void fail_next_commit(std::string const& ledger, segment_number segment = 1) {
    int const meta = descriptor_on(data_file(ledger, segment), true);
    int const full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (meta < 0 || ::dup3(full, meta, O_CLOEXEC) != meta) {
        throw std::runtime_error("LMDB's descriptor for meta pages is not found");
    }
    ::close(full);
}

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_ENGINE_SUPPORT_LMDB_TESTING_HPP
