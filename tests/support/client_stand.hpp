// SPDX-License-Identifier: MIT
//
// client_stand.hpp: a ledger in memory, a provider on loopback that does as it is told, and a
// client.
#ifndef AIAUDIT_TESTS_SUPPORT_CLIENT_STAND_HPP
#define AIAUDIT_TESTS_SUPPORT_CLIENT_STAND_HPP

#include "chaos_provider.hpp"
#include "provider_bodies.hpp"

#include <aiaudit/client.hpp>
#include <aiaudit/storage/memory_store.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit_tests {

using namespace aiaudit;

struct client_in_memory : default_policies {
    using storage = memory_store;
};
using test_ledger = basic_ledger<client_in_memory>;
using test_client = basic_client<client_in_memory>;

// A ledger, a provider and a client of it.
struct client_stand {
    explicit client_stand(client_options options = {})
        : log(test_ledger::open({}).value()), ai(make(std::move(options))) {}
    test_client make(client_options options) {
        options.providers.push_back(
            {.name = "openai", .origin = provider.origin(), .prefix = "/v1"});
        options.providers.push_back({.name = "anthropic",
                                     .origin = provider.origin(),
                                     .prefix = "/v1",
                                     .family = api_family::anthropic,
                                     .key = key_header::x_api_key});
        options.retry.first = options.retry.most = std::chrono::milliseconds{1};
        return test_client::open(log, std::move(options)).value();
    }
    std::vector<record> records() {
        std::vector<record> all;
        log.read(sequence{1},
                 [&](sequence, record&& entry) {
                     all.push_back(std::move(entry));
                     return true;
                 })
            .value();
        return all;
    }
    std::vector<record> outcomes() {
        auto all = records();
        std::erase_if(all, [](record const& of) { return of.kind != record_kind::outcome; });
        return all;
    }

    chaos_provider provider{};
    test_ledger log;
    test_client ai;
};

inline chat_request hello() {
    return {.provider = "openai", .model = "gpt-4.1", .messages = {{"user", "Hello"}}};
}

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_SUPPORT_CLIENT_STAND_HPP
