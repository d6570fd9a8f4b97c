// SPDX-License-Identifier: MIT
//
// client_bad_days.cpp: what a client makes of providers that refuse, fail, or send no sense: the
// error, the attempts, the waits, and what the log says that it cost.

#include "support/bad_day.hpp"
#include "support/http_date.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(client_bad_days)

namespace {

using namespace aiaudit_tests;
using trouble = chaos_trouble;

// Each with HTTP and with TLS.
void both_ways(std::function<void(bool tls)> const& test) {
    for (bool const tls : {false, true}) {
        BOOST_TEST_CONTEXT((tls ? "over TLS" : "over HTTP")) {
            soon const bound;
            test(tls);
        }
    }
}

bool holds(std::string const& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}
timestamp in_seconds(std::int64_t seconds) {
    auto at = timestamp::parse("2026-03-01T12:00:00Z").value();
    at.ns += seconds * 1'000'000'000;
    return at;
}
double seconds_of(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }

chaos_step rate_limited(header_list headers) {
    return with_headers(error_step(provider_error::openai_rate_limited), std::move(headers));
}

struct refusal {
    provider_error kind;
    int status;  // 0: the usual one
    char const* type;
    unsigned attempts;
};

}  // namespace

BOOST_AUTO_TEST_CASE(each_form_of_retry_after_is_waited_for) {
    std::vector<header_list> const forms{
        {{"Retry-After", "20"}},
        {{"retry-after-ms", "20000"}},
        {{"Retry-After-Ms", "20000"}, {"Retry-After", "7"}},
        {{"Retry-After", imf_fixdate(in_seconds(20))}},
        {{"Retry-After", rfc850_date(in_seconds(20))}},
        {{"Retry-After", asctime_date(in_seconds(20))}},
    };
    both_ways([&](bool tls) {
        for (auto const& form : forms) {
            BOOST_TEST_CONTEXT(form[0].second) {
                bad_day at(tls);
                at.script({rate_limited(form), good_answer()});
                auto const reply = at.ai().chat(question()).value();
                BOOST_TEST(seconds_of(reply.duration_ns) >= 20.0);
                BOOST_TEST(seconds_of(reply.duration_ns) <= 22.0);
                BOOST_TEST(reply.attempts == 2U);
                at.check_books({free_of_charge, at_price(good_price)});
            }
        }
    });
}

BOOST_AUTO_TEST_CASE(a_retry_after_that_is_too_long_is_told_and_not_waited_for) {
    both_ways([](bool tls) {
        bad_day at(tls);  // over retry_policy::wait_max
        at.script({rate_limited({{"Retry-After", "61"}}), good_answer()});
        auto why = at.failure_of(at.ai().chat(question()));
        BOOST_TEST((why.code == errc::provider_error));
        BOOST_TEST(why.retry_after_ms == 61'000U);
        at.check_books({free_of_charge});

        bad_day hurried(tls, {.timeout = 10s});  // over the deadline
        hurried.script({rate_limited({{"Retry-After", "20"}}), good_answer()});
        why = hurried.failure_of(hurried.ai().chat(question()));
        BOOST_TEST(why.retry_after_ms == 20'000U);
        BOOST_TEST(holds(why.where, "HTTP 429, rate_limit_exceeded"));
        hurried.check_books({free_of_charge});

        bad_day unlucky(tls);  // as often as is allowed
        unlucky.script({rate_limited({{"Retry-After", "20"}})});
        why = unlucky.failure_of(unlucky.ai().chat(question()));
        BOOST_TEST(why.retry_after_ms == 20'000U);
        BOOST_TEST(holds(why.where, "after 3 attempts, to be tried again in 20 s"));
        unlucky.check_books({free_of_charge, free_of_charge, free_of_charge});
    });
}

BOOST_AUTO_TEST_CASE(the_provider_may_say_whether_to_retry) {
    both_ways([](bool tls) {
        bad_day stubborn(tls);
        stubborn.script({with_headers(error_step(provider_error::openai_server_error),
                                      {{"x-should-retry", "false"}}),
                         good_answer()});
        auto const why = stubborn.failure_of(stubborn.ai().chat(question()));
        BOOST_TEST((why.code == errc::provider_error));
        stubborn.check_books({free_of_charge});

        bad_day lenient(tls);
        lenient.script({with_headers(error_step(provider_error::openai_bad_request),
                                     {{"x-should-retry", "true"}}),
                        good_answer()});
        BOOST_TEST(lenient.ai().chat(question()).value().attempts == 2U);
        lenient.check_books({free_of_charge, at_price(good_price)});
    });
}

BOOST_AUTO_TEST_CASE(refusals_are_free_and_repeated_where_that_can_help) {
    using enum provider_error;
    std::vector<refusal> const refusals{
        {openai_server_error, 500, "server_error", 3},
        {openai_server_error, 502, "server_error", 3},
        {openai_server_error, 503, "server_error", 3},
        {openai_server_error, 408, "server_error", 3},
        {openai_server_error, 409, "server_error", 3},
        {anthropic_overloaded, 529, "overloaded_error", 3},
        {gateway_page, 502, "http_502", 3},
        {openai_rate_limited, 429, "rate_limit_exceeded", 3},
        {openai_out_of_quota, 429, "insufficient_quota", 1},
        {openai_bad_request, 400, "unsupported_value", 1},
        {openai_bad_key, 401, "invalid_api_key", 1},
        {openai_unknown_model, 404, "model_not_found", 1},
        {openai_bad_request, 302, "unsupported_value", 1},
    };
    both_ways([&](bool tls) {
        for (auto const& [kind, status, type, attempts] : refusals) {
            BOOST_TEST_CONTEXT("HTTP " << status << " " << type) {
                bad_day at(tls);
                auto step = error_step(kind);
                step.status = status;
                at.script({step});
                auto const why = at.failure_of(at.ai().chat(question()));
                BOOST_TEST((why.code == errc::provider_error));
                BOOST_TEST(holds(why.where, "HTTP " + std::to_string(status) + ", " + type));
                BOOST_TEST(holds(why.where, "after 3 attempts") == (attempts == 3));
                BOOST_TEST(at.provider().requests().size() == attempts);
                at.check_books(
                    std::vector<expected_attempt>(attempts, {cost_status::no_charge, {}, type}));
                BOOST_TEST(at.last_outcome().http_status == status);
            }
        }
    });
}

BOOST_AUTO_TEST_CASE(the_words_of_a_provider_are_in_remote_alone) {
    both_ways([](bool tls) {
        bad_day at(tls);
        at.script({error_step(provider_error::openai_bad_key)});
        auto why = at.failure_of(at.ai().chat(question()));
        BOOST_TEST(why.remote == "That key was not accepted.");
        BOOST_TEST(!holds(why.message(), "not accepted"));
        at.check_books({free_of_charge});
        BOOST_TEST(!holds(to_json(sequence{1}, at.last_outcome()), "not accepted"));
        // A provider that repeats the key wherever it can.
        std::string const key = secret_key;
        bad_day echo(tls);
        echo.script({with_headers(json_step(R"({"error":{"code":")" + key + R"(","message":"Not )" +
                                                key + R"(!"}})",
                                            400),
                                  {{"x-request-id", key}}),
                     json_step(openai_chat_body(key, "Hi", {100, 10}))});
        why = echo.failure_of(echo.ai().chat(question()));
        BOOST_TEST(holds(why.where, "HTTP 400, withheld"));
        BOOST_TEST(why.remote == "Not withheld!");
        BOOST_TEST(echo.ai().chat(question()).value().model == "gpt-4.1");
        echo.check_books({free_of_charge, at_price(good_price)});
        BOOST_TEST(std::string(echo.provider().requests()[0].header("authorization")) ==
                   "Bearer " + key);
    });
}

BOOST_AUTO_TEST_CASE(what_is_no_answer_is_charged_at_its_bounds_and_repeated) {
    struct nonsense {
        char const* what;
        chaos_step step;
        errc code;
    };
    auto const good = good_answer();
    auto garbled = good;
    garbled.body.resize(garbled.body.size() / 2);
    auto page = good;
    page.content_type = "text/html";
    page.body = "<html>Log in to this network</html>";
    auto unzipped = with_headers(good, {{"Content-Encoding", "gzip"}});
    auto silent = good;
    silent.body.clear();
    std::vector<nonsense> const cases{
        {"invalid JSON", garbled, errc::bad_response},
        {"a page of a network", page, errc::bad_response},
        {"no gzip", unzipped, errc::bad_response},
        {"an empty body", silent, errc::truncated},
        {"not HTTP", with_trouble(good, trouble::not_http), errc::bad_response},
        {"endless head", with_trouble(good, trouble::endless_head), errc::bad_response},
        {"endless line", with_trouble(good, trouble::endless_header_line), errc::bad_response},
        {"too little", with_trouble(good, trouble::content_length_too_long), errc::connection_lost},
        {"too much", with_trouble(good, trouble::content_length_too_short), errc::bad_response},
        {"no head", with_trouble(good, trouble::refuse_then_close), errc::connection_lost},
        {"half a head", with_trouble(good, trouble::close_mid_head), errc::connection_lost},
        {"half a body", with_trouble(good, trouble::close_mid_body), errc::connection_lost},
        {"broken chunks", with_trouble(good, trouble::chunked_broken), errc::bad_response},
    };
    both_ways([&](bool tls) {
        for (auto const& [what, step, code] : cases) {
            BOOST_TEST_CONTEXT(what) {
                bad_day at(tls);
                at.script({step});
                auto const why = at.failure_of(at.ai().chat(question()));
                BOOST_TEST(name_of(why.code) == name_of(code));
                BOOST_TEST(holds(why.where, "after 3 attempts"));
                at.check_books(std::vector<expected_attempt>(
                    3, {cost_status::estimated, {}, std::string(name_of(code))}));
                // The next call finds the provider in health.
                at.script({step, good});
                auto const reply = at.ai().chat(question()).value();
                BOOST_TEST(reply.attempts == 2U);
                BOOST_TEST(reply.text == "Hi");
                BOOST_TEST((reply.cost > money::parse(good_price).value()));
            }
        }
    });
}

BOOST_AUTO_TEST_CASE(embeddings_have_no_output_that_could_cost) {
    both_ways([](bool tls) {
        bad_day at(tls);
        auto const good = json_step(embeddings_body("text-embedding-3-small", 8));
        at.script({with_trouble(good, trouble::close_mid_body), good}, "/v1/embeddings");
        auto const reply = at.ai().embed(
            {.provider = "openai", .model = "text-embedding-3-small", .inputs = {"Hello"}});
        BOOST_TEST(reply.value().attempts == 2U);
        BOOST_TEST(reply.value().vectors.size() == 1U);
        at.check_books({at_its_bounds, at_price("0.00000016")});
    });
}

BOOST_AUTO_TEST_CASE(an_endless_body_ends_at_its_bound) {
    both_ways([](bool tls) {
        client_options options;
        options.limits.response_bytes_max = 100'000;
        bad_day at(tls, options);
        auto step = good_answer();
        step.trouble = trouble::endless_body;
        at.script({step});
        auto const why = at.failure_of(at.ai().chat(question()));
        BOOST_TEST((why.code == errc::too_large));
        at.check_books({at_its_bounds});
    });
}

BOOST_AUTO_TEST_CASE(a_200_that_holds_an_error_is_a_providers_error) {
    both_ways([](bool tls) {
        bad_day at(tls);
        at.script({json_step(error_body(provider_error::openai_server_error)), good_answer()});
        BOOST_TEST(at.ai().chat(question()).value().attempts == 2U);
        at.check_books({{cost_status::estimated, {}, "server_error"}, at_price(good_price)});
        bad_day money_gone(tls);
        money_gone.script({json_step(error_body(provider_error::openai_out_of_quota))});
        auto const why = money_gone.failure_of(money_gone.ai().chat(question()));
        BOOST_TEST((why.code == errc::provider_error));
        BOOST_TEST(why.remote == "The quota of this account is used up.");
        money_gone.check_books({at_its_bounds});
    });
}

BOOST_AUTO_TEST_CASE(an_answer_without_usage_is_an_answer_charged_at_its_bounds) {
    both_ways([](bool tls) {
        bad_day at(tls);
        at.script({json_step(R"({"model":"gpt-4.1","choices":[{"index":0,"message":)"
                             R"({"role":"assistant","content":"Hi"},"finish_reason":"stop"}]})")});
        auto const reply = at.ai().chat(question()).value();
        BOOST_TEST(reply.text == "Hi");
        BOOST_TEST((reply.cost_status == cost_status::estimated));
        BOOST_REQUIRE(reply.cost_problem.has_value());
        BOOST_TEST((reply.cost_problem->code == errc::no_usage));
        at.check_books({at_its_bounds});
        BOOST_TEST(at.last_outcome().complete);
        BOOST_TEST(at.last_outcome().error_type == "");
    });
}

BOOST_AUTO_TEST_CASE(large_and_packed_answers_arrive_whole) {
    std::string const text(10 << 20, 'a');
    both_ways([&](bool tls) {
        bad_day at(tls);
        auto step = json_step(openai_chat_body("gpt-4.1", text, {100, 10}));
        auto packed = good_answer();
        packed.gzip = true;
        packed.piece_bytes = 7;
        at.script({step, packed});
        BOOST_TEST((at.ai().chat(question()).value().text == text));
        BOOST_TEST(at.ai().chat(question()).value().text == "Hi");
        at.check_books({at_price(good_price), at_price(good_price)});
    });
}

BOOST_AUTO_TEST_CASE(a_connection_that_died_unsaid_does_not_fail_the_next_call) {
    both_ways([](bool tls) {
        bad_day at(tls);
        at.script({with_trouble(good_answer(), trouble::close_after_answer_without_saying)});
        auto last = at.ai().chat(question()).value();
        BOOST_TEST(last.text == "Hi");
        // The end of a connection may still be on its way when the next request leaves.
        at.script({good_answer()});
        last = at.ai().chat(question()).value();
        BOOST_TEST(last.text == "Hi");
        if (last.attempts == 1)
            at.check_books({at_price(good_price), at_price(good_price)});
        else
            at.check_books({at_price(good_price), at_its_bounds, at_price(good_price)});
    });
}

BOOST_AUTO_TEST_CASE(a_header_that_would_begin_another_is_not_sent) {
    both_ways([](bool tls) {
        for (auto const& [name, value] : header_list{{"X-One", "a\r\nX-Two: b"},
                                                     {"X-One", "a\nb"},
                                                     {"X One", "a"},
                                                     {"X-One\r\nX-Two", "a"},
                                                     {"Content-Length", "3"}}) {
            bad_day at(tls);
            at.script({good_answer()});
            auto const why = at.failure_of(at.ai().chat(question(), {.headers = {{name, value}}}));
            BOOST_TEST((why.code == errc::bad_argument));
            BOOST_TEST(!holds(why.message(), "\n"));
            BOOST_TEST(at.provider().connections() == 0U);
            at.check_books({{cost_status::no_charge, {}, "bad_argument"}});
        }
    });
}

BOOST_AUTO_TEST_CASE(a_refused_connection_costs_nothing) {
    soon const bound;
    refusing_port const nobody;
    bad_day at(nobody.origin(), "");
    auto const why = at.failure_of(at.ai().chat(question()));
    BOOST_TEST((why.code == errc::connect_failed));
    BOOST_TEST(holds(why.where, "after 3 attempts"));
    at.check_books(
        std::vector<expected_attempt>(3, {cost_status::no_charge, {}, "connect_failed"}));
}

BOOST_AUTO_TEST_CASE(a_certificate_that_proves_nothing_ends_the_call_before_the_key_is_sent) {
    struct impostor {
        char const* what;
        pem_identity shown;
        std::string ca_file;
    };
    throwaway_ca const other;
    std::vector<impostor> const impostors{
        {"expired", test_ca().expired(), test_ca().file()},
        {"not yet valid", test_ca().not_yet_valid(), test_ca().file()},
        {"another host's", test_ca().for_host("example.com"), test_ca().file()},
        {"nobody's", throwaway_ca::self_signed(), test_ca().file()},
        {"of an unknown authority", test_ca().good(), other.file()},
    };
    for (auto const& [what, shown, ca_file] : impostors) {
        BOOST_TEST_CONTEXT(what) {
            soon const bound;
            chaos_provider provider({.tls = shown});
            bad_day at(provider.origin(), ca_file);
            auto const why = at.failure_of(at.ai().chat(question()));
            BOOST_TEST((why.code == errc::tls_failed));
            BOOST_TEST(provider.connections() == 1U);
            BOOST_TEST(provider.requests().empty());
            at.check_books({{cost_status::no_charge, {}, "tls_failed"}});
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
