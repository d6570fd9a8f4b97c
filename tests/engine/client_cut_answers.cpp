// SPDX-License-Identifier: MIT
//
// client_cut_answers.cpp: answers that stall, break off or are no longer wanted: when the call
// ends, what its caller has by then, and what the log says that it cost.

#include "support/bad_day.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(client_cut_answers)

namespace {

using namespace aiaudit_tests;
using trouble = chaos_trouble;

// The stream of one API: "Hel", then "lo".
struct spoken_api {
    char const* name;
    chat_request ask;
    std::string path;
    std::string whole;
    std::string unfinished;
    char const* price;

    // Before the event with "Hel", and within the one with "lo".
    [[nodiscard]] std::size_t before_the_first() const { return whole.find("\"Hel\""); }
    [[nodiscard]] std::size_t within_the_second() const { return whole.find("\"lo\""); }
};

chat_request as_response(chat_request of) {
    of.operation = operation::responses;
    return of;
}
std::vector<spoken_api> spoken_apis() {
    word_list const words{"Hel", "lo"};
    body_usage const usage{100, 10};
    return {{"OpenAI chat", question(), usual_path, openai_chat_stream("gpt-4.1", words, usage),
             openai_chat_stream("gpt-4.1", words, usage, false), good_price},
            {"OpenAI responses", as_response(question()), "/v1/responses",
             openai_responses_stream("gpt-4.1", words, usage),
             openai_responses_stream("gpt-4.1", words, usage, false), good_price},
            {"Anthropic", question("anthropic", "claude-sonnet-4-5"), "/v1/messages",
             anthropic_stream("claude-sonnet-4-5", words, usage),
             anthropic_stream("claude-sonnet-4-5", words, usage, false), "0.00045"},
            {"Gemini", question("google", "gemini-2.5-flash"),
             "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
             gemini_stream("gemini-2.5-flash", words, usage),
             gemini_stream("gemini-2.5-flash", words, usage, false), "0.000055"}};
}

void both_ways(std::function<void(bool tls)> const& test) {
    for (bool const tls : {false, true}) {
        BOOST_TEST_CONTEXT((tls ? "over TLS" : "over HTTP")) {
            soon const bound;
            test(tls);
        }
    }
}
void each_api(std::function<void(spoken_api const& api, bool tls)> const& test) {
    for (auto const& api : spoken_apis()) {
        BOOST_TEST_CONTEXT(api.name)
        both_ways([&](bool tls) { test(api, tls); });
    }
}

bool holds(std::string const& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}
// A stream that halts for long once it has said "Hel".
chaos_step halting(spoken_api const& api) {
    return with_trouble(stream_step(api.whole), trouble::stall_mid_body, api.within_the_second());
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_stream_that_breaks_off_is_final_once_a_part_was_handed_on) {
    each_api([](spoken_api const& api, bool tls) {
        auto const at_byte = api.within_the_second();
        auto broken = with_trouble(stream_step(api.whole), trouble::chunked_broken, at_byte);
        auto cut = with_trouble(stream_step(api.whole), trouble::close_mid_body, at_byte);
        auto without_length = cut;  // only TLS can tell such an end from a cut
        without_length.chunked = false;
        without_length.until_close = true;
        auto const ends = stream_step(api.unfinished);
        std::vector<std::pair<chaos_step, errc>> const cuts{
            {broken, errc::bad_response},
            {cut, errc::connection_lost},
            {without_length, tls ? errc::connection_lost : errc::truncated},
            {ends, errc::truncated}};
        for (auto const& [step, code] : cuts) {
            bad_day at(tls);
            at.script({step}, api.path);
            std::string heard;
            auto const why = at.failure_of(
                at.ai().stream(api.ask, [&](answer_delta const& of) { heard += of.text; }));
            BOOST_TEST(name_of(why.code) == name_of(code));
            BOOST_TEST(heard ==
                       (code == errc::truncated && step.body == ends.body ? "Hello" : "Hel"));
            BOOST_TEST(at.provider().requests().size() == 1U);
            at.check_books({{cost_status::estimated, {}, std::string(name_of(code))}});
            BOOST_TEST(!at.last_outcome().complete);
        }
    });
}

BOOST_AUTO_TEST_CASE(a_stream_that_breaks_off_before_its_first_word_is_repeated) {
    each_api([](spoken_api const& api, bool tls) {
        bad_day at(tls);
        at.script(
            {with_trouble(stream_step(api.whole), trouble::chunked_broken, api.before_the_first()),
             with_trouble(stream_step(api.whole), trouble::close_mid_body, api.before_the_first()),
             stream_step(api.whole, 5)},
            api.path);
        std::string heard;
        auto const reply =
            at.ai().stream(api.ask, [&](answer_delta const& of) { heard += of.text; }).value();
        BOOST_TEST(heard == "Hello");
        BOOST_TEST(reply.text == "Hello");
        BOOST_TEST(reply.attempts == 3U);
        BOOST_TEST((reply.cost_status == cost_status::priced));
        at.check_books({at_its_bounds, at_its_bounds, at_price(api.price)});
    });
}

BOOST_AUTO_TEST_CASE(a_caller_who_has_enough_gets_what_came_and_the_connection_is_closed) {
    each_api([](spoken_api const& api, bool tls) {
        bad_day at(tls);
        at.script({halting(api)}, api.path);
        auto const reply =
            at.ai().stream(api.ask, [](answer_delta const&) { return false; }).value();
        BOOST_TEST(reply.text == "Hel");
        BOOST_TEST(!reply.complete);
        BOOST_TEST((reply.cost_status == cost_status::estimated));
        BOOST_TEST(at.provider().wait_for_open_connections(0));
        at.check_books({at_its_bounds});
        BOOST_TEST(!at.last_outcome().complete);
        BOOST_TEST(at.last_outcome().error_type == "");
    });
}

BOOST_AUTO_TEST_CASE(what_a_callers_function_throws_comes_out_after_the_record) {
    each_api([](spoken_api const& api, bool tls) {
        bad_day at(tls);
        at.script({halting(api)}, api.path);
        struct enough {};
        BOOST_CHECK_THROW(
            static_cast<void>(at.ai().stream(api.ask, [](answer_delta const&) { throw enough(); })),
            enough);
        BOOST_TEST(at.provider().wait_for_open_connections(0));
        BOOST_TEST(at.provider().requests().size() == 1U);
        at.check_books({at_its_bounds});
    });
}

BOOST_AUTO_TEST_CASE(events_may_be_refused_too) {
    both_ways([](bool tls) {
        auto const api = spoken_apis()[0];
        bad_day at(tls);
        at.script({halting(api), stream_step(api.whole)}, api.path);
        std::string const body =
            R"({"model":"gpt-4.1","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"?"}]})";
        int heard = 0;
        auto const hear = [&](std::string_view) { return ++heard < 2; };
        auto const reply = at.ai().send_stream("openai", "/chat/completions", body, hear).value();
        BOOST_TEST(heard == 2);
        BOOST_TEST(!reply.complete);
        auto const count = [&](std::string_view event) {
            BOOST_TEST(!holds(std::string(event), "prompt_tokens"));
            ++heard;
        };
        BOOST_TEST(
            at.ai().send_stream("openai", "/chat/completions", body, count).value().complete);
        BOOST_TEST(heard == 6);  // two and four
        at.check_books({at_its_bounds, at_price(good_price)});
    });
}

BOOST_AUTO_TEST_CASE(what_comes_behind_the_piece_that_was_enough_is_no_failure) {
    both_ways([](bool tls) {
        bad_day at(tls);
        std::string const text = openai_chat_stream("gpt-4.1", {"Hel"}, std::nullopt, false) +
                                 "data: " + error_body(provider_error::openai_server_error) +
                                 "\n\n";
        at.script({stream_step(text)});
        auto const reply =
            at.ai().stream(question(), [](answer_delta const&) { return false; }).value();
        BOOST_TEST(reply.text == "Hel");
        BOOST_TEST(!reply.complete);
        at.check_books({at_its_bounds});
    });
}

BOOST_AUTO_TEST_CASE(an_error_in_the_middle_of_a_stream_is_the_providers) {
    both_ways([](bool tls) {
        auto const api = spoken_apis()[2];
        std::string const overloaded = error_body(provider_error::anthropic_overloaded_mid_stream);
        bad_day at(tls);
        at.script({stream_step(api.unfinished + overloaded)}, api.path);
        std::string heard;
        auto const hear = [&](answer_delta const& of) { heard += of.text; };
        auto const why = at.failure_of(at.ai().stream(api.ask, hear));
        BOOST_TEST((why.code == errc::provider_error));
        BOOST_TEST(holds(why.where, "overloaded_error"));
        BOOST_TEST(why.remote == "Overloaded");
        BOOST_TEST(heard == "Hello");
        at.check_books({{cost_status::estimated, {}, "overloaded_error"}});
        // Before the first word it is as if the provider had said so at once.
        auto const nothing_yet = anthropic_stream("claude-sonnet-4-5", {}, {100, 10}, false);
        bad_day early(tls);
        early.script({stream_step(nothing_yet + overloaded), stream_step(api.whole)}, api.path);
        heard.clear();
        BOOST_TEST(early.ai().stream(api.ask, hear).value().attempts == 2U);
        BOOST_TEST(heard == "Hello");
        early.check_books({at_its_bounds, at_price(api.price)});
    });
}

BOOST_AUTO_TEST_CASE(a_stream_without_usage_is_whole_and_charged_at_its_bounds) {
    both_ways([](bool tls) {
        bad_day at(tls);
        at.script({stream_step(openai_chat_stream("gpt-4.1", {"Hi"}, std::nullopt))});
        auto const reply = at.ai().stream(question(), [](answer_delta const&) {}).value();
        BOOST_TEST(reply.complete);
        BOOST_TEST((reply.cost_status == cost_status::estimated));
        BOOST_REQUIRE(reply.cost_problem.has_value());
        BOOST_TEST((reply.cost_problem->code == errc::no_usage));
        at.check_books({at_its_bounds});
    });
}

BOOST_AUTO_TEST_CASE(a_whole_answer_to_a_stream_is_one_piece) {
    both_ways([](bool tls) {
        bad_day at(tls);
        at.script({good_answer()});
        std::string heard;
        auto const hear = [&](answer_delta const& of) { heard += of.text; };
        BOOST_TEST(at.ai().stream(question(), hear).value().complete);
        BOOST_TEST(heard == "Hi");
        at.check_books({at_price(good_price)});
    });
}

BOOST_AUTO_TEST_CASE(of_two_attempts_the_one_that_is_late_is_stopped_and_charged_at_its_bounds) {
    both_ways([](bool tls) {
        slow_day at(tls, {.hedge_after = 30ms});
        at.script({with_trouble(good_answer(), trouble::stall_before_head), good_answer()});
        auto const reply = at.ai().chat(question()).value();
        BOOST_TEST(reply.text == "Hi");
        BOOST_TEST(reply.attempts == 2U);
        BOOST_TEST(at.provider().wait_for_open_connections(1));  // the one that may be used again
        auto const outcomes = at.outcomes();
        BOOST_REQUIRE(outcomes.size() == 2U);
        BOOST_TEST(name_of(outcomes[0].cost_status) == "priced");
        BOOST_TEST(name_of(outcomes[1].cost_status) == "estimated");
        BOOST_TEST(outcomes[1].error_type == "cancelled");
        BOOST_TEST((reply.cost == outcomes[0].cost + outcomes[1].cost));
    });
}

BOOST_AUTO_TEST_CASE(a_provider_that_says_nothing_is_left_at_the_limits) {
    both_ways([](bool tls) {
        client_options options;
        options.limits.first_byte = 40ms;
        bad_day mute(tls, options);
        mute.script({with_trouble(good_answer(), trouble::stall_before_head)});
        auto why = mute.failure_of(mute.ai().chat(question()));
        BOOST_TEST((why.code == errc::timed_out));
        BOOST_TEST(holds(why.where, "first byte: nothing within 40 ms, after 3 attempts"));
        mute.check_books(
            std::vector<expected_attempt>(3, {cost_status::estimated, {}, "timed_out"}));

        options = {};
        options.limits.between_bytes = 200ms;
        bad_day halts(tls, options);
        auto const api = spoken_apis()[0];
        halts.script({halting(api)});
        why = halts.failure_of(halts.ai().stream(api.ask, [](answer_delta const&) {}));
        BOOST_TEST((why.code == errc::timed_out));
        BOOST_TEST(holds(why.where, "between bytes: nothing within 200 ms"));
        halts.check_books({at_its_bounds});  // a part was handed on
    });
    soon const bound;
    client_options options;
    options.limits.connect = 40ms;
    bad_day deaf(true, options, {.on_accept = connection_trouble::silence});
    auto const why = deaf.failure_of(deaf.ai().chat(question()));
    BOOST_TEST((why.code == errc::timed_out));
    BOOST_TEST(holds(why.where, "connect: nothing within 40 ms"));
    deaf.check_books(std::vector<expected_attempt>(3, {cost_status::no_charge, {}, "timed_out"}));
}

BOOST_AUTO_TEST_CASE(no_call_outlives_its_deadline) {
    auto drip = stream_step(spoken_apis()[0].whole);
    drip.piece_bytes = 1;
    drip.delay_between_pieces = 5ms;
    both_ways([&](bool tls) {
        for (auto const& step : {with_trouble(good_answer(), trouble::stall_before_head), drip}) {
            slow_day at(tls, {.timeout = 300ms});
            at.script({step});
            soon const bound(2s);
            auto const why = at.failure_of(at.ai().stream(question(), [](answer_delta const&) {}));
            BOOST_TEST((why.code == errc::timed_out));
            BOOST_TEST(holds(why.where, "total: the deadline has passed"));
            at.check_books({at_its_bounds});
        }
        slow_day late(tls);
        auto const why = late.failure_of(late.ai().chat(question(), {.timeout = 0ms}));
        BOOST_TEST((why.code == errc::timed_out));
        BOOST_TEST(late.provider().connections() == 0U);
        late.check_books({{cost_status::no_charge, {}, "timed_out"}});
        // Retries that would go on for ever end with it; a busy machine makes two in this time.
        client_options options;
        options.timeout = 700ms;
        options.retry = {.attempts_max = 1'000'000, .first = 1ms, .most = 1ms};
        options.breaker.enabled = false;
        slow_day busy(tls, options);
        busy.script({error_step(provider_error::openai_server_error)});
        soon const bound(2s);
        BOOST_TEST(!busy.ai().chat(question()));
        BOOST_TEST(busy.provider().requests().size() > 1U);
    });
}

BOOST_AUTO_TEST_CASE(a_caller_may_stop_a_call_at_any_time) {
    both_ways([](bool tls) {
        {
            slow_day at(tls);  // in the middle of an attempt
            at.script({with_trouble(good_answer(), trouble::stall_before_head)});
            std::stop_source stop;
            std::jthread const other([&] {
                static_cast<void>(at.provider().wait_for_requests(1));
                stop.request_stop();
            });
            auto const why = at.failure_of(at.ai().chat(question(), {.stop = stop.get_token()}));
            BOOST_TEST((why.code == errc::cancelled));
            BOOST_TEST(at.provider().wait_for_open_connections(0));
            at.check_books({{cost_status::estimated, {}, "cancelled"}});
        }
        {
            slow_day at(tls);  // while it waits to try again
            at.script({with_headers(error_step(provider_error::openai_rate_limited),
                                    {{"Retry-After", "30"}})});
            std::stop_source stop;
            std::jthread const other([&] {
                at.wait_for_outcome();
                stop.request_stop();
            });
            auto const why = at.failure_of(at.ai().chat(question(), {.stop = stop.get_token()}));
            BOOST_TEST((why.code == errc::cancelled));
            BOOST_TEST(holds(why.where, "while waiting"));
            at.check_books({free_of_charge});
        }
        bad_day at(tls);  // before it begins
        std::stop_source stop;
        stop.request_stop();
        auto const why = at.failure_of(at.ai().chat(question(), {.stop = stop.get_token()}));
        BOOST_TEST((why.code == errc::cancelled));
        BOOST_TEST(at.provider().connections() == 0U);
        at.check_books({{cost_status::no_charge, {}, "cancelled"}});
    });
}

BOOST_AUTO_TEST_CASE(a_call_that_is_stopped_before_it_was_sent_costs_nothing) {
    soon const bound;
    slow_day at(true, {}, {.on_accept = connection_trouble::silence});
    std::stop_source stop;
    std::jthread const other([&] {
        static_cast<void>(at.provider().wait_for_open_connections(1));
        std::this_thread::sleep_for(20ms);  // into the handshake
        stop.request_stop();
    });
    auto const why = at.failure_of(at.ai().chat(question(), {.stop = stop.get_token()}));
    BOOST_TEST((why.code == errc::cancelled));
    at.check_books({{cost_status::no_charge, {}, "cancelled"}});
}

BOOST_AUTO_TEST_SUITE_END()
