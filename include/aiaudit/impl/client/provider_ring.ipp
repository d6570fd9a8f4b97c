// SPDX-License-Identifier: MIT
//
// provider_ring.ipp: the definitions of provider_ring.hpp.
#ifndef AIAUDIT_IMPL_CLIENT_PROVIDER_RING_IPP
#define AIAUDIT_IMPL_CLIENT_PROVIDER_RING_IPP

#include <aiaudit/client/provider_ring.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE

#include <cstdlib>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<provider_ring> provider_ring::make(client_options const& options) {
    provider_ring made;
    for (provider_row const& row : provider_rows) {
        auto known = provider_named(row.name);
        if (known) made.add(std::move(*known));
    }
    for (provider_entry const& own : options.providers) {
        if (own.name.empty()) return fail(errc::bad_argument, "a provider without a name");
        made.add(own);
    }
    for (api_key const& key : options.keys) {
        entry* const of = find_in(made, key.provider);
        if (of == nullptr)
            return fail(errc::bad_argument,
                        "a key of an unknown provider '" + printable(key.provider) + "'");
        of->key = key;
        if (of->key.id.empty()) of->key.id = of->where.key_variable;
    }
    return made;
}

AIAUDIT_INLINE result<provider_ring::entry const*> provider_ring::named(
    std::string_view name) const {
    entry const* const found = find_in(*this, name);
    if (found == nullptr)
        return fail(errc::bad_argument, "no address is known for provider '" + printable(name) +
                                            "': add a provider_entry to client_options");
    if (found->key.value.empty() && !found->where.key_variable.empty())
        return fail(errc::bad_argument, "no key for provider '" + printable(name) + "': set " +
                                            found->where.key_variable + " or client_options::keys");
    return found;
}

AIAUDIT_INLINE void provider_ring::add(provider_entry of) {
    entry added;
    if (!of.key_variable.empty()) {
        if (char const* const value = std::getenv(of.key_variable.c_str()))
            added.key = {of.name, value, of.key_variable};
    }
    std::string name = of.name;
    added.where = std::move(of);
    entries_.insert_or_assign(std::move(name), std::move(added));
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CLIENT_PROVIDER_RING_IPP
