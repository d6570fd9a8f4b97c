// SPDX-License-Identifier: MIT
//
// file_watch.ipp: the definitions of file_watch.hpp.
#ifndef AIAUDIT_IMPL_STORAGE_FILE_WATCH_IPP
#define AIAUDIT_IMPL_STORAGE_FILE_WATCH_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/storage/file_watch.hpp>

#include <ctime>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE bool tick_counter::has_ticked() noexcept {
    struct timespec now {};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    auto const tick = static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
    if (seen_.load(std::memory_order_relaxed) == tick) return false;
    seen_.store(tick, std::memory_order_relaxed);
    return true;
}

AIAUDIT_INLINE result<void> file_watch::add(std::string path) {
    auto const file = file_at(path);
    if (!file) return file.error();
    add(std::move(path), *file);
    return {};
}

AIAUDIT_INLINE result<void> file_watch::probe() {
    for (watched_file const& each : files_) {
        if (auto ok = probe(each); !ok) return ok;
    }
    return {};
}

AIAUDIT_INLINE result<void> file_watch::check_first() {
    return files_.empty() || ticks_.has_ticked() ? probe() : probe(files_.front());
}

AIAUDIT_INLINE result<void> file_watch::probe(watched_file const& one) {
    if (!gone_.load(std::memory_order_relaxed)) {
        auto const there = file_at(one.path);
        if (there && *there == one.file) return {};
        if (!there && there.error().code != errc::not_found) return there.error();
        gone_.store(true, std::memory_order_relaxed);
    }
    return fail(errc::moved, one.path +
                                 ": was moved, replaced or removed while it was open; close it, "
                                 "and open what is there now");
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_STORAGE_FILE_WATCH_IPP
