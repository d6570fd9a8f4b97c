// SPDX-License-Identifier: MIT
//
// prices quote: what counts cost, without a provider's answer in between.
#include "engine/support/temporary_directory.hpp"
#include "tool/run.hpp"

#include <boost/test/unit_test.hpp>

using test_support::outcome;
using test_support::run;
using test_support::write_file;

namespace {

struct with_book {
    aiaudit_tests::temporary_directory directory{};
    std::string path = directory.path();

    // Two tiers of context, a cheaper batch, and a search.
    with_book() {
        write_file(path + "/book.json", R"({"m": {"litellm_provider": "p", "mode": "chat",
            "input_cost_per_token": 1e-06, "input_cost_per_token_above_200k_tokens": 3e-06,
            "cache_read_input_token_cost": 1e-07, "output_cost_per_token": 7e-06,
            "input_cost_per_token_batches": 5e-07, "output_cost_per_token_batches": 3.5e-06}})");
    }
    outcome quote(std::string const& lines) const {
        write_file(path + "/asked.jsonl", lines);
        return run(path, "prices quote --prices " + path + "/book.json " + path + "/asked.jsonl");
    }
    void refuses(std::string const& lines, std::string const& words) const {
        outcome const ended = quote(lines);
        BOOST_TEST(ended.status == 2);
        BOOST_TEST(ended.out.empty());
        BOOST_TEST(ended.err.find(words) != std::string::npos, ended.err);
    }
};

bool has(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(quotes, with_book)

BOOST_AUTO_TEST_CASE(each_line_is_priced_by_itself_in_order) {
    outcome const ended =
        quote(R"({"id":"a","provider":"p","model":"m",)"
              R"("usage":{"input_tokens":1000,"cache_read_tokens":400,"output_tokens":3}}
{"id":"b","provider":"p","model":"m","usage":{"input_tokens":200001}}
{"id":"c","provider":"p","model":"m","usage":{"input_tokens":1000,"output_tokens":1},)"
              R"("service_tier":"batch"}
)");
    BOOST_TEST(ended.status == 0, ended.err);
    std::string const& answers = ended.out;
    BOOST_TEST(has(answers, R"("id":"a","provider":"p","model":"m","cost_usd":"0.000661")"),
               answers);
    BOOST_TEST(has(answers, R"("input_cost_usd":"0.00064","output_cost_usd":"0.000021")"), answers);
    BOOST_TEST(has(answers, R"("id":"b","provider":"p","model":"m","cost_usd":"0.600003")"),
               answers);
    BOOST_TEST(has(answers, R"("id":"c","provider":"p","model":"m","cost_usd":"0.0005035")"),
               answers);
    BOOST_TEST(has(answers, R"("price_entry":"m","price_basis":"listed")"), answers);
    BOOST_TEST(answers.find("\"a\"") < answers.find("\"b\""));
    BOOST_TEST(answers.find("\"b\"") < answers.find("\"c\""));
}

BOOST_AUTO_TEST_CASE(what_the_book_does_not_know_is_named) {
    outcome const ended =
        quote(R"({"provider":"p","model":"m","usage":{"input_tokens":1,"web_searches":2},)"
              R"("service_tier":"flex","region":"eu","speed":"fast"}
{"provider":"p","model":"other","usage":{"input_tokens":1}}
)");
    BOOST_TEST(ended.status == 0, ended.err);
    BOOST_TEST(has(ended.out, R"("unpriced":["web_searches"])"), ended.out);
    BOOST_TEST(has(ended.out, R"("standard_tier_used":true)"), ended.out);
    BOOST_TEST(has(ended.out, R"("region_ignored":true)"), ended.out);
    BOOST_TEST(has(ended.out, R"("speed_ignored":true)"), ended.out);
    BOOST_TEST(has(ended.out, R"("cost_usd":null,"error":"unknown_model")"), ended.out);
}

BOOST_AUTO_TEST_CASE(a_line_that_is_not_understood_ends_it_without_an_answer) {
    std::string const good = R"({"provider":"p","model":"m","usage":{"input_tokens":1}})"
                             "\n";
    refuses(good + "nonsense\n", "asked.jsonl:2: ");
    refuses(good + R"({"model":"m","usage":{"input":1}})", "asked.jsonl:2: usage: no unit input");
    refuses(R"({"model":"m","usage":{"input_tokens":-1}})", "input_tokens is no whole number");
    refuses(R"({"model":"m","usage":{"input_tokens":1.5}})", "input_tokens is no whole number");
    refuses(R"({"model":"m","usage":[1]})", "usage is no object");
    refuses(R"({"model":"m","tier":"batch"})", "unknown member 'tier'");
    refuses(R"({"model":7})", "'model' is no string");
    refuses(R"({"provider":"p"})", "no model");
    refuses(R"({"model":"m","at":"yesterday"})", "asked.jsonl:1: at");
}

BOOST_AUTO_TEST_SUITE_END()
