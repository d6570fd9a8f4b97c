// SPDX-License-Identifier: MIT
//
// sha256.hpp: SHA-256 by libcrypto. The only includer of its hashing.
//
// A Merkle tree hashes much and little at a time, and EVP_Digest spends two thirds of its time on
// such inputs looking up the algorithm. So this calls the SHA256_* functions, which OpenSSL 3.0
// deprecates but keeps; where they are configured away, a context of EVP that is used again
// (docs/decisions/0003-low-level-sha256.md has the figures).
// Threads: each call stands alone.
// Floor 1.
#ifndef AIAUDIT_DETAIL_SHA256_HPP
#define AIAUDIT_DETAIL_SHA256_HPP

#include <aiaudit/config.hpp>  // AIAUDIT_THROW

#include <openssl/evp.h>  // the fallback's
#include <openssl/sha.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <new>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

using sha256_value = std::array<std::uint8_t, 32>;

#ifndef OPENSSL_NO_DEPRECATED_3_0

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

// The hash of all parts, one after the other. Throws bad_alloc where libcrypto has no memory.
[[nodiscard]] inline sha256_value sha256_joined(std::initializer_list<std::string_view> parts) {
    sha256_value value;
    SHA256_CTX state;
    int held = SHA256_Init(&state);
    for (std::string_view const part : parts) {
        if (!part.empty()) held &= SHA256_Update(&state, part.data(), part.size());
    }
    held &= SHA256_Final(value.data(), &state);
    if (held != 1) AIAUDIT_THROW(std::bad_alloc{});
    return value;
}

#pragma GCC diagnostic pop

#else

struct evp_context_deleter {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using evp_context = std::unique_ptr<EVP_MD_CTX, evp_context_deleter>;

// A context that has found its algorithm: looking that up is what costs.
[[nodiscard]] inline evp_context make_sha256_context() {
    evp_context context{EVP_MD_CTX_new()};
    bool const held = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
    if (!held) AIAUDIT_THROW(std::bad_alloc{});
    return context;
}

// The hash of all parts, one after the other. Throws bad_alloc where libcrypto has no memory or no
// SHA-256.
[[nodiscard]] inline sha256_value sha256_joined(std::initializer_list<std::string_view> parts) {
    thread_local evp_context const context = make_sha256_context();
    sha256_value value;
    unsigned size = 0;
    int held = EVP_DigestInit_ex(context.get(), nullptr, nullptr);
    for (std::string_view const part : parts) {
        if (!part.empty()) held &= EVP_DigestUpdate(context.get(), part.data(), part.size());
    }
    held &= EVP_DigestFinal_ex(context.get(), value.data(), &size);
    if (held != 1) AIAUDIT_THROW(std::bad_alloc{});
    return value;
}

#endif

[[nodiscard]] inline sha256_value sha256(std::string_view bytes) { return sha256_joined({bytes}); }

// The hash of a byte and two hashes: what the inner nodes of a Merkle tree are. One piece of 65
// bytes, because each further piece costs some nanoseconds.
[[nodiscard]] inline sha256_value sha256_pair(char prefix, sha256_value const& left,
                                              sha256_value const& right) {
    char bytes[1 + 32 + 32];
    bytes[0] = prefix;
    std::memcpy(bytes + 1, left.data(), left.size());
    std::memcpy(bytes + 1 + 32, right.data(), right.size());
    return sha256_joined({std::string_view(bytes, sizeof bytes)});
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_DETAIL_SHA256_HPP
