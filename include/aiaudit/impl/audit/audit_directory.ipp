// SPDX-License-Identifier: MIT
//
// audit_directory.ipp: the definitions of audit_directory.hpp.
#ifndef AIAUDIT_IMPL_AUDIT_AUDIT_DIRECTORY_IPP
#define AIAUDIT_IMPL_AUDIT_AUDIT_DIRECTORY_IPP

#include <aiaudit/audit/audit_directory.hpp>
#include <aiaudit/audit/log_source.hpp>  // directory_log_source
#include <aiaudit/config.hpp>            // AIAUDIT_INLINE
#include <aiaudit/core/digest.hpp>       // to_hex
#include <aiaudit/detail/sha256.hpp>     // sha256

#include <cerrno>
#include <cstdio>
#include <utility>

#include <dirent.h>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::string_view audit_marker = "aiaudit-audit";
inline constexpr std::string_view audit_marker_text = "aiaudit audit state 1\n";

AIAUDIT_INLINE std::string origin_hash(std::string_view origin) { return to_hex(sha256(origin)); }

AIAUDIT_INLINE result<void> make_directories(std::string const& path) {
    for (std::size_t end = 0; end != std::string::npos;) {
        end = path.find('/', end + 1);
        std::string const part = path.substr(0, end);
        if (part.empty() || ::mkdir(part.c_str(), 0700) == 0 || errno == EEXIST) continue;
        if (errno == EROFS || errno == EACCES) {  // one above may be there, and not ours
            if (auto const there = file_at(part)) continue;
        }
        return posix_error(errno, "mkdir", part);
    }
    return {};
}

AIAUDIT_INLINE result<std::string> read_whole_file(std::string const& path, std::size_t bytes_max) {
    std::size_t const slash = path.rfind('/');
    bool const is_bare = slash == std::string::npos;
    return directory_log_source(is_bare ? "." : path.substr(0, slash))
        .get(is_bare ? path : path.substr(slash + 1), bytes_max);
}

AIAUDIT_INLINE result<void> place_file(std::string const& path, std::string_view bytes) {
    std::string const beside = path + ".new";
    {
        auto const file = file_handle::open(beside, O_WRONLY | O_CREAT | O_TRUNC);
        if (!file) return posix_error(errno, "create", beside);
        while (!bytes.empty()) {
            auto const written = ::write(file.get(), bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return posix_error(errno, "write", beside);
            bytes.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) return posix_error(errno, "rename", path);
    return {};
}

AIAUDIT_INLINE result<void> sync_file_system(std::string const& path) {
    auto const directory = file_handle::open(path, O_RDONLY | O_DIRECTORY);
    if (!directory || ::syncfs(directory.get()) != 0) return posix_error(errno, "syncfs", path);
    return {};
}

AIAUDIT_INLINE bool has_entries(std::string const& path) {
    DIR* const opened = ::opendir(path.c_str());
    if (opened == nullptr) return false;
    bool found = false;
    while (dirent const* const each = ::readdir(opened)) {
        std::string_view const name = each->d_name;
        found = found || (name != "." && name != ".." && !name.starts_with(audit_marker));
    }
    ::closedir(opened);
    return found;
}

}  // namespace detail

AIAUDIT_INLINE result<audit_directory> audit_directory::open(std::string path) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    if (path.empty()) return fail(errc::bad_argument, "the audit's directory has no name");
    if (auto ok = detail::make_directories(path); !ok) return ok.error();
    std::string const marker = path + '/' + std::string(detail::audit_marker);
    auto const there = detail::read_whole_file(marker, 4096);
    if (!there && there.error().code == errc::not_found) {
        if (detail::has_entries(path))
            return fail(errc::not_a_ledger,
                        path +
                            ": holds something else than an audit's state; name a directory of "
                            "its own");
        if (auto ok = detail::replace_file(marker, detail::audit_marker_text); !ok)
            return ok.error();
    } else if (!there) {
        return there.error();
    } else if (*there != detail::audit_marker_text) {
        return fail(errc::newer_format, marker + ": is of another version");
    }
    auto lock = std::make_shared<detail::unshared_file>(marker, O_RDWR);
    if (!*lock) return detail::posix_error(errno, "open", marker);
    if (detail::lock_file(lock->get(), LOCK_EX | LOCK_NB) != 0)
        return fail(errc::already_open, path + ": another audit or witness has it open");
    return audit_directory{std::move(path), std::move(lock)};
}

AIAUDIT_INLINE std::string audit_directory::mirror_of(std::string_view origin) const {
    return path_ + "/mirror/" + detail::origin_hash(origin);
}
AIAUDIT_INLINE std::string audit_directory::witness_of(std::string_view origin) const {
    return path_ + "/witness/" + detail::origin_hash(origin);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_AUDIT_AUDIT_DIRECTORY_IPP
