// SPDX-License-Identifier: MIT
//
// Answers that count nothing: client and gateway settle each at its bound, so that a budget stops
// them, however many zeros a provider prints.
#include "support/client_stand.hpp"
#include "support/gateway_stand.hpp"

#include <aiaudit/budget/budget_text.hpp>
#include <aiaudit/templates.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(usage_missing)

namespace {

using namespace aiaudit_tests;
namespace test_json = boost::json;

// 200 words, and not one token.
chaos_step free_answer() {
    std::string words;
    for (int i = 0; i < 200; ++i) words += "word ";
    auto body = test_json::parse(openai_chat_body("gpt-4.1", words, {100, 200})).as_object();
    body["usage"] = {{"prompt_tokens", 0}, {"completion_tokens", 0}, {"total_tokens", 0}};
    return json_step(test_json::serialize(body));
}

budget five_cents() {
    budget definition;
    definition.name = "b";
    definition.limit = parse_budget_limit("0.05", budget_unit::usd).value();
    return definition;
}

template <class Ledger>
void check_budget(Ledger& log, int passed) {
    BOOST_TEST(passed > 0);
    BOOST_TEST(passed < 40);
    log.flush().value();  // outcomes are kept relaxed
    auto const state = log.budget_states().value().front();
    BOOST_TEST((state.spent <= state.budget.limit));
    BOOST_TEST((state.spent > state.budget.limit / 2));
}

}  // namespace

BOOST_AUTO_TEST_CASE(forty_answers_without_counts_stop_at_the_budget_of_a_client) {
    policy_stand<client_in_memory> stand;
    stand.log.set_budget(five_cents()).value();
    stand.provider.script(chat_path, {free_answer()});
    chat_request request = hello();
    request.max_tokens = 300;
    int passed = 0;
    for (int i = 0; i < 40; ++i) passed += stand.ai.chat(request).has_value() ? 1 : 0;
    check_budget(stand.log, passed);
    for (record const& each : stand.records(record_kind::outcome)) {
        BOOST_TEST(name_of(each.cost_status) == "estimated");
        BOOST_TEST((each.cost > money{}));
        BOOST_TEST((each.usage.reported_mask() == 0));
    }
}

BOOST_AUTO_TEST_CASE(forty_answers_without_counts_stop_at_the_budget_of_a_gateway) {
    gateway_stand stand;
    stand.log.set_budget(five_cents()).value();
    stand.provider.script(chat_path, {free_answer()});
    std::string const request =
        R"({"model":"gpt-4.1","max_tokens":300,"messages":[{"role":"user","content":"Hi"}]})";
    int passed = 0;
    for (int i = 0; i < 40; ++i)
        passed += status_of(stand.exchange(gateway_stand::post(request))) == 200 ? 1 : 0;
    check_budget(stand.log, passed);
    for (record const& each : stand.outcomes())
        BOOST_TEST(name_of(each.cost_status) == "estimated");
}

BOOST_AUTO_TEST_CASE(what_a_provider_says_that_it_charges_is_what_a_budget_counts) {
    policy_stand<client_in_memory> stand;
    stand.log.set_budget(five_cents()).value();
    auto body = test_json::parse(openai_chat_body("grok-4", "Hi", {100, 10})).as_object();
    body.at("usage").as_object()["cost_in_usd_ticks"] = 135'369'000;
    stand.provider.script(chat_path, {json_step(test_json::serialize(body))});
    chat_request request = hello();
    request.max_tokens = 300;
    auto const reply = stand.ai.chat(request).value();
    BOOST_TEST(reply.cost.to_string() == "0.0135369");
    auto const outcome = stand.records(record_kind::outcome).front();
    BOOST_TEST(name_of(outcome.price_basis) == "provider");
    BOOST_TEST(name_of(outcome.cost_status) == "priced");
    BOOST_TEST((stand.log.budget_states().value().front().spent == reply.cost.pico()));
}

BOOST_AUTO_TEST_CASE(speech_that_comes_as_sound_is_an_answer) {
    gateway_stand stand;
    chaos_step sound = json_step("ID3 not JSON {");
    sound.content_type = "audio/mpeg";
    stand.provider.script("/v1/audio/speech", {sound});
    std::string const request = R"({"model":"gpt-4o-mini-tts","input":"Hello","voice":"alloy"})";
    auto const answer = stand.exchange(gateway_stand::post(request, "", "/v1/audio/speech"));
    BOOST_TEST(status_of(answer) == 200);
    auto const outcomes = stand.outcomes();
    BOOST_TEST_REQUIRE(outcomes.size() == 1U);
    BOOST_TEST(outcomes.front().error_type == "");
    BOOST_TEST((outcomes.front().usage.reported_mask() == 0));
}

BOOST_AUTO_TEST_SUITE_END()
