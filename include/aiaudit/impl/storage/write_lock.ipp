// SPDX-License-Identifier: MIT
//
// write_lock.ipp: the definitions of write_lock.hpp.
#ifndef AIAUDIT_IMPL_STORAGE_WRITE_LOCK_IPP
#define AIAUDIT_IMPL_STORAGE_WRITE_LOCK_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/storage/write_lock.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<void> write_lock::open(std::string path) {
    // Claimed before there is a descriptor: to close one again would drop the lock of another
    // store of this process.
    if (::mknod(path.c_str(), S_IFREG | 0600, 0) != 0 && errno != EEXIST) {
        return posix_error(errno, "create", path);
    }
    auto claimed = file_claim::of(path);
    if (!claimed) return claimed.error();
    auto file = file_handle::open(path, O_RDWR);
    if (!file) return posix_error(errno, "open", path);
    claim_ = std::move(*claimed);
    file_ = std::move(file);
    path_ = std::move(path);
    return {};
}

AIAUDIT_INLINE result<write_lock::turn> write_lock::wait_for_turn() {
    std::unique_lock alone(mutex_);
    int failed = 0;
    do {
        failed = set(F_WRLCK, F_SETLKW);
    } while (failed != 0 && errno == EINTR);
    // The kernel sees processes, not threads: where two of them write two ledgers with several
    // threads it may see a circle that is none. LMDB's own lock is enough for that one turn.
    if (failed == 0 || errno == EDEADLK) return turn(*this, std::move(alone));
    return posix_error(errno, "lock", path_);
}

AIAUDIT_INLINE int write_lock::set(short kind, int command) const noexcept {
    struct flock whole {};
    whole.l_type = kind;
    whole.l_whence = SEEK_SET;
    return ::fcntl(file_.get(), command, &whole);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_STORAGE_WRITE_LOCK_IPP
