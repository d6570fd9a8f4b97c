// SPDX-License-Identifier: MIT
//
// support_records.hpp: typical records, the same at every run but for the days they lie in, and
// what reports over them must say.
#ifndef AIAUDIT_BENCHMARKS_SUPPORT_RECORDS_HPP
#define AIAUDIT_BENCHMARKS_SUPPORT_RECORDS_HPP

#include "support.hpp"

#include <aiaudit/aiaudit.hpp>

#include <array>
#include <cstdint>
#include <map>

namespace benchmark_support {

// The user whose report is asked for.
inline constexpr char const* asked_user = "user7";

struct tally {
    std::uint64_t requests = 0;
    aiaudit::money cost{};
    void add(tally const& other) {
        requests += other.requests;
        cost += other.cost;
    }
    bool operator==(tally const&) const = default;
};

// What a report over some days must add up to.
class expectation {
public:
    void add(aiaudit::record const& entry) {
        auto const day = aiaudit::time_zone{}.day_of(entry.started_at);
        all_[day].add({1, entry.cost});
        if (entry.user == asked_user) asked_[day].add({1, entry.cost});
    }
    [[nodiscard]] tally of(aiaudit::report_query const& query = {}) const {
        tally sum;
        for (auto const& [day, part] : query.kind == aiaudit::report_kind::user ? asked_ : all_)
            if (query.days.holds(day)) sum.add(part);
        return sum;
    }
    void check_report(aiaudit::report_query const& query, aiaudit::report const& made) const {
        check(of(query) == tally{made.sum.requests, made.sum.cost},
              "report " + std::string(name_of(query.kind)));
    }

private:
    std::map<aiaudit::civil_day, tally> all_{};
    std::map<aiaudit::civil_day, tally> asked_{};
};

// Nine of OpenAI's, six of Anthropic's, five of Google's.
// clang-format off
inline constexpr std::array<char const*, 20> typical_models{
    "gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-5", "gpt-5-mini", "gpt-5.1", "o3",
    "o4-mini", "claude-opus-4-1", "claude-opus-4-5", "claude-sonnet-4-5", "claude-sonnet-4-6",
    "claude-haiku-4-5", "claude-3-7-sonnet", "gemini-2.5-pro", "gemini-2.5-flash",
    "gemini-2.5-flash-lite", "gemini-2.0-flash", "gemini-2.0-flash-lite"};
// clang-format on

// Outcomes of streamed calls, evenly over the days before `end`, in order. One thread's.
class typical_records {
public:
    typical_records(std::uint64_t seed, std::size_t count, std::int64_t days,
                    aiaudit::timestamp end = aiaudit::system_clock{}.now())
        : state_(seed) {
        std::int64_t const span = days * aiaudit::seconds_per_day * aiaudit::nanoseconds_per_second;
        step_ns_ = std::max<std::int64_t>(1, span / static_cast<std::int64_t>(count));
        at_ = {end.ns - step_ns_ * static_cast<std::int64_t>(count)};
    }

    aiaudit::record next() {
        auto const model = random(typical_models.size());
        aiaudit::record made;
        made.provider = model < 9 ? "openai" : model < 15 ? "anthropic" : "google";
        made.model_requested = made.model_served = typical_models[model];
        made.path = model < 9 ? "/v1/chat/completions" : "/v1/messages";
        made.user = "user" + std::to_string(random(1000));
        made.parameters.stream = true;
        made.started_at = at_;
        at_.ns += step_ns_;
        made.duration_ns = 200'000'000 + random(9'000'000'000);
        made.operation_id = aiaudit::make_operation_id(made.started_at, bits(), bits());
        made.provider_request_id = "chatcmpl-";
        for (int i = 0; i < 20; ++i) made.provider_request_id.push_back(letters[random(62)]);
        random(50) == 0 ? fail(made) : succeed(made);
        expected.add(made);
        return made;
    }
    // The next ones, ready to be handed over.
    std::vector<aiaudit::record> take(std::size_t count) {
        std::vector<aiaudit::record> made;
        made.reserve(count);
        while (made.size() < count) made.push_back(next());
        return made;
    }

    expectation expected{};  // over all that were made

private:
    static constexpr std::string_view letters =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    void succeed(aiaudit::record& made) {
        using aiaudit::unit;
        made.http_status = 200;
        made.time_to_first_token_ns = *made.duration_ns / (2 + random(10));
        std::uint64_t const input = 100 + random(8000);
        made.usage.set(unit::input_tokens, input);
        made.usage.set(unit::cache_read_tokens, random(input));
        made.usage.set(unit::output_tokens, 10 + random(900));
        auto const quote = must(prices_.price({.provider = made.provider,
                                               .model = made.model_served,
                                               .usage = made.usage,
                                               .at = made.started_at},
                                              cache_));
        made.cost = quote.cost();
        made.cost_status = aiaudit::cost_status::priced;
        made.price_entry = quote.entry_id;
        made.price_book = prices_.revision();
        made.finish_reason = random(10) == 0 ? "length" : "stop";
    }
    void fail(aiaudit::record& made) {
        bool const limited = random(2) == 0;
        made.http_status = limited ? 429 : 500;
        made.error_type = limited ? "rate_limit_error" : "api_error";
        made.cost_status = aiaudit::cost_status::no_charge;
    }
    std::uint64_t bits() {  // splitmix64
        std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31);
    }
    std::uint64_t random(std::uint64_t below) { return bits() % below; }

    std::uint64_t state_;
    std::int64_t step_ns_ = 0;
    aiaudit::timestamp at_{};
    aiaudit::price_book prices_ = aiaudit::builtin_book();
    aiaudit::price_lookup_cache cache_{};
};

}  // namespace benchmark_support

#endif  // AIAUDIT_BENCHMARKS_SUPPORT_RECORDS_HPP
