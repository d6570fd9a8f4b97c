// SPDX-License-Identifier: MIT
//
// ed25519.ipp: the definitions of ed25519.hpp.
#ifndef AIAUDIT_IMPL_INTEGRITY_ED25519_IPP
#define AIAUDIT_IMPL_INTEGRITY_ED25519_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/integrity/ed25519.hpp>
#include <aiaudit/integrity/error_queue.hpp>  // error_queue_guard

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <new>

#include <cstddef>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct libcrypto_deleter {
    void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

AIAUDIT_INLINE void libcrypto_key_deleter::operator()(evp_pkey_st* key) const noexcept {
    EVP_PKEY_free(key);
}

AIAUDIT_INLINE ed25519_seed::~ed25519_seed() { OPENSSL_cleanse(bytes.data(), bytes.size()); }

AIAUDIT_INLINE void need(bool held) {
    if (!held) AIAUDIT_THROW(std::bad_alloc{});
}

AIAUDIT_INLINE libcrypto_key ed25519_generate() {
    error_queue_guard const guard;
    std::unique_ptr<EVP_PKEY_CTX, libcrypto_deleter> const context{
        EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nullptr)};
    EVP_PKEY* key = nullptr;
    need(context && EVP_PKEY_keygen_init(context.get()) == 1 &&
         EVP_PKEY_keygen(context.get(), &key) == 1);
    return libcrypto_key{key};
}

AIAUDIT_INLINE libcrypto_key ed25519_from_seed(ed25519_seed const& seed) {
    error_queue_guard const guard;
    libcrypto_key key{EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.bytes.data(),
                                                   seed.bytes.size())};
    need(key != nullptr);
    return key;
}

AIAUDIT_INLINE ed25519_public ed25519_public_of(libcrypto_key const& key) {
    ed25519_public value{};
    std::size_t size = value.size();
    need(EVP_PKEY_get_raw_public_key(key.get(), value.data(), &size) == 1 && size == value.size());
    return value;
}

AIAUDIT_INLINE void ed25519_copy_seed(libcrypto_key const& key, ed25519_seed& seed) {
    std::size_t size = seed.bytes.size();
    need(EVP_PKEY_get_raw_private_key(key.get(), seed.bytes.data(), &size) == 1 &&
         size == seed.bytes.size());
}

AIAUDIT_INLINE ed25519_signature ed25519_sign(libcrypto_key const& key, std::string_view text) {
    error_queue_guard const guard;
    std::unique_ptr<EVP_MD_CTX, libcrypto_deleter> const context{EVP_MD_CTX_new()};
    ed25519_signature signature{};
    std::size_t size = signature.size();
    need(context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestSign(context.get(), signature.data(), &size,
                        reinterpret_cast<unsigned char const*>(text.data()), text.size()) == 1 &&
         size == signature.size());
    return signature;
}

AIAUDIT_INLINE bool ed25519_verify(ed25519_public const& key, std::string_view text,
                                   std::string_view signature) {
    if (signature.size() != ed25519_signature{}.size()) return false;
    error_queue_guard const guard;
    std::unique_ptr<EVP_MD_CTX, libcrypto_deleter> const context{EVP_MD_CTX_new()};
    libcrypto_key const loaded{
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size())};
    need(context && loaded &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, loaded.get()) == 1);
    return EVP_DigestVerify(context.get(), reinterpret_cast<unsigned char const*>(signature.data()),
                            signature.size(), reinterpret_cast<unsigned char const*>(text.data()),
                            text.size()) == 1;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_INTEGRITY_ED25519_IPP
