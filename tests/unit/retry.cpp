// SPDX-License-Identifier: MIT
#include <aiaudit/resilience/retry.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <string>

BOOST_AUTO_TEST_SUITE(retry)

namespace {

using namespace std::chrono_literals;
using aiaudit::attempt_failure;
using aiaudit::backoff;
using aiaudit::classify;
using aiaudit::decide;
using aiaudit::errc;
using aiaudit::error_class;
using aiaudit::retry_policy;
using aiaudit::steady_time;

constexpr steady_time start{1h};

aiaudit::retry_decision after(attempt_failure const& failure, std::uint32_t attempt = 1,
                              std::optional<steady_time> deadline = {}, std::uint64_t random = 0) {
    return decide({}, attempt, failure, false, start, deadline, random);
}

constexpr std::array<error_class, 14> every_class{
    error_class::none,    error_class::connection,   error_class::tls,
    error_class::timeout, error_class::rate_limit,   error_class::quota,
    error_class::server,  error_class::conflict,     error_class::request_timeout,
    error_class::client,  error_class::circuit_open, error_class::cancelled,
    error_class::budget,  error_class::ours};

}  // namespace

BOOST_AUTO_TEST_CASE(a_failure_on_this_side_has_the_class_of_its_code) {
    struct {
        errc code;
        error_class of;
    } const rows[]{{errc::connect_failed, error_class::connection},
                   {errc::connection_lost, error_class::connection},
                   {errc::bad_response, error_class::connection},
                   {errc::truncated, error_class::connection},
                   {errc::tls_failed, error_class::tls},
                   {errc::timed_out, error_class::timeout},
                   {errc::cancelled, error_class::cancelled},
                   {errc::circuit_open, error_class::circuit_open},
                   {errc::budget_exceeded, error_class::budget},
                   {errc::rate_limited, error_class::budget},
                   {errc::unbounded, error_class::budget},
                   {errc::bad_argument, error_class::ours},
                   {errc::too_large, error_class::ours},
                   {errc::disk_full, error_class::ours},
                   {errc::no_usage, error_class::ours}};
    for (auto const& row : rows) {
        BOOST_TEST_CONTEXT(name_of(row.code)) {
            for (int const status : {0, 200, 503})
                BOOST_TEST(name_of(classify(row.code, status)) == name_of(row.of));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_response_has_the_class_of_its_status_and_of_the_providers_word) {
    struct {
        int status;
        char const* type;
        error_class of;
    } const rows[]{{200, "", error_class::none},
                   {204, "", error_class::none},
                   {302, "", error_class::client},
                   {400, "invalid_request_error", error_class::client},
                   {401, "", error_class::client},
                   {402, "", error_class::quota},
                   {403, "permission_error", error_class::client},
                   {404, "", error_class::client},
                   {408, "", error_class::request_timeout},
                   {409, "", error_class::conflict},
                   {422, "", error_class::client},
                   {429, "", error_class::rate_limit},
                   {429, "rate_limit_error", error_class::rate_limit},
                   {429, "RESOURCE_EXHAUSTED", error_class::rate_limit},
                   {429, "insufficient_quota", error_class::quota},
                   {429, "Billing_Hard_Limit_Reached", error_class::quota},
                   {429, "no_CREDITS_left", error_class::quota},
                   {500, "", error_class::server},
                   {503, "", error_class::server},
                   {529, "overloaded_error", error_class::server},
                   {200, "overloaded_error", error_class::server},
                   {200, "api_error", error_class::server},
                   {200, "rate_limit_error", error_class::rate_limit},
                   {200, "insufficient_quota", error_class::quota},
                   {200, "timeout_error", error_class::request_timeout},
                   {200, "invalid_request_error", error_class::client},
                   {600, "", error_class::connection},
                   {-1, "", error_class::connection}};
    for (auto const& row : rows) {
        BOOST_TEST_CONTEXT(row.status << " " << row.type) {
            BOOST_TEST(name_of(classify({}, row.status, row.type)) == name_of(row.of));
            if (row.of != error_class::none)
                BOOST_TEST(name_of(classify(errc::provider_error, row.status, row.type)) ==
                           name_of(row.of));
        }
    }
    // An error of the provider's is never taken for a success.
    BOOST_TEST(name_of(classify(errc::provider_error, 200)) == "client");
}

BOOST_AUTO_TEST_CASE(classes_that_may_pass_are_tried_again_and_no_others) {
    for (error_class const of : every_class) {
        BOOST_TEST_CONTEXT(name_of(of)) {
            bool const passes = of == error_class::connection || of == error_class::timeout ||
                                of == error_class::rate_limit || of == error_class::server ||
                                of == error_class::conflict || of == error_class::request_timeout;
            auto const made = after({of});
            BOOST_TEST(made.retry == passes);
            BOOST_TEST(made.why_not.empty() == passes);
        }
    }
}

BOOST_AUTO_TEST_CASE(the_providers_word_overrides_the_class_of_a_response_only) {
    for (error_class const of : every_class) {
        BOOST_TEST_CONTEXT(name_of(of)) {
            bool const fixed = of == error_class::none || of == error_class::tls ||
                               of == error_class::circuit_open || of == error_class::cancelled ||
                               of == error_class::budget || of == error_class::ours;
            BOOST_TEST(after({of, {}, true}).retry == !fixed);
            BOOST_TEST(!after({of, {}, false}).retry);
        }
    }
}

BOOST_AUTO_TEST_CASE(nothing_is_retried_after_bytes_were_handed_on) {
    for (error_class const of : every_class)
        BOOST_TEST(!decide({}, 1, {of, 0ms, true}, true, start, {}, 0).retry);
}

BOOST_AUTO_TEST_CASE(attempts_are_counted_with_the_first) {
    attempt_failure const failure{error_class::server, {}, true};
    BOOST_TEST(after(failure, 1).retry);
    BOOST_TEST(after(failure, 2).retry);
    BOOST_TEST(!after(failure, 3).retry);
    BOOST_TEST(!after(failure, 4).retry);
    for (std::uint32_t const most : {0U, 1U})
        BOOST_TEST(!decide({.attempts_max = most}, 1, failure, false, start, {}, 0).retry);
}

BOOST_AUTO_TEST_CASE(a_wait_lies_under_a_bound_that_doubles_up_to_the_most) {
    retry_policy const policy{.attempts_max = 100};
    std::array<std::chrono::milliseconds, 7> const bounds{500ms,  1000ms, 2000ms, 4000ms,
                                                          8000ms, 8000ms, 8000ms};
    std::mt19937_64 random{1};
    for (std::uint32_t attempt = 1; attempt <= bounds.size(); ++attempt) {
        std::chrono::nanoseconds longest{0};
        std::chrono::nanoseconds shortest{1h};
        for (int i = 0; i < 10'000; ++i) {
            auto const wait = backoff(policy, attempt, random());
            longest = std::max(longest, wait);
            shortest = std::min(shortest, wait);
        }
        BOOST_TEST_CONTEXT(attempt) {
            BOOST_TEST((longest <= bounds[attempt - 1]));
            BOOST_TEST((longest > bounds[attempt - 1] * 99 / 100));
            BOOST_TEST((shortest < bounds[attempt - 1] / 100));
        }
    }
    BOOST_TEST((backoff(policy, 4'000'000'000U, ~std::uint64_t{0}) <= 8s));
}

BOOST_AUTO_TEST_CASE(waits_are_spread_evenly) {
    constexpr int drawn = 100'000;
    std::array<int, 10> counts{};
    std::mt19937_64 random{20'261'124};
    for (int i = 0; i < drawn; ++i) {
        auto const wait = backoff({}, 3, random());  // up to 2 s
        ++counts[std::min<std::size_t>(static_cast<std::size_t>(wait / 200ms), 9)];
    }
    for (int const count : counts) BOOST_TEST(std::abs(count - drawn / 10) < 500);  // 5 sigma
}

BOOST_AUTO_TEST_CASE(senseless_policies_wait_for_nothing_or_a_year_but_break_nothing) {
    using std::chrono::milliseconds;
    for (auto const first : {milliseconds::min(), -1ms, 0ms, 1ms, milliseconds::max()}) {
        for (auto const most : {milliseconds::min(), -1ms, 0ms, 1ms, milliseconds::max()}) {
            for (std::uint32_t const attempt : {0U, 1U, 2U, 63U, 64U, 65U, ~0U}) {
                auto const wait =
                    backoff({.first = first, .most = most}, attempt, ~std::uint64_t{0});
                if (wait < 0ns || wait > aiaudit::retry_after_most) BOOST_ERROR(wait.count());
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(what_the_provider_asks_for_is_the_least_wait_and_a_tenth_the_most_added) {
    std::mt19937_64 random{3};
    std::chrono::nanoseconds longest{0};
    for (int i = 0; i < 10'000; ++i) {
        auto const made = after({error_class::rate_limit, 20s}, 1, {}, random());
        BOOST_REQUIRE(made.retry);
        BOOST_REQUIRE((made.wait >= 20s && made.wait <= 22s));
        longest = std::max(longest, made.wait);
    }
    BOOST_TEST((longest > 21'900ms));
    // A provider that says "at once" over and over is still backed off from.
    BOOST_TEST((after({error_class::server, 0ms}, 2, {}, 900'000'000).wait == 900ms));
}

BOOST_AUTO_TEST_CASE(a_wait_that_is_too_long_is_no_retry_and_is_told) {
    attempt_failure const minute{error_class::rate_limit, 60s};
    BOOST_TEST(after(minute).retry);
    auto const longer = after({error_class::rate_limit, 60'001ms});
    BOOST_TEST(!longer.retry);
    BOOST_TEST((longer.wait == 60'001ms));
    auto const late = after(minute, 1, start + 60s);
    BOOST_TEST(!late.retry);
    BOOST_TEST((late.wait == 60s));
    auto const used_up = after({error_class::quota, 5s});
    BOOST_TEST(!used_up.retry);
    BOOST_TEST((used_up.wait == 5s));
}

BOOST_AUTO_TEST_CASE(what_is_added_gives_way_to_the_deadline) {
    attempt_failure const minute{error_class::rate_limit, 60s};
    std::uint64_t const five_seconds = 5'000'000'000;
    BOOST_TEST((after(minute, 1, start + 66s, five_seconds).wait == 65s));
    auto const squeezed = after(minute, 1, start + 60s + 1ns, five_seconds);
    BOOST_TEST(squeezed.retry);
    BOOST_TEST((squeezed.wait == 60s));
}

BOOST_AUTO_TEST_CASE(a_deadline_that_has_passed_allows_nothing) {
    attempt_failure const failure{error_class::server};
    BOOST_TEST(!after(failure, 1, start).retry);
    BOOST_TEST(!after(failure, 1, start - 1ns).retry);
    BOOST_TEST(!after(failure, 1, steady_time::min()).retry);
    BOOST_TEST(after(failure, 1, start + 1ns).retry);
    BOOST_TEST(after(failure, 1, steady_time::max()).retry);
}

BOOST_AUTO_TEST_CASE(no_decision_overruns_the_deadline_or_shortens_what_was_asked_for) {
    std::mt19937_64 random{20'261'124};
    auto const up_to = [&](std::uint64_t most) {
        return static_cast<std::int64_t>(random() % (most + 1));
    };
    int retried = 0;
    for (int i = 0; i < 100'000; ++i) {
        retry_policy const policy{
            static_cast<std::uint32_t>(up_to(6)), std::chrono::milliseconds{up_to(2'000)},
            std::chrono::milliseconds{up_to(20'000)}, std::chrono::milliseconds{up_to(30'000)}};
        attempt_failure failure{every_class[random() % every_class.size()]};
        if (random() % 2 == 0) failure.retry_after = std::chrono::milliseconds{up_to(40'000)};
        if (random() % 3 == 0) failure.should_retry = random() % 2 == 0;
        auto const attempt = static_cast<std::uint32_t>(1 + up_to(6));
        bool const handed_on = random() % 4 == 0;
        auto const deadline = start + std::chrono::microseconds{up_to(30'000'000)};
        auto const made = decide(policy, attempt, failure, handed_on, start, deadline, random());
        auto const told = failure.retry_after.value_or(0ms);
        if (!made.retry) {
            if (made.why_not.empty() || made.wait != told) BOOST_ERROR("no reason, or no time");
            continue;
        }
        ++retried;
        bool const good =
            start + made.wait < deadline && made.wait >= told && told <= policy.wait_max &&
            attempt < policy.attempts_max && !handed_on && failure.should_retry.value_or(true) &&
            made.why_not.empty() &&
            made.wait <= std::max<std::chrono::nanoseconds>(policy.most, told + told / 10 + 1ms);
        if (!good) BOOST_ERROR("decision " << i << ": " << made.wait.count());
    }
    BOOST_TEST(retried > 5'000);
}

BOOST_AUTO_TEST_CASE(the_head_of_a_response_says_what_it_asks_for) {
    auto const failure = attempt_failure::from(
        error_class::server, {{"Retry-After", "2"}, {"X-Should-Retry", "false"}}, {});
    BOOST_TEST((failure.retry_after == 2s));
    BOOST_TEST((failure.should_retry == false));
    auto const silent = attempt_failure::from(error_class::server, {}, {});
    BOOST_TEST((!silent.retry_after && !silent.should_retry));
}

BOOST_AUTO_TEST_SUITE_END()
