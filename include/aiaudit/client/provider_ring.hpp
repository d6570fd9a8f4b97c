// SPDX-License-Identifier: MIT
//
// provider_ring.hpp: the providers that a client knows, each with its key.
//
// Threads: constant after make(); any number may look.
// Floor 7.
#ifndef AIAUDIT_CLIENT_PROVIDER_RING_HPP
#define AIAUDIT_CLIENT_PROVIDER_RING_HPP

#include <aiaudit/client/options.hpp>            // client_options
#include <aiaudit/providers/provider_table.hpp>  // provider_rows

#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class provider_ring {
public:
    struct entry {
        provider_entry where{};
        api_key key{};
    };

    // Reads the environment, once. Errors: bad_argument for an entry without a name, or a key of a
    // provider that nobody knows.
    [[nodiscard]] static result<provider_ring> make(client_options const& options) {
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

    // By its name, or by any of the usual names of those in the table. Errors: bad_argument; also
    // where it wants a key and there is none.
    [[nodiscard]] result<entry const*> named(std::string_view name) const {
        entry const* const found = find_in(*this, name);
        if (found == nullptr)
            return fail(errc::bad_argument, "no address is known for provider '" + printable(name) +
                                                "': add a provider_entry to client_options");
        if (found->key.value.empty() && !found->where.key_variable.empty())
            return fail(errc::bad_argument, "no key for provider '" + printable(name) + "': set " +
                                                found->where.key_variable +
                                                " or client_options::keys");
        return found;
    }

private:
    std::map<std::string, entry, std::less<>> entries_{};

    void add(provider_entry of) {
        entry added;
        if (!of.key_variable.empty()) {
            if (char const* const value = std::getenv(of.key_variable.c_str()))
                added.key = {of.name, value, of.key_variable};
        }
        std::string name = of.name;
        added.where = std::move(of);
        entries_.insert_or_assign(std::move(name), std::move(added));
    }
    // Of a ring that may be constant or not; null where there is none.
    template <class Ring>
    [[nodiscard]] static auto find_in(Ring& ring, std::string_view name)
        -> decltype(&ring.entries_.begin()->second) {
        auto found = ring.entries_.find(name);
        if (found == ring.entries_.end()) {
            auto const usual = provider_named(name);
            if (usual) found = ring.entries_.find(usual->name);
        }
        return found == ring.entries_.end() ? nullptr : &found->second;
    }
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CLIENT_PROVIDER_RING_HPP
