// SPDX-License-Identifier: MIT
//
// client_budgets.cpp: calls that budgets cover: what is held for an attempt, what is done where
// there is no room, and how much output a request may ask for.

#include "engine/support/temporary_directory.hpp"
#include "support/client_stand.hpp"

#include <aiaudit/budget/budget_text.hpp>
#include <aiaudit/cache/memory_cache.hpp>
#include <aiaudit/providers/request_facts.hpp>
#include <aiaudit/providers/usage_bounds.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(client_budgets)

namespace {

using namespace aiaudit_tests;
using namespace std::chrono_literals;

// A clock and a timer that show one time, which moves only when it is waited for.
std::atomic<std::int64_t> shared_ns{0};
struct shared_clock {
    [[nodiscard]] timestamp now() const noexcept {
        return {1'800'000'000'000'000'000 + shared_ns.load()};
    }
};
struct shared_timer {
    [[nodiscard]] steady_time now() const noexcept {
        return steady_time{std::chrono::nanoseconds{shared_ns.load()}};
    }
    void wait_until(steady_time until, std::stop_token const& stop) noexcept {
        if (stop.stop_requested()) return;
        shared_ns = std::max<std::int64_t>(
            shared_ns, std::chrono::nanoseconds{until.time_since_epoch()}.count());
    }
};
struct budgeted_by_hand : client_in_memory {
    using clock = shared_clock;
    using timer = shared_timer;
};
struct budgeted_and_cached : client_in_memory {
    using cache = memory_cache;
};

budget limit_of(char const* amount, std::string name = "b", budget_unit unit = budget_unit::usd) {
    budget made;
    made.name = std::move(name);
    made.unit = unit;
    made.limit = parse_budget_limit(amount, unit).value();
    made.window = parse_budget_window("total").value();
    return made;
}
budget limit_then(char const* amount, char const* action) {
    budget made = limit_of(amount);
    parse_budget_action(action, made).value();
    return made;
}
budget a_minute(char const* requests, char const* action) {
    budget made = limit_of(requests, "rate", budget_unit::requests);
    made.window = parse_budget_window("minute").value();
    parse_budget_action(action, made).value();
    return made;
}

template <class Policies>
struct budget_stand_of : policy_stand<Policies> {
    explicit budget_stand_of(std::vector<budget> const& budgets, client_options options = {})
        : policy_stand<Policies>(std::move(options)) {
        for (budget const& each : budgets) this->log.set_budget(each).value();
        this->provider.script(chat_path, {json_step(openai_chat_body("gpt-4.1", "Hi", {100, 10}))});
        this->provider.script("/v1/responses", {json_step(openai_chat_body("gpt-4.1", "Hi", {}))});
        this->provider.script(
            messages_path,
            {json_step(anthropic_message_body("claude-sonnet-4-5", "Salut", {100, 10}))});
    }
    std::vector<record> refusals() { return this->records(record_kind::refusal); }
    std::vector<record> intents() { return this->records(record_kind::intent); }
    budget_state state() {
        auto const all = this->log.budget_states().value();
        BOOST_REQUIRE(!all.empty());
        return all.front();
    }
    std::string body(std::size_t at = 0) { return this->provider.requests().at(at).body; }
};
using budget_stand = budget_stand_of<client_in_memory>;
using timed_stand = budget_stand_of<budgeted_by_hand>;

chat_request short_question() {
    chat_request asked = hello();
    asked.max_tokens = 10;
    return asked;
}

chat_request file_question() {
    chat_request asked = short_question();
    asked.messages = {{.role = "user", .json = R"([{"type":"file","file":{"file_id":"f"}}])"}};
    return asked;
}

// What an attempt is held at, found by making it where there is room.
std::string held_for(chat_request const& asked) {
    budget_stand at({limit_of("1000")});
    at.ai.chat(asked).value();
    return at.intents().at(0).cost.to_string();
}

bool contains(std::string const& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

std::string without(std::string text, std::string_view part) {
    return text.erase(text.find(part), part.size());
}

word_list many_words(std::size_t count) { return word_list(count, "word "); }

// A provider that takes no notice of the limit, and then halts for long.
chaos_step unruly_stream(bool halts) {
    auto step = stream_step(openai_chat_stream("gpt-4.1", many_words(600), body_usage{100, 600}));
    if (!halts) return step;
    step.trouble = chaos_trouble::stall_mid_body;
    step.body_bytes_sent = step.body.size() - 400;
    return step;
}

}  // namespace

// --- what is held ---

BOOST_AUTO_TEST_CASE(the_most_is_held_before_a_byte_leaves_and_the_real_cost_is_booked) {
    budget_stand at({limit_of("1")});
    auto const reply = at.ai.chat(short_question()).value();
    BOOST_TEST(reply.cost.to_string() == "0.00028");
    BOOST_TEST(!reply.budget_warned);
    auto const intent = at.intents().at(0);
    std::uint64_t const input = at.body().size() + template_tokens_max;
    BOOST_TEST(intent.usage.count(unit::input_tokens) == input);
    BOOST_TEST(intent.usage.count(unit::output_tokens) == 10U);
    // In the tier "priority", in Europe: 3.5 and 14 USD for a million tokens, and a tenth more.
    BOOST_TEST((intent.cost ==
                money::from_pico(static_cast<int128>(input) * 3'850'000 + 10 * 15'400'000)));
    BOOST_TEST((intent.cost_status == cost_status::estimated));
    BOOST_TEST(intent.duration_ns.has_value());
    auto const state = at.state();
    BOOST_TEST((state.spent == reply.cost.pico()));
    BOOST_TEST((state.reserved == 0));
}

BOOST_AUTO_TEST_CASE(each_attempt_holds_for_itself_and_one_that_was_not_billed_gives_back) {
    budget_stand at({limit_of("1")});
    at.provider.script(chat_path, {error_step(provider_error::openai_server_error),
                                   json_step(openai_chat_body("gpt-4.1", "Hi", {100, 10}))});
    BOOST_TEST(at.ai.chat(short_question()).value().attempts == 2U);
    BOOST_TEST(at.intents().size() == 2U);
    BOOST_TEST(
        (at.state().spent == money::parse("0.00028").value().pico() && at.state().reserved == 0));
}

// Its region may be a dearer one: 5 and 25 a million, and a tenth more.
BOOST_AUTO_TEST_CASE(what_was_cut_before_it_said_anything_is_charged_what_was_held) {
    client_options options;
    options.retry.attempts_max = 1;
    budget_stand at({limit_of("1")}, options);
    auto cut = json_step(anthropic_message_body("claude-opus-4-8", "Salut", {100, 10}));
    cut.trouble = chaos_trouble::close_mid_body;
    cut.body_bytes_sent = 5;
    at.provider.script(messages_path, {cut});
    chat_request asked = short_question();
    asked.provider = "anthropic";
    asked.model = "claude-opus-4-8";
    BOOST_TEST(!at.ai.chat(asked));
    auto const held = at.intents().at(0).cost;
    auto const input = static_cast<int128>(at.body().size() + template_tokens_max);
    BOOST_TEST(held.to_string() ==
               money::from_pico((input * 5'000'000 + 10 * 25'000'000) * 11 / 10).to_string());
    BOOST_TEST(at.outcomes().at(0).cost.to_string() == held.to_string());
    BOOST_TEST((at.outcomes().at(0).cost_status == cost_status::estimated));
    BOOST_TEST((at.state().spent == held.pico() && at.state().reserved == 0));
}

BOOST_AUTO_TEST_CASE(with_budgets_there_is_an_intent_whatever_was_asked_for) {
    for (intent_mode const mode : {intent_mode::none, intent_mode::relaxed}) {
        budget_stand at({limit_of("1")}, {.intent = mode});
        at.ai.chat(hello()).value();
        BOOST_TEST(at.intents().size() == 1U);
        BOOST_TEST((at.state().reserved == 0));
    }
    budget_stand without({}, {.intent = intent_mode::relaxed});
    without.ai.chat(hello()).value();
    BOOST_TEST(without.intents().size() == 1U);
    budget_stand none({}, {.intent = intent_mode::none});
    none.ai.chat(hello()).value();
    BOOST_TEST(none.intents().empty());
}

BOOST_AUTO_TEST_CASE(who_asks_is_who_is_counted) {
    budget each = limit_of("0.0016");
    each.scope = parse_budget_scope("each-user").value();
    budget_stand at({each});
    BOOST_TEST(at.ai.chat(short_question(), {.user = "ana"}).has_value());
    BOOST_TEST(!at.ai.chat(short_question(), {.user = "ana"}).has_value());
    BOOST_TEST(at.ai.chat(short_question(), {.user = "bob"}).has_value());
    BOOST_TEST(at.refusals().at(0).user == "ana");
    BOOST_TEST(tag_of(at.refusals().at(0), "subject") == "user=ana");
}

// --- refused ---

BOOST_AUTO_TEST_CASE(a_full_budget_refuses_and_nothing_is_sent) {
    budget_stand at({limit_of("0.0001")});
    std::vector<budget_refusal> heard;
    call_options options;
    options.user = "ana";
    options.on_refusal = [&](budget_refusal const& why) { heard.push_back(why); };
    auto const reply = at.ai.chat(short_question(), options);
    BOOST_REQUIRE(!reply);
    BOOST_TEST((reply.error().code == errc::budget_exceeded));
    BOOST_TEST(contains(reply.error().where, "openai gpt-4.1"));
    BOOST_REQUIRE(heard.size() == 1U);
    BOOST_TEST(contains(reply.error().where, refusal_text(heard[0])));
    BOOST_TEST(heard[0].budget == "b");
    BOOST_TEST((heard[0].reason == refusal_reason::full));
    BOOST_TEST(money::from_pico(heard[0].asked).to_string() == held_for(short_question()));
    BOOST_TEST(at.asked() == 0U);
    BOOST_TEST(at.outcomes().empty());
    BOOST_TEST(at.intents().empty());
    auto const refusals = at.refusals();
    BOOST_REQUIRE(refusals.size() == 1U);
    BOOST_TEST(refusals[0].user == "ana");
    BOOST_TEST(refusals[0].error_type == "budget_exceeded");
    BOOST_TEST(tag_of(refusals[0], "budget") == "b");
    BOOST_TEST((refusals[0].cost_status == cost_status::no_charge));
    BOOST_TEST((at.state().spent == 0 && at.state().reserved == 0));
}

BOOST_AUTO_TEST_CASE(refusals_are_no_failures_of_the_provider) {
    client_options options;
    options.breaker.calls_min = 2;
    budget_stand at({limit_of("0.0001")}, options);
    for (int i = 0; i < 10; ++i)
        BOOST_TEST((at.ai.chat(short_question()).error().code == errc::budget_exceeded));
    for (auto const& circuit : at.ai.circuits())
        BOOST_TEST((circuit.state == breaker_state::closed));
    at.log.remove_budget("b").value();
    BOOST_TEST(at.ai.chat(short_question()).has_value());
}

BOOST_AUTO_TEST_CASE(what_has_no_bound_or_no_price_is_refused_with_the_reason) {
    budget_stand at({limit_of("1000")});
    std::optional<refusal_reason> why;
    call_options options;
    options.on_refusal = [&](budget_refusal const& of) { why = of.reason; };
    chat_request searching = hello();
    searching.extra = R"({"tools":[{"type":"function"},{"type":"web_search"}]})";
    auto reply = at.ai.chat(searching, options);
    BOOST_TEST((reply.error().code == errc::unbounded));
    BOOST_TEST((why == refusal_reason::unbounded));
    BOOST_TEST(contains(reply.error().where, "nothing bounds what 'tools[1]: web_search' adds"));
    BOOST_TEST(!contains(reply.error().where, "asked"));
    BOOST_TEST(
        contains(std::string(tag_of(at.refusals().at(0), "because")), "tools[1]: web_search"));
    chat_request unpriced = hello();
    unpriced.model = "nobody-knows";
    reply = at.ai.chat(unpriced, options);
    BOOST_TEST((reply.error().code == errc::unbounded));
    BOOST_TEST((why == refusal_reason::unpriced));
    std::string const drawing = R"({"model":"gpt-4.1","prompt":"a cat"})";
    auto const drawn = at.ai.send("openai", "/images/generations", drawing, options);
    BOOST_TEST((drawn.error().code == errc::unbounded));
    BOOST_TEST(at.asked() == 0U);
    BOOST_TEST(at.refusals().at(0).error_type == "unbounded");
}

BOOST_AUTO_TEST_CASE(a_budget_may_hold_a_stated_amount_for_what_has_no_bound) {
    budget_stand at({limit_then("5", "refuse;hold=2")});
    chat_request searching = short_question();
    searching.extra = R"({"tools":[{"type":"image_generation"}]})";
    at.ai.chat(searching).value();
    // What it cost is known in the end; of what never is, the amount stays.
    BOOST_TEST((at.state().reserved == 0));
    BOOST_TEST((at.state().spent == at.outcomes().at(0).cost.pico()));
    at.provider.script(chat_path, {json_step(openai_chat_body("nobody-knows", "Hi", {100, 10}))});
    chat_request unpriced = short_question();
    unpriced.model = "nobody-knows";
    for (int i = 0; i < 2; ++i) at.ai.chat(unpriced).value();
    auto const two = money::parse("4").value();
    BOOST_TEST((at.state().spent == at.outcomes().at(0).cost.pico() + two.pico()));
    BOOST_TEST((at.ai.chat(unpriced).error().code == errc::budget_exceeded));
}

BOOST_AUTO_TEST_CASE(what_no_bytes_bound_is_held_at_the_model_s_context) {
    budget_stand at({limit_of("1000")});
    at.ai.chat(file_question()).value();
    at.ai
        .send("openai", "/responses",
              R"({"model":"gpt-4.1","input":"x","previous_response_id":"r","max_output_tokens":9})")
        .value();
    for (record const& intent : at.intents()) {
        BOOST_TEST(intent.usage.count(unit::input_tokens) == 1'047'576U);
        BOOST_TEST((intent.cost_status == cost_status::estimated));
        BOOST_TEST((intent.cost > money::parse("2").value()));
    }
}

BOOST_AUTO_TEST_CASE(a_picture_is_held_at_the_most_of_its_model_wherever_it_is) {
    std::string const data = "data:image/png;base64," + std::string(20'000, 'A');
    for (std::string const& address : {data, std::string{"https://x.test/a.png"}}) {
        budget_stand at({limit_of("1000")});
        chat_request asked = short_question();
        asked.messages = {
            {.role = "user",
             .json = R"([{"type":"image_url","image_url":{"url":")" + address + "\"}}]"}};
        at.ai.chat(asked).value();
        auto const input = at.intents().at(0).usage.count(unit::input_tokens);
        BOOST_TEST(input >= 1'445U);
        BOOST_TEST(input < 2'445U);
        // Of a model without a guide, 50,000 tokens, and what is elsewhere its context.
        asked.model = "gpt-4o-mini";
        at.provider.script(chat_path, {json_step(openai_chat_body("gpt-4o-mini", "Hi", {9, 1}))});
        at.ai.chat(asked).value();
        auto const most = at.intents().at(1).usage.count(unit::input_tokens);
        BOOST_TEST(most >= picture_tokens_max);
        BOOST_TEST((most == 128'000U) == (address != data));
    }
}

BOOST_AUTO_TEST_CASE(a_provider_s_tool_is_given_a_limit_and_held_with_its_price) {
    budget_stand at({limit_of("1000")});
    std::string const question =
        R"({"model":"gpt-4.1","input":"x","max_output_tokens":9,"tools":[{"type":"web_search"}]})";
    at.ai.send("openai", "/responses", question).value();
    BOOST_TEST(contains(at.body(), R"("max_tool_calls":4)"));
    auto const held = at.intents().at(0).usage;
    BOOST_TEST(held.count(unit::input_tokens) == 5U * 1'047'576U);
    BOOST_TEST(held.count(unit::web_searches) == 4U);
    budget_stand without({});
    without.ai.send("openai", "/responses", question).value();
    BOOST_TEST(without.body() == question);
}

BOOST_AUTO_TEST_CASE(a_dearer_tier_is_held_at_its_rate_and_one_without_a_rate_is_refused) {
    auto const held = [](char const* tier) {
        budget_stand at({limit_of("1000")});
        chat_request asked = short_question();
        asked.extra = std::string(R"({"service_tier":")") + tier + R"("})";
        auto const reply = at.ai.chat(asked);
        return reply ? at.intents().at(0).cost.to_string() : reply.error().where;
    };
    auto const cost = [&](char const* tier) { return money::parse(held(tier)).value(); };
    for (char const* tier : {"priority", "auto"})
        BOOST_TEST((cost(tier).pico() * 2 > cost("default").pico() * 3), tier);
    BOOST_TEST(contains(held("scale"), "has no price in the service tier 'scale'"));
}

BOOST_AUTO_TEST_CASE(
    a_tier_that_no_answer_tells_is_charged_where_it_is_dearer_and_not_where_cheaper) {
    auto const charged = [](std::string const& members) {
        budget_stand at({limit_of("1000")});
        std::string const answer = openai_chat_body("gpt-4.1", "Hi", {100, 10});
        at.provider.script(chat_path, {json_step(without(answer, R"("service_tier":"default",)"))});
        chat_request asked = short_question();
        asked.extra = "{" + members + "}";
        at.ai.chat(asked).value();
        return at.outcomes().at(0).cost.pico();
    };
    auto const plain = charged("");
    BOOST_TEST((plain > 0));
    BOOST_TEST((charged(R"("service_tier":"priority")") * 2 > plain * 3));
    for (char const* tier : {"default", "flex", "batch"})
        BOOST_TEST((charged(std::string(R"("service_tier":")") + tier + "\"") == plain), tier);
}

BOOST_AUTO_TEST_CASE(a_speed_and_a_place_that_no_answer_tells_are_charged_as_asked) {
    std::string const question = R"({"model":"claude-opus-4-6","max_tokens":10,"messages":[]})";
    auto const charged = [&](std::string const& member, std::string const& told) {
        budget_stand at({limit_of("1000")});
        std::string answer = without(anthropic_message_body("claude-opus-4-6", "Salut", {100, 10}),
                                     R"(,"inference_geo":"global")");
        if (!told.empty()) answer.insert(answer.find(R"("input_tokens")"), told + ",");
        at.provider.script(messages_path, {json_step(answer)});
        std::string body = question;
        if (!member.empty()) body.insert(1, member + ",");
        at.ai.send("anthropic", "/messages", body).value();
        return at.outcomes().at(0).cost.pico();
    };
    auto const plain = charged("", "");
    BOOST_TEST((charged(R"("speed":"fast")", "") == plain * 6));
    BOOST_TEST((charged(R"("speed":"fast")", R"("speed":"standard")") == plain));
    BOOST_TEST((charged(R"("speed":"standard")", "") == plain));
    BOOST_TEST((charged(R"("inference_geo":"us")", "") * 10 == plain * 11));
    BOOST_TEST((charged(R"("inference_geo":"us")", R"("inference_geo":"global")") == plain));
}

BOOST_AUTO_TEST_CASE(tokens_without_a_bound_are_refused_by_a_budget_of_tokens) {
    budget_stand at({limit_of("1000000", "t", budget_unit::tokens)});
    chat_request searching = hello();
    searching.extra = R"({"tools":[{"type":"web_search"}]})";
    BOOST_TEST((at.ai.chat(searching).error().code == errc::unbounded));
    // Its prices do not say how large its context is.
    chat_request reading = file_question();
    reading.model = "nobody-knows";
    auto const refused = at.ai.chat(reading);
    BOOST_TEST((refused.error().code == errc::unbounded));
    BOOST_TEST(contains(refused.error().where, "'messages[0].content[0]: file'"));
    // That of a model that they know is larger than the budget.
    BOOST_TEST((at.ai.chat(file_question()).error().code == errc::budget_exceeded));
    // A price is not asked for.
    chat_request unpriced = short_question();
    unpriced.model = "nobody-knows";
    BOOST_TEST(at.ai.chat(unpriced).has_value());
    BOOST_TEST((at.state().spent == 110));
}

BOOST_AUTO_TEST_CASE(a_fallback_is_tried_only_where_its_policy_says_so) {
    budget only = limit_of("0.0001");
    only.scope = parse_budget_scope("provider=openai").value();
    client_options options;
    options.fallback.to = {{"anthropic", "claude-sonnet-4-5"}};
    {
        budget_stand at({only}, options);
        BOOST_TEST((at.ai.chat(short_question()).error().code == errc::budget_exceeded));
        BOOST_TEST(at.asked() == 0U);
    }
    options.fallback.after.push_back(error_class::budget);
    budget_stand at({only}, options);
    auto const reply = at.ai.chat(short_question()).value();
    BOOST_TEST(reply.provider == "anthropic");
    BOOST_TEST(reply.attempts == 1U);
    BOOST_TEST(at.refusals().size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_answer_from_the_cache_needs_no_room) {
    client_options options;
    options.cache.path = "here";
    budget_stand_of<budgeted_and_cached> at({limit_of("0.0016")}, options);
    chat_request sure = short_question();
    sure.temperature = 0;
    BOOST_TEST(!at.ai.chat(sure).value().from_cache());
    BOOST_TEST(at.ai.chat(sure).value().from_cache());
    chat_request other = sure;
    other.system = "Brief.";
    BOOST_TEST((at.ai.chat(other).error().code == errc::budget_exceeded));
    BOOST_TEST(at.ai.chat(sure).value().from_cache());
}

// --- other ends ---

BOOST_AUTO_TEST_CASE(a_budget_that_only_warns_lets_the_call_through_and_says_so) {
    budget_stand at({limit_then("0.0001", "warn")});
    auto const reply = at.ai.chat(short_question()).value();
    BOOST_TEST(reply.budget_warned);
    BOOST_TEST(at.refusals().empty());
    BOOST_TEST((at.state().spent == reply.cost.pico()));
}

BOOST_AUTO_TEST_CASE(a_cheaper_model_is_asked_where_the_dear_one_does_not_fit) {
    // Room for mini's 0.4 and 1.6, not for 2 and 8, a million.
    budget_stand at({limit_then("0.0004", "downgrade=gpt-4.1-mini,gpt-4.1-nano")});
    at.provider.script(chat_path, {json_step(openai_chat_body("gpt-4.1-mini", "Hi", {100, 10}))});
    std::vector<std::string> heard;
    call_options options;
    options.tags = {{"team", "red"}};
    options.on_refusal = [&](budget_refusal const& why) { heard.push_back(why.budget); };
    auto const reply = at.ai.chat(short_question(), options).value();
    BOOST_TEST(reply.model == "gpt-4.1-mini");
    BOOST_TEST(reply.downgraded_from == "gpt-4.1");
    BOOST_TEST(reply.attempts == 1U);
    BOOST_TEST(heard.size() == 1U);
    BOOST_TEST(contains(at.body(), R"("model":"gpt-4.1-mini")"));
    BOOST_TEST(at.asked() == 1U);
    auto const outcome = at.outcomes().at(0);
    BOOST_TEST(outcome.model_requested == "gpt-4.1-mini");
    BOOST_TEST(tag_of(outcome, "downgraded_from") == "gpt-4.1");
    BOOST_TEST(tag_of(outcome, "team") == "red");
    BOOST_TEST(tag_of(at.intents().at(0), "downgraded_from") == "gpt-4.1");
    BOOST_TEST(at.refusals().at(0).model_requested == "gpt-4.1");
    // The next one does not fit mini either.
    at.provider.script(chat_path, {json_step(openai_chat_body("gpt-4.1-nano", "Hi", {100, 10}))});
    auto const third = at.ai.chat(short_question(), options).value();
    BOOST_TEST(third.model == "gpt-4.1-nano");
    BOOST_TEST(third.downgraded_from == "gpt-4.1");
}

BOOST_AUTO_TEST_CASE(where_no_model_of_the_list_fits_the_call_is_refused) {
    budget_stand at({limit_then("0.000001", "downgrade=gpt-4.1,gpt-4.1-mini,gpt-4.1-nano")});
    auto const reply = at.ai.chat(short_question());
    BOOST_TEST((reply.error().code == errc::budget_exceeded));
    BOOST_TEST(contains(reply.error().where, "gpt-4.1-nano"));
    BOOST_TEST(at.refusals().size() == 3U);
    BOOST_TEST(at.asked() == 0U);
    // Where the path names the model there is no other.
    auto const fixed = at.ai.send("google", "/models/gemini-2.5-pro:generateContent",
                                  R"({"contents":[{"parts":[{"text":"Hi"}]}]})", {.headers = {}});
    BOOST_TEST(!fixed);
}

// --- rates ---

BOOST_AUTO_TEST_CASE(a_call_waits_for_a_rate_as_long_as_it_may) {
    shared_ns = 0;
    timed_stand at({a_minute("2", "wait=40000")});
    for (int i = 0; i < 2; ++i) at.ai.chat(short_question()).value();
    BOOST_TEST(shared_ns.load() == 0);
    auto const reply = at.ai.chat(short_question()).value();
    BOOST_TEST(shared_ns.load() == 30'000'000'000);  // two a minute
    BOOST_TEST(reply.duration_ns == 30'000'000'000U);
    BOOST_TEST(at.refusals().empty());
    // Its attempt begins after the wait.
    BOOST_TEST((at.outcomes().at(2).started_at == at.log.time().now()));
}

BOOST_AUTO_TEST_CASE(a_wait_that_is_too_long_is_refused_with_its_time) {
    shared_ns = 0;
    timed_stand at({a_minute("2", "wait=20000")});
    for (int i = 0; i < 2; ++i) at.ai.chat(short_question()).value();
    auto const reply = at.ai.chat(short_question());
    BOOST_TEST((reply.error().code == errc::rate_limited));
    BOOST_TEST(reply.error().retry_after_ms == 30'000U);
    BOOST_TEST(shared_ns.load() == 0);
    BOOST_TEST(at.refusals().at(0).error_type == "rate_limited");
    BOOST_TEST(at.asked() == 2U);
}

BOOST_AUTO_TEST_CASE(a_wait_ends_before_the_calls_own_time_and_when_it_is_stopped) {
    shared_ns = 0;
    timed_stand at({a_minute("1", "wait=60000")});
    at.ai.chat(short_question()).value();
    BOOST_TEST((at.ai.chat(short_question(), {.timeout = 10s}).error().code == errc::rate_limited));
    std::stop_source stop;
    stop.request_stop();
    auto const stopped = at.ai.chat(short_question(), {.stop = stop.get_token()});
    BOOST_TEST((stopped.error().code == errc::cancelled));
    BOOST_TEST(contains(stopped.error().where, "while waiting"));
    BOOST_TEST(shared_ns.load() == 0);
    BOOST_TEST(at.asked() == 1U);
}

// --- how much output ---

BOOST_AUTO_TEST_CASE(a_request_without_a_limit_is_held_at_the_model_s_own_most_and_not_cut) {
    budget_stand at({limit_of("1000")});
    at.ai.chat(hello()).value();
    BOOST_TEST(!contains(at.body(), "max_"));
    BOOST_TEST(at.intents().at(0).usage.count(unit::output_tokens) == 32'768U);
}

BOOST_AUTO_TEST_CASE(a_limit_in_the_newer_word_alone_is_said_in_the_older_where_that_is_the_api_s) {
    client_options options;
    budget_stand at({limit_of("1000000", "t", budget_unit::tokens)}, options);
    std::string const question = R"({"model":"m","messages":[],"max_completion_tokens":9})";
    at.ai.send("openai", "/chat/completions", question).value();
    BOOST_TEST(at.body() == question);
    at.provider.script("/v1/completions", {json_step(openai_chat_body("m", "Hi", {}))});
    at.ai.send("openai", "/completions", question).value();
    BOOST_TEST(contains(at.body(1), R"("max_tokens":9)"));
}

BOOST_AUTO_TEST_CASE(with_budgets_a_request_to_a_model_without_a_known_limit_is_given_one) {
    budget_stand at({limit_of("1000000", "t", budget_unit::tokens)});
    chat_request unknown = hello();
    unknown.model = "nobody-knows";
    at.ai.chat(unknown).value();
    BOOST_TEST(contains(at.body(), R"("max_completion_tokens":4096)"));
    BOOST_TEST(at.intents().at(0).parameters.max_output_tokens.value() == 4096U);
    at.ai
        .send("openai", "/chat/completions",
              R"({"model":"nobody-knows","messages":[{"role":"user","content":"Hi"}]})")
        .value();
    BOOST_TEST(contains(at.body(1), R"("max_completion_tokens":4096)"));
    at.ai.chat(short_question()).value();
    BOOST_TEST(contains(at.body(2), R"("max_completion_tokens":10})"));
    budget_stand without({});
    without.ai.chat(hello()).value();
    BOOST_TEST(!contains(without.body(), "max_"));
}

BOOST_AUTO_TEST_CASE(caps_hold_for_their_model_and_for_all) {
    client_options options;
    options.output_caps = {{"gpt-4.1", 50}};
    options.output_most = 70;
    for (bool const budgets : {false, true}) {
        budget_stand at(budgets ? std::vector{limit_of("1000")} : std::vector<budget>{}, options);
        chat_request asked = hello();
        auto const limit_in = [&](chat_request const& of) {
            at.ai.chat(of).value();
            auto const sent = at.provider.requests().back().body;
            return facts_of_request(std::string_view{sent}).parameters.max_output_tokens.value();
        };
        BOOST_TEST(limit_in(asked) == 50U);
        asked.max_tokens = 9000;
        BOOST_TEST(limit_in(asked) == 50U);
        asked.max_tokens = 20;
        BOOST_TEST(limit_in(asked) == 20U);
        asked.model = "gpt-4.1-mini";
        asked.max_tokens = 9000;
        BOOST_TEST(limit_in(asked) == 70U);
        asked.provider = "anthropic";
        asked.model = "claude-sonnet-4-5";
        asked.max_tokens.reset();
        BOOST_TEST(limit_in(asked) == 70U);
    }
    options.when_over_cap = over_cap::refuse;
    budget_stand strict({}, options);
    chat_request asked = hello();
    asked.max_tokens = 51;
    auto const refused = strict.ai.chat(asked);
    BOOST_TEST((refused.error().code == errc::bad_argument));
    BOOST_TEST(contains(refused.error().where, "gpt-4.1 may have 50"));
    BOOST_TEST(strict.asked() == 0U);
    BOOST_TEST(strict.ai.chat(hello()).has_value());
}

// --- streams that outrun what is held ---

BOOST_AUTO_TEST_CASE(a_stream_that_outruns_its_limit_holds_more_where_there_is_room) {
    budget_stand at({limit_of("1")});
    at.provider.script(chat_path, {unruly_stream(false)});
    auto const reply = at.ai.stream(short_question(), [](answer_delta const&) {}).value();
    BOOST_TEST(reply.complete);
    BOOST_TEST(reply.usage.count(unit::output_tokens) == 600U);
    auto const intents = at.intents();
    BOOST_REQUIRE(intents.size() >= 2U);
    BOOST_TEST((intents[0].operation_id == intents[1].operation_id));
    BOOST_TEST(intents[0].attempt == intents[1].attempt);
    BOOST_TEST((intents[0].cost < intents[1].cost));
    BOOST_TEST((intents[0].started_at == intents[1].started_at));
    BOOST_TEST((at.state().spent == reply.cost.pico() && at.state().reserved == 0));
}

BOOST_AUTO_TEST_CASE(a_stream_that_outruns_its_limit_is_cut_where_there_is_no_room) {
    budget_stand at({limit_of("0.002")});
    at.provider.script(chat_path, {unruly_stream(true)});
    std::string heard;
    auto const reply =
        at.ai.stream(short_question(), [&](answer_delta const& of) { heard += of.text; });
    BOOST_REQUIRE(!reply);
    BOOST_TEST((reply.error().code == errc::budget_exceeded));
    BOOST_TEST(contains(reply.error().where, "the stream was cut"));
    BOOST_TEST(!heard.empty());
    BOOST_TEST(at.provider.wait_for_open_connections(0));
    BOOST_TEST(at.asked() == 1U);
    auto const outcome = at.outcomes().at(0);
    BOOST_TEST(!outcome.complete);
    BOOST_TEST(outcome.error_type == "budget_exceeded");
    BOOST_TEST((outcome.cost_status == cost_status::estimated));
    BOOST_TEST(outcome.usage.count(unit::output_tokens) > 10U);
    BOOST_TEST((at.state().reserved == 0));
}

BOOST_AUTO_TEST_CASE(a_stream_may_be_cut_at_once_or_let_run) {
    {
        budget_stand at({limit_of("1")}, {.on_overrun = stream_overrun::cut});
        at.provider.script(chat_path, {unruly_stream(true)});
        auto const reply = at.ai.stream(short_question(), [](answer_delta const&) {});
        BOOST_TEST((reply.error().code == errc::budget_exceeded));
        BOOST_TEST(at.intents().size() == 1U);
    }
    budget_stand at({limit_of("0.002")}, {.on_overrun = stream_overrun::ignore});
    at.provider.script(chat_path, {unruly_stream(false)});
    auto const reply = at.ai.stream(short_question(), [](answer_delta const&) {}).value();
    BOOST_TEST(reply.complete);
    BOOST_TEST((at.state().spent == reply.cost.pico()));
    // An orderly one is never touched.
    budget_stand orderly({limit_of("1")}, {.on_overrun = stream_overrun::cut});
    orderly.provider.script(
        chat_path, {stream_step(openai_chat_stream("gpt-4.1", many_words(9), body_usage{100, 9}))});
    BOOST_TEST(orderly.ai.stream(short_question(), [](answer_delta const&) {}).value().complete);
}

// --- estimates ---

BOOST_AUTO_TEST_CASE(a_learned_estimate_holds_less_once_it_knows_the_model) {
    budget_stand at({limit_of("1")}, {.input_estimate = input_estimate::learned});
    chat_request asked = short_question();
    asked.system = std::string(4000, 'x');
    at.provider.script(chat_path, {json_step(openai_chat_body("gpt-4.1", "Hi", {1000, 10}))});
    for (int i = 0; i < 9; ++i) at.ai.chat(asked).value();
    auto const intents = at.intents();
    for (std::size_t i = 0; i < 8; ++i) BOOST_TEST((intents[0].cost == intents.at(i).cost));
    BOOST_TEST(intents[8].usage.count(unit::input_tokens) >= 1000U);
    BOOST_TEST(intents[8].usage.count(unit::input_tokens) <= 1400U);
    BOOST_TEST((intents[8].cost < intents[0].cost));
}

// --- many at once ---

BOOST_AUTO_TEST_CASE(of_many_calls_at_once_no_more_pass_than_fit) {
    auto const held = money::parse(held_for(short_question())).value();
    budget limit = limit_of("0");
    limit.limit = held.pico() * 7 + 1;
    budget_stand at({limit}, {.intent = intent_mode::relaxed});
    std::atomic<int> passed = 0;
    std::atomic<int> other = 0;
    {
        std::vector<std::jthread> all;
        for (int thread = 0; thread < 8; ++thread) {
            all.emplace_back([&] {
                for (int i = 0; i < 10; ++i) {
                    auto const reply = at.ai.chat(short_question());
                    if (reply) {
                        ++passed;
                    } else if (reply.error().code != errc::budget_exceeded) {
                        ++other;
                    }
                }
            });
        }
    }
    BOOST_TEST(other == 0);
    BOOST_TEST(passed >= 7);
    BOOST_TEST((at.state().spent <= limit.limit));
    BOOST_TEST((at.state().reserved == 0));
    BOOST_TEST((at.sums().cost.pico() == at.state().spent));
    BOOST_TEST(at.outcomes().size() == static_cast<std::size_t>(passed));
    BOOST_TEST(at.refusals().size() == static_cast<std::size_t>(80 - passed));
}

BOOST_AUTO_TEST_CASE(a_hedge_that_has_no_room_leaves_the_first_to_answer) {
    auto const held = money::parse(held_for(short_question())).value();
    budget limit = limit_of("0");
    limit.limit = held.pico();
    client_options options;
    options.hedge_after = 5ms;
    budget_stand at({limit}, options);
    auto slow = json_step(openai_chat_body("gpt-4.1", "Hi", {100, 10}));
    slow.delay_before_head = 200ms;
    at.provider.script(chat_path, {slow});
    auto const reply = at.ai.chat(short_question()).value();
    BOOST_TEST(reply.text == "Hi");
    BOOST_TEST(reply.attempts == 1U);
    BOOST_TEST(at.asked() == 1U);
    BOOST_TEST(at.refusals().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_ledger_on_disk_decides_alone_or_with_others) {
    for (budget_mode const mode : {budget_mode::shared, budget_mode::exclusive}) {
        temporary_directory const place;
        chaos_provider provider;
        provider.script(chat_path, {json_step(openai_chat_body("gpt-4.1", "Hi", {100, 10}))});
        auto log = ledger::open({.path = place / "calls", .budgets = mode}).value();
        log.set_budget(limit_of("0.0016")).value();
        auto ai =
            client::open(log, options_at(provider.origin(), {.intent = intent_mode::none})).value();
        BOOST_TEST(ai.chat(short_question()).has_value());
        BOOST_TEST((ai.chat(short_question()).error().code == errc::budget_exceeded));
        BOOST_TEST(provider.requests().size() == 1U);
        log.flush().value();
        BOOST_TEST((log.budget_states().value().at(0).reserved == 0));
    }
}

// --- left, and in steps ---

BOOST_AUTO_TEST_CASE(a_stream_that_its_caller_leaves_costs_what_came_where_the_provider_stops) {
    for (bool const stops : {false, true}) {
        client_stand at;
        client_options options;
        options.providers.push_back({.name = "anthropic",
                                     .origin = at.provider.origin(),
                                     .prefix = "/v1",
                                     .family = api_family::anthropic,
                                     .key = key_header::x_api_key,
                                     .stops_when_left = stops});
        auto ai = basic_client<client_in_memory>::open(at.log, options).value();
        auto step = stream_step(
            anthropic_stream("claude-opus-4-8", many_words(5), body_usage{605, 5}, false));
        step.trouble = chaos_trouble::stall_mid_body;
        step.body_bytes_sent = step.body.size();
        step.chunked = true;
        at.provider.script(messages_path, {step});
        chat_request asked = hello();
        asked.provider = "anthropic";
        asked.model = "claude-opus-4-8";
        asked.max_tokens = 64'000;
        int heard = 0;
        ai.stream(asked, [&heard](answer_delta const&) { return ++heard < 5; }).value();
        auto const outcome = at.outcomes().at(0);
        auto const truth = money::parse("0.00315").value().pico();
        BOOST_TEST((outcome.cost.pico() >= truth));
        BOOST_TEST((outcome.cost.pico() <= 3 * truth) == stops);
        BOOST_TEST((outcome.cost_low && outcome.cost_low->pico() <= truth));
    }
}

BOOST_AUTO_TEST_CASE(a_budget_that_reserves_stepwise_holds_a_clients_call_in_full) {
    budget_stand full({limit_then("5", "refuse")});
    budget_stand stepwise({limit_then("5", "refuse;reserve=stepwise")});
    for (budget_stand* const at : {&full, &stepwise}) at->ai.chat(short_question()).value();
    BOOST_TEST((stepwise.intents().at(0).cost == full.intents().at(0).cost));
    BOOST_TEST(!stepwise.intents().at(0).cost_low.has_value());
    BOOST_TEST((stepwise.state().spent == full.state().spent && stepwise.state().reserved == 0));
}

BOOST_AUTO_TEST_SUITE_END()
