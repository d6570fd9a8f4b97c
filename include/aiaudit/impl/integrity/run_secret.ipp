// SPDX-License-Identifier: MIT
//
// run_secret.ipp: the definitions of run_secret.hpp.
#ifndef AIAUDIT_IMPL_INTEGRITY_RUN_SECRET_IPP
#define AIAUDIT_IMPL_INTEGRITY_RUN_SECRET_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/integrity/run_secret.hpp>

#include <openssl/rand.h>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<sha256_value> draw_secret() {
    sha256_value drawn{};
    if (RAND_bytes(drawn.data(), static_cast<int>(drawn.size())) != 1)
        return fail(errc::storage_failed, "the system gives no random bytes");
    return drawn;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_INTEGRITY_RUN_SECRET_IPP
