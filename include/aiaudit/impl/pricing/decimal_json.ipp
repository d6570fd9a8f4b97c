// SPDX-License-Identifier: MIT
//
// decimal_json.ipp: the definitions of decimal_json.hpp.
#ifndef AIAUDIT_IMPL_PRICING_DECIMAL_JSON_IPP
#define AIAUDIT_IMPL_PRICING_DECIMAL_JSON_IPP

#include <aiaudit/config.hpp>      // AIAUDIT_INLINE
#include <aiaudit/core/money.hpp>  // parse_scaled_decimal
#include <aiaudit/pricing/decimal_json.hpp>

#include <algorithm>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE decimal_json const* decimal_json::find(std::string_view key) const noexcept {
    for (std::size_t i = keys.size(); i-- > 0;) {
        if (keys[i] == key) return &items[i];
    }
    return nullptr;
}

AIAUDIT_INLINE bool decimal_json_handler::on_key(view part, std::size_t, code&) {
    text_.append(part.data(), part.size());
    open_.back()->keys.push_back(std::move(text_));
    text_.clear();
    return true;
}

AIAUDIT_INLINE decimal_json& decimal_json_handler::next(decimal_json::kind what) {
    decimal_json* place = open_.back();
    if (open_.size() > 1) place = &place->items.emplace_back();
    place->type = what;
    return *place;
}

AIAUDIT_INLINE bool decimal_json_handler::leaf(decimal_json::kind what, view part) {
    append(part);
    next(what).text = std::move(text_);
    text_.clear();
    return true;
}

AIAUDIT_INLINE std::uint64_t token_count(decimal_json const& node, std::string_view key) {
    decimal_json const* const found = node.find(key);
    if (found == nullptr || !found->is(decimal_json::kind::number)) return 0;
    auto const tokens = parse_scaled_decimal(found->text, 0);
    bool const fits = tokens && *tokens > 0 && *tokens <= int128{usage::count_max};
    return fits ? static_cast<std::uint64_t>(*tokens) : 0;
}

AIAUDIT_INLINE result<decimal_json> parse_decimal_json(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = 32;
    boost::json::basic_parser<decimal_json_handler> parser{options};
    boost::system::error_code failure;
    std::size_t const read = parser.write_some(false, text.data(), text.size(), failure);
    if (!failure && read < text.size()) failure = boost::json::error::extra_data;
    if (failure) {
        auto const line =
            1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(read), '\n');
        return fail(errc::bad_json, "line " + std::to_string(line) + ": " + failure.message());
    }
    return std::move(parser.handler().root);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PRICING_DECIMAL_JSON_IPP
