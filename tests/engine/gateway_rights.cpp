// SPDX-License-Identifier: MIT
//
// A key's rights through a gateway: models that it may use, lists that show these, and answers and
// conversations that a provider keeps for whoever made them.

#include "engine/support/temporary_directory.hpp"
#include "support/gateway_stand.hpp"

#include <boost/asio/read_until.hpp>
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <aiaudit/gateway/key_file.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(gateway_rights)

namespace {

using namespace aiaudit_tests;

std::string const answer_text =
    R"({"id":"resp_1","object":"response","status":"completed","model":"gpt-4.1","output":[],)"
    R"("usage":{"input_tokens":12,"output_tokens":7,"total_tokens":19}})";
std::string const question = R"({"model":"gpt-4.1","input":"Hello","max_output_tokens":50})";

// A gateway with keys, each of a user of its own name but for the last two.
struct keyed {
    explicit keyed(std::function<void(gateway_options&)> const& change = {})
        : stand([&](gateway_options& options) {
              add({.id = "ana", .user = "ana"});
              add({.id = "bob", .user = "bob"});
              add({.id = "anas-other", .user = "ana"});
              add({.id = "anas-project", .user = "ana", .project = "red"});
              add({.id = "nobody"});
              add({.id = "service", .names_users = true});
              add({.id = "narrow",
                   .models = {"gpt-4.1-mini*", "gemini-2.5-flash", "claude-haiku*"}});
              add({.id = "wide", .denied_models = {"gpt-4.1", "claude-opus*"}});
              options.key_file = path;
              options.keys_required = true;
              if (change) change(options);
          }) {
        stand.provider.answer([](seen_request const& seen) {
            if (seen.path() == "/v1/conversations")
                return json_step(R"({"id":"conv_1","object":"conversation","metadata":{}})");
            return json_step(answer_text);
        });
    }
    void add(gateway_key wish) {
        std::string const id = wish.id;
        auto issued = issue_key(std::move(wish), timestamp::from_seconds(1'800'000'000)).value();
        key_file(path).add(issued.kept).value();
        secrets[id] = issued.secret;
    }
    [[nodiscard]] std::string ask(std::string const& id, std::string const& method,
                                  std::string const& target, std::string const& body = "",
                                  std::string const& headers = "") const {
        std::string head =
            method + " " + target + " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n";
        if (!id.empty()) head += "Authorization: Bearer " + secrets.at(id) + "\r\n";
        if (method == "POST") head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
        return stand.exchange(head + headers + "\r\n" + body);
    }
    [[nodiscard]] int status(std::string const& id, std::string const& method,
                             std::string const& target, std::string const& body = "",
                             std::string const& headers = "") const {
        return status_of(ask(id, method, target, body, headers));
    }
    [[nodiscard]] std::size_t sent() const { return stand.provider.requests().size(); }
    std::vector<record> of_storage() {
        stand.at.stop();
        stand.log.flush().value();
        std::vector<record> all;
        stand.log
            .read(sequence{1},
                  [&](sequence, record&& entry) {
                      if (entry.kind == record_kind::storage) all.push_back(std::move(entry));
                      return true;
                  })
            .value();
        return all;
    }

    temporary_directory directory{};
    std::string path = directory / "keys.json";
    std::map<std::string, std::string> secrets{};
    gateway_stand stand;
};

std::vector<std::string> names_in(std::string const& answer, char const* list, char const* name) {
    std::vector<std::string> names;
    auto const body = boost::json::parse(body_of(answer));
    for (auto const& each : body.at(list).as_array())
        names.emplace_back(each.at(name).as_string().c_str());
    return names;
}
using names = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_CASE(a_key_with_a_list_of_models_names_one_of_them_or_nothing_is_sent) {
    keyed const one;
    struct {
        char const* path;
        char const* body;
        int status;
    } const cases[] = {
        {chat_path, R"({"messages":[]})", 403},
        {chat_path, R"({"model":null,"messages":[]})", 403},
        {chat_path, R"({"model":"","messages":[]})", 403},
        {chat_path, R"({"model":["gpt-4.1-mini"],"messages":[]})", 400},
        {chat_path, R"({"model":"gpt-4.1","messages":[]})", 403},
        {chat_path, R"({"model":"gpt-4.1-mini","models":["gpt-4.1"],"messages":[]})", 403},
        {"/v1/chat/completions?model=gpt-4.1", R"({"model":"gpt-4.1-mini","messages":[]})", 403},
        {"/v1/deployments/gpt-4.1/chat/completions", R"({"model":"gpt-4.1-mini"})", 403},
        {"/v1/responses", R"({"prompt":{"id":"pmpt_1"}})", 403},
        {"/v1/moderations", R"({"input":"x"})", 403},
        {"/v1/responses/input_tokens", R"({"input":"x"})", 403},
        {"/v1/responses", R"({"model":"gpt-4.1-mini","input":"x"})", 200},
    };
    for (auto const& each : cases) {
        BOOST_TEST_CONTEXT(each.path << " " << each.body) {
            auto const before = one.sent();
            auto const answer = one.ask("narrow", "POST", each.path, each.body);
            BOOST_TEST(status_of(answer) == each.status, answer);
            BOOST_TEST(has(answer, "model_not_allowed") == (each.status == 403));
            BOOST_TEST(one.sent() == before + (each.status == 200 ? 1 : 0));
        }
    }
    BOOST_TEST(one.status("narrow", "GET", "/v1/models/gpt-4.1") == 403);
    BOOST_TEST(one.status("narrow", "GET", "/v1/models/gpt-4.1-mini") == 200);
    BOOST_TEST(one.status("wide", "POST", chat_path, R"({"model":"openai/gpt-4.1"})") == 403);
    BOOST_TEST(one.status("wide", "POST", chat_path, R"({"messages":[]})") == 403);
    BOOST_TEST(one.status("wide", "POST", "/v1/responses", R"({"model":"gpt-5","input":"x"})") ==
               200);
    // Who may use all need not name any.
    BOOST_TEST(one.status("bob", "POST", "/v1/moderations", R"({"input":"x"})") == 200);
}

BOOST_AUTO_TEST_CASE(a_call_without_a_model_is_refused_in_words_where_each_model_has_its_upstream) {
    keyed const one([](gateway_options& options) { options.upstreams[0].models = {"gpt*"}; });
    auto const answer = one.ask("narrow", "POST", chat_path, R"({"messages":[]})");
    BOOST_TEST(status_of(answer) == 403);
    BOOST_TEST(has(answer, "names none"));
    BOOST_TEST(one.status("ana", "POST", chat_path, R"({"messages":[]})") == 404);
    BOOST_TEST(one.status("narrow", "POST", "/v1/files", "{}") == 404);
    BOOST_TEST(one.sent() == 0U);
}

BOOST_AUTO_TEST_CASE(a_stored_answer_is_its_makers_to_read_continue_cancel_and_delete) {
    keyed one;
    BOOST_TEST(one.status("ana", "POST", "/v1/responses", question) == 200);
    std::string const on = R"({"model":"gpt-4.1","input":"x","previous_response_id":"resp_1"})";
    struct {
        char const* method;
        std::string path;
        std::string body;
    } const calls[] = {
        {"GET", "/v1/responses/resp_1", ""},
        {"GET", "/v1/responses/resp_1/input_items", ""},
        {"GET", "/v1/responses/resp%5F1?include[]=x", ""},
        {"GET", "/openai/v1/responses/resp_1", ""},
        {"POST", "/v1/responses/resp_1/cancel", ""},
        {"POST", "/v1/responses", on},
        {"POST", "/v1/responses/input_tokens", on},
        {"DELETE", "/v1/responses/resp_1", ""},
    };
    for (auto const& each : calls) {
        BOOST_TEST_CONTEXT(each.method << " " << each.path) {
            auto const before = one.sent();
            for (char const* const other : {"bob", "anas-project", "nobody", "narrow", "service"}) {
                auto const answer =
                    one.ask(other, each.method, each.path, each.body,
                            std::string(other) == "service" ? "x-aiaudit-user: ana\r\n" : "");
                bool const by_model = std::string(other) == "narrow" && !each.body.empty();
                BOOST_TEST(status_of(answer) == (by_model ? 403 : 404), other << answer);
                if (!by_model) BOOST_TEST(has(answer, "is none of this API key's"));
            }
            BOOST_TEST(one.sent() == before);
            for (char const* const own : {"ana", "anas-other"})
                BOOST_TEST(one.status(own, each.method, each.path, each.body) == 200, own);
            // What there never was is answered in the same words.
            BOOST_TEST(one.status("ana", "GET", "/v1/responses/resp_2") == 404);
        }
    }
    auto const changes = one.of_storage();
    BOOST_REQUIRE(changes.size() == 4U);
    for (std::size_t i = 0; i < changes.size(); ++i) {
        BOOST_TEST(tag_of(changes[i], "change") == (i < 2 ? "cancel" : "delete"));
        BOOST_TEST(changes[i].provider_request_id == "resp_1");
        BOOST_TEST(changes[i].key_id == (i % 2 == 0 ? "ana" : "anas-other"));
        BOOST_TEST(changes[i].user == "ana");
        BOOST_TEST(changes[i].started_at.ns > 0);
        BOOST_TEST(changes[i].model_served == "");
        BOOST_TEST(changes[i].http_status == 200);
        BOOST_TEST((changes[i].cost_status == cost_status::no_charge));
    }
}

BOOST_AUTO_TEST_CASE(an_answer_is_its_callers_before_he_can_ask_for_it) {
    keyed one;
    std::string const made =
        "event: response.created\ndata: {\"type\":\"response.created\",\"response\":"
        "{\"id\":\"resp_9\",\"status\":\"in_progress\",\"model\":\"gpt-4.1\",\"output\":[]}}\n\n";
    one.stand.provider.script("/v1/responses", {{.content_type = "text/event-stream",
                                                 .body = made + "event: rest",
                                                 .trouble = chaos_trouble::stall_mid_body,
                                                 .body_bytes_sent = made.size()}});
    auto socket = one.stand.connect();
    std::string body = question;
    body.insert(body.size() - 1, R"(,"stream":true)");
    boost::asio::write(socket, boost::asio::buffer(gateway_stand::post(
                                   body, "Authorization: Bearer " + one.secrets["ana"] + "\r\n",
                                   "/v1/responses")));
    std::string seen;
    boost::asio::read_until(socket, boost::asio::dynamic_buffer(seen), "resp_9");
    BOOST_TEST(one.status("ana", "POST", "/v1/responses/resp_9/cancel", "{}") == 200);
    BOOST_TEST(one.status("bob", "POST", "/v1/responses/resp_9/cancel", "{}") == 404);
}

BOOST_AUTO_TEST_CASE(
    what_nobody_here_made_may_be_gone_on_from_unless_the_gateway_is_told_otherwise) {
    for (bool const continues : {true, false}) {
        keyed const one([&](gateway_options& options) { options.continues_unknown = continues; });
        int const then = continues ? 200 : 404;
        for (char const* const from :
             {R"("previous_response_id":"resp_7")", R"("conversation":"conv_7")"})
            BOOST_TEST(one.status("ana", "POST", "/v1/responses",
                                  R"({"model":"gpt-4.1","input":"x",)" + std::string(from) + "}") ==
                       then);
        for (char const* const path : {"/v1/responses/resp_7", "/v1/conversations/conv_7"}) {
            BOOST_TEST(one.status("ana", "GET", path) == 404);
            BOOST_TEST(one.status("ana", "DELETE", path) == 404);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_conversation_is_its_makers_too) {
    keyed one;
    BOOST_TEST(one.status("ana", "POST", "/v1/conversations") == 200);
    std::string const on = R"({"model":"gpt-4.1","input":"x","conversation":{"id":"conv_1"}})";
    struct {
        char const* method;
        std::string path;
        std::string body;
    } const calls[] = {
        {"GET", "/v1/conversations/conv_1", ""},
        {"GET", "/v1/conversations/conv_1/items?limit=9", ""},
        {"GET", "/v1/conversations/conv_1/items/msg_1", ""},
        {"POST", "/v1/conversations/conv_1", R"({"metadata":{}})"},
        {"POST", "/v1/conversations/conv_1/items", R"({"items":[]})"},
        {"POST", "/v1/responses", on},
        {"DELETE", "/v1/conversations/conv_1/items/msg_1", ""},
        {"DELETE", "/v1/conversations/conv_1", ""},
    };
    for (auto const& each : calls) {
        BOOST_TEST_CONTEXT(each.method << " " << each.path) {
            BOOST_TEST(one.status("bob", each.method, each.path, each.body) == 404);
            BOOST_TEST(one.status("ana", each.method, each.path, each.body) == 200);
        }
    }
    std::string changes;
    for (record const& each : one.of_storage()) {
        changes += std::string(tag_of(each, "change")) + " ";
        BOOST_TEST(each.provider_request_id == "conv_1");
        BOOST_TEST(each.key_id == "ana");
    }
    BOOST_TEST(changes == "create change change change delete ");
}

BOOST_AUTO_TEST_CASE(who_owns_an_answer_outlives_the_gateway_and_its_upstream_answers_for_it) {
    chaos_provider other;
    other.answer([](seen_request const&) { return json_step(R"({"id":"resp_2","other":true})"); });
    auto const two = [&other](gateway_options& options) {
        options.upstreams.push_back(options.upstreams[0]);
        options.upstreams[1].name = options.upstreams[1].entry.name = "local";
        options.upstreams[1].entry.origin = other.origin();
        options.upstreams[1].models = {"llama"};
        options.upstreams[0].fallback = {"local"};
    };
    keyed one(two);
    // As another process has left it.
    record entry;
    entry.operation = operation::responses;
    entry.provider = "local";
    entry.provider_request_id = "resp_2";
    entry.key_id = "ana";
    entry.http_status = 200;
    entry.started_at = timestamp::from_seconds(1'800'000'000);
    one.stand.log.append(entry).value();
    auto const answer = one.ask("ana", "GET", "/v1/responses/resp_2");
    BOOST_TEST(status_of(answer) == 200);
    BOOST_TEST(has(answer, "other"));
    BOOST_TEST(one.status("ana", "GET", "/local/v1/responses/resp_2") == 200);
    BOOST_TEST(one.status("ana", "GET", "/openai/v1/responses/resp_2") == 404);
    BOOST_TEST(one.status("bob", "GET", "/v1/responses/resp_2") == 404);
    // Another upstream may be the same account: what is hers is his nowhere.
    BOOST_TEST(one.status("bob", "POST", "/v1/responses",
                          R"({"model":"gpt-4.1","previous_response_id":"resp_2"})") == 404);
    BOOST_TEST(one.status("bob", "GET", "/openai/v1/responses/resp_2") == 404);
    // Nor is another upstream asked for what one keeps.
    BOOST_TEST(one.status("ana", "POST", "/v1/responses", question) == 200);
    one.stand.provider.script("/v1/responses/resp_1",
                              {error_step(provider_error::openai_server_error)});
    auto const before = other.requests().size();
    BOOST_TEST(one.status("ana", "GET", "/v1/responses/resp_1") >= 500);
    BOOST_TEST(other.requests().size() == before);
}

BOOST_AUTO_TEST_CASE(a_list_shows_what_the_key_may_use_of_all_upstreams_of_its_api) {
    chaos_provider other;
    keyed one([&other](gateway_options& options) {
        auto const first = options.upstreams[0];
        for (char const* const name : {"local", "third"}) {
            options.upstreams.push_back(first);
            options.upstreams.back().name = name;
            options.upstreams.back().entry.origin = other.origin();
        }
        options.upstreams[1].models = {"llama*", "gpt-4.1-mini"};
        options.upstreams[2].entry.prefix = "/third";
        for (char const* const name : {"anthropic", "google"}) {
            options.upstreams.push_back(first);
            options.upstreams.back().name = name;
            options.upstreams.back().entry = provider_named(name).value();
            options.upstreams.back().entry.origin = first.entry.origin;
        }
    });
    std::string const mine =
        R"({"object":"list","data":[{"id":"gpt-4.1","owned_by":"x"},{"id":"gpt-4.1-mini","of":1},)"
        R"({"id":"llama-2"}]})";
    one.stand.provider.script("/v1/models", {json_step(mine)});
    other.script("/v1/models", {json_step(R"({"data":[{"id":"llama-3"},{"id":"mistral"},)"
                                          R"({"id":"gpt-4.1-mini","of":2}]})")});
    other.script("/third/models", {json_step(R"({"data":[{"id":"qwen"},{"id":"gpt-4.1"}]})")});
    BOOST_TEST(names_in(one.ask("ana", "GET", "/v1/models"), "data", "id") ==
                   (names{"gpt-4.1", "llama-3", "gpt-4.1-mini", "qwen"}),
               boost::test_tools::per_element());
    BOOST_TEST(
        names_in(one.ask("narrow", "GET", "/v1/models"), "data", "id") == (names{"gpt-4.1-mini"}),
        boost::test_tools::per_element());
    BOOST_TEST(names_in(one.ask("wide", "GET", "/v1/models"), "data", "id") ==
                   (names{"llama-3", "gpt-4.1-mini", "qwen"}),
               boost::test_tools::per_element());
    // By name it is that upstream's own.
    BOOST_TEST(body_of(one.ask("ana", "GET", "/openai/v1/models")) == mine);
    BOOST_TEST(names_in(one.ask("narrow", "GET", "/openai/v1/models"), "data", "id") ==
                   (names{"gpt-4.1-mini"}),
               boost::test_tools::per_element());
    // One that fails is told, and does not hide the others.
    other.script("/third/models", {error_step(provider_error::openai_server_error)});
    auto const partly = one.ask("ana", "GET", "/v1/models");
    BOOST_TEST(status_of(partly) == 200);
    BOOST_TEST(has(partly, "x-aiaudit-models-missing: third"));
    BOOST_TEST(has(partly, "llama-3"));
}

BOOST_AUTO_TEST_CASE(the_lists_of_anthropic_and_gemini_are_read_to_their_last_page) {
    keyed one([](gateway_options& options) {
        for (char const* const name : {"anthropic", "google"}) {
            options.upstreams.push_back(options.upstreams[0]);
            options.upstreams.back().name = name;
            options.upstreams.back().entry = provider_named(name).value();
            options.upstreams.back().entry.origin = options.upstreams[0].entry.origin;
        }
    });
    one.stand.provider.script(
        "/v1/models",
        {json_step(R"({"data":[{"id":"claude-opus-4-8"},{"id":"claude-sonnet-5"}],"has_more":true,)"
                   R"("first_id":"claude-opus-4-8","last_id":"claude-sonnet-5"})"),
         json_step(R"({"data":[{"id":"claude-haiku-4-5"}],"has_more":false})")});
    auto const anthropic =
        one.ask("narrow", "GET", "/v1/models?limit=1", "", "anthropic-version: 2023-06-01\r\n");
    BOOST_TEST(names_in(anthropic, "data", "id") == (names{"claude-haiku-4-5"}),
               boost::test_tools::per_element());
    BOOST_TEST(has(anthropic, R"("has_more":false)"));
    auto const seen = one.stand.provider.requests();
    BOOST_REQUIRE(seen.size() == 2U);
    BOOST_TEST(has(seen[1].target, "after_id=claude-sonnet-5"));
    BOOST_TEST(seen[1].header("x-api-key") == "sk-of-the-provider");
    one.stand.provider.script("/v1beta/models",
                              {json_step(R"({"models":[{"name":"models/gemini-2.5-pro"},)"
                                         R"({"name":"models/gemini-2.5-flash","topK":64}]})")});
    auto const gemini = one.ask("narrow", "GET", "/v1beta/models?pageSize=50");
    BOOST_TEST(body_of(gemini) == R"({"models":[{"name":"models/gemini-2.5-flash","topK":64}]})");
    one.stand.provider.script("/v1beta/models", {json_step("not a list")});
    BOOST_TEST(one.status("narrow", "GET", "/v1beta/models") == 502);
}

BOOST_AUTO_TEST_SUITE_END()
