// SPDX-License-Identifier: MIT
//
// sha256.hpp: SHA-256 by libcrypto. The only includer of its hashing.
//
// Threads: each call stands alone.
// Floor 1.
#ifndef AIAUDIT_DETAIL_SHA256_HPP
#define AIAUDIT_DETAIL_SHA256_HPP

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <new>
#include <string_view>

namespace aiaudit {
inline namespace v1 {
namespace detail {

// Throws bad_alloc where libcrypto has no memory or no SHA-256.
[[nodiscard]] inline std::array<std::uint8_t, 32> sha256(std::string_view bytes) {
    std::array<std::uint8_t, 32> value{};
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), value.data(), &size, EVP_sha256(), nullptr) != 1) {
        throw std::bad_alloc{};
    }
    return value;
}

}  // namespace detail
}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_DETAIL_SHA256_HPP
