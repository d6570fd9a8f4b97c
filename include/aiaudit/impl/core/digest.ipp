// SPDX-License-Identifier: MIT
//
// digest.ipp: the definitions of digest.hpp.
#ifndef AIAUDIT_IMPL_CORE_DIGEST_IPP
#define AIAUDIT_IMPL_CORE_DIGEST_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/core/digest.hpp>

#include <cstddef>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE result<digest> digest::parse(std::string_view text) {
    digest value;
    if (text.size() != value.bytes.size() * 2)
        return fail(errc::bad_argument, "a digest has 64 digits");
    for (std::size_t i = 0; i < value.bytes.size(); ++i) {
        int const high = detail::hex_digit(text[i * 2]);
        int const low = detail::hex_digit(text[i * 2 + 1]);
        if (high < 0 || low < 0) return fail(errc::bad_argument, "not a hexadecimal digest");
        value.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return value;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CORE_DIGEST_IPP
