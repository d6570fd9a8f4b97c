// SPDX-License-Identifier: MIT
//
// transport.ipp: the definitions of transport.hpp.
#ifndef AIAUDIT_IMPL_TRANSPORT_TRANSPORT_IPP
#define AIAUDIT_IMPL_TRANSPORT_TRANSPORT_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/transport/transport.hpp>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE bool was_sent(error const& of) noexcept {
    return of.code != errc::connect_failed && of.code != errc::tls_failed &&
           of.code != errc::bad_argument && of.code != errc::not_found &&
           !of.where.starts_with("connect: ");
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_TRANSPORT_TRANSPORT_IPP
