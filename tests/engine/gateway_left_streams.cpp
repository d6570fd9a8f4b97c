// SPDX-License-Identifier: MIT
//
// gateway_left_streams.cpp: what a stream costs whose client leaves in its midst: what came, and
// what may have been under way, at a provider that stops then; the most of it at any other.

#include "support/gateway_stand.hpp"

#include <aiaudit/budget/budget_text.hpp>
#include <aiaudit/client/stream_meter.hpp>
#include <aiaudit/providers/request_facts.hpp>

#include <boost/asio/read_until.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(gateway_left_streams)

namespace {

using namespace aiaudit_tests;
using namespace std::chrono_literals;

// As a coding agent asks, with some 70 KB of prompt.
std::string long_question(char const* more = "") {
    return std::string(R"({"model":"claude-opus-4-8","max_tokens":64000,"stream":true,)") + more +
           R"("messages":[{"role":"user","content":[{"type":"text","cache_control":)" +
           R"({"type":"ephemeral","ttl":"1h"},"text":")" + std::string(70'000, 'x') + R"("}]}]})";
}
void to_anthropic(gateway_options& options, bool stops) {
    gateway_upstream& of = options.upstreams[0];
    of.name = "anthropic";
    of.entry.name = "anthropic";
    of.entry.family = api_family::anthropic;
    of.entry.key = key_header::x_api_key;
    of.entry.stops_when_left = stops;
}
// Five pieces, and then nothing until its client is gone: it has billed those.
chaos_step five_pieces() {
    word_list const words(5, "word ");
    auto step = stream_step(anthropic_stream("claude-opus-4-8", words, body_usage{605, 5}, false));
    step.trouble = chaos_trouble::stall_mid_body;
    step.body_bytes_sent = step.body.size();
    step.chunked = true;
    return step;
}
request_facts facts_of(std::string const& question) {
    return facts_of_request(boost::json::parse(question), dialect::anthropic_messages);
}
money dollars(char const* amount) { return money::parse(amount).value(); }
// 605 and 5 tokens.
money truth() { return dollars("0.00315"); }

// Leaves once five pieces have come.
void leave(gateway_stand& at, std::string const& question, char const* path) {
    auto socket = at.connect();
    boost::asio::write(socket, boost::asio::buffer(gateway_stand::post(
                                   question, "anthropic-version: 2023-06-01\r\n", path)));
    std::string all;
    for (int i = 0; i < 5; ++i) {
        auto const end = boost::asio::read_until(socket, boost::asio::dynamic_buffer(all), "word ");
        all.erase(0, end);
    }
}
record left(std::function<void(gateway_options&)> const& change, std::string const& question,
            std::function<void(gateway_stand&)> const& before = {}) {
    gateway_stand at(change);
    if (before) before(at);
    at.provider.script(messages_path, {five_pieces()});
    leave(at, question, messages_path);
    BOOST_TEST(at.provider.wait_for_open_connections(0, 10s));
    auto const records = at.outcomes();
    BOOST_REQUIRE(records.size() == 1U);
    BOOST_TEST(records[0].error_type == "cancelled");
    BOOST_TEST(!records[0].complete);
    BOOST_TEST((records[0].cost_status == cost_status::estimated));
    return records[0];
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_came_is_charged_and_what_was_under_way_at_a_provider_that_stops) {
    auto const one = left([](gateway_options& of) { to_anthropic(of, true); }, long_question());
    BOOST_TEST((one.cost >= truth()));
    BOOST_TEST((one.cost.pico() <= 3 * truth().pico()));
    BOOST_REQUIRE(one.cost_low.has_value());
    BOOST_TEST((*one.cost_low > money{} && *one.cost_low <= truth()));
    BOOST_TEST(one.usage.count(unit::input_tokens) == 605U);
    BOOST_TEST(one.usage.count(unit::output_tokens) >= 5U + detail::way_tokens_least);
    BOOST_TEST(one.usage.count(unit::output_tokens) <= 10U + detail::way_tokens_most);
    BOOST_TEST((one.usage.provenance_of(unit::output_tokens) == provenance::estimated));
}

BOOST_AUTO_TEST_CASE(a_budget_gets_back_what_was_not_written) {
    auto const one = left([](gateway_options& of) { to_anthropic(of, true); }, long_question(),
                          [](gateway_stand& at) {
                              budget day;
                              day.name = "day";
                              day.limit = parse_budget_limit("5", day.unit).value();
                              day.window = parse_budget_window("total").value();
                              at.log.set_budget(day).value();
                          });
    BOOST_TEST((one.cost >= truth() && one.cost.pico() <= 3 * truth().pico()));
}

BOOST_AUTO_TEST_CASE(the_most_is_charged_where_the_provider_may_go_on) {
    for (char const* more :
         {"", R"("tools":[{"type":"web_search_20250305","name":"web_search","max_uses":2}],)"}) {
        bool const has_tools = *more != '\0';
        auto const one =
            left([&](gateway_options& of) { to_anthropic(of, has_tools); }, long_question(more));
        BOOST_TEST(one.usage.count(unit::output_tokens) == 64'000U);
        BOOST_TEST((one.cost > dollars("1.6")));
    }
}

BOOST_AUTO_TEST_CASE(anthropics_models_think_where_they_are_asked_to) {
    BOOST_TEST(facts_of(long_question(R"("thinking":{"type":"adaptive"},)")).may_think);
    BOOST_TEST(!facts_of(long_question()).may_think);
    BOOST_TEST(!facts_of(long_question(R"("thinking":{"type":"disabled"},)")).may_think);
}

BOOST_AUTO_TEST_SUITE_END()
