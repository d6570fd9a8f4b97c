// SPDX-License-Identifier: MIT
//
// alerts_webhook.cpp: webhooks that an HTTP server on loopback really received.
#include "support/ledger_testing.hpp"
#include "support/temporary_directory.hpp"

#include <aiaudit/alerts.hpp>
#include <aiaudit/alerts/webhook.hpp>

#include <httplib.h>
#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(alerts_webhook)

namespace {

using namespace aiaudit;
using namespace aiaudit_tests;
using namespace std::chrono_literals;

using hook_ledger = basic_ledger<on_disk>;

timestamp const sent_at = timestamp::parse("2026-08-15T12:00:00Z").value();
constexpr char const* hook_secret = "whsec-7";

struct received_hook {
    header_list headers{};
    std::string target{};
    std::string body{};
};

// Keeps what it gets, and answers with the status.
class hook_server {
public:
    hook_server() {
        server_.set_keep_alive_timeout(1);
        server_.Post(".*", [this](httplib::Request const& request, httplib::Response& response) {
            std::lock_guard const lock(mutex_);
            received_hook& got = got_.emplace_back();
            for (auto const& [name, value] : request.headers) got.headers.emplace_back(name, value);
            got.target = request.target;
            got.body = request.body;
            response.status = status_;
            if (status_ == 429) response.set_header("Retry-After", "120");
            response.set_content("words that begin with secret", "text/plain");
        });
        port_ = server_.bind_to_any_port("127.0.0.1");
        if (port_ <= 0) throw std::runtime_error("no port on loopback");
        thread_ = std::thread([this] { server_.listen_after_bind(); });
        while (!server_.is_running()) std::this_thread::yield();
    }
    hook_server(hook_server const&) = delete;
    hook_server& operator=(hook_server const&) = delete;
    ~hook_server() {
        server_.stop();
        thread_.join();
    }
    void answer(int status) {
        std::lock_guard const lock(mutex_);
        status_ = status;
    }
    [[nodiscard]] std::vector<received_hook> got() {
        std::lock_guard const lock(mutex_);
        return got_;
    }
    [[nodiscard]] webhook_options options() const {
        webhook_options made;
        made.url = "http://127.0.0.1:" + std::to_string(port_) + "/hooks/path-secret?key=q-secret";
        made.secret = hook_secret;
        made.now = [] { return sent_at; };
        return made;
    }

private:
    httplib::Server server_{};
    int port_ = 0;
    std::thread thread_{};
    std::mutex mutex_{};
    int status_ = 200;
    std::vector<received_hook> got_{};
};

alert hook_alert() {
    return {make_alert_key(alert_kind::anomaly, {"hook"}),
            alert_kind::anomaly,
            "user <ana> & \"co\" \xFF",
            sent_at,
            {{"subject", "user ana"}}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_webhook_arrives_with_a_signature_that_holds) {
    hook_server server;
    auto options = server.options();
    options.headers = {{"Authorization", "Bearer x"}};
    auto const sink = webhook_sink(options).value();
    BOOST_REQUIRE(sink.deliver(hook_alert()).has_value());
    auto const got = server.got();
    BOOST_REQUIRE(got.size() == 1U);
    BOOST_TEST(got[0].target == "/hooks/path-secret?key=q-secret");
    BOOST_TEST(header_of(got[0].headers, "Authorization") == "Bearer x");
    BOOST_TEST(header_of(got[0].headers, "Idempotency-Key") == hook_alert().key);
    BOOST_TEST(header_of(got[0].headers, "Content-Type") == "application/json");
    auto const body = boost::json::parse(got[0].body);
    BOOST_TEST(body.at("text").as_string() == "user <ana> & \"co\" ?");
    BOOST_TEST(body.at("kind").as_string() == "anomaly");
    BOOST_TEST(body.at("facts").at("subject").as_string() == "user ana");

    auto const holds = [&](std::string const& text, std::string const& secret, timestamp now) {
        return verify_webhook(got[0].headers, text, secret, now).has_value();
    };
    BOOST_TEST(holds(got[0].body, hook_secret, sent_at));
    BOOST_TEST(holds(got[0].body, hook_secret, {sent_at.ns + 300'000'000'000}));
    BOOST_TEST(!holds(got[0].body, hook_secret, {sent_at.ns + 301'000'000'000}));
    BOOST_TEST(!holds(got[0].body, hook_secret, {sent_at.ns - 301'000'000'000}));
    BOOST_TEST(!holds(got[0].body + " ", hook_secret, sent_at));
    BOOST_TEST(!holds(got[0].body, "whsec-8", sent_at));
    BOOST_TEST(!holds(got[0].body, "", sent_at));
    // Another time than the one that was signed.
    header_list moved = got[0].headers;
    for (auto& [name, value] : moved) {
        if (detail::same_name(name, webhook_time_header)) value = "1790000000";
    }
    BOOST_TEST(
        !verify_webhook(moved, got[0].body, hook_secret, timestamp::from_seconds(1'790'000'000))
             .has_value());
    BOOST_TEST(!verify_webhook({}, got[0].body, hook_secret, sent_at).has_value());
}

BOOST_AUTO_TEST_CASE(the_signature_is_that_of_other_programs) {
    // printf '1790000000.{"a":1}' | openssl dgst -sha256 -hmac key
    BOOST_TEST(webhook_signature("key", 1'790'000'000, "{\"a\":1}") ==
               "v1=7a4d26944722100249410c8c7f2e76c3cc6e9735fcc98b39e44a122da5490ffc");
}

BOOST_AUTO_TEST_CASE(a_webhook_arrives_once_over_restarts) {
    hook_server server;
    temporary_directory const place;
    alert const of = hook_alert();
    std::uint64_t delivered = 0;
    // 0: dies after it was raised; 1: after the claim; 2: is refused; 3: delivers; 4, 5: nothing is
    // left to do.
    for (int step = 0; step < 6; ++step) {
        auto log = hook_ledger::open({.path = place.path()}).value();
        log.time().set({of.at.ns + step * 1'000'000'000'000});
        alert_watch_options options;
        options.poll_every = 0ms;
        options.sinks = {webhook_sink(server.options()).value()};
        auto watch = basic_alert_watch<hook_ledger>::open(log, options).value();
        BOOST_TEST(watch.raise(of).value() == (step == 0));
        if (step == 0) continue;
        if (step == 1) {
            alert_event claim;
            claim.key = of.key;
            claim.sink = "webhook";
            claim.by = "who-dies";
            claim.at = log.time().now();
            claim.held_ns = 300'000'000'000;
            BOOST_TEST(log.append_once(to_record(claim).value()).value().has_value());
        }
        server.answer(step == 2 ? 503 : 200);
        auto const done = watch.poll_once().value();
        delivered += done.delivered;
        BOOST_TEST(done.failed == (step == 2 ? 1U : 0U));
        BOOST_TEST(server.got().size() == (step < 2 ? 0U : step == 2 ? 1U : 2U));
    }
    BOOST_TEST(delivered == 1U);
    auto const got = server.got();
    BOOST_TEST(header_of(got[0].headers, "Idempotency-Key") ==
               header_of(got[1].headers, "Idempotency-Key"));
}

BOOST_AUTO_TEST_CASE(an_error_shows_no_secret_and_says_when_to_come_again) {
    hook_server server;
    server.answer(429);
    auto const refused = webhook_sink(server.options()).value().deliver(hook_alert());
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().message() == "bad_response: the webhook answered 429");
    BOOST_TEST(refused.error().retry_after_ms == 120'000U);
    BOOST_TEST(refused.error().remote.empty());
    auto options = server.options();
    options.url = "http://127.0.0.1:1/path-secret";  // nobody is there
    auto const unreachable = webhook_sink(options).value().deliver(hook_alert());
    BOOST_REQUIRE(!unreachable);
    BOOST_TEST((unreachable.error().code == errc::connect_failed));
    BOOST_TEST(unreachable.error().message().find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(slack_gets_a_text_without_marks) {
    hook_server server;
    auto options = server.options();
    options.name = "slack";
    auto const sink = slack_sink(options).value();
    BOOST_TEST(sink.name == "slack");
    BOOST_REQUIRE(sink.deliver(hook_alert()).has_value());
    BOOST_TEST(server.got().at(0).body == R"({"text":"anomaly: user &lt;ana&gt; &amp; \"co\" ?"})");
}

BOOST_AUTO_TEST_CASE(urls_and_headers_that_cannot_be_are_refused) {
    for (std::string const url : {"", "ftp://example.com", "https://",
                                  "https://user:secret@example.com/", "https://example.com/a b",
                                  "https://example.com/\r\nX: secret", "https://example.com/#x"}) {
        webhook_options options;
        options.url = url;
        auto const made = webhook_sink(options);
        BOOST_REQUIRE_MESSAGE(!made, url);
        BOOST_TEST((made.error().code == errc::bad_argument));
        BOOST_TEST(made.error().message().find("secret") == std::string::npos);
    }
    webhook_options options;
    options.url = "https://example.com?x=1";
    BOOST_TEST(webhook_sink(options).has_value());
    options.headers = {{"X", "a\r\nb"}};
    BOOST_TEST(!webhook_sink(options).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
