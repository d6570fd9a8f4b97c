// SPDX-License-Identifier: MIT
//
// posix_file.hpp: the few file operations that making and checking a ledger directory needs.
//
// Threads: functions without state; a file_handle belongs to one thread at a time.
// Floor 5.
#ifndef AIAUDIT_STORAGE_POSIX_FILE_HPP
#define AIAUDIT_STORAGE_POSIX_FILE_HPP

#include <aiaudit/error.hpp>  // result

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class file_handle {
public:
    file_handle() noexcept = default;
    explicit file_handle(int descriptor) noexcept : descriptor_(descriptor) {}
    file_handle(file_handle&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    file_handle& operator=(file_handle&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~file_handle() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    [[nodiscard]] explicit operator bool() const noexcept { return descriptor_ >= 0; }
    [[nodiscard]] int get() const noexcept { return descriptor_; }

    // -1 in it (and errno) on failure. Never inherited by a program that is executed.
    [[nodiscard]] static file_handle open(std::string const& path, int flags,
                                          mode_t mode = 0600) noexcept {
        int descriptor = -1;
        do {
            descriptor = ::open(path.c_str(), flags | O_CLOEXEC, mode);
        } while (descriptor < 0 && errno == EINTR);
        return file_handle(descriptor);
    }

private:
    int descriptor_ = -1;
};

[[nodiscard]] inline std::string text_of_errno(int number) {
    return std::generic_category().message(number);
}

// Whether the file system at `path` has as good as no room: fewer than 1 in 100 of its blocks, or
// less than LMDB needs for a small transaction. Network and quota file systems, and LMDB itself
// after a short write, say EIO where they mean that.
[[nodiscard]] inline bool is_disk_full(std::string const& path) noexcept {
    struct statvfs room {};
    if (::statvfs(path.c_str(), &room) != 0) return false;
    auto const free_bytes = std::uint64_t{room.f_bavail} * room.f_frsize;
    return room.f_bavail < room.f_blocks / 100 || free_bytes < (std::uint64_t{64} << 10);
}

// Whether the process's file size limit stands in the way of the file's growth.
[[nodiscard]] inline bool is_at_size_limit(std::string const& path) noexcept {
    struct rlimit limit {};
    if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return false;
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) status.st_size = 0;  // not made yet
    constexpr std::uint64_t slack = std::uint64_t{1} << 20;
    return static_cast<std::uint64_t>(status.st_size) + slack >= limit.rlim_cur;
}

// What a failed system call on `path` means. `call` names it in the text.
[[nodiscard]] inline error posix_error(int number, std::string_view call, std::string const& path) {
    auto const text = [&] {
        return path + ": " + std::string(call) + ": " + text_of_errno(number);
    };
    switch (number) {
    case ENOENT:
    case ENOTDIR: return fail(errc::not_found, text());
    case EACCES:
    case EPERM:
    case EROFS: return fail(errc::read_only, text());
    case ENOSPC:
    case EDQUOT: return fail(errc::disk_full, text());
    case EFBIG:
    case EIO:
        if (is_disk_full(path)) return fail(errc::disk_full, text());
        if (is_at_size_limit(path)) {
            return fail(errc::disk_full, text() + " (at the process's file size limit)");
        }
        break;
    default: break;
    }
    return fail(errc::storage_failed, text());
}

// Makes the entries of a directory durable: a rename is not before this.
[[nodiscard]] inline result<void> sync_path(std::string const& path) {
    auto const file = file_handle::open(path, O_RDONLY);
    if (!file || ::fsync(file.get()) != 0) return posix_error(errno, "fsync", path);
    return {};
}

// A file with these bytes, durable, but for its entry in the directory.
[[nodiscard]] inline result<void> write_file(std::string const& path, std::string_view bytes) {
    auto const file = file_handle::open(path, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file) return posix_error(errno, "create", path);
    while (!bytes.empty()) {
        auto const written = ::write(file.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return posix_error(errno, "write", path);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file.get()) != 0) return posix_error(errno, "fsync", path);
    return {};
}

// Disk blocks for at least the first `bytes` of a file, which is made where it is missing: a map of
// a file without them dies of SIGBUS when it is written to and the disk is full. The size stays as
// it is. A file system that cannot do this is left to its own ways.
[[nodiscard]] inline result<void> reserve_blocks(std::string const& path, std::uint64_t bytes) {
    auto const file = file_handle::open(path, O_RDWR | O_CREAT);
    if (!file) return posix_error(errno, "open", path);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return posix_error(errno, "fstat", path);
    auto const room = (std::max)(static_cast<off_t>(bytes), status.st_size);
    int failed = 0;
    do {
        failed = ::fallocate(file.get(), FALLOC_FL_KEEP_SIZE, 0, room);
    } while (failed != 0 && errno == EINTR);
    if (failed == 0 || errno == EOPNOTSUPP || errno == ENOSYS) return {};
    return posix_error(errno, "fallocate", path);
}

// Fills `to` from `offset`; how many bytes there were before the end of the file. -1: errno.
[[nodiscard]] inline std::int64_t read_at(int descriptor, char* to, std::size_t size,
                                          std::uint64_t offset) noexcept {
    std::size_t done = 0;
    while (done < size) {
        auto const got =
            ::pread(descriptor, to + done, size - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return static_cast<std::int64_t>(done);
}

// flock(), where no signal ends the wait.
[[nodiscard]] inline int lock_file(int descriptor, int how) noexcept {
    int failed = 0;
    do {
        failed = ::flock(descriptor, how);
    } while (failed != 0 && errno == EINTR);
    return failed;
}

// Held from when it is made until it is destroyed; other processes' holders wait. For as long as
// the few system calls of making a directory take.
class directory_lock {
public:
    explicit directory_lock(std::string const& path) noexcept
        : directory_(file_handle::open(path, O_RDONLY | O_DIRECTORY)) {
        if (!directory_) return;
        held_ = lock_file(directory_.get(), LOCK_EX) == 0;
    }
    directory_lock(directory_lock const&) = delete;
    directory_lock& operator=(directory_lock const&) = delete;
    // Unlocks rather than closes: a child forked meanwhile holds the same lock open.
    ~directory_lock() {
        if (held_) ::flock(directory_.get(), LOCK_UN);
    }
    [[nodiscard]] bool held() const noexcept { return held_; }

private:
    file_handle directory_;
    bool held_ = false;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_STORAGE_POSIX_FILE_HPP
