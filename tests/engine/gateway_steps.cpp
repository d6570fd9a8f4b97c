// SPDX-License-Identifier: MIT
//
// gateway_steps.cpp: budgets that reserve stepwise: several streams fit where one would, each is
// cut with words where there is no more room, and no limit is passed.

#include "support/gateway_stand.hpp"

#include <aiaudit/budget/budget_text.hpp>
#include <aiaudit/gateway/ticker.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(gateway_steps)

namespace {

using namespace aiaudit_tests;
using namespace std::chrono_literals;

std::string const agent_question = R"({"model":"claude-opus-4-8","max_tokens":64000,"stream":true,)"
                                   R"("messages":[{"role":"user","content":"Hello"}]})";

void to_anthropic(gateway_options& options) {
    gateway_upstream& of = options.upstreams[0];
    of.name = "anthropic";
    of.entry.name = "anthropic";
    of.entry.family = api_family::anthropic;
    of.entry.key = key_header::x_api_key;
    of.entry.stops_when_left = true;
}
struct agents {
    explicit agents(char const* limit, budget_reserve how) : at(to_anthropic) {
        budget of;
        of.name = "agents";
        of.limit = parse_budget_limit(limit, of.unit).value();
        of.window = parse_budget_window("total").value();
        of.reserve = how;
        at.log.set_budget(of).value();
    }
    static std::string post() {
        return gateway_stand::post(agent_question, "anthropic-version: 2023-06-01\r\n",
                                   messages_path);
    }
    // All of which one after the other began, and none has ended; how many were let through.
    std::size_t begin(std::size_t count) {
        auto step =
            stream_step(anthropic_stream("claude-opus-4-8", {"word "}, body_usage{50, 1}, false));
        step.trouble = chaos_trouble::stall_mid_body;
        step.body_bytes_sent = step.body.size();
        step.chunked = true;
        at.provider.script(messages_path, std::vector<chaos_step>(count, step));
        std::size_t good = 0;
        for (std::size_t i = 0; i < count; ++i) {
            sockets.push_back(at.connect());
            boost::asio::write(sockets.back(), boost::asio::buffer(post()));
            std::string head;
            boost::asio::read_until(sockets.back(), boost::asio::dynamic_buffer(head), "\r\n\r\n");
            if (status_of(head) == 200) ++good;
        }
        return good;
    }
    budget_state state() { return at.log.budget_states().value().at(0); }

    gateway_stand at;
    std::vector<boost::asio::ip::tcp::socket> sockets{};
};

int128 dollars(char const* amount) { return parse_budget_limit(amount, budget_unit::usd).value(); }

}  // namespace

// In full each holds 1.76 dollars: 64,000 tokens of 25 a million, and a tenth more.
BOOST_AUTO_TEST_CASE(several_streams_fit_where_in_full_two_would) {
    agents full("5", budget_reserve::full);
    BOOST_TEST(full.begin(4) == 2U);
    agents stepwise("5", budget_reserve::stepwise);
    BOOST_TEST(stepwise.begin(4) == 4U);
    BOOST_TEST((stepwise.state().reserved < dollars("0.3")));
    for (agents* const each : {&full, &stepwise}) {
        each->sockets.clear();
        BOOST_TEST(each->at.provider.wait_for_open_connections(0, 10s));
        each->at.outcomes();
        BOOST_TEST((each->state().reserved == 0));
        BOOST_TEST((each->state().spent < dollars("0.02")));
    }
}

BOOST_AUTO_TEST_CASE(a_stream_that_has_no_room_for_its_next_step_is_cut_and_its_limit_is_kept) {
    agents one("0.3", budget_reserve::stepwise);
    word_list const words(8'000, "word ");
    auto step = stream_step(anthropic_stream("claude-opus-4-8", words, body_usage{50, 8'000}));
    step.piece_bytes = 2'000;
    one.at.provider.script(messages_path, {step});
    auto const answer = one.at.exchange(agents::post());
    BOOST_TEST(status_of(answer) == 200);
    auto const events = unchunked(answer);
    BOOST_TEST(has(events, "event: error\ndata: {\"type\":\"error\","));
    BOOST_TEST(has(events, "the stream was cut: "));
    BOOST_TEST(!has(events, "message_stop"));
    auto const records = one.at.outcomes();
    BOOST_REQUIRE(records.size() == 1U);
    BOOST_TEST(records[0].error_type == "budget_exceeded");
    BOOST_TEST(!records[0].complete);
    BOOST_TEST(records[0].usage.count(unit::input_tokens) == 50U);
    auto const state = one.state();
    BOOST_TEST((state.reserved == 0));
    BOOST_TEST((state.spent <= state.budget.limit));
    BOOST_TEST((state.spent == records[0].cost.pico()));
}

BOOST_AUTO_TEST_CASE(a_stream_that_has_room_is_held_step_by_step_and_ends_whole) {
    agents one("5", budget_reserve::stepwise);
    word_list const words(4'000, "word ");
    auto step = stream_step(anthropic_stream("claude-opus-4-8", words, body_usage{50, 4'000}));
    step.piece_bytes = 4'000;
    one.at.provider.script(messages_path, {step});
    BOOST_TEST(has(unchunked(one.at.exchange(agents::post())), "message_stop"));
    auto const records = one.at.outcomes();
    BOOST_REQUIRE(records.size() == 1U);
    BOOST_TEST((records[0].cost_status == cost_status::priced));
    std::vector<money> steps;
    one.at.log
        .read(sequence{1},
              [&](sequence, record&& entry) {
                  if (entry.kind == record_kind::intent) steps.push_back(entry.cost_low.value());
                  return true;
              })
        .value();
    BOOST_REQUIRE(steps.size() >= 3U);
    BOOST_TEST(steps.size() <= 10U);
    for (std::size_t i = 1; i < steps.size(); ++i) BOOST_TEST((steps[i] > steps[i - 1]));
    BOOST_TEST((steps.back() >= records[0].cost));
}

BOOST_AUTO_TEST_CASE(a_ticker_ends_when_it_is_stopped_and_what_it_does_is_waited_for) {
    boost::asio::io_context io;
    detail::ticker one(io.get_executor(), 1ms);
    int ticks = 0;
    bool inside = false;
    bool ended = false;
    boost::asio::co_spawn(
        io,
        [&]() -> boost::asio::awaitable<void> {
            one.start([&]() -> boost::asio::awaitable<bool> {
                inside = true;
                boost::asio::steady_timer pause(io, 1ms);
                co_await pause.async_wait(boost::asio::use_awaitable);
                inside = false;
                co_return ++ticks < 5;
            });
            while (!inside) {
                boost::asio::steady_timer pause(io, 0ms);
                co_await pause.async_wait(boost::asio::use_awaitable);
            }
            co_await one.wait_idle();
            BOOST_TEST(!inside);
            while (ticks < 5) {
                boost::asio::steady_timer pause(io, 1ms);
                co_await pause.async_wait(boost::asio::use_awaitable);
            }
            co_await one.stop();
            ended = true;
        },
        boost::asio::detached);
    io.run();
    BOOST_TEST(ended);
    BOOST_TEST(ticks == 5);
}

BOOST_AUTO_TEST_SUITE_END()
