// SPDX-License-Identifier: MIT
//
// Requests through a gateway on loopback to a provider that does as it is told: what comes back,
// what is recorded, and what is refused.

#include "engine/support/temporary_directory.hpp"
#include "support/gateway_stand.hpp"

#include <boost/asio/read_until.hpp>
#include <boost/test/unit_test.hpp>

#include <aiaudit/budget/budget_text.hpp>
#include <aiaudit/gateway/key_file.hpp>
#include <aiaudit/gateway/key_ring.hpp>

#include <chrono>
#include <string>
#include <thread>

BOOST_AUTO_TEST_SUITE(gateway_relay)

namespace {

using namespace aiaudit_tests;
using tcp = boost::asio::ip::tcp;
using stand = gateway_stand;

}  // namespace

BOOST_AUTO_TEST_CASE(an_answer_passes_byte_for_byte_and_is_on_record_with_its_cost) {
    stand one;
    auto const said = openai_chat_body("gpt-4.1-2025-04-14", "Good day", {});
    one.provider.script(chat_path, {json_step(said)});
    auto const answer = one.exchange(stand::post(
        gateway_question,
        "x-aiaudit-user: ana\r\nx-aiaudit-tag-Team: red\r\nAuthorization: Bearer mine\r\n"));
    BOOST_TEST(status_of(answer) == 200);
    BOOST_TEST(body_of(answer) == said);
    BOOST_REQUIRE(one.provider.requests().size() == 1U);
    auto const seen = one.provider.requests()[0];
    BOOST_TEST(seen.body == gateway_question);
    BOOST_TEST(seen.header("Authorization") == "Bearer sk-of-the-provider");
    BOOST_TEST(seen.header("x-aiaudit-user") == "");
    auto const records = one.outcomes();
    BOOST_REQUIRE(records.size() == 1U);
    BOOST_TEST(records[0].user == "ana");
    BOOST_TEST(tag_of(records[0], "team") == "red");
    BOOST_TEST(records[0].usage.count(unit::input_tokens) == 12U);
    BOOST_TEST((records[0].cost_status == cost_status::priced));
    BOOST_TEST((records[0].cost > money{}));
    BOOST_TEST(has(answer, records[0].operation_id.to_string()));
}

BOOST_AUTO_TEST_CASE(a_stream_passes_as_it_comes_without_the_chunk_that_nobody_asked_for) {
    for (bool const asks : {false, true}) {
        stand one;
        auto const whole = openai_chat_stream("gpt-4.1", {"Good", " day"}, body_usage{});
        auto const without = openai_chat_stream("gpt-4.1", {"Good", " day"}, std::nullopt);
        one.provider.script(chat_path, {stream_step(whole, 7)});
        std::string body = stream_question;
        if (asks) body.insert(body.size() - 1, R"(,"stream_options":{"include_usage":true})");
        auto const answer = one.exchange(stand::post(body));
        BOOST_TEST(has(answer, "Transfer-Encoding: chunked"));
        // The other chunks of a stream that reports usage say that theirs is null.
        BOOST_TEST(has(unchunked(answer), "\"choices\":[]") == asks);
        if (asks) BOOST_TEST(unchunked(answer) == whole);
        BOOST_TEST(has(unchunked(answer), "data: [DONE]"));
        BOOST_TEST(has(one.provider.requests().at(0).body, R"("include_usage":true)"));
        auto const records = one.outcomes();
        BOOST_REQUIRE(records.size() == 1U);
        BOOST_TEST(records[0].complete);
        BOOST_TEST(records[0].usage.count(unit::output_tokens) == 7U);
        BOOST_TEST(records[0].time_to_first_token_ns.has_value());
    }
}

BOOST_AUTO_TEST_CASE(what_costs_nothing_passes_and_leaves_no_trace) {
    // A stored answer says again what it used when it was made.
    std::string const stored =
        R"({"id":"resp_1","object":"response","status":"completed","model":"gpt-4.1",)"
        R"("usage":{"input_tokens":12,"output_tokens":7,"total_tokens":19}})";
    std::string const described = R"({"id":"gpt-4.1","object":"model"})";
    stand one;
    one.provider.script("/v1/responses/resp_1", {json_step(stored), json_step(stored)});
    one.provider.script("/v1/models/gpt-4.1", {json_step(described)});
    struct {
        std::string method;
        std::string path;
        std::string said;
    } const cases[] = {{"GET", "/v1/responses/resp_1", stored},
                       {"DELETE", "/v1/responses/resp_1", stored},
                       {"GET", "/v1/models/gpt-4.1", described}};
    for (auto const& each : cases) {
        auto const answer = one.exchange(each.method + " " + each.path +
                                         " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
        BOOST_TEST(status_of(answer) == 200, each.path);
        BOOST_TEST(body_of(answer) == each.said);
    }
    BOOST_TEST(one.outcomes().empty());
    BOOST_TEST(!has(one.at.metrics().text(), R"(kind="input"} 12)"));
}

BOOST_AUTO_TEST_CASE(work_in_the_background_is_no_failure_and_charged_its_bound) {
    stand one;
    one.provider.script("/v1/responses",
                        {json_step(R"({"id":"resp_1","object":"response","status":"queued",)"
                                   R"("model":"gpt-4.1","usage":null,"output":[]})")});
    // More than open a circuit, were they failures.
    constexpr std::size_t count = 12;
    for (std::size_t i = 0; i < count; ++i) {
        auto const answer = one.exchange(stand::post(
            R"({"model":"gpt-4.1","background":true,"max_output_tokens":50,"input":"Hello"})", "",
            "/v1/responses"));
        BOOST_TEST(status_of(answer) == 200);
    }
    auto const records = one.outcomes();
    BOOST_REQUIRE(records.size() == count);
    BOOST_TEST(records[0].error_type == "");
    BOOST_TEST(!records[0].complete);
    BOOST_TEST((records[0].cost_status == cost_status::estimated));
    BOOST_TEST(records[0].usage.count(unit::output_tokens) == 50U);
}

BOOST_AUTO_TEST_CASE(a_key_of_the_gateways_goes_to_no_provider_and_a_clients_own_one_may) {
    temporary_directory const directory;
    std::string const path = directory / "keys.json";
    auto const issued = issue_key({.id = "web"}, timestamp::from_seconds(1'800'000'000)).value();
    key_file(path).add(issued.kept).value();
    auto const said = json_step(openai_chat_body("gpt-4.1", "Good day", {}));
    for (bool const required : {true, false}) {
        stand one([&](gateway_options& options) {
            options.upstreams[0].key.clear();
            options.key_file = path;
            options.keys_required = required;
        });
        one.provider.script(chat_path, {said, said, said});
        BOOST_TEST(status_of(one.exchange(stand::post(
                       gateway_question, "Authorization: Bearer " + issued.secret + "\r\n"))) ==
                   200);
        BOOST_TEST(status_of(one.exchange(stand::post(
                       gateway_question, "x-api-key: " + issued.secret + "\r\n"))) == 200);
        auto const of_his_own = one.exchange(
            stand::post(gateway_question, "Authorization: Bearer sk-of-the-client\r\n"));
        BOOST_TEST(status_of(of_his_own) == (required ? 401 : 200));
        auto const seen = one.provider.requests();
        BOOST_REQUIRE(seen.size() == (required ? 2U : 3U));
        BOOST_TEST(seen[0].header("Authorization") == "");
        BOOST_TEST(seen[1].header("x-api-key") == "");
        if (!required) BOOST_TEST(seen[2].header("Authorization") == "Bearer sk-of-the-client");
    }
}

BOOST_AUTO_TEST_CASE(a_providers_refusal_passes_as_it_is_and_costs_nothing) {
    stand one;
    one.provider.script(chat_path, {error_step(provider_error::openai_rate_limited)});
    auto const answer = one.exchange(stand::post(gateway_question));
    BOOST_TEST(status_of(answer) == 429);
    BOOST_TEST(body_of(answer) == error_body(provider_error::openai_rate_limited));
    auto const records = one.outcomes();
    BOOST_REQUIRE(records.size() == 1U);
    BOOST_TEST((records[0].cost_status == cost_status::no_charge));
}

BOOST_AUTO_TEST_CASE(where_an_upstream_fails_the_next_one_is_asked) {
    chaos_provider other;
    auto const said = openai_chat_body("gpt-4.1", "From the other", {});
    other.script(chat_path, {json_step(said), json_step(said)});
    stand one([&](gateway_options& options) {
        options.upstreams[0].fallback = {"other"};
        options.upstreams.push_back(options.upstreams[0]);
        options.upstreams[1].name = "other";
        options.upstreams[1].fallback = {};
        options.upstreams[1].entry.origin = other.origin();
    });
    one.provider.script(chat_path, {error_step(provider_error::openai_server_error),
                                    {.trouble = chaos_trouble::refuse_then_close}});
    for (int i = 0; i < 2; ++i) {
        auto const answer = one.exchange(stand::post(gateway_question));
        BOOST_TEST(status_of(answer) == 200);
        BOOST_TEST(body_of(answer) == said);
    }
    auto const records = one.outcomes();
    BOOST_REQUIRE(records.size() == 4U);
    BOOST_TEST((records[0].operation_id == records[1].operation_id));
    BOOST_TEST(records[1].attempt == 2U);
}

BOOST_AUTO_TEST_CASE(metadata_of_the_body_says_who_and_what_for) {
    stand one;
    auto const said = openai_chat_body("gpt-4.1", "Hello", {});
    one.provider.script(chat_path, {json_step(said)});
    std::string const body =
        R"({"model":"gpt-4.1","metadata":{"user_id":"bea","team":"blue","run":"7","of":7,"long":")" +
        std::string(300, 'x') + R"("},"messages":[{"role":"user","content":"Hello"}]})";
    BOOST_TEST(status_of(one.exchange(stand::post(body, "x-aiaudit-tag-team: red\r\n"))) == 200);
    BOOST_TEST(one.provider.requests()[0].body == body);
    auto const records = one.outcomes();
    BOOST_REQUIRE(records.size() == 1U);
    BOOST_TEST(records[0].user == "bea");
    BOOST_TEST(records[0].tags.size() == 2U);
    BOOST_TEST(tag_of(records[0], "team") == "red");
    BOOST_TEST(tag_of(records[0], "run") == "7");
}

BOOST_AUTO_TEST_CASE(a_callers_own_key_goes_to_the_upstream_he_asked_for_alone) {
    chaos_provider other;
    other.script(chat_path, {json_step(openai_chat_body("gpt-4.1", "From the other", {}))});
    stand one([&](gateway_options& options) {
        options.upstreams[0].key.clear();
        options.upstreams[0].fallback = {"other"};
        options.upstreams.push_back(options.upstreams[0]);
        options.upstreams[1].name = "other";
        options.upstreams[1].fallback = {};
        options.upstreams[1].entry.origin = other.origin();
    });
    one.provider.script(chat_path, {error_step(provider_error::openai_server_error)});
    auto const answer =
        one.exchange(stand::post(gateway_question, "Authorization: Bearer sk-of-the-caller\r\n"));
    BOOST_TEST(status_of(answer) == 200);
    BOOST_REQUIRE(one.provider.requests().size() == 1U);
    BOOST_REQUIRE(other.requests().size() == 1U);
    BOOST_TEST(one.provider.requests()[0].header("Authorization") == "Bearer sk-of-the-caller");
    BOOST_TEST(other.requests()[0].header("Authorization") == "");
}

BOOST_AUTO_TEST_CASE(an_upstream_that_cannot_be_reached_is_told_in_the_shape_of_the_api) {
    // Bound, and not listening: nobody else gets the port meanwhile, not even the gateway.
    boost::asio::io_context io;
    tcp::acceptor deaf(io);
    deaf.open(tcp::v4());
    deaf.bind({boost::asio::ip::address_v4::loopback(), 0});
    std::uint16_t const free_port = deaf.local_endpoint().port();
    stand one([&](gateway_options& options) {
        options.upstreams[0].entry.origin = "http://127.0.0.1:" + std::to_string(free_port);
    });
    auto const answer = one.exchange(stand::post(gateway_question));
    BOOST_TEST(status_of(answer) == 502);
    BOOST_TEST(has(body_of(answer), R"({"error":{"message":)"));
    auto const records = one.outcomes();
    BOOST_REQUIRE(records.size() == 1U);
    BOOST_TEST((records[0].cost_status == cost_status::no_charge));
}

BOOST_AUTO_TEST_CASE(a_full_budget_is_429_with_the_time_to_wait_and_nothing_is_sent) {
    stand one;
    budget day;
    day.name = "day";
    day.unit = budget_unit::requests;
    day.limit = 1;
    day.window = parse_budget_window("day", {}).value();
    one.log.set_budget(day).value();
    one.provider.script(chat_path, {json_step(openai_chat_body("gpt-4.1", "Good day", {}))});
    BOOST_TEST(status_of(one.exchange(stand::post(gateway_question))) == 200);
    auto const answer = one.exchange(stand::post(gateway_question));
    BOOST_TEST(status_of(answer) == 429);
    BOOST_TEST(has(answer, "Retry-After: "));
    BOOST_TEST(has(answer, "insufficient_quota"));
    BOOST_TEST(one.provider.requests().size() == 1U);
    BOOST_TEST(one.outcomes().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_stream_that_outruns_its_budget_is_cut_with_words_on_it) {
    stand one([](gateway_options& options) {
        options.calls.on_overrun = stream_overrun::cut;
        options.calls.output_most = 3;
    });
    budget day;
    day.name = "day";
    day.unit = budget_unit::tokens;
    day.limit = 5000;
    day.window = parse_budget_window("day", {}).value();
    one.log.set_budget(day).value();
    word_list const words(200, "many words ");
    one.provider.script(chat_path,
                        {stream_step(openai_chat_stream("gpt-4.1", words, body_usage{}))});
    // A stream is what comes as one, asked for or not.
    for (auto const& question : {stream_question, gateway_question}) {
        auto const answer = one.exchange(stand::post(question));
        BOOST_TEST(status_of(answer) == 200);
        BOOST_TEST(has(unchunked(answer), R"(data: {"error":)"));
        BOOST_TEST(has(answer, "x-aiaudit-output-limit: 3\r\n"));
    }
    auto const records = one.outcomes();
    BOOST_REQUIRE(records.size() == 2U);
    for (record const& each : records) BOOST_TEST(!each.complete);
}

BOOST_AUTO_TEST_CASE(a_limit_that_the_gateway_set_is_told_and_no_other) {
    stand one([](gateway_options& options) { options.calls.output_most = 50; });
    one.provider.script(chat_path, {json_step(openai_chat_body("gpt-4.1", "Good day", {}))});
    BOOST_TEST(has(one.exchange(stand::post(gateway_question)), "x-aiaudit-output-limit: 50\r\n"));
    auto const asked = [&](char const* limit) {
        return one.exchange(stand::post(std::string(R"({"model":"gpt-4.1","messages":[],)") +
                                        R"("max_completion_tokens":)" + limit + "}"));
    };
    BOOST_TEST(has(asked("9000"), "x-aiaudit-output-limit: 50\r\n"));
    BOOST_TEST(!has(asked("50"), "x-aiaudit-output-limit"));
}

BOOST_AUTO_TEST_CASE(what_becomes_of_an_answer_whose_client_is_gone_is_a_policy_and_recorded) {
    for (client_gone const then : {client_gone::cut, client_gone::drain}) {
        stand one([then](gateway_options& options) { options.on_client_gone = then; });
        word_list const words(50, "word ");
        chaos_step slow = stream_step(openai_chat_stream("gpt-4.1", words, body_usage{12, 50}));
        slow.piece_bytes = 400;
        slow.delay_between_pieces = std::chrono::milliseconds(5);
        one.provider.script(chat_path, {slow});
        {
            auto socket = one.connect();
            boost::asio::write(socket, boost::asio::buffer(stand::post(stream_question)));
            std::string some(200, ' ');
            boost::asio::read(socket, boost::asio::buffer(some));
        }
        BOOST_TEST(one.provider.wait_for_open_connections(then == client_gone::cut ? 0 : 1,
                                                          std::chrono::seconds(10)));
        auto const records = one.outcomes();
        BOOST_REQUIRE(records.size() == 1U);
        if (then == client_gone::cut) {
            BOOST_TEST(!records[0].complete);
            BOOST_TEST(records[0].error_type == "cancelled");
            BOOST_TEST((records[0].cost_status == cost_status::estimated));
        } else {
            BOOST_TEST(records[0].complete);
            BOOST_TEST(records[0].usage.count(unit::output_tokens) == 50U);
            BOOST_TEST((records[0].cost_status == cost_status::priced));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_stream_whose_client_leaves_at_its_last_words_was_whole) {
    stand one;
    chaos_step open_ended = stream_step(openai_chat_stream("gpt-4.1", {"Good"}, body_usage{12, 1}));
    open_ended.chunked = true;
    open_ended.trouble = chaos_trouble::stall_mid_body;  // the chunk that ends all does not come
    open_ended.body_bytes_sent = open_ended.body.size();
    one.provider.script(chat_path, {open_ended});
    {
        auto socket = one.connect();
        boost::asio::write(socket, boost::asio::buffer(stand::post(stream_question)));
        std::string all;
        boost::asio::read_until(socket, boost::asio::dynamic_buffer(all), "data: [DONE]");
    }
    BOOST_TEST(one.provider.wait_for_open_connections(0, std::chrono::seconds(10)));
    auto const records = one.outcomes();
    BOOST_REQUIRE(records.size() == 1U);
    BOOST_TEST(records[0].complete);
    BOOST_TEST(records[0].error_type == "");
    BOOST_TEST((records[0].cost_status == cost_status::priced));
    BOOST_TEST(records[0].usage.count(unit::output_tokens) == 1U);
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_for_a_client_that_leaves_while_it_waits_for_its_turn) {
    stand one;
    budget rate;
    rate.name = "rate";
    rate.unit = budget_unit::requests;
    rate.limit = 1;
    rate.window.period = budget_period::minute;
    rate.alert_percents.clear();
    parse_budget_action("wait=600000", rate).value();
    one.log.set_budget(rate).value();
    one.provider.script(chat_path, {json_step(openai_chat_body("gpt-4.1", "Good day", {}))});
    BOOST_TEST(status_of(one.exchange(stand::post(gateway_question))) == 200);
    auto const in_flight = [&](std::int64_t wanted) {
        auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (one.at.metrics().in_flight.value() != wanted) {
            if (std::chrono::steady_clock::now() > until) return false;
            std::this_thread::yield();
        }
        return true;
    };
    {
        auto socket = one.connect();
        boost::asio::write(socket, boost::asio::buffer(stand::post(gateway_question)));
        BOOST_TEST(in_flight(1));
    }
    BOOST_TEST(in_flight(0));
    BOOST_TEST(one.provider.requests().size() == 1U);
    BOOST_TEST(one.outcomes().size() == 1U);
}

BOOST_AUTO_TEST_CASE(requests_that_cannot_be_understood_are_refused_with_the_right_status) {
    stand one([](gateway_options& options) {
        options.limits.body_bytes_max = 1000;
        options.limits.head_bytes_max = 2000;
    });
    struct {
        std::string bytes;
        int status;
    } const cases[] = {
        {"nonsense\r\n\r\n", 400},
        {"POST " + std::string(chat_path) +
             " HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
             "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {"POST " + std::string(chat_path) +
             " HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
             "Content-Length: 6\r\n\r\n{}   ",
         400},
        {"POST " + std::string(chat_path) +
             " HTTP/1.1\r\nHost: a\r\nHost: b\r\n"
             "Content-Length: 2\r\n\r\n{}",
         400},
        {stand::post(gateway_question, "x-long: " + std::string(3000, 'x') + "\r\n"), 431},
        {stand::post(std::string(1001, ' ')), 413},
        {stand::post("{\"model\":"), 400},
        {stand::post("[]"), 400},
        {stand::post(gateway_question, "", "/v1/unknown"), 404},
        {stand::post(gateway_question, "", "/v1/../v1/chat/completions"), 404},
    };
    for (auto const& each : cases) {
        auto const answer = one.exchange(each.bytes);
        BOOST_TEST(status_of(answer) == each.status, each.bytes.substr(0, 120) << answer);
    }
    BOOST_TEST(one.provider.requests().empty());
    BOOST_TEST(one.outcomes().empty());
}

BOOST_AUTO_TEST_CASE(a_connection_to_a_provider_that_nobody_needs_is_closed) {
    stand one([](gateway_options& options) {
        options.upstream_idle_time = std::chrono::milliseconds(1);
    });
    one.provider.script(chat_path, {json_step(openai_chat_body("gpt-4.1", "Good day", {}))});
    BOOST_TEST(status_of(one.exchange(stand::post(gateway_question))) == 200);
    BOOST_TEST(one.provider.wait_for_open_connections(0, std::chrono::seconds(20)));
}

BOOST_AUTO_TEST_CASE(a_client_that_sends_a_byte_now_and_then_is_not_waited_for) {
    stand one([](gateway_options& options) {
        options.limits.head_time = std::chrono::milliseconds(100);
    });
    auto socket = one.connect();
    boost::asio::write(socket, boost::asio::buffer(std::string("POST /v1/chat")));
    std::string all;
    boost::system::error_code ended;
    boost::asio::read(socket, boost::asio::dynamic_buffer(all), ended);
    BOOST_TEST(all.empty());
}

BOOST_AUTO_TEST_CASE(stopping_lets_a_stream_end) {
    stand one;
    word_list const words(20, "word ");
    chaos_step slow = stream_step(openai_chat_stream("gpt-4.1", words, body_usage{}));
    slow.piece_bytes = 500;
    slow.delay_between_pieces = std::chrono::milliseconds(10);
    one.provider.script(chat_path, {slow});
    auto socket = one.connect();
    boost::asio::write(socket, boost::asio::buffer(stand::post(stream_question)));
    std::string all(100, ' ');
    boost::asio::read(socket, boost::asio::buffer(all));
    std::thread stopping([&] { one.at.stop(); });
    boost::system::error_code ended;
    boost::asio::read(socket, boost::asio::dynamic_buffer(all), ended);
    stopping.join();
    BOOST_TEST(has(all, "[DONE]"));
    auto const records = one.outcomes();
    BOOST_REQUIRE(records.size() == 1U);
    BOOST_TEST(records[0].complete);
}

BOOST_AUTO_TEST_CASE(a_key_opens_what_it_is_for_until_it_is_revoked) {
    temporary_directory const directory;
    std::string const path = directory / "keys.json";
    key_file const file(path);
    auto const issued = issue_key({.id = "web", .user = "ana", .models = {"gpt-4.1"}},
                                  timestamp::from_seconds(1'800'000'000))
                            .value();
    file.add(issued.kept).value();
    stand one([&](gateway_options& options) {
        options.key_file = path;
        options.keys_required = true;
    });
    auto const said = openai_chat_body("gpt-4.1", "Good day", {});
    one.provider.script(chat_path, {json_step(said)});
    std::string const with_key = "Authorization: Bearer " + issued.secret + "\r\n";
    std::string const forged = with_key.substr(0, with_key.size() - 4) + "A\r\n";
    BOOST_TEST(status_of(one.exchange(stand::post(gateway_question))) == 401);
    BOOST_TEST(status_of(one.exchange(stand::post(gateway_question, forged))) == 401);
    std::string other = gateway_question;
    other.replace(other.find("gpt-4.1"), 7, "gpt-5.1");
    BOOST_TEST(status_of(one.exchange(stand::post(other, with_key))) == 403);
    // Who it is is said by the key alone.
    auto const answer =
        one.exchange(stand::post(gateway_question, with_key + "x-aiaudit-user: someone-else\r\n"));
    BOOST_TEST(status_of(answer) == 200);
    file.revoke("web", timestamp::from_seconds(1'800'000'001)).value();
    auto const until = std::chrono::steady_clock::now() + 2 * key_ring::look_every;
    std::this_thread::sleep_until(until);
    BOOST_TEST(status_of(one.exchange(stand::post(gateway_question, with_key))) == 401);
    auto const records = one.outcomes();
    BOOST_REQUIRE(records.size() == 1U);
    BOOST_TEST(records[0].user == "ana");
    BOOST_TEST(records[0].key_id == "web");
    std::string const metrics = one.at.metrics().text();
    for (std::string const& text : {answer, metrics}) {
        BOOST_TEST(!has(text, issued.secret));
        BOOST_TEST(!has(text, "sk-of-the-provider"));
    }
}

BOOST_AUTO_TEST_CASE(what_a_provider_sends_beside_the_data_of_chunks_is_held_within_a_bound) {
    std::string const head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    std::string const endless(std::size_t{4} << 20, 'x');
    for (std::string const& answer :
         {head + "2;" + endless, head + "2\r\n{}\r\n0\r\nX-Long: " + endless}) {
        boost::asio::io_context io;
        tcp::acceptor acceptor(io, {boost::asio::ip::address_v4::loopback(), 0});
        std::string const origin =
            "http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
        bool cut = false;
        std::thread provider([&] {
            auto client = acceptor.accept();
            boost::system::error_code ended;
            std::string asked;
            boost::asio::read_until(client, boost::asio::dynamic_buffer(asked), "\r\n\r\n", ended);
            boost::asio::write(client, boost::asio::buffer(answer), ended);
            cut = ended.failed();
        });
        stand one([&](gateway_options& options) { options.upstreams[0].entry.origin = origin; });
        auto const told = one.exchange(stand::post(gateway_question));
        provider.join();
        BOOST_TEST(cut);
        BOOST_TEST(!has(told, endless.substr(0, 100)));
        auto const records = one.outcomes();
        BOOST_REQUIRE(records.size() == 1U);
        BOOST_TEST(!records[0].complete);
    }
}

BOOST_AUTO_TEST_SUITE_END()
