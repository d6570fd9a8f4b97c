// SPDX-License-Identifier: MIT
//
// text_form.ipp: the definitions of text_form.hpp.
#ifndef AIAUDIT_IMPL_INTEGRITY_TEXT_FORM_IPP
#define AIAUDIT_IMPL_INTEGRITY_TEXT_FORM_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/integrity/text_form.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE void wipe(std::string& text) noexcept {
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
}

AIAUDIT_INLINE std::string base64_encode(std::string_view bytes) {
    // libcrypto counts in int; a multiple of 3 bytes at a time needs no padding in between.
    constexpr std::size_t step = 3U << 20;
    std::string text((bytes.size() + 2) / 3 * 4, '\0');
    auto* to = reinterpret_cast<unsigned char*>(text.data());
    for (; !bytes.empty(); bytes.remove_prefix((std::min)(step, bytes.size()))) {
        std::string_view const part = bytes.substr(0, step);
        to += EVP_EncodeBlock(to, reinterpret_cast<unsigned char const*>(part.data()),
                              static_cast<int>(part.size()));
    }
    return text;
}

AIAUDIT_INLINE std::optional<std::string> base64_decode(std::string_view text) {
    constexpr std::size_t longest = std::size_t{1} << 30;
    if (text.size() % 4 != 0 || text.size() > longest) return std::nullopt;
    if (text.empty()) return std::string{};
    std::string bytes(text.size() / 4 * 3, '\0');
    int const size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<unsigned char const*>(text.data()),
                                     static_cast<int>(text.size()));
    std::size_t const padding = text.ends_with("==") ? 2U : text.ends_with('=') ? 1U : 0U;
    bool canonical = size >= 0 && static_cast<std::size_t>(size) == bytes.size();
    if (canonical) {
        bytes.resize(bytes.size() - padding);
        std::string again = base64_encode(bytes);
        canonical = again == text;
        wipe(again);
    }
    if (canonical) return bytes;
    wipe(bytes);
    return std::nullopt;
}

AIAUDIT_INLINE std::optional<digest> digest_of_base64(std::string_view text) {
    digest value;
    auto const bytes = base64_decode(text.substr(0, 45));
    if (text.size() != 44 || !bytes || bytes->size() != value.bytes.size()) return std::nullopt;
    std::memcpy(value.bytes.data(), bytes->data(), bytes->size());
    return value;
}

AIAUDIT_INLINE std::optional<std::uint64_t> decimal_of(std::string_view text) {
    std::uint64_t value = 0;
    char const* const end = text.data() + text.size();
    auto const read = std::from_chars(text.data(), end, value);
    if (text.empty() || read.ec != std::errc{} || read.ptr != end) return std::nullopt;
    if (text.front() == '0' && text.size() > 1) return std::nullopt;
    return value;
}

AIAUDIT_INLINE std::optional<std::string_view> take_line(std::string_view& rest) {
    std::size_t const end = rest.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view const line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return line;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_INTEGRITY_TEXT_FORM_IPP
