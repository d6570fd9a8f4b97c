// SPDX-License-Identifier: MIT
//
// file_watch.hpp: that the files which are open still stand at their paths.
//
// Who moves a directory, puts a copy in its place or removes it does not close what others have
// open: they would go on writing into files that nobody finds again. A file is told from another by
// its device and inode.
// Threads: any, once all files are added.
// Floor 5.
#ifndef AIAUDIT_STORAGE_FILE_WATCH_HPP
#define AIAUDIT_STORAGE_FILE_WATCH_HPP

#include <aiaudit/error.hpp>               // result
#include <aiaudit/storage/posix_file.hpp>  // file_id

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Whether the system's clock has ticked since that was last asked: some milliseconds. For looks
// that cost more than what they guard.
class tick_counter {
public:
    [[nodiscard]] bool has_ticked() noexcept;
    // The next to ask is told yes.
    void reset() noexcept { seen_.store(0, std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> seen_ = 0;  // coarse nanoseconds
};

class file_watch {
public:
    void add(std::string path, file_id file) { files_.push_back({std::move(path), file}); }
    // What stands at that path now. Errors: those of the file system.
    [[nodiscard]] result<void> add(std::string path);

    // Asks the system about each. Errors: moved, and from then on always; those of the file system.
    [[nodiscard]] result<void> probe();
    // The same of the first alone, and of the others at most once in a tick of the system's clock.
    [[nodiscard]] result<void> check_first();
    // The same of all, at most once in a tick.
    [[nodiscard]] result<void> probe_now_and_then() {
        return !gone_.load(std::memory_order_relaxed) && !ticks_.has_ticked() ? result<void>{}
                                                                              : probe();
    }

private:
    struct watched_file {
        std::string path{};
        file_id file{};
    };
    [[nodiscard]] result<void> probe(watched_file const& one);

    std::vector<watched_file> files_{};
    tick_counter ticks_{};
    std::atomic<bool> gone_ = false;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/storage/file_watch.ipp>
#endif

#endif  // AIAUDIT_STORAGE_FILE_WATCH_HPP
