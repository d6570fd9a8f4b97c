// SPDX-License-Identifier: MIT
//
// cache_directory.hpp: what a cache looks like on disk, and how it is made so that a crash at any
// point leaves one that is whole or is taken up again.
//
//     PATH/aiaudit-cache       text; first line "aiaudit cache format 1"
//     PATH/entries/data.mdb    one LMDB environment
//     PATH/entries/lock.mdb
//     PATH/write.lock          empty; locked by whoever writes
//
// No ledger: a ledger's marker has another name, and neither is made where the other is.
// Threads: functions without state. Processes: making is guarded by flock on PATH.
// Floor 6.
#ifndef AIAUDIT_CACHE_CACHE_DIRECTORY_HPP
#define AIAUDIT_CACHE_CACHE_DIRECTORY_HPP

#include <aiaudit/error.hpp>  // result

#include <cstdint>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::string_view cache_marker_prefix = "aiaudit cache format ";
inline constexpr char const* cache_marker_name = "aiaudit-cache";
inline constexpr char const* new_cache_marker_name = "aiaudit-cache.new";
inline constexpr char const* cache_entries_name = "entries";

// Finds or makes the cache at a path.
[[nodiscard]] result<void> prepare_cache(std::string const& path, std::uint64_t map_bytes);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/cache/cache_directory.ipp>
#endif

#endif  // AIAUDIT_CACHE_CACHE_DIRECTORY_HPP
