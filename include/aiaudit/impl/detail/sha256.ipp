// SPDX-License-Identifier: MIT
//
// sha256.ipp: the definitions of sha256.hpp.
#ifndef AIAUDIT_IMPL_DETAIL_SHA256_IPP
#define AIAUDIT_IMPL_DETAIL_SHA256_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE, AIAUDIT_THROW
#include <aiaudit/detail/sha256.hpp>

#include <openssl/evp.h>  // the fallback's
#include <openssl/sha.h>

#include <cstring>
#include <memory>
#include <new>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

#ifndef OPENSSL_NO_DEPRECATED_3_0

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

AIAUDIT_INLINE sha256_value sha256_joined(std::initializer_list<std::string_view> parts) {
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
AIAUDIT_INLINE evp_context make_sha256_context() {
    evp_context context{EVP_MD_CTX_new()};
    bool const held = context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
    if (!held) AIAUDIT_THROW(std::bad_alloc{});
    return context;
}

AIAUDIT_INLINE sha256_value sha256_joined(std::initializer_list<std::string_view> parts) {
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

AIAUDIT_INLINE sha256_value sha256_pair(char prefix, sha256_value const& left,
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

#endif  // AIAUDIT_IMPL_DETAIL_SHA256_IPP
