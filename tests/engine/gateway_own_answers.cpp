// SPDX-License-Identifier: MIT
//
// What a key may ask the gateway itself: what it has left, and what a call has cost.

#include "engine/support/temporary_directory.hpp"
#include "support/gateway_stand.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <aiaudit/budget/budget_text.hpp>
#include <aiaudit/gateway/cost_headers.hpp>
#include <aiaudit/gateway/key_file.hpp>
#include <aiaudit/late_costs.hpp>
#include <aiaudit/templates.hpp>

#include <array>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(gateway_own_answers)

namespace {

using namespace aiaudit_tests;
using stand = gateway_stand;

std::string get(std::string const& path, std::string const& headers = "") {
    return "GET " + path + " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n" + headers + "\r\n";
}
std::string header_in(std::string const& answer, std::string const& name) {
    auto const at = answer.find("\r\n" + name + ": ");
    if (at == std::string::npos || at > answer.find("\r\n\r\n")) return "";
    auto const begin = at + name.size() + 4;
    return answer.substr(begin, answer.find("\r\n", begin) - begin);
}
budget budget_named(std::string name, std::string const& scope, std::string const& limit) {
    budget made;
    made.name = std::move(name);
    made.limit = parse_budget_limit(limit, made.unit).value();
    made.scope = parse_budget_scope(scope).value();
    made.window = parse_budget_window("day").value();
    return made;
}

// A gateway with the keys "web" of ana and "job" of bob.
struct two_keys {
    two_keys()
        : web(issue("web", "ana")), job(issue("job", "bob")), one([this](gateway_options& options) {
              options.key_file = path;
              options.keys_required = true;
          }) {}
    std::string issue(std::string const& id, std::string const& user) {
        auto const made =
            issue_key({.id = id, .user = user}, timestamp::from_seconds(1'800'000'000)).value();
        key_file(path).add(made.kept).value();
        return "Authorization: Bearer " + made.secret + "\r\n";
    }

    temporary_directory const directory{};
    std::string const path = directory / "keys.json";
    std::string const web;
    std::string const job;
    stand one;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_key_sees_what_it_has_spent_and_has_left_and_nothing_of_others) {
    two_keys with;
    stand& one = with.one;
    for (auto const& [name, scope, limit] :
         std::vector<std::array<std::string, 3>>{{"all", "everyone", "100"},
                                                 {"key-web", "key=web", "5"},
                                                 {"key-job", "key=job", "0.5"},
                                                 {"mini", "model=gpt-4.1-mini", "1"},
                                                 {"users", "each-user", "3"}})
        one.log.set_budget(budget_named(name, scope, limit)).value();
    one.provider.script(chat_path, {json_step(openai_chat_body("gpt-4.1", "Good day", {}))});
    BOOST_TEST(status_of(one.exchange(stand::post(gateway_question, with.web))) == 200);
    auto const said = one.exchange(get("/aiaudit/v1/budget", with.web));
    BOOST_TEST(status_of(said) == 200);
    BOOST_TEST(header_in(said, "Cache-Control") == "no-store");
    auto const body = boost::json::parse(body_of(said));
    BOOST_TEST(body.at("key").as_string() == "web");
    BOOST_TEST(body.at("user").as_string() == "ana");
    auto const& budgets = body.at("budgets").as_array();
    BOOST_REQUIRE(budgets.size() == 3U);
    BOOST_TEST(budgets[0].at("subject").as_string() == "everyone");
    BOOST_TEST(budgets[1].at("subject").as_string() == "key=web");
    BOOST_TEST(budgets[2].at("subject").as_string() == "user=ana");
    // Held, or spent already.
    auto const left = money::parse(std::string(budgets[2].at("left").as_string())).value();
    BOOST_TEST((left < money::parse("3").value()));
    // The least of all that a budget of dollars leaves.
    BOOST_TEST(body.at("left_usd").as_string() == budgets[2].at("left").as_string());
    BOOST_TEST(body.at("left_tokens").is_null());
    // One that has used nothing has its limit left.
    auto const other =
        boost::json::parse(body_of(one.exchange(get("/aiaudit/v1/budget", with.job))));
    BOOST_TEST(other.at("left_usd").as_string() == "0.5");
    BOOST_TEST(other.at("budgets").as_array()[2].at("subject").as_string() == "user=bob");
    BOOST_TEST(other.at("budgets").as_array()[2].at("spent").as_string() == "0");
    auto const of_model = boost::json::parse(
        body_of(one.exchange(get("/aiaudit/v1/budget?model=gpt-4.1-mini", with.web))));
    BOOST_TEST(of_model.at("left_usd").as_string() == "1");
}

BOOST_AUTO_TEST_CASE(a_run_is_named_by_a_header_of_ours_or_of_an_agents) {
    two_keys with;
    stand& one = with.one;
    budget run = budget_named("run", "each-run", "100");
    run.unit = budget_unit::requests;
    run.limit = 1;
    run.window = parse_budget_window("total").value();
    one.log.set_budget(run).value();
    auto const said = json_step(openai_chat_body("gpt-4.1", "Good day", {}));
    one.provider.script(chat_path, std::vector<chaos_step>(9, said));
    auto const status = [&](std::string const& headers, std::string const& body) {
        return status_of(one.exchange(stand::post(body, with.web + headers)));
    };
    for (std::string const name : {"x-aiaudit-run", "X-Claude-Code-Session-Id", "session_id",
                                   "session-id", "x-opencode-session"}) {
        BOOST_TEST_CONTEXT(name) {
            BOOST_TEST(status(name + ": run of " + name + "\r\n", gateway_question) == 200);
            BOOST_TEST(status(name + ": run of " + name + "\r\n", gateway_question) == 429);
        }
    }
    // Ours counts before theirs, and who names none has no limit.
    BOOST_TEST(
        status("session_id: new\r\nx-aiaudit-run: run of session_id\r\n", gateway_question) == 429);
    BOOST_TEST(status("", gateway_question) == 200);
    BOOST_TEST(status("", gateway_question) == 200);
    std::string identified = gateway_question;
    identified.insert(identified.size() - 1,
                      R"(,"metadata":{"user_id":"{\"device_id\":\"d\",\"session_id\":\"s1\"}"})");
    BOOST_TEST(status("", identified) == 200);
    BOOST_TEST(status("", identified) == 429);
    BOOST_TEST(status("x-aiaudit-run: " + std::string(300, 'r') + "\r\n", gateway_question) == 400);
    auto const body = boost::json::parse(body_of(one.exchange(
        get("/aiaudit/v1/budget", with.web + "x-aiaudit-run: run of session-id\r\n"))));
    BOOST_TEST(body.at("left_requests").as_string() == "0");
}

BOOST_AUTO_TEST_CASE(a_team_is_its_keys_whatever_a_client_says) {
    temporary_directory const directory;
    std::string const path = directory / "keys.json";
    auto const made =
        issue_key({.id = "web", .team = "red", .organisation = "acme", .names_users = true},
                  timestamp::from_seconds(1'800'000'000))
            .value();
    key_file(path).add(made.kept).value();
    stand one([&](gateway_options& options) { options.key_file = path; });
    one.provider.script(chat_path, {json_step(openai_chat_body("gpt-4.1", "Good day", {}))});
    BOOST_TEST(status_of(one.exchange(
                   stand::post(gateway_question, "Authorization: Bearer " + made.secret +
                                                     "\r\nx-aiaudit-tag-team: blue\r\n"))) == 200);
    auto const records = one.outcomes();
    BOOST_REQUIRE(records.size() == 1U);
    BOOST_TEST(tag_of(records[0], "team") == "red");
    BOOST_TEST(tag_of(records[0], "organisation") == "acme");
}

BOOST_AUTO_TEST_CASE(what_is_not_asked_rightly_is_refused) {
    two_keys with;
    BOOST_TEST(status_of(with.one.exchange(get("/aiaudit/v1/budget"))) == 401);
    BOOST_TEST(status_of(with.one.exchange(get("/aiaudit/v1/budget?modle=x", with.web))) == 400);
    auto const none = with.one.exchange(get("/aiaudit/v1/bugdet", with.web));
    BOOST_TEST(status_of(none) == 404);
    BOOST_TEST(has(none, "/aiaudit/v1/budget"));
    BOOST_TEST(status_of(with.one.exchange(stand::post("{}", with.web, "/aiaudit/v1/budget"))) ==
               404);
}

BOOST_AUTO_TEST_CASE(a_whole_answer_says_its_cost_in_its_head) {
    stand one;
    auto const said = openai_chat_body("gpt-4.1", "Good day", {});
    one.provider.script(chat_path, {json_step(said)});
    auto const answer = one.exchange(stand::post(gateway_question));
    BOOST_TEST(body_of(answer) == said);
    BOOST_TEST(header_in(answer, "Content-Length") == std::to_string(said.size()));
    BOOST_TEST(header_in(answer, "x-aiaudit-cost-status") == "priced");
    auto const id = header_in(answer, "x-aiaudit-operation");
    auto const call = boost::json::parse(body_of(one.exchange(get("/aiaudit/v1/calls/" + id))));
    BOOST_TEST(call.at("cost_usd").as_string() == header_in(answer, "x-aiaudit-cost"));
    BOOST_TEST(call.at("usage").at("input_tokens").as_int64() == 12);
    auto const records = one.outcomes();
    BOOST_TEST(header_in(answer, "x-aiaudit-cost") == records.at(0).cost.to_string());
}

BOOST_AUTO_TEST_CASE(a_cost_that_is_not_known_is_not_told_as_nothing) {
    stand one;
    one.provider.script(chat_path, {json_step(openai_chat_body("strange-model", "Hi", {}))});
    auto const answer = one.exchange(
        stand::post(R"({"model":"strange-model","messages":[{"role":"user","content":"a"}]})"));
    BOOST_TEST(header_in(answer, "x-aiaudit-cost") == "");
    BOOST_TEST(header_in(answer, "x-aiaudit-cost-status") == "unpriced");
    auto const call = boost::json::parse(body_of(
        one.exchange(get("/aiaudit/v1/calls/" + header_in(answer, "x-aiaudit-operation")))));
    BOOST_TEST(call.at("cost_usd").is_null());
}

BOOST_AUTO_TEST_CASE(a_stream_says_its_cost_in_a_trailer_for_those_that_take_one) {
    for (bool const takes : {false, true}) {
        stand one;
        one.provider.script(
            chat_path,
            {stream_step(openai_chat_stream("gpt-4.1", {"Good", " day"}, body_usage{}))});
        auto const answer =
            one.exchange(stand::post(stream_question, takes ? "TE: deflate, trailers\r\n" : ""));
        auto const records = one.outcomes();
        auto const ending = "0\r\nx-aiaudit-cost: " + records.at(0).cost.to_string() +
                            "\r\nx-aiaudit-cost-status: priced\r\n\r\n";
        BOOST_TEST(answer.ends_with(ending) == takes);
        BOOST_TEST(answer.ends_with("\r\n0\r\n\r\n") == !takes);
    }
}

BOOST_AUTO_TEST_CASE(the_cost_of_a_call_is_told_to_its_key_alone) {
    two_keys with;
    stand& one = with.one;
    one.provider.script(
        chat_path, {stream_step(openai_chat_stream("gpt-4.1", {"Good", " day"}, body_usage{}))});
    auto const answer = one.exchange(stand::post(stream_question, with.web));
    auto const path = "/aiaudit/v1/calls/" + header_in(answer, "x-aiaudit-operation");
    auto const call = boost::json::parse(body_of(one.exchange(get(path, with.web))));
    BOOST_TEST(call.at("cost_status").as_string() == "priced");
    BOOST_TEST(call.at("complete").as_bool());
    BOOST_TEST(status_of(one.exchange(get(path, with.job))) == 404);
    BOOST_TEST(status_of(one.exchange(get(path))) == 401);
    BOOST_TEST(status_of(one.exchange(get("/aiaudit/v1/calls/nonsense", with.web))) == 404);
}

BOOST_AUTO_TEST_CASE(a_call_of_before_a_restart_is_found_in_the_log) {
    stand one;
    record outcome;
    outcome.kind = record_kind::outcome;
    outcome.started_at = timestamp::from_seconds(1'790'000'000);
    outcome.operation_id = make_operation_id(outcome.started_at);
    outcome.model_requested = "gpt-4.1";
    outcome.cost_status = cost_status::priced;
    outcome.cost = money::parse("0.25").value();
    // A fallback: two attempts are one call.
    one.log.append(outcome).value();
    outcome.attempt = 2;
    one.log.append(outcome).value();
    auto const answer = one.exchange(get("/aiaudit/v1/calls/" + outcome.operation_id.to_string()));
    auto const call = boost::json::parse(body_of(answer));
    BOOST_TEST(call.at("cost_usd").as_string() == "0.5");
    BOOST_TEST(call.at("attempts").as_int64() == 2);
}

BOOST_AUTO_TEST_CASE(a_call_that_was_cut_costs_what_was_said_later) {
    stand one;
    auto const ask = [&one](operation_id const& id) {
        auto const call =
            boost::json::parse(body_of(one.exchange(get("/aiaudit/v1/calls/" + id.to_string()))));
        auto const text = [&call](char const* name) {
            return std::string(call.at(name).as_string().c_str());
        };
        return text("cost_status") + " " + text("cost_low_usd") + " " + text("cost_usd");
    };
    auto const say = [&one](operation_id const& id, char const* cost) {
        late_cost late;
        late.operation_id = id;
        late.cost = money::parse(cost).value();
        BOOST_TEST(correct_costs(one.log, {late}, {"ana", "why"}).value().corrections == 1U);
    };
    record outcome;
    outcome.kind = record_kind::outcome;
    outcome.started_at = timestamp::from_seconds(1'790'000'000);
    outcome.operation_id = make_operation_id(outcome.started_at);
    outcome.model_requested = "gpt-4.1";
    outcome.cost_status = cost_status::estimated;
    outcome.cost = money::parse("2.08").value();
    outcome.cost_low = money::parse("0.001").value();
    one.log.append(outcome).value();
    BOOST_TEST(ask(outcome.operation_id) == "estimated 0.001 2.08");
    say(outcome.operation_id, "0.003");
    BOOST_TEST(ask(outcome.operation_id) == "priced 0.003 0.003");
    say(outcome.operation_id, "0.004");
    BOOST_TEST(ask(outcome.operation_id) == "priced 0.004 0.004");
    // One that the gateway remembers itself.
    one.provider.script(chat_path, {json_step("{}")});
    auto const answer = one.exchange(stand::post(gateway_question));
    auto const id = operation_id::parse(header_in(answer, "x-aiaudit-operation")).value();
    BOOST_TEST(ask(id).starts_with("estimated 0 "));
    BOOST_REQUIRE(one.log.flush().has_value());
    say(id, "0.005");
    BOOST_TEST(ask(id) == "priced 0.005 0.005");
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_too_long_to_be_held_passes_whole) {
    stand one;
    std::string const words(detail::held_answer::bytes_most + 10, 'w');
    auto const said = openai_chat_body("gpt-4.1", words, {});
    one.provider.script(chat_path, {json_step(said)});
    auto const answer = one.exchange(stand::post(gateway_question));
    BOOST_TEST((body_of(answer) == said));
    BOOST_TEST(header_in(answer, "x-aiaudit-cost") == "");
    BOOST_TEST(header_in(answer, "x-aiaudit-operation") != "");
}

BOOST_AUTO_TEST_SUITE_END()
