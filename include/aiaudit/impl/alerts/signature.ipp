// SPDX-License-Identifier: MIT
//
// signature.ipp: the definitions of signature.hpp.
#ifndef AIAUDIT_IMPL_ALERTS_SIGNATURE_IPP
#define AIAUDIT_IMPL_ALERTS_SIGNATURE_IPP

#include <aiaudit/alerts/signature.hpp>
#include <aiaudit/config.hpp>       // AIAUDIT_INLINE
#include <aiaudit/core/digest.hpp>  // to_hex

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <charconv>
#include <new>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE std::string webhook_signature(std::string_view secret, std::int64_t seconds,
                                             std::string_view body) {
    std::string const signed_text = std::to_string(seconds) + "." + std::string(body);
    std::array<unsigned char, 32> code{};
    unsigned size = 0;
    // An empty secret must not be a null pointer: that would mean the key of the call before.
    unsigned char const* const made =
        HMAC(EVP_sha256(), secret.empty() ? "" : secret.data(), static_cast<int>(secret.size()),
             reinterpret_cast<unsigned char const*>(signed_text.data()), signed_text.size(),
             code.data(), &size);
    if (made == nullptr || size != code.size()) AIAUDIT_THROW(std::bad_alloc{});
    return "v1=" + detail::to_hex(code);
}

AIAUDIT_INLINE result<void> verify_webhook(header_list const& headers, std::string_view body,
                                           std::string_view secret, timestamp now,
                                           std::chrono::seconds tolerance) {
    std::string_view const time = header_of(headers, webhook_time_header);
    std::int64_t seconds = 0;
    auto const [end, bad] = std::from_chars(time.data(), time.data() + time.size(), seconds);
    if (bad != std::errc{} || end != time.data() + time.size())
        return fail(errc::verification_failed, "the webhook says no time");
    if (secret.empty()) return fail(errc::verification_failed, "no secret to verify by");
    std::string const wanted = webhook_signature(secret, seconds, body);
    std::string_view const got = header_of(headers, webhook_signature_header);
    if (got.size() != wanted.size() || CRYPTO_memcmp(got.data(), wanted.data(), got.size()) != 0)
        return fail(errc::verification_failed, "the webhook's signature does not match");
    int128 const apart = int128{seconds} - now.seconds();
    if ((apart < 0 ? -apart : apart) > tolerance.count())
        return fail(errc::verification_failed, "the webhook is too old, or from the future");
    return {};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ALERTS_SIGNATURE_IPP
