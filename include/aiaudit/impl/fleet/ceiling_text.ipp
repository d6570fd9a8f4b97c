// SPDX-License-Identifier: MIT
//
// ceiling_text.ipp: the definitions of ceiling_text.hpp.
#ifndef AIAUDIT_IMPL_FLEET_CEILING_TEXT_IPP
#define AIAUDIT_IMPL_FLEET_CEILING_TEXT_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/fleet/ceiling_text.hpp>

#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<std::string> budget_lines(budget const& of, timestamp at) {
    auto const entry = to_record(of, at);
    if (!entry) return entry.error();
    std::string lines;
    for (auto const& [key, value] : entry->tags)
        lines.append(key).append("=").append(value).append("\n");
    return lines;
}

AIAUDIT_INLINE result<budget> parse_budget_lines(std::string_view lines) {
    record entry;
    entry.kind = record_kind::budget;
    while (!lines.empty()) {
        std::string_view const line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix((std::min)(line.size() + 1, lines.size()));
        auto const equals = line.find('=');
        if (equals == std::string_view::npos)
            return fail(errc::corrupt, "the store of a fleet holds a budget that cannot be read");
        entry.tags.emplace_back(std::string(line.substr(0, equals)),
                                std::string(line.substr(equals + 1)));
    }
    auto change = read_budget_change(entry);
    if (!change) return change.error();
    if (!change->set) return fail(errc::corrupt, "the store of a fleet holds what is no budget");
    return std::move(*change->set);
}

AIAUDIT_INLINE std::optional<int128> parse_whole(std::string_view text) noexcept {
    bool const negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    constexpr std::size_t digits_most = 37;  // of what fits for certain
    if (text.empty() || text.size() > digits_most) return std::nullopt;
    int128 number = 0;
    for (char const c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        number = number * 10 + (c - '0');
    }
    return negative ? -number : number;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_FLEET_CEILING_TEXT_IPP
