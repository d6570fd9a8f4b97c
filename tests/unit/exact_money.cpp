// SPDX-License-Identifier: MIT
#include <aiaudit/core/money.hpp>

#include <boost/test/unit_test.hpp>

#include <random>

BOOST_AUTO_TEST_SUITE(exact_money)

using namespace aiaudit;

BOOST_AUTO_TEST_CASE(every_text_comes_back_in_its_shortest_form) {
    struct {
        char const* text;
        char const* shortest;
    } const cases[] = {{"0", "0"},
                       {"0.000", "0"},
                       {"-0", "0"},
                       {"1", "1"},
                       {"1.50", "1.5"},
                       {"-1.5", "-1.5"},
                       {"+2", "2"},
                       {".5", "0.5"},
                       {"5.", "5"},
                       {"1e-12", "0.000000000001"},
                       {"1.25E+2", "125"},
                       {"0.002583", "0.002583"},
                       {"00012.3400", "12.34"},
                       {"170000000000000000000000000", "170000000000000000000000000"}};
    for (auto const& c : cases) {
        BOOST_TEST_CONTEXT(c.text) {
            auto const amount = money::parse(c.text);
            BOOST_REQUIRE(amount.has_value());
            BOOST_TEST(amount->to_string() == c.shortest);
            BOOST_TEST((money::parse(amount->to_string()).value() == *amount));
        }
    }
}

BOOST_AUTO_TEST_CASE(text_that_is_no_amount_is_refused_with_its_reason) {
    BOOST_TEST((money::parse("1e-13").error().code == errc::money_inexact));
    BOOST_TEST((money::parse("0.0000000000001").error().code == errc::money_inexact));
    BOOST_TEST((money::parse("1e27").error().code == errc::money_overflow));
    for (char const* const text :
         {"", "x", "1x", "--1", "1.2.3", "1e", "1e+", "1e99999", " 1", "1 ", "0x10", "1,5"}) {
        BOOST_TEST_CONTEXT(text) {
            BOOST_TEST((money::parse(text).error().code == errc::bad_argument));
        }
    }
}

BOOST_AUTO_TEST_CASE(trailing_zeros_below_a_pico_are_exact) {
    BOOST_TEST((money::parse("1.0000000000000000").value() == money::from_pico(1'000'000'000'000)));
}

BOOST_AUTO_TEST_CASE(division_rounds_half_to_even_on_both_sides_of_zero) {
    struct {
        int value;
        int divisor;
        int rounded;
    } const cases[] = {{5, 10, 0},    {15, 10, 2},   {25, 10, 2}, {35, 10, 4},  {-5, 10, 0},
                       {-15, 10, -2}, {-25, 10, -2}, {7, 10, 1},  {-7, 10, -1}, {4, 10, 0},
                       {-4, 10, 0},   {1, 3, 0},     {2, 3, 1}};
    for (auto const& c : cases) {
        BOOST_TEST_CONTEXT(c.value << "/" << c.divisor) {
            BOOST_TEST((detail::divide_half_even(c.value, c.divisor) == c.rounded));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_sum_past_128_bits_throws_and_changes_nothing) {
    auto const most = money::from_pico(detail::int128_max);
    money sum = most;
    BOOST_CHECK_THROW(sum += money::from_pico(1), exception);
    BOOST_TEST((sum == most));
}

BOOST_AUTO_TEST_CASE(a_price_per_million_in_micro_usd_is_the_price_of_one_in_pico_usd) {
    auto const price = rate::parse("2.50", 6).value();
    exact_cost cost;
    BOOST_REQUIRE(cost.add(1, price).has_value());
    BOOST_TEST((cost.rounded() == money::from_pico(2'500'000)));
    BOOST_TEST(price.to_string(6) == "2.5");
}

BOOST_AUTO_TEST_CASE(a_cost_is_rounded_once_and_not_by_parts) {
    // Two halves of a pico-USD make one; each alone would round to none.
    auto const half_pico = rate::parse("0.5e-12").value();
    exact_cost cost;
    BOOST_REQUIRE(cost.add(1, half_pico).has_value());
    BOOST_TEST((cost.rounded() == money{}));
    BOOST_REQUIRE(cost.add(1, half_pico).has_value());
    BOOST_TEST((cost.rounded() == money::from_pico(1)));
}

BOOST_AUTO_TEST_CASE(multipliers_stay_exact_in_sums) {
    // A third three times over is one.
    exact_cost cost;
    for (int i = 0; i < 3; ++i)
        BOOST_REQUIRE(cost.add(1, rate::parse("1e-12").value(), {1, 3}).has_value());
    BOOST_TEST((cost.rounded() == money::from_pico(1)));
    exact_cost tenth;
    BOOST_REQUIRE(tenth.add(1000, rate::parse("3", 6).value(), {11, 10}).has_value());
    BOOST_TEST(tenth.rounded().to_string() == "0.0033");
}

BOOST_AUTO_TEST_CASE(a_cost_too_large_is_an_error_and_not_a_wrong_number) {
    exact_cost cost;
    BOOST_TEST((cost.add(~std::uint64_t{0}, rate::parse("1e14").value()).error().code ==
                errc::money_overflow));
    BOOST_TEST((cost.rounded() == money{}));
}

BOOST_AUTO_TEST_CASE(random_sums_do_not_depend_on_their_order) {
    std::mt19937_64 random(1);
    std::vector<std::pair<std::uint64_t, rate>> lines;
    for (int i = 0; i < 1000; ++i) {
        lines.emplace_back(random() % 1'000'000,
                           rate::from_yocto(static_cast<int128>(random() % 1'000'000'000'000'000)));
    }
    exact_cost forward;
    for (auto const& [count, price] : lines) BOOST_REQUIRE(forward.add(count, price).has_value());
    std::shuffle(lines.begin(), lines.end(), random);
    exact_cost left;
    exact_cost right;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        BOOST_REQUIRE((i % 2 == 0 ? left : right).add(lines[i].first, lines[i].second).has_value());
    }
    BOOST_REQUIRE(left.add(right).has_value());
    BOOST_TEST((left.rounded() == forward.rounded()));
}

BOOST_AUTO_TEST_SUITE_END()
