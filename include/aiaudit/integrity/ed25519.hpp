// SPDX-License-Identifier: MIT
//
// ed25519.hpp: Ed25519 (RFC 8032) by libcrypto.
//
// The functions throw bad_alloc where libcrypto has no memory or no Ed25519.
// Threads: a key may be used by many threads at once.
// Floor 4.
#ifndef AIAUDIT_INTEGRITY_ED25519_HPP
#define AIAUDIT_INTEGRITY_ED25519_HPP

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

struct evp_pkey_st;  // libcrypto's EVP_PKEY

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

using ed25519_public = std::array<std::uint8_t, 32>;
using ed25519_signature = std::array<std::uint8_t, 64>;

// The secret half of a key: overwritten when it goes.
struct ed25519_seed {
    std::array<std::uint8_t, 32> bytes{};

    ed25519_seed() = default;
    ed25519_seed(ed25519_seed const&) = delete;
    ed25519_seed& operator=(ed25519_seed const&) = delete;
    ~ed25519_seed();
};

struct libcrypto_key_deleter {
    void operator()(evp_pkey_st* key) const noexcept;
};
// libcrypto overwrites the secret of a key when it frees it.
using libcrypto_key = std::unique_ptr<evp_pkey_st, libcrypto_key_deleter>;

[[nodiscard]] libcrypto_key ed25519_generate();

[[nodiscard]] libcrypto_key ed25519_from_seed(ed25519_seed const& seed);

[[nodiscard]] ed25519_public ed25519_public_of(libcrypto_key const& key);

void ed25519_copy_seed(libcrypto_key const& key, ed25519_seed& seed);

[[nodiscard]] ed25519_signature ed25519_sign(libcrypto_key const& key, std::string_view text);

// `signature` may have any length: one that is not 64 bytes does not verify, nor does any under 32
// bytes that are no point of the curve.
[[nodiscard]] bool ed25519_verify(ed25519_public const& key, std::string_view text,
                                  std::string_view signature);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/integrity/ed25519.ipp>
#endif

#endif  // AIAUDIT_INTEGRITY_ED25519_HPP
