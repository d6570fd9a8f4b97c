// SPDX-License-Identifier: MIT
//
// error.ipp: the definitions of error.hpp.
#ifndef AIAUDIT_IMPL_ERROR_IPP
#define AIAUDIT_IMPL_ERROR_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/error.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE error const& no_error() noexcept {
    static union holder {
        error value;
        holder() : value{} {}
        ~holder() {}  // never destroyed: results may live as long as the process
    } const none;
    return none.value;
}

AIAUDIT_INLINE std::string printable(std::string_view text) {
    std::string line{text.substr(0, 80)};
    for (char& c : line) {
        if (is_control_byte(c)) c = '?';
    }
    return line;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ERROR_IPP
