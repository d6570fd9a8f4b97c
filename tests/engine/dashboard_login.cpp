// SPDX-License-Identifier: MIT
//
// dashboard_login.cpp: who is let in, and what every answer of the dashboard carries.
#include "support/ledger_testing.hpp"

#include <aiaudit/gateway/dashboard.hpp>
#include <aiaudit/gateway/dashboard_session.hpp>
#include <aiaudit/impl/gateway/dashboard.tpp>

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(dashboard_login)

namespace {

using namespace aiaudit;
using namespace aiaudit_tests;
using namespace std::chrono_literals;

using memory_ledger = basic_ledger<in_memory>;
using memory_dashboard = basic_dashboard<memory_ledger>;

constexpr std::string_view token = "a-token-of-the-test-0123456789";

struct stand {
    memory_ledger log = memory_ledger::open({}).value();
    memory_dashboard board = memory_dashboard::open(log, {std::string(token), false}).value();

    gateway_response ask(std::string method, std::string target, header_list headers = {},
                         std::string body = {}) {
        return board.answer(
            {std::move(method), std::move(target), std::move(headers), std::move(body), "::1"});
    }
    gateway_response get(std::string target, header_list headers = {}) {
        return ask("GET", std::move(target), std::move(headers));
    }
    gateway_response log_in(std::string_view with, header_list headers = {}) {
        headers.emplace_back("Content-Type", "application/json");
        return ask("POST", "/login", std::move(headers),
                   "{\"token\": \"" + std::string(with) + "\"}");
    }
    // The Cookie header that a browser sends after a login.
    header_list cookie_of(gateway_response const& from) {
        std::string_view const set = header_of(from.headers, "set-cookie");
        return {{"Cookie", "theme=dark; " + std::string(set.substr(0, set.find(';')))}};
    }
};

header_list bearer(std::string_view of) { return {{"Authorization", "Bearer " + std::string(of)}}; }

}  // namespace

BOOST_AUTO_TEST_CASE(a_short_token_is_refused_and_not_repeated) {
    auto log = memory_ledger::open({}).value();
    for (char const* const bad : {"", "fifteen-letters", "with a space in the middle"}) {
        auto const opened = memory_dashboard::open(log, {bad, false});
        BOOST_REQUIRE(!opened.has_value());
        BOOST_TEST((opened.error().code == errc::bad_argument));
        BOOST_TEST((*bad == 0 || opened.error().where.find(bad) == std::string::npos));
    }
}

BOOST_FIXTURE_TEST_CASE(nothing_of_the_api_is_shown_without_a_login, stand) {
    for (char const* const path :
         {"summary", "daily", "models", "users", "budgets", "alerts", "records", "records/1",
          "recent", "events", "openapi.json", "nothing"}) {
        auto const got = get("/api/v1/" + std::string(path));
        BOOST_TEST(got.status == 401, path);
        BOOST_TEST(header_of(got.headers, "content-type") == "application/problem+json");
        BOOST_TEST(header_of(got.headers, "www-authenticate") == "Bearer realm=\"aiaudit\"");
    }
    auto const session = get("/api/v1/session");
    BOOST_TEST(session.body == "{\"logged_in\":false,\"version\":\"0.1.0\"}");
    BOOST_TEST(get("/").status == 200);
    BOOST_TEST(get("/assets/app.js").status == 200);
}

BOOST_FIXTURE_TEST_CASE(a_login_gives_a_cookie_that_lasts_until_the_logout, stand) {
    auto const in = log_in(token);
    BOOST_TEST_REQUIRE(in.status == 200);
    std::string const set(header_of(in.headers, "set-cookie"));
    BOOST_TEST(set.starts_with("aiaudit_session="));
    BOOST_TEST(set.find(token) == std::string::npos);
    BOOST_TEST(set.ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"));
    BOOST_TEST(set.find(';') == std::string_view("aiaudit_session=").size() + 64);
    auto const cookie = cookie_of(in);
    BOOST_TEST(get("/api/v1/summary", cookie).status == 200);
    BOOST_TEST(get("/api/v1/session", cookie).body.find("true") != std::string::npos);
    BOOST_TEST(header_of(log_in(token).headers, "set-cookie") != set);
    auto const out = ask("POST", "/logout", cookie);
    BOOST_TEST(out.status == 200);
    BOOST_TEST(header_of(out.headers, "set-cookie").find("Max-Age=0") != std::string::npos);
    BOOST_TEST(get("/api/v1/summary", cookie).status == 401);
}

BOOST_AUTO_TEST_CASE(a_cookie_for_tls_never_goes_without) {
    stand at;
    at.board = memory_dashboard::open(at.log, {std::string(token), true}).value();
    BOOST_TEST(header_of(at.log_in(token).headers, "set-cookie").ends_with("; Secure"));
}

BOOST_FIXTURE_TEST_CASE(the_token_itself_opens_the_api, stand) {
    BOOST_TEST(get("/api/v1/summary", bearer(token)).status == 200);
    BOOST_TEST(get("/api/v1/summary", {{"authorization", "bearer " + std::string(token)}}).status ==
               200);
    BOOST_TEST(get("/api/v1/summary", bearer(std::string(token) + "x")).status == 401);
    BOOST_TEST(get("/api/v1/summary", bearer("")).status == 401);
    BOOST_TEST(get("/api/v1/summary", {{"Authorization", "Basic " + std::string(token)}}).status ==
               401);
    BOOST_TEST(get("/api/v1/summary", {{"Cookie", "aiaudit_session="}}).status == 401);
    BOOST_TEST(
        get("/api/v1/summary", {{"Cookie", "aiaudit_session=" + std::string(token)}}).status ==
        401);
}

BOOST_FIXTURE_TEST_CASE(wrong_tokens_of_an_address_are_slowed_and_lock_nobody_out, stand) {
    auto const cookie = cookie_of(log_in(token));
    for (int i = 0; i < 5; ++i) {
        BOOST_TEST(log_in("wrong").status == 401);
        BOOST_TEST(get("/api/v1/summary", bearer("wrong")).status == 401);
    }
    for (auto const& refused : {log_in("wrong"), get("/api/v1/summary", bearer("wrong"))}) {
        BOOST_TEST(refused.status == 429);
        BOOST_TEST((refused.delay == dashboard_sessions::wrong_delay));
        BOOST_TEST(std::stoi(std::string(header_of(refused.headers, "retry-after"))) <= 60);
    }
    // Not the right one, who is in already, or another address.
    auto const opened = log_in(token);
    BOOST_TEST(opened.status == 200);
    BOOST_TEST((opened.delay == std::chrono::milliseconds{}));
    BOOST_TEST(get("/api/v1/summary", bearer(token)).status == 200);
    BOOST_TEST(get("/api/v1/summary", cookie).status == 200);
    gateway_request other{"GET", "/api/v1/summary", bearer("wrong"), {}, "127.0.0.1"};
    BOOST_TEST(board.answer(other).status == 401);
}

BOOST_FIXTURE_TEST_CASE(a_wrong_token_for_the_events_is_counted_once, stand) {
    gateway_request follow{"GET", "/api/v1/events", bearer("wrong"), {}, "::1"};
    // As a server asks.
    for (int i = 0; i < 10; ++i) {
        BOOST_TEST(get("/api/v1/summary", bearer(token)).status == 200, i);
        BOOST_TEST(!board.is_event_stream(follow));
        BOOST_TEST(board.answer(follow).status == 401, i);
    }
    BOOST_TEST(!board.is_event_stream(follow));
    BOOST_TEST(board.answer(follow).status == 429);
    follow.headers = bearer(token);
    BOOST_TEST(board.is_event_stream(follow));
}

BOOST_FIXTURE_TEST_CASE(a_stream_of_events_is_one_until_its_session_ends, stand) {
    auto const cookie = cookie_of(log_in(token));
    gateway_request const follow{"GET", "/api/v1/events", cookie, {}, "::1"};
    BOOST_TEST(board.is_event_stream(follow));
    BOOST_TEST(ask("POST", "/logout", cookie).status == 200);
    BOOST_TEST(!board.is_event_stream(follow));
}

BOOST_AUTO_TEST_CASE(who_has_a_network_of_ipv6_is_counted_as_one) {
    dashboard_sessions sessions(token);
    steady_time const now{1h};
    for (int i = 0; i < 10; ++i) {
        for (std::string const network : {"2001:db8:0:1::", "::ffff:10.0.0.", "10.0.0."})
            BOOST_TEST(!sessions.try_token("wrong", network + std::to_string(i), now).right);
    }
    BOOST_TEST(sessions.try_token("wrong", "2001:db8:0:1:ff::", now).retry_after_s == 60U);
    BOOST_TEST(sessions.try_token("wrong", "2001:db8:0:1::%eth0", now).retry_after_s == 60U);
    BOOST_TEST(sessions.try_token(token, "2001:db8:0:1:ff::", now).right);
    for (char const* const other : {"2001:db8:0:2::", "::1", "::ffff:10.0.0.10", "10.0.0.9", "a"})
        BOOST_TEST(sessions.try_token("wrong", other, now).retry_after_s == 0U, other);
}

BOOST_AUTO_TEST_CASE(wrong_tokens_are_answered_at_once_again_after_a_minute) {
    dashboard_sessions sessions(token);
    steady_time const now{1h};
    for (int i = 0; i < 10; ++i)
        BOOST_TEST(sessions.try_token("wrong", "a", now + i * 1s).retry_after_s == 0U);
    BOOST_TEST(sessions.try_token("wrong", "a", now + 10s).retry_after_s == 50U);
    BOOST_TEST(sessions.try_token("wrong", "a", now + 59999ms).retry_after_s == 1U);
    BOOST_TEST(sessions.try_token(token, "a", now + 59999ms).right);
    // Nine of the ten are of the last minute: one more is the tenth.
    BOOST_TEST(sessions.try_token("wrong", "a", now + 60s).retry_after_s == 0U);
    BOOST_TEST(sessions.try_token("wrong", "a", now + 60s).retry_after_s == 1U);
    // However many addresses try, memory is bounded.
    for (int i = 0; i < 3'000; ++i)
        BOOST_TEST(!sessions.try_token("wrong", std::to_string(i), now + 61s).right);
}

BOOST_AUTO_TEST_CASE(a_session_ends_after_twelve_hours_or_when_there_are_too_many) {
    dashboard_sessions sessions(token);
    steady_time const now{1h};
    auto const first = sessions.begin(now).value();
    BOOST_TEST(sessions.holds(first, now + 12h - 1s));
    BOOST_TEST(!sessions.holds(first, now + 12h));
    auto const second = sessions.begin(now + 1s).value();
    for (std::size_t i = 0; i < dashboard_sessions::sessions_most - 1; ++i)
        BOOST_TEST(sessions.begin(now + 2s).has_value());
    BOOST_TEST(!sessions.holds(first, now + 3s));
    BOOST_TEST(sessions.holds(second, now + 3s));
}

BOOST_FIXTURE_TEST_CASE(a_login_that_is_none_is_refused_by_its_reason, stand) {
    header_list const type{{"Content-Type", "application/json; charset=utf-8"}};
    BOOST_TEST(ask("POST", "/login", type, "{\"token\": 1}").status == 400);
    BOOST_TEST(ask("POST", "/login", type, "not json").status == 400);
    BOOST_TEST(ask("POST", "/login", type, "").status == 400);
    BOOST_TEST(ask("POST", "/login", type, std::string(4'097, ' ')).status == 413);
    BOOST_TEST(ask("POST", "/login", {}, "token=x").status == 415);
    BOOST_TEST(
        ask("POST", "/login", {{"Content-Type", "application/jsonp"}}, "{\"token\": 1}").status ==
        415);
    BOOST_TEST(
        ask("POST", "/login", {{"Content-Type", "Application/JSON"}}, "{\"token\": 1}").status ==
        400);
    BOOST_TEST(ask("POST", "/login", type, std::string(4'000, '[')).status == 400);
    auto const wrong = log_in("hunter2-hunter2-hunter2");
    BOOST_TEST(wrong.body.find("hunter2") == std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(another_site_changes_nothing, stand) {
    auto const from = [&](std::string origin) {
        return log_in(token, {{"Host", "localhost:8081"}, {"Origin", std::move(origin)}}).status;
    };
    BOOST_TEST(from("http://localhost:8081") == 200);
    BOOST_TEST(from("https://LOCALHOST:8081") == 200);
    BOOST_TEST(from("http://localhost:8082") == 403);
    BOOST_TEST(from("http://localhost:8081.evil.test") == 403);
    BOOST_TEST(from("null") == 403);
    BOOST_TEST(log_in(token, {{"Sec-Fetch-Site", "same-site"}}).status == 403);
    BOOST_TEST(log_in(token, {{"Sec-Fetch-Site", "same-origin"}}).status == 200);
    BOOST_TEST(ask("POST", "/logout", {{"Host", "a"}, {"Origin", "http://b"}}).status == 403);
}

BOOST_FIXTURE_TEST_CASE(every_answer_carries_the_headers_that_protect_it, stand) {
    for (char const* const target : {"/", "/assets/app.js", "/assets/none", "/api/v1/session",
                                     "/api/v1/summary", "/none", "*"}) {
        auto const got = get(target);
        BOOST_TEST(header_of(got.headers, "content-security-policy")
                       .starts_with("default-src 'none'; script-src 'self'; style-src 'self'; "));
        BOOST_TEST(header_of(got.headers, "x-content-type-options") == "nosniff");
        BOOST_TEST(header_of(got.headers, "referrer-policy") == "no-referrer");
        BOOST_TEST(!header_of(got.headers, "content-type").empty());
        BOOST_TEST(header_of(got.headers, "cache-control") ==
                   (got.status == 200 && !got.body.starts_with('{') ? "no-cache" : "no-store"));
    }
}

BOOST_FIXTURE_TEST_CASE(a_file_that_the_browser_has_is_not_sent_again, stand) {
    auto const page = get("/");
    std::string const tag(header_of(page.headers, "etag"));
    BOOST_TEST(tag.starts_with('"'));
    BOOST_TEST(header_of(page.headers, "content-type").starts_with("text/html"));
    auto const again = get("/", {{"If-None-Match", tag}});
    BOOST_TEST(again.status == 304);
    BOOST_TEST(again.body.empty());
    BOOST_TEST(get("/", {{"If-None-Match", "\"other\""}}).status == 200);
    // Whose length the server tells.
    BOOST_TEST(ask("HEAD", "/").body == page.body);
    BOOST_TEST(get("/assets/../etc/passwd").status == 404);
    BOOST_TEST(get("/app.js").status == 404);
    BOOST_TEST(get("/login").body == page.body);
}

BOOST_FIXTURE_TEST_CASE(methods_that_are_not_allowed_name_those_that_are, stand) {
    BOOST_TEST(header_of(ask("DELETE", "/api/v1/records").headers, "allow") == "GET, HEAD");
    BOOST_TEST(ask("POST", "/api/v1/records", bearer(token)).status == 405);
    BOOST_TEST(header_of(get("/logout").headers, "allow") == "POST");
    BOOST_TEST(ask("PUT", "/login").status == 405);
    BOOST_TEST(header_of(ask("PUT", "/login").headers, "allow") == "GET, HEAD, POST");
    BOOST_TEST(header_of(ask("PUT", "/logout").headers, "allow") == "POST");
    BOOST_TEST(get("no-path").status == 400);
    BOOST_TEST(get("/" + std::string(9'000, 'a')).status == 400);
    BOOST_TEST(get("/api/v2/summary", bearer(token)).status == 404);
}

BOOST_FIXTURE_TEST_CASE(events_go_on_where_the_client_left_off, stand) {
    append_samples(log, 0, 5);
    gateway_request follow{"GET", "/api/v1/events", {}, {}, "::1"};
    BOOST_TEST(!board.is_event_stream(follow));
    follow.headers = bearer(token);
    BOOST_TEST(board.is_event_stream(follow));
    auto last = board.events_begin(follow).value();
    BOOST_TEST(value_of(last) == 5U);
    BOOST_TEST(board.events_after(last).empty());
    append_samples(log, 5, 1);
    BOOST_TEST(board.events_after(last).starts_with("id: 6\n"));
    follow.headers.emplace_back("Last-Event-ID", "4");
    last = board.events_begin(follow).value();
    BOOST_TEST(board.events_after(last, 1).starts_with("id: 5\n"));
    BOOST_TEST(header_of(board.events_head().headers, "content-type") == "text/event-stream");
    // Without a stream the same is answered at once.
    auto const answered = board.answer(follow);
    BOOST_TEST(answered.body.starts_with("retry: 2000\n\nid: 5\nevent: record\ndata: {"));
    follow.target = "/api/v1/events?x=1";
    BOOST_TEST(!board.is_event_stream(follow));
    BOOST_TEST(board.answer(follow).status == 400);
}

BOOST_FIXTURE_TEST_CASE(many_threads_may_ask_while_the_log_grows, stand) {
    append_samples(log, 0, 50);
    auto const cookie = cookie_of(log_in(token));
    std::atomic<int> bad{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
            for (int round = 0; round < 10; ++round) {
                for (char const* const path : {"summary", "daily?by=model", "users", "records",
                                               "records/7", "alerts", "budgets", "recent"})
                    bad += get("/api/v1/" + std::string(path), cookie).status == 200 ? 0 : 1;
                bad += log_in(i % 2 == 0 ? token : "wrong").status == 500 ? 1 : 0;
                auto last = sequence{1};
                bad += board.events_after(last).empty() ? 1 : 0;
            }
        });
    }
    for (int i = 50; i < 150; ++i)
        bad += log.append(sample(i), durability::relaxed).has_value() ? 0 : 1;
    for (std::thread& each : threads) each.join();
    BOOST_TEST(bad == 0);
}

BOOST_AUTO_TEST_SUITE_END()
