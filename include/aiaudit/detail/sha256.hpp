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

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

using sha256_value = std::array<std::uint8_t, 32>;

// The hash of all parts, one after the other. Throws bad_alloc where libcrypto has no memory or no
// SHA-256.
[[nodiscard]] sha256_value sha256_joined(std::initializer_list<std::string_view> parts);

[[nodiscard]] inline sha256_value sha256(std::string_view bytes) { return sha256_joined({bytes}); }

// The hash of a byte and two hashes: what the inner nodes of a Merkle tree are. One piece of 65
// bytes, because each further piece costs some nanoseconds.
[[nodiscard]] sha256_value sha256_pair(char prefix, sha256_value const& left,
                                       sha256_value const& right);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/detail/sha256.ipp>
#endif

#endif  // AIAUDIT_DETAIL_SHA256_HPP
