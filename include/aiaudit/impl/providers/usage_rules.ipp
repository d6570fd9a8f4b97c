// SPDX-License-Identifier: MIT
//
// usage_rules.ipp: the definitions of usage_rules.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_USAGE_RULES_IPP
#define AIAUDIT_IMPL_PROVIDERS_USAGE_RULES_IPP

#include <aiaudit/config.hpp>                 // AIAUDIT_INLINE
#include <aiaudit/providers/json_fields.hpp>  // at_path, whole_number
#include <aiaudit/providers/usage_rules.hpp>

#include <cstddef>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// A small negative number that somebody kept in 32 bits without a sign.
[[nodiscard]] constexpr bool is_wrapped(std::uint64_t count) noexcept {
    constexpr std::uint64_t round = std::uint64_t{1} << 32;
    return count < round && count >= round - (std::uint64_t{1} << 20);
}

// Takes one number into one unit.
AIAUDIT_INLINE result<void> take_count(usage_rule const& rule, boost::json::value const& number,
                                       vendor from, usage& to) {
    auto count = whole_number(number);
    if (!count && rule.scale > 1 && number.is_double()) {
        // The one fraction that is a count: seconds, which become milliseconds.
        count = whole_number(std::round(number.get_double() * rule.scale));
    } else if (count) {
        *count *= rule.scale;
    }
    if (!count || *count > usage::count_max || is_wrapped(*count)) return bad_count(rule.path);
    if (*count == 0 && !rule.documented.has(from)) return {};
    if (rule.how == take::add) {
        if (to.count(rule.to) + *count > usage::count_max) return bad_count(rule.path);
        to.add(rule.to, *count);
    } else if (rule.how == take::set || !to.has(rule.to) ||
               (rule.how == take::larger && *count > to.count(rule.to))) {
        to.set(rule.to, *count);
    }
    return {};
}

// Rules of one parent ("prompt_tokens_details.") stand together: it is looked up once for them.
class rule_places {
public:
    explicit rule_places(boost::json::value const& from) : from_(from) {}

    // As at_path().
    [[nodiscard]] boost::json::value const* find(std::string_view path) noexcept {
        auto const dot = path.rfind('.');
        if (dot == std::string_view::npos) return at_path(&from_, path);
        if (path.substr(0, dot) != parent_name_) {
            parent_name_ = path.substr(0, dot);
            parent_ = at_path(&from_, parent_name_);
        }
        return parent_ == nullptr ? nullptr : at_path(parent_, path.substr(dot + 1));
    }

private:
    boost::json::value const& from_;
    std::string_view parent_name_{};
    boost::json::value const* parent_ = nullptr;
};

AIAUDIT_INLINE result<void> apply_rule(usage_rule const& rule, rule_places& from, vendor who,
                                       usage& to) {
    if (!rule.only.has(who)) return {};
    auto const* value = from.find(rule.path);
    if (value == nullptr) return {};
    if (rule.key.empty()) return take_count(rule, *value, who, to);
    auto const* list = value->if_array();
    if (list == nullptr) return bad_count(rule.path);
    for (boost::json::value const& element : *list) {
        if (text_at(&element, rule.key) != rule.value) continue;
        auto const* number = at_path(&element, rule.number);
        if (number == nullptr) continue;
        if (auto done = take_count(rule, *number, who, to); !done) return done;
    }
    return {};
}

AIAUDIT_INLINE result<void> apply_rules(std::span<usage_rule const> rules,
                                        boost::json::value const& from, vendor who, usage& to) {
    rule_places places(from);
    for (usage_rule const& rule : rules) {
        if (auto done = apply_rule(rule, places, who, to); !done) return done;
    }
    return {};
}

AIAUDIT_INLINE result<void> apply_details(std::span<gemini_details const> lists, bool lower,
                                          boost::json::value const& from, vendor who, usage& to) {
    for (gemini_details const& list : lists) {
        if (!list.instead_of.empty() && at_path(&from, list.instead_of) != nullptr) continue;
        if (at_path(&from, list.path) == nullptr) continue;
        for (auto const& [name, index] : modalities) {
            std::string const value = lower ? lower_case(name) : std::string(name);
            usage_rule const rule{
                list.path,    list.to[index], take::add, every_vendor,
                every_vendor, "modality",     value,     lower ? "tokens" : "tokenCount"};
            rule_places places(from);
            if (auto done = apply_rule(rule, places, who, to); !done) return done;
        }
    }
    return {};
}

AIAUDIT_INLINE result<void> apply_gemini_details(boost::json::value const& from, vendor who,
                                                 usage& to) {
    return apply_details(gemini_detail_lists, false, from, who, to);
}

AIAUDIT_INLINE result<void> apply_interactions_details(boost::json::value const& from, vendor who,
                                                       usage& to) {
    return apply_details(interactions_detail_lists, true, from, who, to);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_USAGE_RULES_IPP
