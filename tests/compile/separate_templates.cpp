// SPDX-License-Identifier: MIT
//
// Policies of one's own in separate mode: the templates come along, the definitions do not.
#define AIAUDIT_SEPARATE
#define AIAUDIT_TEMPLATES
#include <aiaudit/aiaudit.hpp>

struct in_memory : aiaudit::default_policies {
    using storage = aiaudit::memory_store;
};

bool record_in_memory();
bool record_in_memory() {
    auto ledger = aiaudit::basic_ledger<in_memory>::open({}).value();
    auto client = aiaudit::basic_client<in_memory>::open(ledger);
    return client.has_value() && ledger.append({.user = "ana"}).has_value();
}
