// SPDX-License-Identifier: MIT
//
// provider_names.ipp: the definitions of provider_names.hpp.
#ifndef AIAUDIT_IMPL_CORE_PROVIDER_NAMES_IPP
#define AIAUDIT_IMPL_CORE_PROVIDER_NAMES_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/core/provider_names.hpp>
#include <aiaudit/detail/ascii.hpp>  // ascii_lower

#include <algorithm>
#include <cstddef>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// `name` is in small letters.
AIAUDIT_INLINE bool is_name_of(provider_names const& provider, std::string_view name) noexcept {
    if (provider.id == name) return true;
    if (!provider.prefix.empty() && name.starts_with(provider.prefix)) return true;
    for (std::string_view const alias : provider.aliases) {
        if (alias.empty()) return false;
        if (alias == name) return true;
    }
    return false;
}

AIAUDIT_INLINE provider_names const* names_of(std::string_view provider) noexcept {
    // Of a longer name only the beginning can be in the table.
    std::array<char, provider_name_bytes_max + 1> folded;
    std::size_t const size = (std::min)(provider.size(), folded.size());
    std::transform(provider.begin(), provider.begin() + static_cast<std::ptrdiff_t>(size),
                   folded.begin(), ascii_lower);
    for (provider_names const& each : provider_table) {
        if (is_name_of(each, {folded.data(), size})) return &each;
    }
    return nullptr;
}

AIAUDIT_INLINE std::vector<std::string_view> price_ids_of(provider_names const& provider) {
    std::vector<std::string_view> ids{provider.id};
    if (!provider.kin.empty()) ids.push_back(provider.kin);
    auto const add_aliases = [&ids](provider_names const& names) {
        for (std::string_view const alias : names.aliases) {
            if (!alias.empty()) ids.push_back(alias);
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
