// SPDX-License-Identifier: MIT
//
// spill_file.ipp: the definitions of spill_file.hpp.
#ifndef AIAUDIT_IMPL_ENGINE_SPILL_FILE_IPP
#define AIAUDIT_IMPL_ENGINE_SPILL_FILE_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/engine/spill_file.hpp>
#include <aiaudit/storage/ledger_directory.hpp>  // list_directory

#include <random>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<spill_file> spill_file::make(std::string const& directory,
                                                   std::string const& ledger) {
    std::random_device entropy;
    std::uint64_t const number = std::uint64_t{entropy()} << 32 | entropy();
    spill_file made(directory, to_hex(big_endian_key(number)) + std::string(extension));
    made.file_ = file_handle::open(made.path_, O_RDWR | O_CREAT | O_EXCL);
    if (!made.file_) return posix_error(errno, "create", made.path_);
    if (!made.lock()) return posix_error(errno, "flock", made.path_);
    std::string const head = std::string(title) + real_path(ledger) + "\n";
    if (auto ok = made.append(head); !ok) return ok.error();
    if (auto ok = sync_path(directory); !ok) return ok.error();
    return made;
}

AIAUDIT_INLINE result<std::vector<spill_file>> spill_file::find(std::string const& directory,
                                                                std::string const& ledger) {
    auto const names = list_directory(directory);
    if (!names) return names.error();
    std::vector<spill_file> found;
    for (std::string const& name : *names) {
        if (!name.ends_with(extension)) continue;
        spill_file there(directory, name);
        there.file_ = file_handle::open(there.path_, O_RDWR);
        if (!there.file_ && errno == ENOENT) continue;  // gone meanwhile
        if (!there.file_) return posix_error(errno, "open", there.path_);
        if (!there.lock()) {
            if (errno == EWOULDBLOCK) continue;  // its process lives
            return posix_error(errno, "flock", there.path_);
        }
        std::string head(title.size() + PATH_MAX + 1, '\0');
        auto const size = read_at(there.file_.get(), head.data(), head.size(), 0);
        if (size < 0) return posix_error(errno, "read", there.path_);
        head.resize(static_cast<std::size_t>(size));
        head.resize((std::min)(head.find('\n'), head.size()));
        if (head != std::string(title) + real_path(ledger)) continue;
        there.frames_at_ = head.size() + 1;
        found.push_back(std::move(there));
    }
    return found;
}

AIAUDIT_INLINE result<void> spill_file::add(batch const& from) {
    std::string frame;
    append_little_endian(frame, static_cast<std::uint32_t>(from.bytes.size()));
    append_little_endian(frame, crc32c(from.bytes));
    frame.append(from.bytes);
    return append(frame);
}

// What was refused must not be found there later, whole or as the tail of something shorter.
AIAUDIT_INLINE result<void> spill_file::append(std::string_view bytes) {
    if (!cut_back()) return posix_error(errno, "ftruncate", path_);
    auto written = write_and_sync(bytes);
    if (!written) static_cast<void>(cut_back());
    return written;
}

AIAUDIT_INLINE bool spill_file::cut_back() noexcept {
    if (is_longer_ && ::ftruncate(file_.get(), static_cast<off_t>(end_)) == 0) is_longer_ = false;
    return !is_longer_;
}

AIAUDIT_INLINE result<void> spill_file::write_and_sync(std::string_view bytes) {
    std::uint64_t at = end_;
    is_longer_ = true;
    while (!bytes.empty()) {
        auto const wrote =
            ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return posix_error(errno, "write", path_);
        bytes.remove_prefix(static_cast<std::size_t>(wrote));
        at += static_cast<std::uint64_t>(wrote);
    }
    if (::fdatasync(file_.get()) != 0) return posix_error(errno, "fdatasync", path_);
    if (end_ == 0) frames_at_ = at;
    end_ = at;
    is_longer_ = false;
    return {};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ENGINE_SPILL_FILE_IPP
