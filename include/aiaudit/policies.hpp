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

#include <aiaudit/clock/clock.hpp>         // system_clock
#include <aiaudit/storage/lmdb_store.hpp>  // lmdb_store

namespace aiaudit {
inline namespace v0_1_0 {

// Of the client's. Only named here: who has the ledger alone need not have cpp-httplib.
class httplib_transport;
class lmdb_cache;
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
