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
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit_tests {

using namespace aiaudit;

struct client_in_memory : default_policies {
    using storage = memory_store;
};

}  // namespace aiaudit_tests

// Compiled once, by the main.cpp of each program.
extern template class aiaudit::basic_ledger<aiaudit_tests::client_in_memory>;
extern template class aiaudit::basic_client<aiaudit_tests::client_in_memory>;

namespace aiaudit_tests {

inline constexpr char const* chat_path = "/v1/chat/completions";
inline constexpr char const* messages_path = "/v1/messages";

// One that waits at most a millisecond between attempts, and both of whose providers are at
// `origin`.
[[nodiscard]] inline client_options options_at(std::string const& origin,
                                               client_options options = {}) {
    options.providers.push_back({.name = "openai", .origin = origin, .prefix = "/v1"});
    options.providers.push_back({.name = "anthropic",
                                 .origin = origin,
                                 .prefix = "/v1",
                                 .family = api_family::anthropic,
                                 .key = key_header::x_api_key});
    options.retry.first = options.retry.most = std::chrono::milliseconds{1};
    return options;
}

// A ledger, a provider that both "openai" and "anthropic" stand for, and a client.
template <class Policies>
struct policy_stand {
    explicit policy_stand(client_options options = {})
        : log(basic_ledger<Policies>::open({}).value()),
          ai(basic_client<Policies>::open(log, options_at(provider.origin(), std::move(options)))
                 .value()) {}

    // In the order of the log, of one kind or of all; what was only queued is waited for.
    std::vector<record> records(std::optional<record_kind> of = {}) {
        log.flush().value();
        std::vector<record> all;
        log.read(sequence{1},
                 [&](sequence, record&& entry) {
                     if (entry.kind == of.value_or(entry.kind)) all.push_back(std::move(entry));
                     return true;
                 })
            .value();
        return all;
    }
    std::vector<record> outcomes() { return records(record_kind::outcome); }
    totals sums() {
        log.flush().value();
        return log.report({}).value().sum;
    }
    std::size_t asked() const { return provider.requests().size(); }

    chaos_provider provider{};
    basic_ledger<Policies> log;
    basic_client<Policies> ai;
};

[[nodiscard]] inline std::string_view tag_of(record const& entry, std::string_view name) {
    for (auto const& [key, value] : entry.tags) {
        if (key == name) return value;
    }
    return {};
}

using client_stand = policy_stand<client_in_memory>;

inline chat_request hello() {
    return {.provider = "openai", .model = "gpt-4.1", .messages = {{"user", "Hello"}}};
}

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_SUPPORT_CLIENT_STAND_HPP
