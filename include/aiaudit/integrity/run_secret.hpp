// SPDX-License-Identifier: MIT
//
// run_secret.hpp: random bytes that nobody can have known before a run.
//
// Threads: functions without state.
// Floor 4.
#ifndef AIAUDIT_INTEGRITY_RUN_SECRET_HPP
#define AIAUDIT_INTEGRITY_RUN_SECRET_HPP

#include <aiaudit/detail/sha256.hpp>  // sha256_value
#include <aiaudit/error.hpp>          // result

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Errors: storage_failed, where the system has no randomness.
[[nodiscard]] result<sha256_value> draw_secret();

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/integrity/run_secret.ipp>
#endif

#endif  // AIAUDIT_INTEGRITY_RUN_SECRET_HPP
