// SPDX-License-Identifier: MIT
//
// posix_file.ipp: the definitions of posix_file.hpp.
#ifndef AIAUDIT_IMPL_STORAGE_POSIX_FILE_IPP
#define AIAUDIT_IMPL_STORAGE_POSIX_FILE_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/storage/posix_file.hpp>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <mutex>
#include <type_traits>
#include <utility>

#include <pthread.h>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE file_handle file_handle::open(std::string const& path, int flags,
                                             mode_t mode) noexcept {
    int descriptor = -1;
    do {
        descriptor = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    } while (descriptor < 0 && errno == EINTR);
    return file_handle(descriptor);
}

// Whether the file system at `path` has as good as no room: fewer than 1 in 100 of its blocks, or
// less than LMDB needs for a small transaction. Network and quota file systems, and LMDB itself
// after a short write, say EIO where they mean that.
AIAUDIT_INLINE bool is_disk_full(std::string const& path) noexcept {
    struct statvfs room {};
    if (::statvfs(path.c_str(), &room) != 0) return false;
    auto const free_bytes = std::uint64_t{room.f_bavail} * room.f_frsize;
    return room.f_bavail < room.f_blocks / 100 || free_bytes < (std::uint64_t{64} << 10);
}

AIAUDIT_INLINE result<void> check_room(std::string const& path, std::uint64_t bytes) {
    struct statvfs room {};
    if (::statvfs(path.c_str(), &room) != 0) return posix_error(errno, "statvfs", path);
    if ((room.f_flag & ST_RDONLY) != 0)
        return fail(errc::read_only, path + ": the file system is mounted for reading only");
    auto const blocks = ::geteuid() == 0 ? room.f_bfree : room.f_bavail;
    auto const free_bytes = std::uint64_t{blocks} * room.f_frsize;
    if (free_bytes >= bytes) return {};
    return fail(errc::disk_full, path + ": the disk has " + std::to_string(free_bytes) +
                                     " bytes free, and a record may need " + std::to_string(bytes) +
                                     "; make room");
}

AIAUDIT_INLINE result<std::string> absolute_path(std::string const& path) {
    if (path.starts_with('/')) return path;
    char here[PATH_MAX];
    if (::getcwd(here, sizeof here) == nullptr) return posix_error(errno, "getcwd", path);
    return std::string(here) + "/" + path;
}

// Whether the process's file size limit stands in the way of the file's growth.
AIAUDIT_INLINE bool is_at_size_limit(std::string const& path) noexcept {
    struct rlimit limit {};
    if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return false;
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) status.st_size = 0;  // not made yet
    constexpr std::uint64_t slack = std::uint64_t{1} << 20;
    return static_cast<std::uint64_t>(status.st_size) + slack >= limit.rlim_cur;
}

AIAUDIT_INLINE error posix_error(int number, std::string_view call, std::string const& path) {
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

AIAUDIT_INLINE result<file_id> file_at(std::string const& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return posix_error(errno, "stat", path);
    return file_id{status.st_dev, status.st_ino};
}

AIAUDIT_INLINE result<file_id> file_of(int descriptor, std::string const& path) {
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) return posix_error(errno, "fstat", path);
    return file_id{status.st_dev, status.st_ino};
}

AIAUDIT_INLINE result<void> sync_path(std::string const& path) {
    auto const file = file_handle::open(path, O_RDONLY);
    if (!file || ::fsync(file.get()) != 0) return posix_error(errno, "fsync", path);
    return {};
}

AIAUDIT_INLINE result<void> write_file(std::string const& path, std::string_view bytes) {
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

AIAUDIT_INLINE result<void> replace_file(std::string const& path, std::string_view bytes,
                                         std::optional<uid_t> owner) {
    std::string const beside = path + ".new";
    // One that was left behind may have another mode.
    if (::unlink(beside.c_str()) != 0 && errno != ENOENT)
        return posix_error(errno, "unlink", beside);
    auto written = write_file(beside, bytes);
    if (written && owner && ::chown(beside.c_str(), *owner, static_cast<gid_t>(-1)) != 0)
        written = posix_error(errno, "chown", beside);
    if (written && ::rename(beside.c_str(), path.c_str()) != 0)
        written = posix_error(errno, "rename", path);
    if (!written) {
        ::unlink(beside.c_str());
        return written;
    }
    auto const slash = path.rfind('/');
    return sync_path(slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash));
}

AIAUDIT_INLINE result<void> reserve_blocks(std::string const& path, std::uint64_t bytes) {
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

AIAUDIT_INLINE std::int64_t read_at(int descriptor, char* to, std::size_t size,
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

AIAUDIT_INLINE int lock_file(int descriptor, int how) noexcept {
    int failed = 0;
    do {
        failed = ::flock(descriptor, how);
    } while (failed != 0 && errno == EINTR);
    return failed;
}

// Those of this process, for a forked child to close its copies. It needs no memory: locks are
// taken in destructors too.
class unshared_file_list {
public:
    [[nodiscard]] static unshared_file_list& instance() noexcept {
        static unshared_file_list only;
        return only;
    }
    // Opened under the mutex: no child has the file without the list.
    void open(unshared_file& one, std::string const& path, int flags) noexcept {
        std::scoped_lock const lock(mutex_);
        one.file_ = file_handle::open(path, flags);
        if (!one.file_) return;
        one.after_ = first_;
        if (first_ != nullptr) first_->before_ = &one;
        first_ = &one;
    }
    void remove(unshared_file& one) noexcept {
        std::scoped_lock const lock(mutex_);
        (one.before_ == nullptr ? first_ : one.before_->after_) = one.after_;
        if (one.after_ != nullptr) one.after_->before_ = one.before_;
    }

private:
    // The mutex is held over a fork, so that the child's copy of the list is whole.
    unshared_file_list() noexcept {
        ::pthread_atfork([] { instance().mutex_.lock(); }, [] { instance().mutex_.unlock(); },
                         [] {
                             instance().close_all();
                             instance().mutex_.unlock();
                         });
    }
    void close_all() noexcept {
        for (auto* one = std::exchange(first_, nullptr); one != nullptr; one = one->after_)
            file_handle const closed(std::move(one->file_));
    }

    std::mutex mutex_{};
    unshared_file* first_ = nullptr;  // protected by mutex_
};
static_assert(std::is_trivially_destructible_v<unshared_file_list>);  // used until the very end

AIAUDIT_INLINE unshared_file::unshared_file(std::string const& path, int flags) noexcept {
    unshared_file_list::instance().open(*this, path, flags);
}

AIAUDIT_INLINE unshared_file::~unshared_file() {
    if (!file_) return;
    ::flock(file_.get(), LOCK_UN);  // now, whatever child has it open
    unshared_file_list::instance().remove(*this);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_STORAGE_POSIX_FILE_IPP
