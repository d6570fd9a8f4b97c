// SPDX-License-Identifier: MIT
//
// What a client does when a provider fails or is slow: circuits, fallbacks, hedging; and what is
// left in the log of a process that was killed in the middle of a call.

#include <aiaudit/clock/timer.hpp>
#include "engine/support/temporary_directory.hpp"
#include "support/client_stand.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(client_policies)

namespace {

using namespace aiaudit_tests;
using namespace std::chrono_literals;

struct by_hand : client_in_memory {
    using timer = manual_timer;
};

struct stand : policy_stand<by_hand> {
    explicit stand(client_options options = {}) : policy_stand(std::move(options)) {
        ai.time().advance(std::chrono::steady_clock::now().time_since_epoch());
    }
};

chaos_step good(std::string const& text = "Hi") {
    return json_step(openai_chat_body("gpt-4.1", text, {100, 10}));
}
chaos_step good_message() {
    return json_step(anthropic_message_body("claude-sonnet-4-5", "Salut", {100, 10}));
}
chaos_step bad() { return error_step(provider_error::openai_server_error); }

// Opens after four failed calls; no attempt is repeated.
client_options fragile() {
    client_options options;
    options.breaker.calls_min = 4;
    options.retry.attempts_max = 1;
    return options;
}
void open_circuit(stand& at) {
    at.provider.script(chat_path, {bad()});
    for (int i = 0; i < 4; ++i) BOOST_REQUIRE(!at.ai.chat(hello()));
}
errc code_of(result<chat_reply> const& of) { return of ? errc{} : of.error().code; }

client_options falling_back(std::vector<call_target> to) {
    client_options options;
    options.retry.attempts_max = 2;
    options.fallback.to = std::move(to);
    return options;
}
call_target const claude{"anthropic", "claude-sonnet-4-5"};

}  // namespace

// --- circuits ---

BOOST_AUTO_TEST_CASE(a_circuit_opens_after_failures_and_then_calls_fail_without_a_request) {
    stand at(fragile());
    open_circuit(at);
    auto const refused = at.ai.chat(hello());
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::circuit_open));
    BOOST_TEST(refused.error().retry_after_ms == 30'000U);
    BOOST_TEST(refused.error().where.find("openai gpt-4.1") != std::string::npos);
    BOOST_TEST(at.asked() == 4U);
    at.ai.time().advance(29'999ms);
    BOOST_TEST(at.ai.chat(hello()).error().retry_after_ms == 1U);
    BOOST_TEST(at.asked() == 4U);
    // Of another model nothing is known.
    chat_request other = hello();
    other.model = "gpt-4.1-mini";
    BOOST_TEST((code_of(at.ai.chat(other)) == errc::provider_error));
    auto const seen = at.ai.circuits();
    BOOST_REQUIRE(seen.size() == 2U);
    BOOST_TEST(seen[1].model == "gpt-4.1");
    BOOST_TEST((seen[1].state == breaker_state::open));
    BOOST_TEST((seen[0].state == breaker_state::closed));
}

BOOST_AUTO_TEST_CASE(a_call_that_a_circuit_refuses_leaves_no_record_and_costs_nothing) {
    stand at(fragile());
    open_circuit(at);
    auto const before = at.log.last_sequence().value();
    at.log.flush().value();
    BOOST_REQUIRE(!at.ai.chat(hello()));
    at.log.flush().value();
    BOOST_TEST(value_of(at.log.last_sequence().value()) ==
               std::max(value_of(before), std::uint64_t{9}));  // 4 intents, 4 outcomes, 1 change
    auto const sums = at.sums();
    BOOST_TEST(sums.requests == 4U);
    BOOST_TEST(sums.attempts == 4U);
    BOOST_TEST((sums.cost == money{}));
}

BOOST_AUTO_TEST_CASE(a_probe_that_succeeds_closes_and_each_change_is_a_record) {
    stand at(fragile());
    open_circuit(at);
    at.ai.time().advance(30s);
    at.provider.script(chat_path, {good()});
    BOOST_TEST(at.ai.chat(hello()).value().text == "Hi");
    BOOST_TEST(at.ai.chat(hello()).value().text == "Hi");
    auto const changes = at.records(record_kind::circuit);
    BOOST_REQUIRE(changes.size() == 3U);
    for (record const& change : changes) {
        BOOST_TEST(change.provider == "openai");
        BOOST_TEST(change.model_requested == "gpt-4.1");
        BOOST_TEST((change.cost_status == cost_status::no_charge));
        BOOST_TEST((change.cost == money{}));
        BOOST_TEST((change.operation_id == operation_id{}));
    }
    BOOST_TEST(tag_of(changes[0], "from") == "closed");
    BOOST_TEST(tag_of(changes[0], "to") == "open");
    BOOST_TEST(tag_of(changes[0], "failures") == "4");
    BOOST_TEST(tag_of(changes[0], "calls") == "4");
    BOOST_TEST(changes[0].duration_ns.value() == 30'000'000'000U);
    BOOST_TEST(tag_of(changes[1], "from") == "open");
    BOOST_TEST(tag_of(changes[1], "to") == "half_open");
    BOOST_TEST(tag_of(changes[2], "from") == "half_open");
    BOOST_TEST(tag_of(changes[2], "to") == "closed");
    BOOST_TEST(!changes[2].duration_ns.has_value());
    // Changes are no requests: six calls were made.
    BOOST_TEST(at.sums().requests == 6U);
    BOOST_TEST(at.sums().attempts == 6U);
    BOOST_TEST(at.sums().cost.to_string() == "0.00056");
}

BOOST_AUTO_TEST_CASE(while_a_probe_is_out_no_other_call_passes) {
    stand at(fragile());
    for (int i = 0; i < 4; ++i) {
        at.provider.answer([](seen_request const&) { return bad(); });
        BOOST_REQUIRE(!at.ai.chat(hello()));
    }
    at.ai.time().advance(30s);
    std::promise<void> go;
    at.provider.answer([&, waited = go.get_future().share()](seen_request const&) {
        waited.wait();
        return good();
    });
    result<chat_reply> probe = fail(errc::closed);
    std::thread probing([&] { probe = at.ai.chat(hello()); });
    bool const arrived = at.provider.wait_for_requests(5);
    auto const meanwhile = at.ai.chat(hello());
    go.set_value();
    probing.join();
    BOOST_TEST(arrived);
    BOOST_TEST((code_of(meanwhile) == errc::circuit_open));
    BOOST_TEST(meanwhile.error().retry_after_ms == 60'000U);  // the longest that a probe may take
    BOOST_TEST(probe.has_value());
    BOOST_TEST(at.ai.chat(hello()).has_value());
    BOOST_TEST(at.asked() == 6U);
}

BOOST_AUTO_TEST_CASE(a_probe_that_fails_opens_again_for_as_long) {
    stand at(fragile());
    open_circuit(at);
    at.ai.time().advance(30s);
    BOOST_TEST((code_of(at.ai.chat(hello())) == errc::provider_error));
    BOOST_TEST(at.ai.chat(hello()).error().retry_after_ms == 30'000U);
    BOOST_TEST(at.asked() == 5U);
    auto const changes = at.records(record_kind::circuit);
    BOOST_REQUIRE(changes.size() == 3U);
    BOOST_TEST(tag_of(changes[2], "from") == "half_open");
    BOOST_TEST(tag_of(changes[2], "to") == "open");
}

BOOST_AUTO_TEST_CASE(the_attempt_that_opens_a_circuit_is_the_last_and_its_failure_is_told) {
    client_options options;
    options.breaker.calls_min = 2;
    stand at(options);
    at.provider.script(chat_path, {bad()});
    auto const failed = at.ai.chat(hello());
    BOOST_TEST((code_of(failed) == errc::provider_error));
    BOOST_TEST(failed.error().remote == "Something failed on our side.");
    BOOST_TEST(failed.error().retry_after_ms == 30'000U);
    BOOST_TEST(at.asked() == 2U);  // of three that the retry policy allows
    BOOST_TEST((code_of(at.ai.chat(hello())) == errc::circuit_open));
}

BOOST_AUTO_TEST_CASE(a_time_without_end_is_as_good_as_a_year) {
    stand at;
    at.provider.script(chat_path, {good()});
    call_options patient;
    patient.timeout = std::chrono::milliseconds::max();
    BOOST_TEST(at.ai.chat(hello(), patient).value().text == "Hi");
    patient.timeout = std::chrono::milliseconds::min();
    BOOST_TEST((code_of(at.ai.chat(hello(), patient)) == errc::timed_out));
    BOOST_TEST(at.asked() == 1U);
}

BOOST_AUTO_TEST_CASE(a_request_that_the_provider_refuses_opens_no_circuit) {
    stand at(fragile());
    at.provider.script(chat_path, {error_step(provider_error::openai_bad_request)});
    for (int i = 0; i < 20; ++i) BOOST_TEST((code_of(at.ai.chat(hello())) == errc::provider_error));
    BOOST_TEST(at.records(record_kind::circuit).empty());
}

// --- fallback ---

BOOST_AUTO_TEST_CASE(a_provider_that_is_down_is_replaced_by_one_of_another_dialect) {
    stand at(falling_back({claude}));
    at.provider.script(chat_path, {bad()});
    at.provider.script(messages_path, {good_message()});
    auto const reply = at.ai.chat(hello(), {.user = "ana"}).value();
    BOOST_TEST(reply.text == "Salut");
    BOOST_TEST(reply.provider == "anthropic");
    BOOST_TEST(reply.model == "claude-sonnet-4-5");
    BOOST_TEST(reply.attempts == 3U);
    auto const ends = at.outcomes();
    BOOST_REQUIRE(ends.size() == 3U);
    for (std::uint32_t i = 0; i < 3; ++i) {
        BOOST_TEST(ends[i].attempt == i + 1);
        BOOST_TEST((ends[i].operation_id == reply.operation_id));
        BOOST_TEST(ends[i].provider == (i < 2 ? "openai" : "anthropic"));
        BOOST_TEST(ends[i].user == "ana");
    }
    BOOST_TEST((reply.cost == ends[2].cost));
    BOOST_TEST((reply.cost > money{}));
    BOOST_TEST(at.sums().requests == 1U);
    BOOST_TEST(at.sums().attempts == 3U);
    BOOST_TEST((at.sums().cost == reply.cost));
    auto const sent = at.provider.requests();
    BOOST_TEST(sent[2].path() == messages_path);
    BOOST_TEST(sent[2].body.find("\"max_tokens\"") != std::string::npos);
    BOOST_TEST(!sent[2].header("anthropic-version").empty());
    BOOST_TEST(sent[2].header("idempotency-key") == sent[0].header("idempotency-key"));
}

BOOST_AUTO_TEST_CASE(a_quota_that_is_used_up_falls_back_to_another_model_at_once) {
    stand at(falling_back({{"openai", "gpt-4.1-mini"}}));
    at.provider.script(chat_path,
                       {error_step(provider_error::openai_out_of_quota),
                        json_step(openai_chat_body("gpt-4.1-mini", "small", {100, 10}))});
    auto const reply = at.ai.chat(hello()).value();
    BOOST_TEST(reply.text == "small");
    BOOST_TEST(reply.model == "gpt-4.1-mini");
    BOOST_TEST(reply.attempts == 2U);  // no second attempt at the first
    BOOST_TEST(at.provider.requests()[1].body.find("gpt-4.1-mini") != std::string::npos);
    BOOST_TEST(at.sums().requests == 1U);
}

BOOST_AUTO_TEST_CASE(what_another_target_would_refuse_too_is_not_sent_there) {
    stand at(falling_back({claude}));
    at.provider.script(chat_path, {error_step(provider_error::openai_bad_request)});
    BOOST_TEST((code_of(at.ai.chat(hello())) == errc::provider_error));
    BOOST_TEST(at.asked() == 1U);
}

BOOST_AUTO_TEST_CASE(a_call_may_choose_its_own_fallback_or_none) {
    stand at(falling_back({claude}));
    at.provider.script(chat_path, {bad()});
    at.provider.script(messages_path, {good_message()});
    call_options none;
    none.fallback.emplace();
    BOOST_TEST((code_of(at.ai.chat(hello(), none)) == errc::provider_error));
    BOOST_TEST(at.asked() == 2U);
    call_options other;
    other.fallback = fallback_policy{.to = {claude}, .after = {error_class::rate_limit}};
    BOOST_TEST((code_of(at.ai.chat(hello(), other)) == errc::provider_error));
    BOOST_TEST(at.asked() == 4U);
}

BOOST_AUTO_TEST_CASE(a_stream_that_failed_before_its_first_piece_falls_back) {
    stand at(falling_back({claude}));
    at.provider.script(chat_path, {bad()});
    at.provider.script(
        messages_path,
        {stream_step(anthropic_stream("claude-sonnet-4-5", {"Sa", "lut"}, {100, 10}))});
    std::string heard;
    auto const reply =
        at.ai.stream(hello(), [&](answer_delta const& piece) { heard += piece.text; }).value();
    BOOST_TEST(heard == "Salut");
    BOOST_TEST(reply.attempts == 3U);
}

BOOST_AUTO_TEST_CASE(a_stream_that_broke_after_a_piece_was_handed_on_does_not) {
    stand at(falling_back({claude}));
    auto cut = stream_step(openai_chat_stream("gpt-4.1", {"Hel", "lo"}, body_usage{100, 10}));
    cut.trouble = chaos_trouble::close_mid_body;
    cut.body_bytes_sent = cut.body.rfind("data:", cut.body.find("\"lo\""));
    at.provider.script(chat_path, {cut});
    at.provider.script(
        messages_path,
        {stream_step(anthropic_stream("claude-sonnet-4-5", {"Sa", "lut"}, {100, 10}))});
    std::string heard;
    auto const reply =
        at.ai.stream(hello(), [&](answer_delta const& piece) { heard += piece.text; });
    BOOST_TEST((code_of(reply) == errc::connection_lost));
    BOOST_TEST(heard == "Hel");
    BOOST_TEST(at.asked() == 1U);
    auto const ends = at.outcomes();
    BOOST_REQUIRE(ends.size() == 1U);
    BOOST_TEST((ends[0].cost_status == cost_status::estimated));
    BOOST_TEST((ends[0].cost > money{}));
}

BOOST_AUTO_TEST_CASE(a_fallback_that_has_no_words_for_the_request_leaves_the_first_failure) {
    stand at(falling_back({claude, {"openai", "gpt-4.1-mini"}}));
    at.provider.script(chat_path, {bad(), bad(), good("third")});
    chat_request seeded = hello();
    seeded.seed = 7;  // Anthropic has none
    BOOST_TEST(at.ai.chat(seeded).value().text == "third");
    at.provider.script(chat_path, {bad()});
    call_options only;
    only.fallback = fallback_policy{.to = {claude}};
    auto const failed = at.ai.chat(seeded, only);
    BOOST_TEST((code_of(failed) == errc::provider_error));
    BOOST_TEST(failed.error().where.find("no fallback to anthropic") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_raw_request_falls_back_to_another_model_and_to_no_other_dialect) {
    stand at(falling_back({claude, {"openai", "gpt-4.1-mini"}}));
    at.provider.script(chat_path, {bad(), bad(), good("third")});
    auto const reply =
        at.ai.send("openai", "/chat/completions", R"({"model":"gpt-4.1","messages":[],"seed":1})")
            .value();
    BOOST_TEST(reply.attempts == 3U);
    auto const sent = at.provider.requests();
    BOOST_TEST(sent[0].body == R"({"model":"gpt-4.1","messages":[],"seed":1})");
    BOOST_TEST(sent[2].body == R"({"model":"gpt-4.1-mini","messages":[],"seed":1})");
    for (auto const& each : sent) BOOST_TEST(each.path() == chat_path);
}

BOOST_AUTO_TEST_CASE(an_open_circuit_falls_back_and_the_call_is_one_request) {
    client_options options = fragile();
    options.fallback.to = {claude};
    stand at(options);
    at.provider.script(chat_path, {bad()});
    at.provider.script(messages_path, {good_message()});
    for (int i = 0; i < 4; ++i) BOOST_REQUIRE(at.ai.chat(hello()).has_value());
    auto const before = at.sums();
    auto const reply = at.ai.chat(hello()).value();
    BOOST_TEST(reply.text == "Salut");
    BOOST_TEST(reply.attempts == 1U);
    BOOST_TEST(at.outcomes().back().attempt == 1U);
    BOOST_TEST(at.sums().requests == before.requests + 1);
    BOOST_TEST(at.sums().attempts == before.attempts + 1);
}

// --- hedging ---

BOOST_AUTO_TEST_CASE(a_slow_answer_is_waited_for_unless_hedging_is_asked_for) {
    stand at;
    auto slow = good();
    slow.delay_before_head = 100ms;
    at.provider.script(chat_path, {slow});
    BOOST_TEST(at.ai.chat(hello()).value().attempts == 1U);
    BOOST_TEST(at.asked() == 1U);
}

BOOST_AUTO_TEST_CASE(a_second_attempt_wins_over_a_slow_first_which_is_recorded_as_cancelled) {
    client_options options;
    options.hedge_after = 50ms;
    stand at(options);
    auto stuck = good("late");
    stuck.trouble = chaos_trouble::stall_before_head;
    at.provider.script(chat_path, {stuck, good("soon")});
    auto const reply = at.ai.chat(hello()).value();
    BOOST_TEST(reply.text == "soon");
    BOOST_TEST(reply.attempts == 2U);
    auto ends = at.outcomes();
    BOOST_REQUIRE(ends.size() == 2U);
    BOOST_TEST(at.records(record_kind::intent).size() == 2U);
    std::sort(ends.begin(), ends.end(),
              [](record const& a, record const& b) { return a.attempt < b.attempt; });
    BOOST_TEST(ends[0].attempt == 1U);
    BOOST_TEST(ends[0].error_type == "cancelled");
    BOOST_TEST((ends[0].cost_status == cost_status::estimated));  // it may be billed
    BOOST_TEST(ends[1].attempt == 2U);
    BOOST_TEST((ends[1].cost_status == cost_status::priced));
    BOOST_TEST((ends[0].operation_id == ends[1].operation_id));
    BOOST_TEST((reply.operation_id == ends[0].operation_id));
    BOOST_TEST((reply.cost == ends[0].cost + ends[1].cost));
    BOOST_TEST((ends[0].cost > money{}));
    BOOST_TEST(reply.usage.count(unit::input_tokens) == 100U);
    BOOST_TEST(at.sums().requests == 1U);
    BOOST_TEST(at.sums().attempts == 2U);
    BOOST_TEST((at.sums().cost == reply.cost));
}

BOOST_AUTO_TEST_CASE(a_first_answer_in_time_has_no_second) {
    client_options options;
    options.hedge_after = 20s;
    stand at(options);
    at.provider.script(chat_path, {good()});
    BOOST_TEST(at.ai.chat(hello()).value().attempts == 1U);
    BOOST_TEST(at.asked() == 1U);
}

// --- intents ---

BOOST_AUTO_TEST_CASE(without_intents_only_outcomes_are_recorded) {
    client_options options;
    options.intent = intent_mode::none;
    stand at(options);
    at.provider.script(chat_path, {bad(), good()});
    BOOST_TEST(at.ai.chat(hello()).value().attempts == 2U);
    BOOST_TEST(at.records(record_kind::intent).empty());
    BOOST_TEST(at.outcomes().size() == 2U);
    BOOST_TEST(value_of(at.log.last_sequence().value()) == 2U);
}

BOOST_AUTO_TEST_CASE(a_process_that_is_killed_in_a_call_leaves_the_intent_on_disk) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    int port_pipe[2];
    BOOST_REQUIRE(::pipe(port_pipe) == 0);
    // Before there are threads: the child has none of them.
    pid_t const child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {
        std::uint16_t port = 0;
        if (::read(port_pipe[0], &port, sizeof port) != ssize_t{sizeof port}) ::_exit(2);
        auto log = aiaudit::ledger::open({.path = path});
        if (!log) ::_exit(3);
        auto ai =
            aiaudit::client::open(*log, options_at("http://127.0.0.1:" + std::to_string(port)));
        if (!ai) ::_exit(4);
        chat_request question = hello();
        question.max_tokens = 500;
        ::_exit(ai->chat(question, {.user = "ana"}).has_value() ? 0 : 5);
    }
    chaos_provider provider;
    auto stuck = good();
    stuck.trouble = chaos_trouble::stall_before_head;
    provider.script(chat_path, {stuck});
    std::uint16_t const port = provider.port();
    bool const told = ::write(port_pipe[1], &port, sizeof port) == ssize_t{sizeof port};
    bool const arrived = provider.wait_for_requests(1);
    ::kill(child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    ::close(port_pipe[0]);
    ::close(port_pipe[1]);
    BOOST_TEST(told);
    BOOST_REQUIRE(arrived);
    BOOST_REQUIRE(WIFSIGNALED(status));

    auto log = aiaudit::ledger::open({.path = path, .create = false}).value();
    std::vector<record> left;
    log.read(sequence{1},
             [&](sequence, record&& entry) {
                 left.push_back(std::move(entry));
                 return true;
             })
        .value();
    BOOST_REQUIRE(left.size() == 1U);
    BOOST_TEST((left[0].kind == record_kind::intent));
    BOOST_TEST(left[0].user == "ana");
    BOOST_TEST(left[0].provider == "openai");
    BOOST_TEST(left[0].model_requested == "gpt-4.1");
    BOOST_TEST((left[0].cost >= money::from_pico(4'000'000'000)));  // 500 tokens at 8 USD a million
    BOOST_TEST((left[0].cost_status == cost_status::estimated));
    BOOST_TEST(log.report({}).value().sum.requests == 0U);  // nobody knows how it ended
}

BOOST_AUTO_TEST_SUITE_END()
