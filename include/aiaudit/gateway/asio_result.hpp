// SPDX-License-Identifier: MIT
//
// asio_result.hpp: how Asio's operations tell us how they ended: by a value, never by an exception.
//
// Threads: plain functions.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_ASIO_RESULT_HPP
#define AIAUDIT_GATEWAY_ASIO_RESULT_HPP

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>

#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

namespace asio = boost::asio;
namespace beast = boost::beast;

// co_await operation(..., as_value) gives a tuple, whose first is an error code.
inline constexpr auto as_value = asio::as_tuple(asio::use_awaitable);

// Of one connection alone, so that whoever passes a message on must not pass them on with it. (RFC
// 9110, section 7.6.1.)
[[nodiscard]] bool is_hop_by_hop(std::string_view name) noexcept;

// Whether a list such as "close, x-one" has a name.
[[nodiscard]] bool header_names(std::string_view list, std::string_view name) noexcept;

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/asio_result.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_ASIO_RESULT_HPP
