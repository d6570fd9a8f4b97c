// SPDX-License-Identifier: MIT
//
// cache_directory.ipp: the definitions of cache_directory.hpp.
#ifndef AIAUDIT_IMPL_CACHE_CACHE_DIRECTORY_IPP
#define AIAUDIT_IMPL_CACHE_CACHE_DIRECTORY_IPP

#include <aiaudit/cache/cache_directory.hpp>
#include <aiaudit/config.hpp>                    // AIAUDIT_INLINE
#include <aiaudit/storage/ledger_directory.hpp>  // directories
#include <aiaudit/storage/lmdb_handle.hpp>       // an environment without entries
#include <aiaudit/storage/posix_file.hpp>        // files
#include <aiaudit/storage/write_lock.hpp>        // the lock's name

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Whether `path` is marked as a cache. An error where it is one that we must not touch.
AIAUDIT_INLINE result<bool> read_cache_marker(std::string const& path) {
    auto const name = path + "/" + cache_marker_name;
    auto const marker = read_marker_file(name);
    if (!marker) return marker.error();
    if (!*marker) return false;
    std::string_view const text = std::string_view(**marker).substr(0, (*marker)->find('\n'));
    bool const ours = text.starts_with(cache_marker_prefix);
    if (!ours) return fail(errc::not_a_ledger, name + ": is not the marker of a cache");
    if (text.substr(cache_marker_prefix.size()) == "1") return true;
    return fail(errc::newer_format, path + ": is a cache of another format than 1; delete it");
}

// The environment is built before the marker has its name, which says that it is whole.
AIAUDIT_INLINE result<void> make_cache(std::string const& path, std::uint64_t map_bytes) {
    directory_lock const lock(path);
    if (!lock.held()) return posix_error(errno, "flock", path);
    auto const made_meanwhile = read_cache_marker(path);
    if (!made_meanwhile) return made_meanwhile.error();
    if (*made_meanwhile) return {};
    auto const free = check_free_for("cache", path, new_cache_marker_name, cache_entries_name);
    if (!free) return free;
    auto const new_marker = path + "/" + new_cache_marker_name;
    auto const text = std::string(cache_marker_prefix) +
                      "1\nThis directory is a cache of answers. It can be deleted at any time.\n";
    if (auto ok = write_file(new_marker, text); !ok) return ok;
    if (auto ok = sync_path(path); !ok) return ok;
    auto const entries = path + "/" + cache_entries_name;
    if (auto ok = remove_segment(entries); !ok) return ok;
    if (auto ok = make_directory(entries); !ok) return ok;
    if (auto ok = empty_environment{map_bytes}(entries); !ok) return ok;
    if (auto ok = sync_path(entries + "/data.mdb"); !ok) return ok;
    if (auto ok = sync_path(entries); !ok) return ok;
    if (auto ok = rename_path(new_marker, path + "/" + cache_marker_name); !ok) return ok;
    return sync_path(path);
}

AIAUDIT_INLINE result<void> prepare_cache(std::string const& path, std::uint64_t map_bytes) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
        if (errno != ENOENT) return posix_error(errno, "stat", path);
        if (auto ok = make_directory(path); !ok) return ok;
        if (auto ok = sync_path(parent_of(path)); !ok) return ok;
    } else if (!S_ISDIR(status.st_mode)) {
        return fail(errc::not_a_ledger, path + ": is not a directory");
    }
    if (auto ok = check_file_system(path); !ok) return ok;
    auto const marked = read_cache_marker(path);
    if (!marked) return marked.error();
    return *marked ? result<void>{} : make_cache(path, map_bytes);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CACHE_CACHE_DIRECTORY_IPP
