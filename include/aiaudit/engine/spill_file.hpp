// SPDX-License-Identifier: MIT
//
// spill_file.hpp: where batches wait that the log could not take: a file of its own, in a directory
// that is best on another disk.
//
// A first line that names the ledger, then frames of a 32-bit size, a CRC-32C and the batch's
// bytes. A frame counts once it was synced whole. How far a file was taken into the log stands in
// the log, under the file's name and in the transaction of the batch, so nothing is taken twice.
// Threads: one. Processes: each writes files of its own and holds them locked.
// Floor 6.
#ifndef AIAUDIT_ENGINE_SPILL_FILE_HPP
#define AIAUDIT_ENGINE_SPILL_FILE_HPP

#include <aiaudit/codec/record_codec.hpp>  // decode_record
#include <aiaudit/detail/crc32c.hpp>       // crc32c
#include <aiaudit/engine/batch_queue.hpp>  // batch
#include <aiaudit/engine/log_keys.hpp>     // spill_prefix
#include <aiaudit/storage/posix_file.hpp>  // file_handle

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <climits>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class spill_file {
public:
    static constexpr std::string_view title = "aiaudit spill 1 of ";
    static constexpr std::string_view extension = ".spill";

    // A new file for that ledger. Errors: those of the file system.
    [[nodiscard]] static result<spill_file> make(std::string const& directory,
                                                 std::string const& ledger);
    // Those that other processes left behind for that ledger.
    [[nodiscard]] static result<std::vector<spill_file>> find(std::string const& directory,
                                                              std::string const& ledger);

    [[nodiscard]] std::string const& path() const noexcept { return path_; }
    [[nodiscard]] std::string key() const { return std::string(meta_key::spill_prefix) + name_; }

    // Whether this process made it, and so may add to it.
    [[nodiscard]] bool is_own() const noexcept { return end_ != 0; }

    // Durable when it returns. Precondition: is_own().
    [[nodiscard]] result<void> add(batch const& from);

    // Calls visit(batch&, where the next frame begins) -> result<void> for each frame from `from`
    // on (0: all); a frame that was not written whole ends it.
    template <class Visitor>
    [[nodiscard]] result<void> for_each(std::uint64_t from, Visitor&& visit) const {
        struct stat status {};
        if (::fstat(file_.get(), &status) != 0) return posix_error(errno, "fstat", path_);
        auto const there = static_cast<std::uint64_t>(status.st_size);
        auto const file_bytes = is_own() ? (std::min)(there, end_) : there;
        for (std::uint64_t at = (std::max)(from, frames_at_);;) {
            char head[8];
            auto const got = read_at(file_.get(), head, sizeof head, at);
            if (got < 0) return posix_error(errno, "read", path_);
            if (got < static_cast<std::int64_t>(sizeof head)) return {};
            std::uint64_t const end = at + sizeof head + load_little_endian<std::uint32_t>(head);
            if (end > file_bytes) return {};
            batch found;
            found.bytes.resize(end - at - sizeof head);
            auto const body = read_at(file_.get(), found.bytes.data(), found.bytes.size(), at + 8);
            if (body < 0) return posix_error(errno, "read", path_);
            bool const whole = static_cast<std::size_t>(body) == found.bytes.size() &&
                               crc32c(found.bytes) == load_little_endian<std::uint32_t>(head + 4);
            if (!whole && end == file_bytes) return {};
            if (!whole)
                return fail(errc::corrupt,
                            path_ + ": the frame at byte " + std::to_string(at) + " is damaged");
            record_view entry;
            auto const counted = found.for_each([&](std::string_view encoded) -> result<void> {
                ++found.count;
                auto const decoded = decode_record(encoded, entry);
                found.has_rules = found.has_rules || entry.kind == record_kind::budget ||
                                  entry.kind == record_kind::alert;
                return decoded;
            });
            if (!counted) return counted;
            at = end;
            if (auto ok = visit(found, at); !ok) return ok;
        }
    }
    [[nodiscard]] result<void> remove() const {
        if (::unlink(path_.c_str()) != 0) return posix_error(errno, "unlink", path_);
        return {};
    }

private:
    spill_file(std::string const& directory, std::string name)
        : path_(directory + "/" + name), name_(std::move(name)) {}

    [[nodiscard]] static std::string real_path(std::string const& path) {
        char resolved[PATH_MAX];
        return ::realpath(path.c_str(), resolved) == nullptr ? path : std::string(resolved);
    }
    [[nodiscard]] bool lock() const noexcept {
        return lock_file(file_.get(), LOCK_EX | LOCK_NB) == 0;
    }
    // Where it fails nothing is added.
    [[nodiscard]] result<void> append(std::string_view bytes);
    [[nodiscard]] result<void> write_and_sync(std::string_view bytes);
    [[nodiscard]] bool cut_back() noexcept;  // errno where it cannot be

    std::string path_;
    std::string name_;
    file_handle file_{};
    std::uint64_t frames_at_ = 0;
    std::uint64_t end_ = 0;   // of what this process wrote whole
    bool is_longer_ = false;  // something that was refused may stand behind that
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/engine/spill_file.ipp>
#endif

#endif  // AIAUDIT_ENGINE_SPILL_FILE_HPP
