// SPDX-License-Identifier: MIT
//
// provider_table.ipp: the definitions of provider_table.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_PROVIDER_TABLE_IPP
#define AIAUDIT_IMPL_PROVIDERS_PROVIDER_TABLE_IPP

#include <aiaudit/config.hpp>               // AIAUDIT_INLINE
#include <aiaudit/core/provider_names.hpp>  // names_of
#include <aiaudit/providers/provider_table.hpp>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE result<provider_entry> provider_named(std::string_view name) {
    detail::provider_names const* const known = detail::names_of(name);
    std::string_view const id = known == nullptr ? name : known->id;
    std::string_view const kin = known == nullptr ? name : known->kin;
    for (detail::provider_row const& row : detail::provider_rows) {
        if (row.name != id && row.name != kin) continue;
        return provider_entry{.name = std::string(row.name),
                              .origin = std::string(row.origin),
                              .prefix = std::string(row.prefix),
                              .family = row.family,
                              .key = row.key,
                              .key_variable = std::string(row.key_variable),
                              .stops_when_left = row.stops_when_left};
    }
    return fail(errc::bad_argument, "no address is known for provider '" + detail::printable(name) +
                                        "': make a provider_entry for it");
}

AIAUDIT_INLINE header_list auth_headers(provider_entry const& to, std::string_view key) {
    header_list headers;
    if (!key.empty()) {
        switch (to.key) {
        case key_header::authorization:
            headers.emplace_back("Authorization", "Bearer " + std::string(key));
            break;
        case key_header::x_api_key: headers.emplace_back("x-api-key", key); break;
        case key_header::x_goog_api_key: headers.emplace_back("x-goog-api-key", key); break;
        case key_header::api_key: headers.emplace_back("api-key", key); break;
        }
    }
    if (to.family == api_family::anthropic && header_of(to.headers, "anthropic-version").empty()) {
        headers.emplace_back("anthropic-version", "2023-06-01");
    }
    headers.insert(headers.end(), to.headers.begin(), to.headers.end());
    return headers;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_PROVIDER_TABLE_IPP
