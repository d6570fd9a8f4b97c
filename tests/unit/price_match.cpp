// SPDX-License-Identifier: MIT
//
// price_match.cpp: which model names a rule stands for.
#include <aiaudit/pricing/model_expression.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(price_match)

namespace {

using namespace aiaudit;
using rule = model_match::rule;

bool hit(rule what, char const* pattern, char const* name) {
    return model_match::text(what, pattern).matches(name);
}

}  // namespace

BOOST_AUTO_TEST_CASE(text_rules_compare_the_parts_they_name_in_lower_case) {
    BOOST_TEST(hit(rule::equals, "GPT-4o", "gpt-4o"));
    BOOST_TEST(!hit(rule::equals, "gpt-4o", "gpt-4o-mini"));
    BOOST_TEST(hit(rule::starts_with, "MiniMax-M", "minimax-m2"));
    BOOST_TEST(hit(rule::ends_with, "-Flash", "gemini-2.0-flash"));
    BOOST_TEST(hit(rule::contains, "claude", "anthropic.claude-v2"));
    BOOST_TEST(!hit(rule::contains, "claude", "gpt-4o"));
    BOOST_TEST(!model_match{}.matches("anything"));
}

BOOST_AUTO_TEST_CASE(a_dated_rule_takes_editions_and_no_other_suffix) {
    for (char const* name : {"gpt-4.1", "gpt-4.1-2025-04-14", "gpt-4.1-latest", "gpt-4.1-20250414",
                             "gpt-4.1@20250414", "gpt-4.1-0414", "gpt-4.1-001"}) {
        BOOST_TEST(hit(rule::dated, "gpt-4.1", name), name);
    }
    for (char const* name : {"gpt-4.1-mini", "gpt-4.1-", "gpt-4.10", "gpt-4.1-2025-4-14",
                             "gpt-4.1-mini-2025-04-14", "gpt-4.1-20250414x", "gpt-4"}) {
        BOOST_TEST(!hit(rule::dated, "gpt-4.1", name), name);
    }
}

BOOST_AUTO_TEST_CASE(a_regex_is_found_anywhere_unless_anchored) {
    auto const mistral = match_expression("(?:mi|code|dev|magi|mini)stral").value();
    BOOST_TEST(mistral.matches("x/codestral-2508"));
    BOOST_TEST(!mistral.matches("mixtral"));
    BOOST_TEST(match_expression("^o[134]").value().matches("o3-mini"));
    BOOST_TEST(!match_expression("^o[134]").value().matches("gpt-4o1"));
}

BOOST_AUTO_TEST_CASE(a_bad_or_long_regex_is_refused) {
    for (std::string const& bad :
         {std::string("("), std::string("["), std::string("a{"), std::string(300, 'a')}) {
        auto const made = match_expression(bad);
        BOOST_TEST(!made.has_value());
        BOOST_TEST((made.error().code == errc::bad_price));
    }
}

BOOST_AUTO_TEST_CASE(groups_are_all_or_any) {
    auto const parts = [] {
        return std::vector{model_match::text(rule::contains, "huggingface"),
                           model_match::text(rule::contains, "groq")};
    };
    auto const both = model_match::group(rule::all_of, parts());
    auto const either = model_match::group(rule::any_of, parts());
    BOOST_TEST(both.matches("huggingface_groq"));
    BOOST_TEST(!both.matches("groq"));
    BOOST_TEST(either.matches("groq"));
    BOOST_TEST(!either.matches("openai"));
}

BOOST_AUTO_TEST_CASE(a_name_over_the_maximum_matches_nothing) {
    std::string const name(detail::model_name_bytes_max + 1, 'a');
    BOOST_TEST(!model_match::text(rule::contains, "a").matches(name));
}

BOOST_AUTO_TEST_CASE(different_rules_have_different_canonical_texts) {
    std::string a;
    std::string b;
    model_match::text(rule::equals, "x").append_canonical(a);
    model_match::text(rule::contains, "x").append_canonical(b);
    BOOST_TEST(a != b);
}

BOOST_AUTO_TEST_SUITE_END()
