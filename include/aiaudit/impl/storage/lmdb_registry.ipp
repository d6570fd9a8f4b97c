// SPDX-License-Identifier: MIT
//
// lmdb_registry.ipp: the definitions of lmdb_registry.hpp.
#ifndef AIAUDIT_IMPL_STORAGE_LMDB_REGISTRY_IPP
#define AIAUDIT_IMPL_STORAGE_LMDB_REGISTRY_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/storage/lmdb_registry.hpp>

#include <pthread.h>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE lmdb_registry::lmdb_registry() {
    ::pthread_atfork([] { instance().mutex_.lock(); }, [] { instance().mutex_.unlock(); },
                     [] {
                         instance().open_.clear();
                         instance().mutex_.unlock();
                     });
}

AIAUDIT_INLINE file_claim& file_claim::operator=(file_claim&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(mark_, other.mark_);
    std::swap(held_, other.held_);
    return *this;
}

AIAUDIT_INLINE result<file_claim> file_claim::of(std::string const& path) {
    auto const file = file_at(path);
    if (!file) return file.error();
    file_claim claimed;
    claimed.file_ = *file;
    claimed.held_ = lmdb_registry::instance().claim(claimed.file_);
    if (!claimed.held_) return fail(errc::already_open, path + ": is open in this process");
    return claimed;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_STORAGE_LMDB_REGISTRY_IPP
