// SPDX-License-Identifier: MIT
//
// imports.cpp: records made of exchanges and rows from elsewhere, priced by any policy.
#include <aiaudit/import.hpp>
#include <aiaudit/pricing/builtin.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(imports)

namespace {

using namespace aiaudit;

flat_rate dollar_a_token() { return flat_rate::per_token(rate::parse("1").value()); }

exchange openai_chat() {
    exchange made;
    made.provider = "openai";
    made.path = "/v1/chat/completions";
    made.status = 200;
    made.content_type = "application/json";
    made.request = R"({"model":"gpt-4.1","messages":[{"role":"user","content":"Hello"}]})";
    made.response = R"({"id":"r1","object":"chat.completion","model":"gpt-4.1-2025-04-14",)"
                    R"("choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},)"
                    R"("finish_reason":"stop"}],)"
                    R"("usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12}})";
    return made;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_exchange_is_priced_by_a_policy_of_ones_own) {
    auto const made = record_of(openai_chat(), dollar_a_token(), {}).value();
    BOOST_TEST(!made.problem);
    BOOST_TEST(made.entry.cost.to_string() == "12");
    BOOST_TEST((made.entry.price_book == dollar_a_token().revision()));
    auto const by_book = record_of(openai_chat(), builtin_book(), {}).value();
    BOOST_TEST(!by_book.problem);
    BOOST_TEST(by_book.entry.cost.to_string() == "0.000036");
}

BOOST_AUTO_TEST_CASE(a_row_is_priced_by_a_policy_of_ones_own) {
    auto rows = csv_importer::make(
                    "timestamp=when,model=what,provider==openai,input_tokens=in,output_tokens=out",
                    "when,what,in,out")
                    .value();
    std::string const line = "2026-11-01T00:00:00Z,gpt-4.1,10,2";
    auto const made = rows.record_of(line, dollar_a_token()).value();
    BOOST_TEST(!made.problem);
    BOOST_TEST(made.entry.cost.to_string() == "12");
    flat_rate::lookup_cache cache;
    BOOST_TEST((rows.record_of(line, dollar_a_token(), cache)->entry.cost == made.entry.cost));
    auto const by_book = rows.record_of(line, builtin_book()).value();
    BOOST_TEST(by_book.entry.cost.to_string() == "0.000036");
    BOOST_TEST((rows.record_of("1,2", dollar_a_token()).error().code == errc::bad_input));
}

BOOST_AUTO_TEST_SUITE_END()
