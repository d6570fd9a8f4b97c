// SPDX-License-Identifier: MIT
//
// signature.hpp: how a webhook proves who sent it, and when: HMAC-SHA256 over the time, a dot and
// the body.
//
// Threads: pure functions.
// Floor 6.
#ifndef AIAUDIT_ALERTS_SIGNATURE_HPP
#define AIAUDIT_ALERTS_SIGNATURE_HPP

#include <aiaudit/config.hpp>          // AIAUDIT_THROW
#include <aiaudit/config.hpp>          // int128
#include <aiaudit/core/http.hpp>       // header_list
#include <aiaudit/core/timestamp.hpp>  // timestamp

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

inline constexpr std::string_view webhook_time_header = "X-Aiaudit-Timestamp";  // seconds, 1970
inline constexpr std::string_view webhook_signature_header = "X-Aiaudit-Signature";  // "v1=" + hex
inline constexpr std::string_view webhook_key_header = "Idempotency-Key";

// "v1=" and 64 hexadecimal digits. Throws bad_alloc where libcrypto has no memory.
[[nodiscard]] std::string webhook_signature(std::string_view secret, std::int64_t seconds,
                                            std::string_view body);

// For who receives webhooks: whether the secret's owner sent this body, at most `tolerance` before
// or after `now`, so that what somebody recorded cannot be played again later. The body is as it
// came, byte by byte. What is compared takes the same time wherever it differs. Within the
// tolerance, and after a failed delivery, the same alert may come twice: its Idempotency-Key is
// then the same. Errors: verification_failed.
[[nodiscard]] result<void> verify_webhook(header_list const& headers, std::string_view body,
                                          std::string_view secret, timestamp now,
                                          std::chrono::seconds tolerance = std::chrono::seconds{
                                              300});

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/alerts/signature.ipp>
#endif

#endif  // AIAUDIT_ALERTS_SIGNATURE_HPP
