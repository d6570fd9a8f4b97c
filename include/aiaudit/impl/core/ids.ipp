// SPDX-License-Identifier: MIT
//
// ids.ipp: the definitions of ids.hpp.
#ifndef AIAUDIT_IMPL_CORE_IDS_IPP
#define AIAUDIT_IMPL_CORE_IDS_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/core/ids.hpp>

#include <random>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::uint64_t random_bits() {
    thread_local std::mt19937_64 generator = [] {
        std::random_device entropy;
        std::seed_seq seed{entropy(), entropy(), entropy(), entropy(),
                           entropy(), entropy(), entropy(), entropy()};
        return std::mt19937_64{seed};
    }();
    return generator();
}

AIAUDIT_INLINE bool parse_hex16(std::string_view text, bool hyphens,
                                std::array<std::uint8_t, 16>& out) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < 16; ++i) {
        if (hyphens && (i == 4 || i == 6 || i == 8 || i == 10) && !take_char(text, at, '-'))
            return false;
        if (at + 2 > text.size()) return false;
        int const high = hex_digit(text[at]);
        int const low = hex_digit(text[at + 1]);
        if (high < 0 || low < 0) return false;
        out[i] = static_cast<std::uint8_t>(high * 16 + low);
        at += 2;
    }
    return at == text.size();
}

}  // namespace detail

AIAUDIT_INLINE result<trace_id> trace_id::parse(std::string_view text) {
    trace_id id;
    if (!detail::parse_hex16(text, false, id.bytes))
        return fail(errc::bad_argument, "not a trace id");
    return id;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CORE_IDS_IPP
