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
inline constexpr char const* asked_user = "user-0007";

struct tally {
    std::uint64_t requests = 0;
    aiaudit::money cost{};
    bool operator==(tally const&) const = default;
};

// What a report over some days must add up to.
class expectation {
public:
    void add(aiaudit::record const& entry) {
        add_to(all_[aiaudit::time_zone{}.day_of(entry.started_at)], entry);
        if (entry.user == asked_user)
            add_to(user_[aiaudit::time_zone{}.day_of(entry.started_at)], entry);
    }
    [[nodiscard]] tally of(aiaudit::report_query const& query) const {
        tally sum;
        for (auto const& [day, part] : query.kind == aiaudit::report_kind::user ? user_ : all_) {
            if (!query.days.holds(day)) continue;
            sum.requests += part.requests;
            sum.cost += part.cost;
        }
        return sum;
    }
    // Stops where the report says something else.
    void check_report(aiaudit::report_query const& query, aiaudit::report const& made) const {
        check(of(query) == tally{made.sum.requests, made.sum.cost},
              "report " + std::string(name_of(query.kind)));
    }

private:
    static void add_to(tally& part, aiaudit::record const& entry) {
        ++part.requests;
        part.cost += entry.cost;
    }
    std::map<aiaudit::civil_day, tally> all_{};
    std::map<aiaudit::civil_day, tally> user_{};
};

struct model_name {
    char const* provider;
    char const* model;
};
inline constexpr std::array<model_name, 20> typical_models{{
    {"openai", "gpt-4o"},
    {"openai", "gpt-4o-mini"},
    {"openai", "gpt-4.1"},
    {"openai", "gpt-4.1-mini"},
    {"openai", "gpt-5"},
    {"openai", "gpt-5-mini"},
    {"openai", "gpt-5.1"},
    {"openai", "o3"},
    {"openai", "o4-mini"},
    {"anthropic", "claude-opus-4-1"},
    {"anthropic", "claude-opus-4-5"},
    {"anthropic", "claude-sonnet-4-5"},
    {"anthropic", "claude-sonnet-4-6"},
    {"anthropic", "claude-haiku-4-5"},
    {"anthropic", "claude-3-7-sonnet"},
    {"google", "gemini-2.5-pro"},
    {"google", "gemini-2.5-flash"},
    {"google", "gemini-2.5-flash-lite"},
    {"google", "gemini-2.0-flash"},
    {"google", "gemini-2.0-flash-lite"},
}};

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
        using aiaudit::unit;
        model_name const& of = typical_models[random(typical_models.size())];
        aiaudit::record made;
        made.provider = of.provider;
        made.model_requested = made.model_served = of.model;
        made.user = "user-0000";
        auto user = random(1000);
        for (std::size_t digit = 8; user != 0; --digit, user /= 10)
            made.user[digit] = static_cast<char>('0' + user % 10);
        made.path = of.provider[0] == 'o' ? "/v1/chat/completions" : "/v1/messages";
        made.parameters.stream = true;
        made.started_at = at_;
        at_.ns += step_ns_;
        made.duration_ns = 200'000'000 + random(9'000'000'000);
        made.operation_id = aiaudit::make_operation_id(made.started_at, bits(), bits());
        made.provider_request_id = "chatcmpl-";
        for (int i = 0; i < 29; ++i) made.provider_request_id.push_back(letters[random(62)]);
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
        made.cost = quote.cost;
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
