// SPDX-License-Identifier: MIT
//
// How many tokens a request's bytes will be, learned from those before it.
#include <aiaudit/providers/input_estimator.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

BOOST_AUTO_TEST_SUITE(input_estimates)

namespace {

using namespace aiaudit;

constexpr std::uint64_t strict_bound = 4256;

std::uint64_t near(input_estimator const& of, std::uint64_t bytes = 4000) {
    return of.estimate("openai", "m", bytes, strict_bound);
}
void teach(input_estimator& it, int times, std::uint64_t bytes, std::uint64_t tokens) {
    for (int i = 0; i < times; ++i) it.learn("openai", "m", bytes, tokens);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_strict_bound_stands_until_enough_is_known_of_the_model) {
    input_estimator it;
    BOOST_TEST(near(it) == strict_bound);
    teach(it, 7, 1000, 250);
    BOOST_TEST(near(it) == strict_bound);
    teach(it, 1, 1000, 250);
    // A quarter of a token a byte, a quarter more, and what is around.
    BOOST_TEST(near(it) >= 1250U + input_estimator::extra_tokens);
    BOOST_TEST(near(it) <= 1252U + input_estimator::extra_tokens);
    BOOST_TEST(it.estimate("openai", "other", 4000, strict_bound) == strict_bound);
    BOOST_TEST(it.estimate("other", "m", 4000, strict_bound) == strict_bound);
}

BOOST_AUTO_TEST_CASE(the_most_seen_counts_and_fades_slowly) {
    input_estimator it;
    teach(it, 8, 1000, 250);
    auto const usual = near(it);
    teach(it, 1, 1000, 500);
    auto const peak = near(it);
    BOOST_TEST(peak >= 2500U);
    teach(it, 20, 1000, 250);
    BOOST_TEST(near(it) > usual * 3 / 2);
    teach(it, 1000, 1000, 250);
    BOOST_TEST(near(it) <= usual + 2);
}

BOOST_AUTO_TEST_CASE(it_is_never_above_the_strict_bound_and_never_wraps) {
    input_estimator it;
    std::uint64_t const huge = ~std::uint64_t{0};
    teach(it, 8, 1, huge);
    BOOST_TEST(near(it) == strict_bound);
    BOOST_TEST(it.estimate("openai", "m", huge, huge) == huge);
    std::uint64_t const wide = std::uint64_t{1} << 42;
    BOOST_TEST(it.estimate("openai", "m", wide, wide + 256) == wide + 256);
    teach(it, 8, 0, 100);  // nothing to learn from
    BOOST_TEST(near(it) == strict_bound);
}

BOOST_AUTO_TEST_CASE(models_past_the_most_are_not_learned) {
    input_estimator it;
    for (std::size_t i = 0; i <= input_estimator::models_max; ++i) {
        for (int n = 0; n < 8; ++n) it.learn("p", std::to_string(i), 1000, 250);
    }
    auto const of = [&](std::size_t i) {
        return it.estimate("p", std::to_string(i), 4000, strict_bound);
    };
    BOOST_TEST(of(input_estimator::models_max - 1) < strict_bound);
    BOOST_TEST(of(input_estimator::models_max) == strict_bound);
}

BOOST_AUTO_TEST_SUITE_END()
