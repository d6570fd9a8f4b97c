// SPDX-License-Identifier: MIT
//
// Calls through the client to a provider on loopback: answers, streams, records.

#include "support/client_stand.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(client_calls)

namespace {

using namespace aiaudit_tests;

}  // namespace

BOOST_AUTO_TEST_CASE(a_call_is_an_intent_and_an_outcome_with_its_cost) {
    client_stand at;
    at.provider.script("/v1/chat/completions",
                       {json_step(openai_chat_body("gpt-4.1", "Hi there", {100, 10}))});
    auto const reply = at.ai.chat(hello(), {.user = "ana"}).value();
    BOOST_TEST(reply.text == "Hi there");
    BOOST_TEST(reply.cost.to_string() == "0.00028");
    BOOST_TEST(reply.attempts == 1U);
    auto const records = at.records();
    BOOST_REQUIRE(records.size() == 2U);
    BOOST_TEST((records[0].kind == record_kind::intent));
    BOOST_TEST((records[1].kind == record_kind::outcome));
    BOOST_TEST(records[1].user == "ana");
    BOOST_TEST((records[0].operation_id == records[1].operation_id));
    BOOST_TEST((records[0].cost > records[1].cost));
    BOOST_TEST(records[1].cost.to_string() == "0.00028");
    BOOST_TEST((records[1].cost_status == cost_status::priced));
}

BOOST_AUTO_TEST_CASE(a_stream_is_handed_on_piece_by_piece_and_counted) {
    client_stand at;
    at.provider.script(
        "/v1/chat/completions",
        {stream_step(openai_chat_stream("gpt-4.1", {"Hel", "lo"}, body_usage{100, 10}), 7)});
    std::string heard;
    auto const reply =
        at.ai.stream(hello(), [&](answer_delta const& piece) { heard += piece.text; }).value();
    BOOST_TEST(heard == "Hello");
    BOOST_TEST(reply.text == "Hello");
    BOOST_TEST(reply.cost.to_string() == "0.00028");
    BOOST_TEST(reply.time_to_first_token_ns.has_value());
    BOOST_TEST(at.provider.requests()[0].body.find("include_usage") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_failed_attempt_is_repeated_under_the_same_operation_id) {
    client_stand at;
    at.provider.script("/v1/chat/completions",
                       {error_step(provider_error::openai_server_error),
                        json_step(openai_chat_body("gpt-4.1", "Hi", {100, 10}))});
    auto const reply = at.ai.chat(hello()).value();
    BOOST_TEST(reply.attempts == 2U);
    auto const outcomes = at.outcomes();
    BOOST_REQUIRE(outcomes.size() == 2U);
    BOOST_TEST(outcomes[0].attempt == 1U);
    BOOST_TEST(outcomes[1].attempt == 2U);
    BOOST_TEST((outcomes[0].operation_id == outcomes[1].operation_id));
    BOOST_TEST((outcomes[0].cost_status == cost_status::no_charge));
    auto const seen = at.provider.requests();
    BOOST_TEST(std::string(seen[0].header("idempotency-key")) ==
               std::string(seen[1].header("idempotency-key")));
    BOOST_TEST(at.log.report({}).value().sum.requests == 1U);
    BOOST_TEST(at.log.report({}).value().sum.attempts == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
