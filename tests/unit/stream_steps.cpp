// SPDX-License-Identifier: MIT
//
// stream_steps.cpp: how a stream is held in steps: what the first one holds, when more is asked
// for, and what is done where that is refused.

#include <aiaudit/client/stream_guard.hpp>
#include <aiaudit/codec/record_codec.hpp>
#include <aiaudit/pricing/builtin.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(stream_steps)

namespace {

using namespace aiaudit;
using namespace std::chrono_literals;

constexpr std::uint64_t margin = detail::step_margin_tokens;

// A stream of Anthropic's, as its intent is made, and a clock that shows what it is told.
struct stepped {
    explicit stepped(std::string const& more = "")
        : to(provider_named("anthropic").value()), prices(builtin_book()) {
        request.body = R"({"model":"claude-opus-4-8","max_tokens":64000,"stream":true,)" + more +
                       R"("messages":[{"role":"user","content":"Hello"}]})";
        request.target = "/v1/messages";
        request.dialect = dialect::anthropic_messages;
        request.facts =
            facts_of_request(boost::json::parse(request.body), dialect::anthropic_messages);
        where = endpoint_of("anthropic", "/v1/messages").value();
        plan.to = &to;
        plan.key = &key;
        plan.request = &request;
        plan.where = &where;
        plan.model = "claude-opus-4-8";
        plan.who = &options;
        plan.id.bytes[0] = 1;
        plan.stream = true;
    }
    record intent(bool steps = true) {
        return detail::intent_of(plan, timestamp::parse("2026-08-15T12:00:00Z").value(), now,
                                 {0, true, nullptr, nullptr, steps}, prices);
    }
    // What is asked for in turn, of which so much output fits.
    auto guard(detail::stream_meter const& meter, std::uint64_t room) {
        return detail::stream_guard(
            std::optional(intent()), stream_overrun::extend, plan, prices,
            [this, room](record const& larger) -> std::optional<error> {
                asked.push_back(larger.iterations.at(0).usage.count(unit::output_tokens));
                if (asked.back() <= room) return std::nullopt;
                return fail(errc::budget_exceeded, "full");
            },
            &meter);
    }
    void say(detail::response_follower& to_whom, std::string const& text) {
        static_cast<void>(to_whom.feed(
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
            "\"delta\":{\"type\":\"text_delta\",\"text\":\"" +
            text + "\"}}\n\n"));
    }

    provider_entry to;
    price_book prices;
    api_key key{"anthropic", "sk", "id"};
    prepared_request request{};
    endpoint where{};
    call_options options{};
    detail::attempt_plan plan{};
    steady_time now{};
    std::vector<std::uint64_t> asked{};
};

// The stepped stream's follower and meter.
struct running {
    explicit running(stepped& of)
        : follower(detail::exchange_of(of.plan), of.request, of.where, nobody, 0,
                   answer_text::passed),
          meter(of.now, of.request.facts.may_think) {
        follower.begin({200, {{"Content-Type", "text/event-stream"}}});
    }
    detail::stream_listener nobody{};
    detail::response_follower follower;
    detail::stream_meter meter;
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_first_step_is_the_input_and_a_first_piece_of_output) {
    stepped at;
    auto const whole = at.intent(false);
    BOOST_TEST(!whole.cost_low.has_value());
    auto const intent = at.intent();
    BOOST_TEST((intent.cost == whole.cost && intent.usage == whole.usage));
    BOOST_REQUIRE(intent.cost_low.has_value());
    BOOST_TEST(detail::step_output(intent).value() == 2 * margin);
    // 25 USD a million, in its dearest region a tenth more.
    BOOST_TEST(((intent.cost - *intent.cost_low) ==
                money::from_pico(int128{64'000 - 2 * margin} * 25'000'000 * 11 / 10)));
    auto const& step = intent.iterations.at(0).usage;
    BOOST_TEST(step.count(unit::input_tokens) == intent.usage.count(unit::input_tokens));
    BOOST_TEST((decode_record(encode_record(intent)).value() == intent));
}

BOOST_AUTO_TEST_CASE(who_stops_when_he_is_left_is_in_the_table) {
    for (char const* const name : {"openai", "anthropic", "deepseek", "xai", "cohere"})
        BOOST_TEST(provider_named(name).value().stops_when_left, name);
    for (char const* const name : {"google", "groq", "mistral", "openrouter", "perplexity"})
        BOOST_TEST(!provider_named(name).value().stops_when_left, name);
    BOOST_TEST(!provider_entry{}.stops_when_left);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_cut_is_held_whole) {
    stepped goes_on;
    goes_on.to.stops_when_left = false;
    BOOST_TEST(!goes_on.intent().cost_low.has_value());
    stepped whole;
    whole.plan.stream = false;
    BOOST_TEST(!whole.intent().cost_low.has_value());
    stepped tools(R"("tools":[{"type":"web_search_20250305","name":"web_search","max_uses":2}],)");
    BOOST_TEST(!tools.intent().cost_low.has_value());
    stepped searches;
    searches.request.facts.background = true;
    BOOST_TEST(!searches.intent().cost_low.has_value());
    stepped several;
    several.request.facts.parameters.choices = 2;
    BOOST_TEST(!several.intent().cost_low.has_value());
}

BOOST_AUTO_TEST_CASE(more_is_asked_for_before_it_is_needed_twice_as_much_while_there_is_room) {
    stepped at;
    running stream(at);
    auto guard = at.guard(stream.meter, 8'000);
    auto const come = [&](std::size_t bytes) {
        at.say(stream.follower, std::string(bytes, 'x'));
        at.now += 10ms;
        stream.meter.note(at.now, stream.follower);
        return guard(stream.follower);
    };
    BOOST_TEST(guard.has_steps());
    BOOST_TEST(!come(margin).has_value());
    BOOST_TEST(at.asked.empty());
    BOOST_TEST(!come(1).has_value());
    BOOST_TEST((at.asked == std::vector<std::uint64_t>{2 * (2 * margin + 1)}));
    // Twice as much has no room, and just enough has.
    at.asked.clear();
    BOOST_TEST(!come(3'000).has_value());
    std::uint64_t const need = margin + 1 + 3'000 + margin;
    BOOST_TEST((at.asked == std::vector<std::uint64_t>{2 * need, need}));
    // Neither has.
    auto const cut = come(4'000);
    BOOST_REQUIRE(cut.has_value());
    BOOST_TEST((cut->code == errc::budget_exceeded));
}

BOOST_AUTO_TEST_CASE(steps_end_at_the_most_that_was_asked_for) {
    stepped at;
    running stream(at);
    auto guard = at.guard(stream.meter, 64'000);
    at.say(stream.follower, std::string(40'000, 'x'));
    stream.meter.note(at.now, stream.follower);
    BOOST_TEST(!guard(stream.follower).has_value());
    BOOST_TEST((at.asked == std::vector<std::uint64_t>{64'000}));
    BOOST_TEST(!guard.has_steps());
    BOOST_TEST(!guard.outruns(stream.follower));
}

BOOST_AUTO_TEST_CASE(a_model_that_thinks_in_silence_is_held_by_its_time) {
    for (bool const thinks : {false, true}) {
        stepped at(thinks ? R"("thinking":{"type":"adaptive"},)" : "");
        running stream(at);
        auto guard = at.guard(stream.meter, 1'000'000);
        for (int seconds = 0; seconds < 60; ++seconds) {
            at.now += 1s;
            stream.meter.note(at.now, stream.follower);
            BOOST_TEST(!guard(stream.follower).has_value());
        }
        BOOST_TEST(at.asked.empty() == !thinks);
        if (thinks) BOOST_TEST(at.asked.back() >= 59 * detail::written_tokens_a_second + margin);
    }
}

BOOST_AUTO_TEST_SUITE_END()
