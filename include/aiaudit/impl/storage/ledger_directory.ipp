// SPDX-License-Identifier: MIT
//
// ledger_directory.ipp: the definitions of ledger_directory.hpp.
#ifndef AIAUDIT_IMPL_STORAGE_LEDGER_DIRECTORY_IPP
#define AIAUDIT_IMPL_STORAGE_LEDGER_DIRECTORY_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/limits.hpp>  // storage_marker_bytes
#include <aiaudit/storage/ledger_directory.hpp>

#include <algorithm>
#include <charconv>
#include <memory>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string segment_name(segment_number number) {
    if (number == history) return history_name;
    auto const digits = std::to_string(number);
    return std::string(8 - std::min<std::size_t>(8, digits.size()), '0') + digits;
}

AIAUDIT_INLINE std::optional<segment_number> parse_segment_name(std::string_view name) noexcept {
    if (name.size() != 8) return std::nullopt;
    segment_number number = 0;
    auto const [end, failed] = std::from_chars(name.data(), name.data() + name.size(), number);
    bool const whole = failed == std::errc{} && end == name.data() + name.size();
    if (!whole || number == 0 || number > limits::storage_segments) return std::nullopt;
    return number;
}

AIAUDIT_INLINE result<void> check_file_system(std::string const& path) {
    struct statfs status {};
    if (::statfs(path.c_str(), &status) != 0) return posix_error(errno, "statfs", path);
    auto const* name = unsafe_file_system_name(static_cast<std::uint32_t>(status.f_type));
    if (name == nullptr) return {};
    return fail(errc::unsafe_file_system,
                path + ": is on " + name + "; a ledger needs a local file system");
}

// The number in a marker's first line, or nothing where the text is not a marker.
AIAUDIT_INLINE std::optional<std::uint32_t> parse_marker(std::string_view text) noexcept {
    if (!text.starts_with(marker_prefix)) return std::nullopt;
    text.remove_prefix(marker_prefix.size());
    text = text.substr(0, text.find('\n'));
    std::uint32_t number = 0;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc{} || end != text.data() + text.size() || number == 0) {
        return std::nullopt;
    }
    return number;
}

AIAUDIT_INLINE result<std::optional<std::string>> read_marker_file(std::string const& name) {
    std::optional<std::string> text;
    auto const file = file_handle::open(name, O_RDONLY | O_NONBLOCK);
    if (!file && errno == ENOENT) return text;
    if (!file) return posix_error(errno, "open", name);
    text.emplace(limits::storage_marker_bytes, '\0');
    auto const size = read_at(file.get(), text->data(), text->size(), 0);
    if (size < 0 && errno != EISDIR) return posix_error(errno, "read", name);
    text->resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return text;
}

AIAUDIT_INLINE result<bool> read_marker(std::string const& path) {
    auto const name = path + "/" + marker_name;
    auto const text = read_marker_file(name);
    if (!text) return text.error();
    if (!*text) return false;
    auto const number = parse_marker(**text);
    if (!number) return fail(errc::not_a_ledger, name + ": is not the marker of a ledger");
    if (*number > ledger_format) {
        return fail(errc::newer_format, path + ": has format " + std::to_string(*number) +
                                            ", this program knows formats up to " +
                                            std::to_string(ledger_format));
    }
    return true;
}

AIAUDIT_INLINE result<std::vector<std::string>> list_directory(std::string const& path) {
    std::unique_ptr<DIR, int (*)(DIR*)> const directory(::opendir(path.c_str()), &::closedir);
    if (!directory) return posix_error(errno, "opendir", path);
    std::vector<std::string> names;
    for (errno = 0; dirent const* const entry = ::readdir(directory.get()); errno = 0) {
        std::string_view const name = entry->d_name;
        if (name != "." && name != ".." && name != "lost+found") names.emplace_back(name);
    }
    if (errno != 0) return posix_error(errno, "readdir", path);
    return names;
}

AIAUDIT_INLINE result<void> check_free_for(std::string_view what, std::string const& path,
                                           std::string_view new_marker, std::string_view inside) {
    auto const names = list_directory(path);
    if (!names) return names.error();
    bool const begun = std::find(names->begin(), names->end(), new_marker) != names->end();
    for (auto const& name : *names) {
        if (begun && (name == new_marker || name == inside)) continue;
        return fail(errc::not_a_ledger, path + ": is no " + std::string(what) +
                                            " and not empty (it holds '" + printable(name) + "')");
    }
    return {};
}

AIAUDIT_INLINE result<void> make_directory(std::string const& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        return posix_error(errno, "mkdir", path);
    }
    return {};
}

AIAUDIT_INLINE result<void> remove_segment(std::string const& directory) {
    for (char const* const file : {"/data.mdb", "/lock.mdb"}) {
        auto const name = directory + file;
        if (::unlink(name.c_str()) != 0 && errno != ENOENT) {
            return posix_error(errno, "unlink", name);
        }
    }
    if (::rmdir(directory.c_str()) != 0 && errno != ENOENT) {
        return posix_error(errno, "rmdir", directory);
    }
    return {};
}

AIAUDIT_INLINE result<segment_range> list_segments(std::string const& segments) {
    auto const names = list_directory(segments);
    if (!names) return names.error();
    segment_range range{};
    for (auto const& name : *names) {
        auto const number = parse_segment_name(name);
        if (!number) continue;
        range.oldest = range.oldest == 0 ? *number : (std::min)(range.oldest, *number);
        range.newest = (std::max)(range.newest, *number);
    }
    if (range.oldest != 0) return range;
    return fail(errc::corrupt, segments + ": has no segment, though the ledger was made whole");
}

AIAUDIT_INLINE result<void> remove_dropped(std::string const& segments) {
    auto const names = list_directory(segments);
    if (!names) return names.error();
    for (auto const& name : *names) {
        if (!name.ends_with(dropped_suffix)) continue;
        if (auto ok = remove_segment(segments + "/" + name); !ok) return ok;
    }
    return {};
}

AIAUDIT_INLINE result<void> drop_segment(std::string const& segments, segment_number number) {
    directory_lock const lock(segments);
    if (!lock.held()) return posix_error(errno, "flock", segments);
    if (auto ok = remove_dropped(segments); !ok) return ok;
    auto const segment = segments + "/" + segment_name(number);
    auto const dropped = segment + std::string(dropped_suffix);
    if (auto ok = rename_path(segment, dropped); !ok) return ok;
    if (auto ok = sync_path(segments); !ok) return ok;
    // It is dropped. Should its files stay, the next drop or opening removes them.
    (void)remove_segment(dropped);
    return {};
}

AIAUDIT_INLINE std::string parent_of(std::string const& path) {
    auto const slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

AIAUDIT_INLINE result<bool> find_ledger(std::string const& path, bool may_make) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) {
        if (!S_ISDIR(status.st_mode)) {
            return fail(errc::not_a_ledger, path + ": is not a directory");
        }
        if (auto ok = check_file_system(path); !ok) return ok.error();
        return read_marker(path);
    }
    if (errno != ENOENT || !may_make) return posix_error(errno, "stat", path);
    auto const parent = parent_of(path);
    if (auto ok = check_file_system(parent); !ok) return ok.error();
    if (auto ok = make_directory(path); !ok) return ok.error();
    if (auto ok = sync_path(parent); !ok) return ok.error();
    return read_marker(path);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_STORAGE_LEDGER_DIRECTORY_IPP
