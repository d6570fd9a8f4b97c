// SPDX-License-Identifier: MIT
//
// correction_lock.ipp: the definitions of correction_lock.hpp.
#ifndef AIAUDIT_IMPL_ENGINE_CORRECTION_LOCK_IPP
#define AIAUDIT_IMPL_ENGINE_CORRECTION_LOCK_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/engine/correction_lock.hpp>

#include <cerrno>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<file_handle> lock_corrections(std::string const& directory) {
    std::string const path = directory + "/reprice.lock";
    auto file = file_handle::open(path, O_RDWR | O_CREAT);
    if (!file) return posix_error(errno, "open", path);
    if (lock_file(file.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return posix_error(errno, "flock", path);
        return fail(errc::already_open,
                    directory + ": another process corrects costs; try again after it");
    }
    return file;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ENGINE_CORRECTION_LOCK_IPP
