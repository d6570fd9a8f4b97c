// SPDX-License-Identifier: MIT
//
// error_queue.hpp: leaves libcrypto's queue of errors as it was.
//
// Threads: a guard belongs to the thread that made it.
// Floor 4.
#ifndef AIAUDIT_INTEGRITY_ERROR_QUEUE_HPP
#define AIAUDIT_INTEGRITY_ERROR_QUEUE_HPP

#include <openssl/err.h>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// libcrypto notes failures in a queue of the thread, which its TLS would take for its own: what
// comes while one of these lives is forgotten.
class error_queue_guard {
public:
    error_queue_guard() { ERR_set_mark(); }
    error_queue_guard(error_queue_guard const&) = delete;
    error_queue_guard& operator=(error_queue_guard const&) = delete;
    ~error_queue_guard() { ERR_pop_to_mark(); }
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_INTEGRITY_ERROR_QUEUE_HPP
