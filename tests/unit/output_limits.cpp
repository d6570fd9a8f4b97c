// SPDX-License-Identifier: MIT
//
// The most output that a request asks for, in each API's own word.
#include <aiaudit/providers/output_limit.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(output_limits)

namespace {

using namespace aiaudit;

struct limited {
    std::string body{};
    std::optional<std::uint64_t> told{};
};

limited limit(char const* provider, char const* path, std::string const& body,
              std::uint64_t tokens = 50) {
    auto const where = endpoint_of(provider, path).value();
    prepared_request request;
    request.target = path;
    request.body = body;
    request.facts = facts_of_request(std::string_view{body});
    auto const done = set_output_limit(request, where, tokens);
    BOOST_REQUIRE(done);
    // What is said to have been asked for is what the body asks for.
    BOOST_TEST(
        facts_of_request(std::string_view{request.body}).parameters.max_output_tokens.value_or(0) ==
        tokens);
    return {request.body, request.facts.parameters.max_output_tokens};
}

bool same(std::string const& a, std::string const& b) {
    return boost::json::parse(a) == boost::json::parse(b);
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_api_has_its_word) {
    struct {
        char const* provider;
        char const* path;
        char const* body;
    } const rows[]{
        {"openai", "/v1/chat/completions", R"({"model":"m","max_completion_tokens":50})"},
        {"azure", "/openai/v1/chat/completions", R"({"model":"m","max_completion_tokens":50})"},
        {"openai", "/v1/completions", R"({"model":"m","max_tokens":50})"},
        {"local", "/v1/chat/completions", R"({"model":"m","max_tokens":50})"},
        {"groq", "/openai/v1/chat/completions", R"({"model":"m","max_tokens":50})"},
        {"openai", "/v1/responses", R"({"model":"m","max_output_tokens":50})"},
        {"anthropic", "/v1/messages", R"({"model":"m","max_tokens":50})"},
        {"google", "/v1beta/models/m:streamGenerateContent?alt=sse",
         R"({"model":"m","generationConfig":{"maxOutputTokens":50}})"},
        {"bedrock", "/model/m/converse", R"({"model":"m","inferenceConfig":{"maxTokens":50}})"},
        {"cohere", "/v2/chat", R"({"model":"m","max_tokens":50})"},
    };
    for (auto const& row : rows) {
        BOOST_TEST_CONTEXT(row.provider << row.path) {
            auto const made = limit(row.provider, row.path, R"({"model":"m"})");
            BOOST_TEST(same(made.body, row.body), made.body);
            BOOST_TEST(made.told.value() == 50U);
        }
    }
}

BOOST_AUTO_TEST_CASE(other_bytes_stay_as_they_are_where_a_member_is_added) {
    BOOST_TEST(limit("anthropic", "/v1/messages", "{ \"a\" : 1.50,\n \"model\":\"m\" }\n").body ==
               "{ \"a\" : 1.50,\n \"model\":\"m\" ,\"max_tokens\":50}\n");
    BOOST_TEST(limit("anthropic", "/v1/messages", "{ }").body == R"({ "max_tokens":50})");
}

BOOST_AUTO_TEST_CASE(a_limit_that_stands_there_is_replaced_whatever_it_is) {
    for (char const* old : {"9000", "null", "-1", "\"many\"", "1e300"}) {
        auto const body = limit("openai", "/v1/responses",
                                std::string(R"({"model":"m","max_output_tokens":)") + old + "}");
        BOOST_TEST(same(body.body, R"({"model":"m","max_output_tokens":50})"), body.body);
    }
    BOOST_TEST(same(limit("google", "/v1beta/models/m:generateContent",
                          R"({"generationConfig":{"topP":1,"maxOutputTokens":900}})")
                        .body,
                    R"({"generationConfig":{"topP":1,"maxOutputTokens":50}})"));
    BOOST_TEST(same(limit("google", "/v1beta/models/m:generateContent",
                          R"({"generation_config":{"max_output_tokens":900}})")
                        .body,
                    R"({"generation_config":{"max_output_tokens":50}})"));
}

BOOST_AUTO_TEST_CASE(no_word_of_another_api_is_left_with_more) {
    BOOST_TEST(same(limit("openai", "/v1/chat/completions", R"({"max_tokens":900})").body,
                    R"({"max_tokens":50,"max_completion_tokens":50})"));
}

BOOST_AUTO_TEST_CASE(thinking_is_lowered_with_the_limit) {
    BOOST_TEST(same(limit("anthropic", "/v1/messages", R"({"max_tokens":16000,
        "thinking":{"type":"enabled","budget_tokens":10000}})",
                          4096)
                        .body,
                    R"({"max_tokens":4096,"thinking":{"type":"enabled","budget_tokens":2560}})"));
    BOOST_TEST(same(limit("anthropic", "/v1/messages", R"({"max_tokens":16000,
        "thinking":{"type":"enabled","budget_tokens":2000}})",
                          1100)
                        .body,
                    R"({"max_tokens":1100,"thinking":{"type":"enabled","budget_tokens":1024}})"));
    BOOST_TEST(same(limit("google", "/v1beta/models/m:generateContent", R"({"generationConfig":
        {"thinkingConfig":{"thinkingBudget":8192}}})",
                          4096)
                        .body,
                    R"({"generationConfig":{"thinkingConfig":{"thinkingBudget":2048},
                        "maxOutputTokens":4096}})"));
    BOOST_TEST(same(limit("google", "/v1beta/models/m:generateContent", R"({"generation_config":
        {"thinking_config":{"thinking_budget":-1},"max_output_tokens":9000}})",
                          4096)
                        .body,
                    R"({"generation_config":{"thinking_config":{"thinking_budget":-1},
                        "max_output_tokens":4096}})"));
}

BOOST_AUTO_TEST_CASE(a_limit_that_leaves_no_room_for_thinking_is_refused_in_words) {
    auto const where = endpoint_of("anthropic", "/v1/messages").value();
    std::string const body =
        R"({"max_tokens":16000,"thinking":{"type":"enabled","budget_tokens":10000}})";
    prepared_request request{.target = "/v1/messages", .body = body};
    request.facts = facts_of_request(std::string_view{body});
    auto const done = set_output_limit(request, where, 1024);
    BOOST_TEST((done.error().code == errc::bad_argument));
    BOOST_TEST(done.error().where.find("thinking.budget_tokens") != std::string::npos);
    BOOST_TEST(request.body == body);
}

BOOST_AUTO_TEST_CASE(tools_without_a_limit_are_given_one) {
    auto const made = [](char const* provider, char const* path, std::string const& body) {
        auto const where = endpoint_of(provider, path).value();
        prepared_request request{.target = path, .body = body};
        request.facts = facts_of_request(std::string_view{body});
        BOOST_TEST(request.facts.shape.tool_limit_missing);
        set_tool_limit(request, where, 4).value();
        BOOST_TEST(!request.facts.shape.endless);
        return request.body;
    };
    BOOST_TEST(same(made("openai", "/v1/responses", R"({"tools":[{"type":"web_search"}]})"),
                    R"({"tools":[{"type":"web_search"}],"max_tool_calls":4})"));
    BOOST_TEST(same(made("anthropic", "/v1/messages", R"({"tools":[{"name":"f","input_schema":{}},
        {"type":"web_search_20250305"},{"type":"web_fetch_20250910","max_uses":1}]})"),
                    R"({"tools":[{"name":"f","input_schema":{}},
        {"type":"web_search_20250305","max_uses":4},
        {"type":"web_fetch_20250910","max_uses":1}]})"));
}

BOOST_AUTO_TEST_CASE(calls_that_write_no_text_have_none) {
    for (char const* path : {"/v1/embeddings", "/v1/images/generations",
                             "/v1/responses/input_tokens", "/v1/responses/compact"}) {
        auto const where = endpoint_of("openai", path).value();
        BOOST_TEST(output_limit_path(where, path).empty());
        prepared_request request{.target = path, .body = "{}"};
        BOOST_TEST((set_output_limit(request, where, 1).error().code == errc::bad_argument));
    }
}

BOOST_AUTO_TEST_CASE(of_several_limits_the_largest_is_what_a_request_may_use) {
    auto const asked = facts_of_request(
        std::string_view{R"({"max_completion_tokens":5,"max_tokens":70,"n":2,"best_of":9})"});
    BOOST_TEST(asked.parameters.max_output_tokens.value() == 70U);
    BOOST_TEST(asked.parameters.choices.value() == 9U);
}

BOOST_AUTO_TEST_SUITE_END()
