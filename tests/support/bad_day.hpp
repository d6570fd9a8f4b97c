// SPDX-License-Identifier: MIT
//
// bad_day.hpp: a provider that misbehaves, over HTTP or TLS, a client of it, and the check that its
// records hold one intent and one outcome of every attempt, with the right sort of cost.
#ifndef AIAUDIT_TESTS_SUPPORT_BAD_DAY_HPP
#define AIAUDIT_TESTS_SUPPORT_BAD_DAY_HPP

#include "client_stand.hpp"

#include <aiaudit/clock/timer.hpp>
#include <aiaudit/export/record_text.hpp>
#include <aiaudit/pricing/builtin.hpp>
#include <aiaudit/templates.hpp>
#include <aiaudit/transport/httplib_transport.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace aiaudit_tests {

using namespace std::chrono_literals;

// No word of ours may hold it.
inline constexpr char const* secret_key = "sk-NEVER-TO-BE-SEEN-0123456789";
inline constexpr char const* usual_path = "/v1/chat/completions";

// Waits take no time, but they can be told from what the timer shows.
struct without_waiting : client_in_memory {
    using clock = manual_clock;
    using timer = manual_timer;
};
struct with_waiting : client_in_memory {
    using clock = manual_clock;
};

struct expected_attempt {
    cost_status status = cost_status::no_charge;
    std::string cost{};  // of a priced one
    std::string error{};
};
inline expected_attempt const free_of_charge{};
inline expected_attempt const at_its_bounds{cost_status::estimated, {}, {}};
[[nodiscard]] inline expected_attempt at_price(std::string cost) {
    return {cost_status::priced, std::move(cost), {}};
}

[[nodiscard]] inline throwaway_ca const& test_ca() {
    static throwaway_ca const authority;
    return authority;
}

// `Policies`: one of the two above.
template <class Policies>
class bad_day_of {
public:
    using ledger_type = basic_ledger<Policies>;

    explicit bad_day_of(bool tls, client_options options = {}, chaos_options server = {})
        : provider_(std::make_unique<chaos_provider>(serving(std::move(server), tls))),
          log_(ledger_type::open({}).value()),
          ai_(make(provider_->origin(), std::move(options), test_ca().file())) {}
    // A client of another origin, which may trust another authority.
    bad_day_of(std::string const& origin, std::string const& ca_file, client_options options = {})
        : log_(ledger_type::open({}).value()), ai_(make(origin, std::move(options), ca_file)) {}

    [[nodiscard]] chaos_provider& provider() { return *provider_; }
    [[nodiscard]] basic_client<Policies>& ai() { return ai_; }
    void script(std::vector<chaos_step> steps, std::string const& path = usual_path) {
        provider_->script(path, std::move(steps));
    }

    [[nodiscard]] std::vector<record> outcomes() {
        std::vector<record> found;
        log_.read(sequence{1},
                  [&](sequence, record&& entry) {
                      if (entry.kind == record_kind::outcome) found.push_back(std::move(entry));
                      return true;
                  })
            .value();
        return found;
    }
    // For another thread than the one that calls.
    void wait_for_outcome() {
        while (outcomes().empty()) std::this_thread::sleep_for(1ms);
    }

    // The error of a call that has to fail.
    template <class Result>
    [[nodiscard]] error failure_of(Result const& got) {
        if (got) throw std::runtime_error("the call has succeeded");
        error const why = got.error();
        BOOST_TEST(why.message().find(secret_key) == std::string::npos);
        BOOST_TEST(why.remote.find("sk-NEVER") == std::string::npos);
        return why;
    }

    // That the log holds an intent and an outcome of each attempt, in this order, and no more.
    void check_books(std::vector<expected_attempt> const& expected) {
        std::vector<record> intents;
        std::vector<record> outcomes;
        log_.read(sequence{1},
                  [&](sequence number, record&& entry) {
                      BOOST_TEST(to_json(number, entry).find(secret_key) == std::string::npos);
                      if (entry.kind == record_kind::intent) intents.push_back(entry);
                      if (entry.kind == record_kind::outcome) {
                          BOOST_TEST(intents.size() == outcomes.size() + 1);
                          outcomes.push_back(entry);
                      }
                      return true;
                  })
            .value();
        BOOST_TEST(intents.size() == expected.size());
        BOOST_REQUIRE(outcomes.size() == expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i) {
            BOOST_TEST_CONTEXT("attempt " << i + 1)
            check_one(intents.at(i), outcomes[i], expected[i]);
        }
        last_outcome_ = outcomes.empty() ? record{} : outcomes.back();
    }
    // Of the last check.
    [[nodiscard]] record const& last_outcome() const { return last_outcome_; }

private:
    static void check_one(record const& intent, record const& outcome,
                          expected_attempt const& expected) {
        BOOST_TEST((intent.operation_id == outcome.operation_id));
        BOOST_TEST(intent.attempt == outcome.attempt);
        BOOST_TEST((intent.cost_status == cost_status::estimated));
        BOOST_TEST((intent.cost > money{}));
        BOOST_TEST(name_of(outcome.cost_status) == name_of(expected.status));
        BOOST_TEST(outcome.duration_ns.has_value());
        switch (expected.status) {
        case cost_status::estimated:
            // What it did count it counted at the tier that it was served in.
            if (outcome.usage.reported_mask() == 0)
                BOOST_TEST(outcome.cost.to_string() == intent.cost.to_string());
            BOOST_TEST((outcome.cost <= intent.cost));
            BOOST_TEST((outcome.cost > money{}));
            BOOST_REQUIRE(outcome.cost_low.has_value());
            BOOST_TEST((*outcome.cost_low < outcome.cost));
            break;
        case cost_status::no_charge:
            BOOST_TEST((outcome.cost == money{}));
            BOOST_TEST(!outcome.cost_low.has_value());
            BOOST_TEST(!outcome.error_type.empty());
            break;
        default:
            BOOST_TEST(outcome.cost.to_string() == expected.cost);
            BOOST_TEST(!outcome.cost_low.has_value());
            break;
        }
        if (!expected.error.empty()) BOOST_TEST(outcome.error_type == expected.error);
    }

    [[nodiscard]] static chaos_options serving(chaos_options options, bool tls) {
        if (tls && !options.tls) options.tls = test_ca().good();
        return options;
    }
    [[nodiscard]] basic_client<Policies> make(std::string const& origin, client_options options,
                                              std::string const& ca_file) {
        static price_book const prices = builtin_book();
        log_.time().set(timestamp::parse("2026-03-01T12:00:00Z").value());
        options.providers.push_back({.name = "openai", .origin = origin, .prefix = "/v1"});
        options.providers.push_back({.name = "anthropic",
                                     .origin = origin,
                                     .prefix = "/v1",
                                     .family = api_family::anthropic,
                                     .key = key_header::x_api_key});
        options.providers.push_back({.name = "google",
                                     .origin = origin,
                                     .prefix = "/v1beta",
                                     .family = api_family::gemini,
                                     .key = key_header::x_goog_api_key});
        for (char const* name : {"openai", "anthropic", "google"})
            options.keys.push_back({.provider = name, .value = secret_key, .id = "key-1"});
        return basic_client<Policies>::open(log_, std::move(options), prices,
                                            httplib_transport({.ca_file = ca_file}))
            .value();
    }

    std::unique_ptr<chaos_provider> provider_{};
    ledger_type log_;
    basic_client<Policies> ai_;
    record last_outcome_{};
};
using bad_day = bad_day_of<without_waiting>;
using slow_day = bad_day_of<with_waiting>;

// That what is in its scope does not hang.
class soon {
public:
    explicit soon(std::chrono::milliseconds most = 5s) : most_(most) {}
    soon(soon const&) = delete;
    soon& operator=(soon const&) = delete;
    ~soon() {
        auto const passed = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now() - begun_);
        BOOST_TEST(passed.count() < most_.count());
    }

private:
    std::chrono::milliseconds most_;
    std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

[[nodiscard]] inline chat_request question(std::string provider = "openai",
                                           std::string model = "gpt-4.1") {
    return {.provider = std::move(provider),
            .model = std::move(model),
            .messages = {{.role = "user", .text = "Hello"}},
            .max_tokens = 100};
}
[[nodiscard]] inline chaos_step good_answer() {
    return json_step(openai_chat_body("gpt-4.1", "Hi", {100, 10}));
}
inline constexpr char const* good_price = "0.00028";

[[nodiscard]] inline chaos_step with_headers(chaos_step step, header_list headers) {
    step.headers = std::move(headers);
    return step;
}
[[nodiscard]] inline chaos_step with_trouble(chaos_step step, chaos_trouble trouble,
                                             std::optional<std::size_t> bytes_sent = {}) {
    step.trouble = trouble;
    step.body_bytes_sent = bytes_sent;
    return step;
}

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_SUPPORT_BAD_DAY_HPP
