// SPDX-License-Identifier: MIT
//
// sink_mark.ipp: the definitions of sink_mark.hpp.
#ifndef AIAUDIT_IMPL_ENGINE_SINK_MARK_IPP
#define AIAUDIT_IMPL_ENGINE_SINK_MARK_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/engine/sink_mark.hpp>
#include <aiaudit/storage/posix_file.hpp>  // replace_file, sync_path

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>
#include <system_error>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::string_view sink_mark_head = "aiaudit sink 1";
inline constexpr std::size_t sink_mark_bytes_max = 4096;

[[nodiscard]] inline std::string sink_marks_path(std::string const& ledger_path) {
    return ledger_path + "/sinks";
}

[[nodiscard]] AIAUDIT_INLINE bool is_sink_name(std::string_view name) noexcept {
    if (name.empty() || name.size() > 64 || name.front() == '.') return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    });
}

[[nodiscard]] inline bool is_line(std::string_view text) noexcept {
    return text.find_first_of(std::string_view("\n\r\0", 3)) == std::string_view::npos;
}

[[nodiscard]] AIAUDIT_INLINE result<sink_mark> parse_sink_mark(std::string name,
                                                               std::string_view text) {
    sink_mark mark;
    mark.name = std::move(name);
    std::array<std::string_view, 4> lines{};
    for (auto& line : lines) {
        std::size_t const end = text.find('\n');
        if (end == std::string_view::npos) return fail(errc::corrupt, "it ends too early");
        line = text.substr(0, end);
        text.remove_prefix(end + 1);
    }
    auto const [end, wrong] =
        std::from_chars(lines[3].data(), lines[3].data() + lines[3].size(), mark.shipped);
    if (lines[0] != sink_mark_head || !text.empty() || wrong != std::errc{} ||
        end != lines[3].data() + lines[3].size())
        return fail(errc::corrupt, "it is no mark of a sink");
    mark.address = lines[1];
    mark.origin = lines[2];
    return mark;
}

[[nodiscard]] AIAUDIT_INLINE result<sink_mark> read_sink_mark(std::string const& folder,
                                                              std::string name) {
    std::string const path = folder + "/" + name;
    auto const file = file_handle::open(path, O_RDONLY | O_CLOEXEC);
    if (!file) return posix_error(errno, "open", path);
    std::string text(sink_mark_bytes_max, '\0');
    std::int64_t const size = read_at(file.get(), text.data(), text.size(), 0);
    if (size < 0) return posix_error(errno, "read", path);
    text.resize(static_cast<std::size_t>(size));
    auto mark = parse_sink_mark(std::move(name), text);
    if (!mark)
        return fail(errc::corrupt, path + ": " + mark.error().where +
                                       "; remove the file if no sink of that name is shipped to");
    return mark;
}

}  // namespace detail

AIAUDIT_INLINE result<std::vector<sink_mark>> read_sink_marks(std::string const& ledger_path) {
    std::vector<sink_mark> marks;
    std::string const folder = detail::sink_marks_path(ledger_path);
    struct closer {
        void operator()(DIR* directory) const noexcept { ::closedir(directory); }
    };
    std::unique_ptr<DIR, closer> const directory(::opendir(folder.c_str()));
    if (!directory) {
        if (errno == ENOENT || errno == ENOTDIR) return marks;
        return detail::posix_error(errno, "opendir", folder);
    }
    while (dirent const* const entry = ::readdir(directory.get())) {
        std::string name = entry->d_name;
        // What a crash left beside a mark is no mark.
        if (!detail::is_sink_name(name) || name.ends_with(".new")) continue;
        if (marks.size() == sink_marks_max)
            return fail(errc::too_large,
                        folder + " has more than " + std::to_string(sink_marks_max) + " sinks");
        auto mark = detail::read_sink_mark(folder, std::move(name));
        if (!mark) return mark.error();
        marks.push_back(std::move(*mark));
    }
    std::sort(marks.begin(), marks.end(),
              [](auto const& a, auto const& b) { return a.name < b.name; });
    return marks;
}

AIAUDIT_INLINE result<void> write_sink_mark(std::string const& ledger_path, sink_mark const& mark) {
    if (!detail::is_sink_name(mark.name) || mark.name.ends_with(".new"))
        return fail(errc::bad_argument,
                    "a sink's name is of letters, digits, '-', '_' and '.', at most 64");
    if (!detail::is_line(mark.address) || !detail::is_line(mark.origin))
        return fail(errc::bad_argument, "a sink's address and origin are one line each");
    std::string const folder = detail::sink_marks_path(ledger_path);
    std::string const path = folder + "/" + mark.name;
    bool const first = ::access(path.c_str(), F_OK) != 0;
    if (first) {
        if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
            return detail::posix_error(errno, "mkdir", folder);
        auto const others = read_sink_marks(ledger_path);
        if (!others) return others.error();
        if (others->size() >= sink_marks_max)
            return fail(errc::bad_argument, folder + " has " + std::to_string(sink_marks_max) +
                                                " sinks; remove one that is not shipped to");
        if (auto ok = detail::sync_path(ledger_path); !ok) return ok;
    }
    return detail::replace_file(path, std::string(detail::sink_mark_head) + "\n" + mark.address +
                                          "\n" + mark.origin + "\n" + std::to_string(mark.shipped) +
                                          "\n");
}

AIAUDIT_INLINE result<void> remove_sink_mark(std::string const& ledger_path,
                                             std::string_view name) {
    if (!detail::is_sink_name(name)) return fail(errc::not_found, "no sink has such a name");
    std::string const path = detail::sink_marks_path(ledger_path) + "/" + std::string(name);
    if (::unlink(path.c_str()) != 0) return detail::posix_error(errno, "unlink", path);
    return detail::sync_path(detail::sink_marks_path(ledger_path));
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ENGINE_SINK_MARK_IPP
