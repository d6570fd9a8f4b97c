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

// The members of one object. Most rules name what a usage lacks: a bit for each name says so
// without a look-up.
class member_finder {
public:
    member_finder() = default;
    explicit member_finder(boost::json::value const* source) noexcept
        : object_(source == nullptr ? nullptr : source->if_object()) {
        if (object_ == nullptr) return;
        for (auto const& field : *object_)
            names_ |= bit_of({field.key().data(), field.key().size()});
    }

    // As at_path() of one name.
    [[nodiscard]] boost::json::value const* find(std::string_view name) const noexcept {
        if ((names_ & bit_of(name)) == 0) return nullptr;
        auto const* value = object_->if_contains({name.data(), name.size()});
        return value == nullptr || value->is_null() ? nullptr : value;
    }

private:
    [[nodiscard]] static std::uint64_t bit_of(std::string_view name) noexcept {
        if (name.empty()) return 1;
        auto const first = static_cast<unsigned char>(name.front());
        return std::uint64_t{1} << ((name.size() * 5 + first) % 64);
    }

    boost::json::object const* object_ = nullptr;
    std::uint64_t names_ = 0;
};

// Rules of one parent ("prompt_tokens_details.") mostly stand together: it is looked up once.
class rule_places {
public:
    explicit rule_places(boost::json::value const& source) noexcept
        : source_(source), root_(&source) {}

    // As at_path().
    [[nodiscard]] boost::json::value const* find(usage_rule const& rule) noexcept {
        if (rule.leaf == 0) return root_.find(rule.path);
        auto const name = rule.path.substr(0, rule.leaf - 1);
        if (name != parent_name_) {
            parent_name_ = name;
            parent_ = member_finder(at_path(&source_, name));
        }
        return parent_.find(rule.path.substr(rule.leaf));
    }

private:
    boost::json::value const& source_;
    member_finder root_;
    std::string_view parent_name_{};
    member_finder parent_{};
};

// Takes what stands at a rule's path: a number, or a list.
AIAUDIT_INLINE result<void> take_value(usage_rule const& rule, boost::json::value const& value,
                                       vendor seller, usage& to) {
    if (rule.key.empty()) return take_count(rule, value, seller, to);
    auto const* list = value.if_array();
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
        auto const* value = rule.only.has(seller) ? places.find(rule) : nullptr;
        if (value == nullptr) continue;
        if (auto done = take_value(rule, *value, seller, to); !done) return done;
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
