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

#include <functional>
#include <map>
#include <string>
#include <string_view>

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
    [[nodiscard]] static result<provider_ring> make(client_options const& options);

    // By its name, or by any of the usual names of those in the table. Errors: bad_argument; also
    // where it wants a key and there is none.
    [[nodiscard]] result<entry const*> named(std::string_view name) const;

private:
    std::map<std::string, entry, std::less<>> entries_{};

    void add(provider_entry of);
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

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/client/provider_ring.ipp>
#endif

#endif  // AIAUDIT_CLIENT_PROVIDER_RING_HPP
