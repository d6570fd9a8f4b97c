// SPDX-License-Identifier: MIT
//
// api_surface.hpp: whose API a client of the gateway speaks, and which models a name stands for.
//
// Threads: pure functions.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_API_SURFACE_HPP
#define AIAUDIT_GATEWAY_API_SURFACE_HPP

#include <aiaudit/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

enum class api_surface : std::uint8_t {
    openai,  // and all who are compatible with it
    anthropic,
    gemini,
};

[[nodiscard]] constexpr std::string_view name_of(api_surface surface) noexcept {
    switch (surface) {
    case api_surface::openai: return "openai";
    case api_surface::anthropic: return "anthropic";
    case api_surface::gemini: return "gemini";
    }
    return "unknown";
}

namespace detail {

inline constexpr std::size_t model_pattern_bytes = 256;

// A model's name, or the beginning of one and a '*'.
[[nodiscard]] constexpr bool is_model_pattern(std::string_view pattern) noexcept {
    return !pattern.empty() && pattern.size() <= model_pattern_bytes &&
           pattern.find('*') >= pattern.size() - 1 &&
           std::none_of(pattern.begin(), pattern.end(),
                        [](char c) { return c == ' ' || is_control_byte(c); });
}

[[nodiscard]] constexpr bool matches_model(std::string_view pattern,
                                           std::string_view model) noexcept {
    if (!pattern.ends_with('*')) return pattern == model;
    return model.starts_with(pattern.substr(0, pattern.size() - 1));
}
[[nodiscard]] bool matches_any_model(std::vector<std::string> const& patterns,
                                     std::string_view model) noexcept;

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

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/api_surface.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_API_SURFACE_HPP
