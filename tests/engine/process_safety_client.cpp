// SPDX-License-Identifier: MIT
//
// process_safety_client.cpp: a client inside somebody else's process: moved, forked, and its
// threads.
#include <aiaudit/client.hpp>
#include <aiaudit/templates.hpp>

#include "engine/support/ledger_testing.hpp"
#include "engine/support/process_limits.hpp"
#include "engine/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>

BOOST_AUTO_TEST_SUITE(process_safety_client)

using namespace aiaudit;
using namespace aiaudit_tests;

namespace {

std::atomic<int> signals_taken{0};    // exchanges in a thread that may be sent a SIGTERM
std::atomic<int> signals_blocked{0};  // and in others

// Answers everything at once.
struct prompt_transport {
    template <class OnHead, class OnBody>
    [[nodiscard]] result<void> exchange(http_request const&, transfer_limits const&,
                                        std::stop_token const&, OnHead&& on_head,
                                        OnBody&& on_body) {
        sigset_t blocked;
        ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
        ++(::sigismember(&blocked, SIGTERM) == 1 ? signals_blocked : signals_taken);
        http_response_head const head{200, {{"Content-Type", "application/json"}}};
        if (!on_head(head)) return fail(errc::cancelled);
        std::string_view const body =
            R"({"id":"r1","object":"chat.completion","model":"gpt-4.1-2025-04-14","choices":[{"index":0,)"
            R"("message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],)"
            R"("usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12}})";
        if (!on_body(body)) return fail(errc::cancelled);
        return {};
    }
};

struct prompt_policies : default_policies {
    using transport = prompt_transport;
};
using prompt_ledger = basic_ledger<prompt_policies>;
using prompt_client = basic_client<prompt_policies>;

struct service {
    prompt_ledger log;
    prompt_client ai;
};

client_options local_options() {
    client_options options;
    options.providers.push_back(
        {.name = "openai", .origin = "http://127.0.0.1:9", .prefix = "/v1"});
    return options;
}

service make_service(std::string const& path, client_options options = local_options()) {
    auto log = prompt_ledger::open({.path = path}).value();
    auto ai = prompt_client::open(log, std::move(options)).value();
    return {std::move(log), std::move(ai)};
}

chat_request hello() {
    return {.provider = "openai", .model = "gpt-4.1", .messages = {{"user", "Hello"}}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_client_works_when_its_ledger_has_moved) {
    temporary_directory const directory;
    std::vector<service> all;
    all.push_back(make_service(directory / "one"));
    all.push_back(make_service(directory / "two"));  // moves the first once more
    for (service& each : all) {
        auto const reply = each.ai.chat(hello());
        BOOST_TEST(reply.has_value(), (reply ? "" : reply.error().message()));
        BOOST_TEST(value_of(each.log.last_sequence().value()) == 2U);
    }
}

BOOST_AUTO_TEST_CASE(a_client_keeps_the_log_open_until_it_ends) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    std::optional<prompt_ledger> log(prompt_ledger::open({.path = path}).value());
    std::optional<prompt_client> ai(prompt_client::open(*log, local_options()).value());
    log.reset();
    BOOST_TEST(ai->chat(hello()).has_value());
    BOOST_TEST((prompt_ledger::open({.path = path}).error().code == errc::already_open));
    ai.reset();
    auto const again = prompt_ledger::open({.path = path});
    BOOST_REQUIRE(again.has_value());
    BOOST_TEST(value_of(again->last_sequence().value()) == 2U);
}

BOOST_AUTO_TEST_CASE(a_forked_child_is_told_that_the_client_is_closed,
                     *boost::unit_test::enable_if<can_fork_beside_threads>()) {
    temporary_directory const directory;
    client_options options = local_options();
    options.cache.path = directory / "cache";
    std::optional<service> parent(make_service(directory / "ledger", std::move(options)));
    BOOST_REQUIRE(parent->ai.chat(hello()).has_value());
    std::atomic<bool> done{false};
    std::thread caller([&] {
        while (!done) static_cast<void>(parent->ai.chat(hello()));
    });
    for (int i = 0; i < 10; ++i) {
        int const status = run_in_hasty_child([&] {
            bool const told = is_closed(parent->ai.chat(hello())) &&
                              parent->ai.circuits().empty() &&
                              is_closed(parent->ai.send("openai", "/chat/completions",
                                                        R"({"model":"gpt-4.1","messages":[]})"));
            if (!told) return 1;
            parent.reset();
            service own = make_service(directory / "of_child");
            return own.ai.chat(hello()).has_value() ? 0 : 2;
        });
        BOOST_TEST(status == 0);
    }
    done = true;
    caller.join();
    BOOST_TEST(parent->ai.chat(hello()).has_value());
}

BOOST_AUTO_TEST_CASE(an_attempt_with_a_thread_of_its_own_takes_no_signal) {
    temporary_directory const directory;
    client_options options = local_options();
    options.hedge_after = std::chrono::hours{1};
    service made = make_service(directory / "ledger", options);
    signals_taken = 0;
    signals_blocked = 0;
    BOOST_TEST(made.ai.chat(hello()).has_value());
    BOOST_TEST(signals_blocked == 1);
    BOOST_TEST(signals_taken == 0);
}

BOOST_AUTO_TEST_CASE(a_call_is_made_without_a_hedge_where_there_is_no_thread) {
    temporary_directory const directory;
    int const status = run_in_hasty_child([&] {
        client_options options = local_options();
        options.hedge_after = std::chrono::hours{1};
        service made = make_service(directory / "ledger", options);
        limit_threads(0);
        signals_taken = 0;
        auto const reply = made.ai.chat(hello());
        return reply && signals_taken == 1 ? 0 : 1;
    });
    BOOST_TEST(status == 0);
}

BOOST_AUTO_TEST_SUITE_END()
