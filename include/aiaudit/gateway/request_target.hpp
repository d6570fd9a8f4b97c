// SPDX-License-Identifier: MIT
//
// request_target.hpp: the path and the query of a request.
//
// Threads: pure functions.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_REQUEST_TARGET_HPP
#define AIAUDIT_GATEWAY_REQUEST_TARGET_HPP

#include <aiaudit/config.hpp>

#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What stands before the query.
[[nodiscard]] constexpr std::string_view path_of(std::string_view target) noexcept {
    return target.substr(0, target.find('?'));
}
// What stands after the '?'; empty where there is none.
[[nodiscard]] constexpr std::string_view query_of(std::string_view target) noexcept {
    auto const at = target.find('?');
    return at == std::string_view::npos ? std::string_view{} : target.substr(at + 1);
}

// Calls visit(parameter) -> bool for each "name=value" of a query, while it returns true.
template <class Visitor>
constexpr void for_each_parameter(std::string_view query, Visitor&& visit) {
    while (!query.empty()) {
        auto const end = query.find('&');
        if (!visit(query.substr(0, end))) return;
        query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    }
}

// Google's clients may send their key in the query, where it must go no further than to us.
[[nodiscard]] constexpr bool is_key_parameter(std::string_view parameter) noexcept {
    std::string_view const name = parameter.substr(0, parameter.find('='));
    return name == "key" || name == "access_token";
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_REQUEST_TARGET_HPP
