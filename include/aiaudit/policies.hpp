// SPDX-License-Identifier: MIT
//
// policies.hpp: the choices a ledger and a client are built from, in one bundle. Derive from it to
// change one:
//
//     struct in_memory : aiaudit::default_policies { using storage = aiaudit::memory_store; };
//     aiaudit::basic_ledger<in_memory> ...
//
// Threads: types only.
// Floor 6.
#ifndef AIAUDIT_POLICIES_HPP
#define AIAUDIT_POLICIES_HPP

#include <aiaudit/clock/clock.hpp>  // system_clock

namespace aiaudit {
inline namespace v0_1_0 {

// Only named here, so that naming a default costs nothing and needs no library.
class httplib_transport;
class lmdb_cache;
class lmdb_store;
class price_book;
struct steady_timer;

struct default_policies {
    using storage = lmdb_store;  // storage/store.hpp: storage_policy
    using clock = system_clock;  // clock/clock.hpp: clock_policy

    using transport = httplib_transport;  // transport/transport.hpp: transport_policy
    using pricing = price_book;           // pricing/pricing_policy.hpp: pricing_policy
    using cache = lmdb_cache;             // cache/response_cache.hpp: cache_policy
    using timer = steady_timer;           // clock/timer.hpp: timer_policy
};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_POLICIES_HPP
