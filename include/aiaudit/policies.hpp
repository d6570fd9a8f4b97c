// SPDX-License-Identifier: MIT
//
// policies.hpp: the choices a ledger is built from, in one bundle. Derive from it to change one:
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
inline namespace v1 {

struct default_policies {
    using storage = lmdb_store;  // storage/store.hpp: storage_policy
    using clock = system_clock;  // clock/clock.hpp: clock_policy
};

}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_POLICIES_HPP
