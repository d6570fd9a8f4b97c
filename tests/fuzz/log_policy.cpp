// SPDX-License-Identifier: MIT
//
// log_policy.cpp: any bytes as a policy, and as a key of a cosigner. What is read holds what the
// standard demands of it.
#include "require.hpp"

#include <aiaudit/integrity/log_policy.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace {

using namespace aiaudit;
using namespace aiaudit_fuzz;

void check_policy(log_policy const& policy) {
    require(policy.witness_keys().size() == policy.witnesses().size());
    std::size_t keys = 0;
    for (trusted_log const& each : policy.trusted_logs()) {
        keys += each.keys.size();
        for (auto const& key : each.keys) require(key.name() == each.origin);
    }
    require(keys == policy.logs().size());
    // All are a quorum, and more are never less of one; none is one where none is needed.
    std::vector<bool> cosigned(policy.witnesses().size());
    bool before = policy.is_quorum(cosigned);
    require(before == !policy.needs_witnesses());
    for (std::size_t i = 0; i < cosigned.size(); ++i) {
        cosigned[i] = true;
        bool const now = policy.is_quorum(cosigned);
        require(now || !before);
        before = now;
    }
    require(before);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const bytes{reinterpret_cast<char const*>(data), size};
    if (auto const policy = log_policy::parse(bytes); told(policy)) check_policy(*policy);
    if (auto const key = cosigner_verification_key::parse(bytes); told(key))
        require(key->to_string() == bytes);
    if (auto const key = cosigner_signing_key::parse(bytes); told(key))
        require(key->to_secret_string() == bytes);
    return 0;
}
