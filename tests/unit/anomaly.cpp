// SPDX-License-Identifier: MIT
//
// anomaly.cpp: what is far from usual, and what is not.
#include <aiaudit/rollup/anomaly.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(anomaly)

namespace {

using aiaudit::activity;
using aiaudit::anomaly_metric;
using aiaudit::money;
using aiaudit::timestamp;

constexpr std::int64_t cent = 10'000'000'000;

activity day_of(int day, std::int64_t cents, std::uint64_t attempts = 100, std::uint64_t errors = 1,
                std::uint64_t ms = 800) {
    return {timestamp::from_seconds(1'790'000'000 + day * 86'400LL),
            money::from_pico(aiaudit::int128{cents} * cent), attempts, errors, ms * 1'000'000};
}

// Two weeks about 5 USD, 1 % and 0.8 s.
std::vector<activity> fortnight() {
    std::vector<activity> days;
    for (int i = 0; i < 14; ++i)
        days.push_back(day_of(i, 500 + (i * 37) % 100, 100, static_cast<std::uint64_t>(i % 3),
                              static_cast<std::uint64_t>(780 + (i * 13) % 40)));
    return days;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_usual_day_is_no_anomaly) {
    for (std::int64_t const cents : {0, 100, 500, 600, 900})
        BOOST_TEST(find_anomalies("user ana", fortnight(), day_of(14, cents)).empty());
}

BOOST_AUTO_TEST_CASE(ten_times_the_spend_is_told_in_words) {
    auto const found = find_anomalies("user ana", fortnight(), day_of(14, 5'000));
    BOOST_REQUIRE(found.size() == 1U);
    BOOST_TEST((found[0].metric == anomaly_metric::spend));
    BOOST_TEST((found[0].value == aiaudit::int128{5'000} * cent));
    BOOST_TEST((found[0].usual == aiaudit::int128{546} * cent));
    BOOST_TEST(found[0].periods == 14U);
    BOOST_TEST(found[0].text ==
               "user ana: spent 50 USD since 2026-10-05T14:13:20Z; usual is 5.46 USD, seldom over "
               "10.92 USD (median of 14 earlier periods)");
}

BOOST_AUTO_TEST_CASE(one_wild_day_does_not_hide_the_next) {
    auto days = fortnight();
    days[5] = day_of(5, 100'000);
    days[9] = day_of(9, 90'000);
    BOOST_TEST(find_anomalies("user ana", days, day_of(14, 5'000)).size() == 1U);
}

BOOST_AUTO_TEST_CASE(who_scatters_much_is_told_of_later) {
    std::vector<activity> days;
    for (int i = 0; i < 14; ++i) days.push_back(day_of(i, i % 2 == 0 ? 100 : 1'000));
    BOOST_TEST(find_anomalies("user ana", days, day_of(14, 2'000)).empty());
    BOOST_TEST(find_anomalies("user ana", days, day_of(14, 50'000)).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_short_past_and_small_amounts_are_no_habit) {
    auto const days = fortnight();
    std::vector<activity> const few(days.begin(), days.begin() + 6);
    BOOST_TEST(find_anomalies("user ana", few, day_of(14, 5'000)).empty());
    BOOST_TEST(find_anomalies("user ana", {}, day_of(14, 5'000)).empty());
    std::vector<activity> cheap;
    for (int i = 0; i < 14; ++i) cheap.push_back(day_of(i, 1));
    BOOST_TEST(find_anomalies("user ana", cheap, day_of(14, 99)).empty());
    BOOST_TEST(find_anomalies("user ana", cheap, day_of(14, 102)).size() == 1U);
    // Days without any calls are no habit of spending nothing.
    std::vector<activity> idle(14);
    BOOST_TEST(find_anomalies("user ana", idle, day_of(14, 5'000)).empty());
}

BOOST_AUTO_TEST_CASE(many_failures_are_told_where_there_were_enough_calls) {
    auto const found = find_anomalies("model a/b", fortnight(), day_of(14, 500, 200, 31));
    BOOST_REQUIRE(found.size() == 1U);
    BOOST_TEST((found[0].metric == anomaly_metric::error_rate));
    BOOST_TEST(found[0].text.starts_with("model a/b: 15.50 % failed since "));
    BOOST_TEST(find_anomalies("model a/b", fortnight(), day_of(14, 500, 49, 40)).empty());
    BOOST_TEST(find_anomalies("model a/b", fortnight(), day_of(14, 500, 200, 10)).empty());
}

BOOST_AUTO_TEST_CASE(a_slow_model_is_told) {
    auto const found = find_anomalies("model a/b", fortnight(), day_of(14, 500, 100, 1, 4'250));
    BOOST_REQUIRE(found.size() == 1U);
    BOOST_TEST((found[0].metric == anomaly_metric::latency));
    BOOST_TEST(found[0].text.find("latency 4.25 s since ") != std::string::npos);
    BOOST_TEST(find_anomalies("model a/b", fortnight(), day_of(14, 500, 100, 1, 0)).empty());
}

BOOST_AUTO_TEST_CASE(amounts_that_nobody_spends_do_not_overflow) {
    std::vector<activity> days;
    for (int i = 0; i < 14; ++i) {
        days.push_back(day_of(i, 0));
        days.back().cost = money::from_pico(aiaudit::detail::int128_max);
    }
    activity now = day_of(14, 0);
    now.cost = money::from_pico(aiaudit::detail::int128_max);
    BOOST_TEST(find_anomalies("user ana", days, now).empty());
    now.errors = now.attempts = ~std::uint64_t{0};
    now.latency_ns = ~std::uint64_t{0};
    BOOST_TEST(find_anomalies("user ana", fortnight(), now).size() == 3U);
}

BOOST_AUTO_TEST_SUITE_END()
