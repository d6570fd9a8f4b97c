// SPDX-License-Identifier: MIT
//
// provider_names.ipp: the definitions of provider_names.hpp.
#ifndef AIAUDIT_IMPL_CORE_PROVIDER_NAMES_IPP
#define AIAUDIT_IMPL_CORE_PROVIDER_NAMES_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/core/provider_names.hpp>
#include <aiaudit/detail/ascii.hpp>  // same_name

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE bool is_name_of(provider_names const& provider, std::string_view name) noexcept {
    if (same_name(provider.id, name)) return true;
    for (std::string_view const alias : provider.aliases) {
        if (alias.empty()) return false;
        bool const prefix = alias.ends_with('*');
        std::string_view const text = prefix ? alias.substr(0, alias.size() - 1) : alias;
        if (same_name(text, prefix ? name.substr(0, text.size()) : name)) return true;
    }
    return false;
}

AIAUDIT_INLINE provider_names const* names_of(std::string_view provider) noexcept {
    for (provider_names const& each : provider_table) {
        if (is_name_of(each, provider)) return &each;
    }
    return nullptr;
}

AIAUDIT_INLINE std::vector<std::string_view> price_ids_of(provider_names const& provider) {
    std::vector<std::string_view> ids{provider.id};
    if (!provider.kin.empty()) ids.push_back(provider.kin);
    auto const add_aliases = [&ids](provider_names const& of) {
        for (std::string_view const alias : of.aliases) {
            if (!alias.empty() && !alias.ends_with('*')) ids.push_back(alias);
        }
    };
    add_aliases(provider);
    for (provider_names const& other : provider_table) {
        if (other.id != provider.kin && other.kin != provider.id) continue;
        ids.push_back(other.id);
        add_aliases(other);
    }
    return ids;
}

}  // namespace detail

AIAUDIT_INLINE vendor vendor_of(std::string_view provider) noexcept {
    detail::provider_names const* const known = detail::names_of(provider);
    return known == nullptr ? vendor::other : known->vendor;
}

AIAUDIT_INLINE std::string_view provider_id_of(std::string_view provider) noexcept {
    detail::provider_names const* const known = detail::names_of(provider);
    return known == nullptr ? provider : known->id;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CORE_PROVIDER_NAMES_IPP
