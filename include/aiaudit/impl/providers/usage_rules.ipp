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
                                       vendor seller, usage& to) {
    auto count = whole_number(number);
    if (!count && rule.scale > 1 && number.is_double()) {
        // The one fraction that is a count: seconds, which become milliseconds.
        count = whole_number(std::round(number.get_double() * rule.scale));
    } else if (count) {
        *count *= rule.scale;
    }
    if (!count || *count > usage::count_max || is_wrapped(*count)) return bad_count(rule.path);
    if (*count == 0 && !rule.documented.has(seller)) return {};
    if (rule.how == take::add) {
        if (to.count(rule.to) + *count > usage::count_max) return bad_count(rule.path);
        to.add(rule.to, *count);
    } else if (rule.how == take::set || !to.has(rule.to) ||
               (rule.how == take::larger && *count > to.count(rule.to))) {
        to.set(rule.to, *count);
    }
    return {};
}

// Rules of one parent ("prompt_tokens_details.") mostly stand together: it is looked up once.
class rule_places {
public:
    explicit rule_places(boost::json::value const& source) : source_(source) {}

    // As at_path().
    [[nodiscard]] boost::json::value const* find(std::string_view path) noexcept {
        auto const dot = path.rfind('.');
        if (dot == std::string_view::npos) return at_path(&source_, path);
        if (path.substr(0, dot) != parent_name_) {
            parent_name_ = path.substr(0, dot);
            parent_ = at_path(&source_, parent_name_);
        }
        return parent_ == nullptr ? nullptr : at_path(parent_, path.substr(dot + 1));
    }

private:
    boost::json::value const& source_;
    std::string_view parent_name_{};
    boost::json::value const* parent_ = nullptr;
};

AIAUDIT_INLINE result<void> apply_rule(usage_rule const& rule, rule_places& places, vendor seller,
                                       usage& to) {
    if (!rule.only.has(seller)) return {};
    auto const* value = places.find(rule.path);
    if (value == nullptr) return {};
    if (rule.key.empty()) return take_count(rule, *value, seller, to);
    auto const* list = value->if_array();
    if (list == nullptr) return bad_count(rule.path);
    for (boost::json::value const& element : *list) {
        if (text_at(&element, rule.key) != rule.value) continue;
        auto const* number = at_path(&element, rule.number);
        if (number == nullptr) continue;
        if (auto done = take_count(rule, *number, seller, to); !done) return done;
    }
    return {};
}

AIAUDIT_INLINE result<void> apply_rules(std::span<usage_rule const> rules,
                                        boost::json::value const& source, vendor seller,
                                        usage& to) {
    rule_places places(source);
    for (usage_rule const& rule : rules) {
        if (auto done = apply_rule(rule, places, seller, to); !done) return done;
    }
    return {};
}

AIAUDIT_INLINE modality_name const* modality_of(modality_lists const& table,
                                                boost::json::value const& element) noexcept {
    auto const modality = text_at(&element, "modality");
    for (modality_name const& each : table.names) {
        if (each.name == modality) return &each;
    }
    return nullptr;
}

AIAUDIT_INLINE result<void> apply_modality_lists(modality_lists const& table,
                                                 boost::json::value const& source, vendor seller,
                                                 usage& counts) {
    for (modality_list const& list : table.lists) {
        if (!list.instead_of.empty() && at_path(&source, list.instead_of) != nullptr) continue;
        auto const* value = at_path(&source, list.path);
        if (value == nullptr) continue;
        auto const* elements = value->if_array();
        if (elements == nullptr) return bad_count(list.path);
        for (boost::json::value const& element : *elements) {
            auto const* modality = modality_of(table, element);
            auto const* number = at_path(&element, table.number);
            if (modality == nullptr || number == nullptr) continue;
            usage_rule const rule{list.path, list.to[modality->index], take::add};
            if (auto done = take_count(rule, *number, seller, counts); !done) return done;
        }
    }
    return {};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_USAGE_RULES_IPP
