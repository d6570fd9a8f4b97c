// SPDX-License-Identifier: MIT
//
// gateway_readiness.cpp: what /readyz says, and what calls are told, while the ledger is moved, put
// back or held by others.
#include "engine/support/child_process.hpp"
#include "engine/support/temporary_directory.hpp"
#include "support/chaos_provider.hpp"
#include "support/gateway_stand.hpp"

#include <aiaudit/gateway.hpp>
#include <aiaudit/gateway/readiness.hpp>
#include <aiaudit/storage/lmdb_store.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>

#include <unistd.h>

BOOST_AUTO_TEST_SUITE(gateway_readiness)

namespace {

using namespace aiaudit;
using namespace aiaudit_tests;
using namespace std::chrono_literals;

gateway_upstream upstream(std::string name, std::string const& origin, api_family family) {
    gateway_upstream made;
    made.entry = provider_named(name).value();
    made.name = std::move(name);
    made.entry.origin = origin;
    made.entry.family = family;
    made.key = "sk-of-the-provider";
    return made;
}

// A gateway whose ledger is on disk.
struct stand {
    explicit stand(intent_mode intents = intent_mode::durable)
        : at(gateway::open(log, options(intents)).value()) {
        provider.answer([](seen_request const&) {
            return json_step(openai_chat_body("gpt-4.1", "Good day", {}));
        });
        at.start().value();
    }
    gateway_options options(intent_mode intents) const {
        gateway_options made;
        made.upstreams = {upstream("openai", provider.origin(), api_family::openai),
                          upstream("anthropic", provider.origin(), api_family::anthropic),
                          upstream("google", provider.origin(), api_family::gemini)};
        made.listen.port = 0;
        made.keys_required = false;
        made.threads = 1;
        made.calls.intent = intents;
        made.shutdown_time = 1'000ms;
        return made;
    }
    std::string exchange(std::string const& bytes) const {
        boost::asio::io_context io;
        boost::asio::ip::tcp::socket socket(io);
        socket.connect({boost::asio::ip::address_v4::loopback(), at.port()});
        boost::system::error_code ended;
        boost::asio::write(socket, boost::asio::buffer(bytes), ended);
        std::string all;
        boost::asio::read(socket, boost::asio::dynamic_buffer(all), ended);
        return all;
    }
    std::string get(std::string const& target) const {
        return exchange("GET " + target + " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
    }
    std::string call(std::string const& target = chat_path,
                     std::string const& body = gateway_question) const {
        return exchange(gateway_stand::post(body, "", target));
    }
    void move_away() const { std::filesystem::rename(path, path + ".old"); }
    void put_a_copy() const {
        std::filesystem::copy(path + ".old", path, std::filesystem::copy_options::recursive);
    }

    temporary_directory directory{};
    std::string path = directory / "db";
    chaos_provider provider{};
    ledger log = ledger::open({.path = path, .budgets = budget_mode::exclusive}).value();
    gateway at;
};

std::string const claude_question =
    R"({"model":"claude-sonnet-4-5","max_tokens":5,"messages":[{"role":"user","content":"Hello"}]})";
std::string const gemini_question = R"({"contents":[{"role":"user","parts":[{"text":"Hello"}]}]})";

}  // namespace

BOOST_AUTO_TEST_CASE(a_ledger_that_was_replaced_takes_no_call_of_any_api_and_all_are_told) {
    stand one;
    BOOST_TEST(status_of(one.call()) == 200);
    BOOST_TEST(status_of(one.get("/readyz")) == 200);
    BOOST_TEST(one.log.flush().has_value());
    auto const before = one.provider.requests().size();
    one.move_away();
    one.put_a_copy();
    auto const openai = one.call();
    BOOST_TEST(status_of(openai) == 503, openai);
    BOOST_TEST(has(openai, R"("type":"server_error","param":null,"code":"moved")"), openai);
    auto const anthropic = one.call("/v1/messages", claude_question);
    BOOST_TEST(status_of(anthropic) == 503, anthropic);
    BOOST_TEST(has(anthropic, R"("type":"overloaded_error")"), anthropic);
    BOOST_TEST(has(anthropic, R"("code":"moved")"), anthropic);
    auto const gemini =
        one.call("/v1beta/models/gemini-2.5-flash:generateContent", gemini_question);
    BOOST_TEST(status_of(gemini) == 503, gemini);
    BOOST_TEST(has(gemini, R"("status":"UNAVAILABLE")"), gemini);
    BOOST_TEST(has(gemini, R"("reason":"moved")"), gemini);
    // What costs nothing is not passed on either.
    BOOST_TEST(status_of(one.get("/v1/models")) == 503);
    BOOST_TEST(status_of(one.call("/v1/messages/count_tokens", claude_question)) == 503);
    BOOST_TEST(one.provider.requests().size() == before);
    auto const told = one.get("/readyz");
    BOOST_TEST(status_of(told) == 503, told);
    BOOST_TEST(has(told, "not ready: moved: "), told);
    BOOST_TEST(has(told, "started anew"), told);
    BOOST_TEST(!has(told, one.directory.path()), told);
    BOOST_TEST((one.at.probe().error().code == errc::moved));
    BOOST_TEST(status_of(one.get("/healthz")) == 200);
    BOOST_TEST(has(one.get("/metrics"), R"(refused_total{reason="ledger"})"));
    one.at.stop();
    // Nothing was written that nobody will find: what was taken is in the copy as well.
    auto const there = ledger::open({.path = one.path, .read_only = true}).value();
    auto const gone = ledger::open({.path = one.path + ".old", .read_only = true});
    BOOST_TEST(value_of(there.last_sequence().value()) == 2U);
    if (gone) BOOST_TEST(value_of(gone->last_sequence().value()) == 2U);
}

BOOST_AUTO_TEST_CASE(a_ledger_that_was_removed_is_noticed_without_a_call) {
    stand one;
    BOOST_TEST(status_of(one.get("/readyz")) == 200);
    std::filesystem::remove_all(one.path);
    // What was found lately is told for a second.
    auto told = one.get("/readyz");
    for (int i = 0; i < 1'000 && status_of(told) != 503; ++i) {
        std::this_thread::sleep_for(10ms);
        told = one.get("/readyz");
    }
    BOOST_TEST(has(told, "not ready: moved: "), told);
    BOOST_TEST(status_of(one.call()) == 503);
    BOOST_TEST(one.provider.requests().empty());
}

BOOST_AUTO_TEST_CASE(a_ledger_that_was_moved_takes_no_call_whose_intent_is_only_queued) {
    for (intent_mode const intents : {intent_mode::relaxed, intent_mode::none}) {
        stand one(intents);
        BOOST_TEST(status_of(one.call()) == 200);
        one.move_away();
        std::this_thread::sleep_for(30ms);  // it looks every 20 ms
        for (int i = 0; i < 3; ++i) {
            auto const answer = one.call();
            BOOST_TEST(status_of(answer) == 503, answer);
            BOOST_TEST(has(answer, R"("code":"moved")"), answer);
        }
        BOOST_TEST(one.provider.requests().size() == 1U);
    }
}

BOOST_AUTO_TEST_CASE(a_gateway_does_not_open_where_another_process_decides_about_budgets) {
    temporary_directory const directory;
    std::string const path = directory / "db";
    struct {
        budget_mode first;
        budget_mode second;
        bool joins;
    } const cases[] = {
        {budget_mode::shared, budget_mode::shared, true},
        {budget_mode::shared, budget_mode::exclusive, false},
        {budget_mode::exclusive, budget_mode::shared, false},
        {budget_mode::exclusive, budget_mode::exclusive, false},
    };
    for (auto const& each : cases) {
        gateway_options options;
        options.upstreams = {upstream("openai", "http://127.0.0.1:9", api_family::openai)};
        options.listen.port = 0;
        options.keys_required = false;
        shared_counter id;  // of the first, once it is open; killed at the end
        child_process const first([&] {
            auto log = ledger::open({.path = path, .budgets = each.first}).value();
            auto const at = gateway::open(log, options).value();
            id.set(static_cast<std::uint64_t>(::getpid()));
            for (;;) ::pause();
            return 0;
        });
        for (int i = 0; i < 2'000 && id.get() == 0; ++i) std::this_thread::sleep_for(5ms);
        BOOST_REQUIRE(id.get() != 0);
        {
            auto log = ledger::open({.path = path, .budgets = each.second});
            auto const at = log ? gateway::open(*log, options) : result<gateway>(log.error());
            BOOST_TEST(at.has_value() == each.joins);
            if (at) continue;
            BOOST_TEST((at.error().code == errc::already_open));
            BOOST_TEST(has(at.error().where, "process " + std::to_string(id.get()) + " "),
                       at.error().where);
        }
        // Who does not admit is not hindered.
        auto other = ledger::open({.path = path}).value();
        BOOST_TEST(other.report({}).has_value());
        record entry;
        entry.provider = "openai";
        entry.started_at = other.time().now();
        BOOST_TEST(other.append(entry).has_value());
    }
    // Its lock died with each of them.
    auto log = ledger::open({.path = path, .budgets = budget_mode::exclusive});
    BOOST_TEST(log.has_value());
}

BOOST_AUTO_TEST_CASE(a_log_that_does_not_answer_the_calls_that_wait_is_told) {
    stand one;
    BOOST_TEST(status_of(one.call()) == 200);
    shared_counter held;
    // Has the turn to write, and keeps it.
    child_process holder([&] {
        auto log = ledger::open({.path = one.path}).value();
        static_cast<void>(log.store().write([&](auto&) -> result<void> {
            held.set(1);
            for (;;) ::pause();
            return {};
        }));
        return 0;
    });
    for (int i = 0; i < 2'000 && held.get() == 0; ++i) std::this_thread::sleep_for(5ms);
    BOOST_REQUIRE(held.get() != 0);
    std::string answer;
    std::thread waiting([&] { answer = one.call(); });
    auto told = one.get("/readyz");
    for (int i = 0; i < 1'000 && status_of(told) != 503; ++i) {
        std::this_thread::sleep_for(10ms);
        told = one.get("/readyz");
    }
    BOOST_TEST(has(told, "not ready: timed_out: "), told);
    holder.kill();
    waiting.join();
    BOOST_TEST(status_of(answer) == 200, answer);
    BOOST_TEST(status_of(one.get("/readyz")) == 200);
}

BOOST_AUTO_TEST_CASE(what_a_look_found_is_told_for_a_second_and_a_look_that_hangs_is_told_too) {
    detail::readiness ready;
    steady_time const noon{1h};
    BOOST_TEST(ready.begin_look(noon));
    BOOST_TEST(!ready.begin_look(noon));  // one looks for all
    BOOST_TEST(!ready.known(noon + 1'999ms));
    BOOST_TEST((ready.known(noon + 2'000ms)->error().code == errc::timed_out));
    ready.note(fail(errc::disk_full, "full"), noon + 3s);
    BOOST_TEST((ready.known(noon + 3'999ms)->error().code == errc::disk_full));
    BOOST_TEST(!ready.begin_look(noon + 3'999ms));
    BOOST_TEST(!ready.known(noon + 4s));
    BOOST_TEST(ready.begin_look(noon + 4s));
    ready.note({}, noon + 4s);
    BOOST_TEST(ready.known(noon + 4s)->has_value());
    ready.begin_wait(noon + 4s);
    ready.begin_wait(noon + 4'100ms);
    ready.end_wait(noon + 4'200ms);
    ready.note({}, noon + 6s);
    BOOST_TEST(ready.known(noon + 6'199ms)->has_value());
    BOOST_TEST((ready.known(noon + 6'200ms)->error().code == errc::timed_out));
    ready.end_wait(noon + 6'300ms);
    BOOST_TEST(ready.known(noon + 6'300ms)->has_value());
    ready.forget();  // a call was refused
    BOOST_TEST(!ready.known(noon + 6'300ms));
    BOOST_TEST(ready.begin_look(noon + 6'300ms));
}

BOOST_AUTO_TEST_SUITE_END()
