// SPDX-License-Identifier: MIT
//
// json_lines_sink.ipp: the definitions of json_lines_sink.hpp.
#ifndef AIAUDIT_IMPL_SINKS_JSON_LINES_SINK_IPP
#define AIAUDIT_IMPL_SINKS_JSON_LINES_SINK_IPP

#include <aiaudit/config.hpp>              // AIAUDIT_INLINE
#include <aiaudit/core/digest.hpp>         // to_hex
#include <aiaudit/detail/json_string.hpp>  // json_string
#include <aiaudit/sinks/json_lines_sink.hpp>
#include <aiaudit/storage/posix_file.hpp>  // unshared_file

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// The members of one line, by the names of record_columns.
class json_columns final : public column_writer {
public:
    explicit json_columns(std::string& out) : out_(out) {}

    void text(std::string_view value) override { member(json_string(value)); }
    void whole(std::int64_t value) override { member(std::to_string(value)); }
    void amount(money value) override { member('"' + value.to_string() + '"'); }
    void instant(timestamp value) override { member('"' + value.to_string() + '"'); }
    void bytes(std::string_view value) override { member('"' + to_hex(value) + '"'); }
    void flag(bool value) override { member(value ? "true" : "false"); }
    void json(std::string_view value) override { member(value); }
    void absent() override { ++column_; }

private:
    void member(std::string_view value) {
        out_.push_back(column_ == 0 ? '{' : ',');
        out_.append("\"").append(record_columns[column_++].name).append("\":").append(value);
    }

    std::string& out_;
    std::size_t column_ = 0;
};

inline constexpr std::string_view line_origin = "{\"origin\":";
inline constexpr std::string_view line_checkpoint = ",\"checkpoint\":{\"size\":";
inline constexpr std::string_view line_root = ",\"root\":\"";
inline constexpr std::string_view line_first = "\",\"first\":";

[[nodiscard]] AIAUDIT_INLINE std::string checkpoint_line(std::string_view origin,
                                                         sink_cursor const& cursor,
                                                         std::string_view note) {
    std::string line(line_origin);
    line.append(json_string(origin)).append(line_checkpoint);
    line.append(std::to_string(cursor.size)).append(line_root);
    line.append(cursor.root.to_string()).append(line_first);
    line.append(std::to_string(cursor.first));
    if (!note.empty()) line.append(",\"note\":").append(json_string(note));
    return line + "}}\n";
}

// Takes a number from the front. False where there is none.
[[nodiscard]] inline bool take_number(std::string_view& text, std::uint64_t& number) noexcept {
    auto const [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (wrong != std::errc{}) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}
[[nodiscard]] inline bool take_text(std::string_view& text, std::string_view wanted) noexcept {
    if (!text.starts_with(wanted)) return false;
    text.remove_prefix(wanted.size());
    return true;
}
[[nodiscard]] inline bool take_digest(std::string_view& text, digest& hash) noexcept {
    constexpr std::size_t digits = 64;
    auto const parsed = digest::parse(text.substr(0, digits));
    if (!parsed) return false;
    hash = *parsed;
    text.remove_prefix(digits);
    return true;
}

// The cursor of a line that checkpoint_line() wrote for that log; nothing for another line.
[[nodiscard]] AIAUDIT_INLINE std::optional<sink_cursor> parse_checkpoint_line(
    std::string_view line, std::string_view origin) {
    sink_cursor cursor;
    bool const read = take_text(line, line_origin) && take_text(line, json_string(origin)) &&
                      take_text(line, line_checkpoint) && take_number(line, cursor.size) &&
                      take_text(line, line_root) && take_digest(line, cursor.root) &&
                      take_text(line, line_first) && take_number(line, cursor.first);
    if (!read) return std::nullopt;
    return cursor;
}

[[nodiscard]] AIAUDIT_INLINE result<void> write_whole(int descriptor, std::string_view bytes,
                                                      std::string const& name) {
    while (!bytes.empty()) {
        auto const written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EPIPE) return fail(errc::closed, name + ": nobody reads it");
        if (written < 0) return posix_error(errno, "write", name);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

[[nodiscard]] AIAUDIT_INLINE std::string lines_of(sink_batch const& batch) {
    std::string lines;
    for (sink_row const& row : batch.rows) lines += json_line(batch.origin, row);
    return lines + checkpoint_line(batch.origin, batch.after, batch.checkpoint);
}

class json_stream final : public record_sink {
public:
    json_stream(int descriptor, sink_cursor start) : descriptor_(descriptor), cursor_(start) {}

    [[nodiscard]] std::string name() const override { return "-"; }
    [[nodiscard]] result<sink_cursor> open(std::string_view) override { return cursor_; }
    [[nodiscard]] result<void> write(sink_batch const& batch) override {
        if (auto ok = write_whole(descriptor_, lines_of(batch), name()); !ok) return ok;
        cursor_ = batch.after;
        return {};
    }

private:
    int descriptor_;
    sink_cursor cursor_;
};

class json_file final : public record_sink {
public:
    explicit json_file(std::string path) : path_(std::move(path)) {}

    [[nodiscard]] std::string name() const override { return "file:" + path_; }
    [[nodiscard]] result<sink_cursor> open(std::string_view origin) override;
    [[nodiscard]] result<void> write(sink_batch const& batch) override;

private:
    // Where the last checkpoint line ends, and what it says.
    struct stand {
        std::uint64_t end = 0;
        sink_cursor cursor{};
    };
    [[nodiscard]] result<stand> find_stand(std::string_view origin, std::uint64_t size) const;

    std::string path_;
    std::unique_ptr<unshared_file> file_{};
    std::uint64_t end_ = 0;
};

// Reads backwards, piece by piece, for a line of a checkpoint.
AIAUDIT_INLINE result<json_file::stand> json_file::find_stand(std::string_view origin,
                                                              std::uint64_t size) const {
    if (size == 0) return stand{};
    constexpr std::uint64_t piece = std::uint64_t{1} << 20;
    constexpr std::uint64_t tail_max = std::uint64_t{1} << 30;  // of one batch that was cut
    std::string text;                                           // of the file, from `begin` on
    for (std::uint64_t begin = size; begin > 0;) {
        std::uint64_t const step = (std::min)(piece, begin);
        begin -= step;
        std::string head(static_cast<std::size_t>(step), '\0');
        if (read_at(file_->get(), head.data(), head.size(), begin) !=
            static_cast<std::int64_t>(step))
            return posix_error(errno, "read", path_);
        text.insert(0, head);
        for (std::size_t end = text.rfind('\n'); end != std::string::npos && end > 0;) {
            std::size_t const before = text.rfind('\n', end - 1);
            if (before == std::string::npos && begin > 0) break;
            std::size_t const line = before == std::string::npos ? 0 : before + 1;
            auto const cursor =
                parse_checkpoint_line(std::string_view(text).substr(line, end - line), origin);
            if (cursor) return stand{begin + end + 1, *cursor};
            text.resize(line);
            if (line == 0) break;
            end = before;
        }
        if (size - begin > tail_max) break;
    }
    // A first batch that a crash cut has no checkpoint yet.
    std::string start(std::string(line_origin).size() + json_string(origin).size(), '\0');
    std::int64_t const got = read_at(file_->get(), start.data(), start.size(), 0);
    std::string const wanted = std::string(line_origin) + json_string(origin);
    if (got >= 0 && wanted.starts_with(start.substr(0, static_cast<std::size_t>(got))) &&
        size <= tail_max)
        return stand{};
    return fail(errc::corrupt, path_ + " holds no lines of the log '" + std::string(origin) +
                                   "' with a checkpoint; give another file");
}

AIAUDIT_INLINE result<sink_cursor> json_file::open(std::string_view origin) {
    file_.reset();
    file_ = std::make_unique<unshared_file>(path_, O_RDWR | O_CREAT | O_CLOEXEC);
    if (!*file_) return posix_error(errno, "open", path_);
    if (lock_file(file_->get(), LOCK_EX | LOCK_NB) != 0)
        return fail(errc::already_open, path_ + " is written by another process");
    struct stat status {};
    if (::fstat(file_->get(), &status) != 0) return posix_error(errno, "fstat", path_);
    auto const found = find_stand(origin, static_cast<std::uint64_t>(status.st_size));
    if (!found) return found.error();
    end_ = found->end;
    if (::ftruncate(file_->get(), static_cast<off_t>(end_)) != 0)
        return posix_error(errno, "ftruncate", path_);
    if (::lseek(file_->get(), static_cast<off_t>(end_), SEEK_SET) < 0)
        return posix_error(errno, "lseek", path_);
    return found->cursor;
}

AIAUDIT_INLINE result<void> json_file::write(sink_batch const& batch) {
    if (auto ok = write_whole(file_->get(), lines_of(batch), path_); !ok) return ok;
    if (::fdatasync(file_->get()) != 0) return posix_error(errno, "fdatasync", path_);
    return {};
}

}  // namespace detail

AIAUDIT_INLINE std::string json_line(std::string_view origin, sink_row const& row) {
    std::string line;
    detail::json_columns columns(line);
    write_columns(origin, row, columns);
    return line + "}\n";
}

AIAUDIT_INLINE std::unique_ptr<record_sink> json_file_sink(std::string path) {
    return std::make_unique<detail::json_file>(std::move(path));
}

AIAUDIT_INLINE std::unique_ptr<record_sink> json_stream_sink(int descriptor, sink_cursor start) {
    return std::make_unique<detail::json_stream>(descriptor, start);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_SINKS_JSON_LINES_SINK_IPP
