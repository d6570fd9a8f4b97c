// SPDX-License-Identifier: MIT
//
// correction_lock.hpp: one process at a time corrects the costs of a ledger.
//
// Threads: a function without state.
// Floor 6.
#ifndef AIAUDIT_ENGINE_CORRECTION_LOCK_HPP
#define AIAUDIT_ENGINE_CORRECTION_LOCK_HPP

#include <aiaudit/storage/posix_file.hpp>  // file_handle

#include <string>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// The lock of the ledger in that directory; held until the handle is gone. Errors: already_open,
// where another process has it; io.
[[nodiscard]] result<file_handle> lock_corrections(std::string const& directory);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/engine/correction_lock.ipp>
#endif

#endif  // AIAUDIT_ENGINE_CORRECTION_LOCK_HPP
