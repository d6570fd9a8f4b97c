// SPDX-License-Identifier: MIT
//
// ed25519.hpp: Ed25519 (RFC 8032) by libcrypto.
//
// The functions throw bad_alloc where libcrypto has no memory or no Ed25519.
// Threads: a key may be used by many threads at once.
// Floor 4.
#ifndef AIAUDIT_INTEGRITY_ED25519_HPP
#define AIAUDIT_INTEGRITY_ED25519_HPP

#include <aiaudit/config.hpp>  // AIAUDIT_THROW

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>

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
    ~ed25519_seed() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

// libcrypto notes failures in a queue of the thread, which its TLS would take for its own: what
// comes while one of these lives is forgotten.
class error_queue_guard {
public:
    error_queue_guard() { ERR_set_mark(); }
    error_queue_guard(error_queue_guard const&) = delete;
    error_queue_guard& operator=(error_queue_guard const&) = delete;
    ~error_queue_guard() { ERR_pop_to_mark(); }
};

struct libcrypto_deleter {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
    void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
// libcrypto overwrites the secret of a key when it frees it.
using libcrypto_key = std::unique_ptr<EVP_PKEY, libcrypto_deleter>;

inline void need(bool held) {
    if (!held) AIAUDIT_THROW(std::bad_alloc{});
}

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
