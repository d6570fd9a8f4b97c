// SPDX-License-Identifier: MIT
//
// One question in the words of each API, and where it goes.
#include <aiaudit/providers/request_body.hpp>
#include <aiaudit/providers/usage_asked.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <limits>
#include <string>

BOOST_AUTO_TEST_SUITE(request_bodies)

namespace {

using namespace aiaudit;

provider_entry entry(char const* name) { return provider_named(name).value(); }

boost::json::value parsed(std::string const& text) { return boost::json::parse(text); }

// Compares as JSON, whatever the order of members.
void check_body(prepared_request const& got, std::string const& expected) {
    BOOST_TEST((parsed(got.body) == parsed(expected)), got.body);
}

chat_request question(char const* provider) {
    return {.provider = provider,
            .model = "m",
            .system = "Be brief.",
            .messages = {{"user", "Hi \"you\"\n"}},
            .max_tokens = 10,
            .temperature = 0.5,
            .top_p = 0.25};
}

// A conversation in which a tool was called twice at once.
chat_request with_tools(char const* provider) {
    chat_request asked;
    asked.provider = provider;
    asked.model = "m";
    asked.messages = {
        {"user", "Weather?"},
        {.role = "assistant",
         .tool_calls = {{"c1", "weather", R"({"city":"Rome"})", "sig"}, {"c2", "weather", "", ""}}},
        {.role = "tool", .text = "sun", .tool_call_id = "c1"},
        {.role = "tool", .json = R"({"sky":"rain"})", .tool_call_id = "c2"}};
    asked.tools = {{"weather", "Tells it", R"({"type":"object"})"}, {"now", "", ""}};
    asked.tool_choice = "weather";
    return asked;
}

errc code_of(result<prepared_request> const& got) {
    BOOST_REQUIRE(!got);
    BOOST_TEST(got.error().message().find('\n') == std::string::npos);
    return got.error().code;
}

}  // namespace

BOOST_AUTO_TEST_CASE(openai_chat_names_its_limit_anew_and_asks_a_stream_for_usage) {
    auto const got = prepare(question("openai"), entry("openai"), true).value();
    BOOST_TEST(got.target == "/v1/chat/completions");
    BOOST_TEST((got.dialect == dialect::openai_chat));
    BOOST_TEST(got.usage_injected);
    check_body(got, R"({"model":"m","max_completion_tokens":10,"temperature":0.5,"top_p":0.25,
        "messages":[{"role":"system","content":"Be brief."},
                    {"role":"user","content":"Hi \"you\"\n"}],
        "stream":true,"stream_options":{"include_usage":true}})");
    auto const whole = prepare(question("openai"), entry("openai"), false).value();
    BOOST_TEST(!whole.usage_injected);
    BOOST_TEST(whole.body.find("stream") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_compatible_server_gets_the_older_name_and_no_field_that_it_refuses) {
    auto const groq = prepare(question("groq"), entry("groq"), true).value();
    BOOST_TEST(groq.target == "/openai/v1/chat/completions");
    BOOST_TEST(groq.body.find("\"max_tokens\":10") != std::string::npos);
    BOOST_TEST(groq.usage_injected);
    for (char const* name : {"mistral", "cerebras", "cohere", "openrouter", "perplexity"}) {
        auto const got = prepare(question(name), entry(name), true).value();
        BOOST_TEST(got.body.find("stream_options") == std::string::npos, name);
        BOOST_TEST(got.body.find("\"stream\":true") != std::string::npos, name);
        BOOST_TEST(!got.usage_injected, name);
    }
    provider_entry local{.name = "local", .origin = "http://127.0.0.1:8000", .prefix = "/v1"};
    BOOST_TEST(prepare(question("local"), local, true)->usage_injected);
    local.stream_options = false;
    BOOST_TEST(!prepare(question("local"), local, true)->usage_injected);
}

BOOST_AUTO_TEST_CASE(openai_responses_has_instructions_and_items) {
    chat_request asked = question("openai");
    asked.operation = operation::responses;
    auto const got = prepare(asked, entry("openai"), true).value();
    BOOST_TEST(got.target == "/v1/responses");
    BOOST_TEST((got.dialect == dialect::openai_responses));
    BOOST_TEST(!got.usage_injected);
    check_body(got, R"({"model":"m","max_output_tokens":10,"temperature":0.5,"top_p":0.25,
        "instructions":"Be brief.","input":[{"role":"user","content":"Hi \"you\"\n"}],
        "stream":true})");
}

BOOST_AUTO_TEST_CASE(anthropic_has_a_system_of_its_own_and_always_a_limit) {
    chat_request asked = question("anthropic");
    asked.messages.push_back({"system", "And kind."});
    auto const got = prepare(asked, entry("anthropic"), false).value();
    BOOST_TEST(got.target == "/v1/messages");
    BOOST_TEST((got.dialect == dialect::anthropic_messages));
    check_body(got, R"({"model":"m","max_tokens":10,"temperature":0.5,"top_p":0.25,
        "system":[{"type":"text","text":"Be brief."},{"type":"text","text":"And kind."}],
        "messages":[{"role":"user","content":"Hi \"you\"\n"}]})");
    asked.max_tokens.reset();
    auto const unlimited = prepare(asked, entry("anthropic"), false).value();
    BOOST_TEST(unlimited.body.find("\"max_tokens\":4096") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(gemini_names_the_model_in_its_path_and_the_assistant_model) {
    chat_request asked = question("gemini");
    asked.messages.push_back({"assistant", "Hello"});
    asked.messages.push_back({"user", "Bye"});
    asked.seed = 7;
    asked.stop = {"END"};
    auto const got = prepare(asked, entry("gemini"), true).value();
    BOOST_TEST(got.target == "/v1beta/models/m:streamGenerateContent?alt=sse");
    BOOST_TEST((got.dialect == dialect::gemini));
    check_body(got, R"({"systemInstruction":{"parts":[{"text":"Be brief."}]},
        "contents":[{"role":"user","parts":[{"text":"Hi \"you\"\n"}]},
                    {"role":"model","parts":[{"text":"Hello"}]},
                    {"role":"user","parts":[{"text":"Bye"}]}],
        "generationConfig":{"maxOutputTokens":10,"temperature":0.5,"topP":0.25,"seed":7,
                            "stopSequences":["END"]}})");
    asked.model = "models/../x y?/%";
    auto const odd = prepare(asked, entry("gemini"), false).value();
    BOOST_TEST(odd.target == "/v1beta/models/..%2Fx%20y%3F%2F%25:generateContent");
}

BOOST_AUTO_TEST_CASE(calls_and_results_of_tools_in_openai_chat) {
    check_body(prepare(with_tools("deepseek"), entry("deepseek"), false).value(), R"({"model":"m",
        "messages":[{"role":"user","content":"Weather?"},
          {"role":"assistant","content":null,"tool_calls":[
            {"id":"c1","type":"function",
             "function":{"name":"weather","arguments":"{\"city\":\"Rome\"}"}},
            {"id":"c2","type":"function","function":{"name":"weather","arguments":"{}"}}]},
          {"role":"tool","content":"sun","tool_call_id":"c1"},
          {"role":"tool","content":{"sky":"rain"},"tool_call_id":"c2"}],
        "tools":[{"type":"function","function":{"name":"weather","description":"Tells it",
                  "parameters":{"type":"object"}}},
                 {"type":"function","function":{"name":"now"}}],
        "tool_choice":{"type":"function","function":{"name":"weather"}}})");
}

BOOST_AUTO_TEST_CASE(calls_and_results_of_tools_in_openai_responses) {
    chat_request asked = with_tools("openai");
    asked.operation = operation::responses;
    check_body(prepare(asked, entry("openai"), false).value(), R"({"model":"m",
        "input":[{"role":"user","content":"Weather?"},
          {"type":"function_call","call_id":"c1","name":"weather",
           "arguments":"{\"city\":\"Rome\"}"},
          {"type":"function_call","call_id":"c2","name":"weather","arguments":"{}"},
          {"type":"function_call_output","call_id":"c1","output":"sun"},
          {"type":"function_call_output","call_id":"c2","output":{"sky":"rain"}}],
        "tools":[{"type":"function","name":"weather","description":"Tells it","strict":false,
                  "parameters":{"type":"object"}},
                 {"type":"function","name":"now","strict":false}],
        "tool_choice":{"type":"function","name":"weather"}})");
}

BOOST_AUTO_TEST_CASE(calls_and_results_of_tools_in_anthropic_messages) {
    chat_request asked = with_tools("anthropic");
    check_body(prepare(asked, entry("anthropic"), false).value(), R"({"model":"m","max_tokens":4096,
        "messages":[{"role":"user","content":"Weather?"},
          {"role":"assistant","content":[
            {"type":"tool_use","id":"c1","name":"weather","input":{"city":"Rome"}},
            {"type":"tool_use","id":"c2","name":"weather","input":{}}]},
          {"role":"user","content":[
            {"type":"tool_result","tool_use_id":"c1","content":"sun"},
            {"type":"tool_result","tool_use_id":"c2","content":{"sky":"rain"}}]}],
        "tools":[{"name":"weather","description":"Tells it","input_schema":{"type":"object"}},
                 {"name":"now","input_schema":{"type":"object"}}],
        "tool_choice":{"type":"tool","name":"weather"}})");
    asked.tool_choice = "required";
    auto const any = prepare(asked, entry("anthropic"), false).value();
    BOOST_TEST(any.body.find(R"("tool_choice":{"type":"any"})") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(calls_and_results_of_tools_in_gemini) {
    chat_request asked = with_tools("google");
    check_body(prepare(asked, entry("google"), false).value(), R"({
        "contents":[{"role":"user","parts":[{"text":"Weather?"}]},
          {"role":"model","parts":[
            {"functionCall":{"id":"c1","name":"weather","args":{"city":"Rome"}},
             "thoughtSignature":"sig"},
            {"functionCall":{"id":"c2","name":"weather","args":{}}}]},
          {"role":"user","parts":[
            {"functionResponse":{"id":"c1","name":"weather","response":{"result":"sun"}}},
            {"functionResponse":{"id":"c2","name":"weather","response":{"sky":"rain"}}}]}],
        "tools":[{"functionDeclarations":[
            {"name":"weather","description":"Tells it","parametersJsonSchema":{"type":"object"}},
            {"name":"now"}]}],
        "toolConfig":{"functionCallingConfig":
            {"mode":"ANY","allowedFunctionNames":["weather"]}}})");
}

BOOST_AUTO_TEST_CASE(raw_content_stands_in_place_of_text) {
    chat_request asked;
    asked.model = "m";
    asked.messages = {
        {.role = "user", .json = R"([{"type":"image_url","image_url":{"url":"u"}}])"}};
    check_body(prepare(asked, entry("openai"), false).value(),
               R"({"model":"m","messages":[{"role":"user","content":
                   [{"type":"image_url","image_url":{"url":"u"}}]}]})");
    asked.messages[0].json = R"([{"text":"a"},{"fileData":{"fileUri":"u"}}])";
    check_body(prepare(asked, entry("google"), false).value(),
               R"({"contents":[{"role":"user","parts":
                   [{"text":"a"},{"fileData":{"fileUri":"u"}}]}]})");
}

BOOST_AUTO_TEST_CASE(extra_is_laid_over_the_body_and_reaches_everything_but_the_stream) {
    chat_request asked = question("google");
    asked.extra = R"({"generationConfig":{"topP":null,"responseMimeType":"application/json"},
                      "safetySettings":[]})";
    auto const got = parsed(prepare(asked, entry("google"), false)->body);
    BOOST_TEST((got.at("generationConfig") == parsed(R"({"maxOutputTokens":10,"temperature":0.5,
                           "responseMimeType":"application/json"})")));
    BOOST_TEST(got.as_object().contains("safetySettings"));
    asked.extra = R"({"stream":true})";
    BOOST_TEST((code_of(prepare(asked, entry("openai"), false)) == errc::bad_argument));
    asked.extra = R"({"stream_options":{"include_usage":true,"x":1}})";
    auto const asking = prepare(asked, entry("openai"), true).value();
    BOOST_TEST(!asking.usage_injected);
    BOOST_TEST(asking.body.find("\"x\":1") != std::string::npos);
    asked.extra = R"({"stream_options":{"include_usage":false}})";
    BOOST_TEST(prepare(asked, entry("openai"), true)->usage_injected);
}

BOOST_AUTO_TEST_CASE(what_an_api_cannot_say_or_nobody_can_read_is_refused) {
    chat_request asked = question("openai");
    BOOST_TEST((code_of(prepare({}, entry("openai"), false)) == errc::bad_argument));
    asked.messages.clear();
    BOOST_TEST((code_of(prepare(asked, entry("openai"), false)) == errc::bad_argument));
    asked.messages = {{"robot", "x"}};
    BOOST_TEST((code_of(prepare(asked, entry("openai"), false)) == errc::bad_argument));
    asked.messages = {{"tool", "x"}};
    BOOST_TEST((code_of(prepare(asked, entry("google"), false)) == errc::bad_argument));
    asked.messages = {{.role = "user", .json = "{"}};
    BOOST_TEST((code_of(prepare(asked, entry("openai"), false)) == errc::bad_json));
    asked.messages = {{"user", "x"}};
    asked.seed = 1;
    BOOST_TEST((code_of(prepare(asked, entry("anthropic"), false)) == errc::bad_argument));
    asked.seed.reset();
    asked.stop = {"a"};
    asked.operation = operation::responses;
    BOOST_TEST((code_of(prepare(asked, entry("openai"), false)) == errc::bad_argument));
    asked.stop.clear();
    asked.tools = {{"f", "", "{"}};
    BOOST_TEST((code_of(prepare(asked, entry("google"), false)) == errc::bad_json));
    asked.tools.clear();
    asked.extra = "[]";
    BOOST_TEST((code_of(prepare(asked, entry("openai"), false)) == errc::bad_json));
    asked.extra.clear();
    asked.temperature = std::numeric_limits<double>::infinity();
    BOOST_TEST((code_of(prepare(asked, entry("openai"), false)) == errc::bad_argument));
}

BOOST_AUTO_TEST_CASE(embeddings_go_to_openai_in_a_list_and_to_gemini_one_by_one_or_in_a_batch) {
    embedding_request asked{.model = "e", .inputs = {"a", "b"}, .dimensions = 8};
    auto const openai = prepare(asked, entry("openai")).value();
    BOOST_TEST(openai.target == "/v1/embeddings");
    BOOST_TEST((openai.dialect == dialect::openai_embeddings));
    check_body(openai, R"({"model":"e","input":["a","b"],"dimensions":8})");
    auto const batch = prepare(asked, entry("google")).value();
    BOOST_TEST(batch.target == "/v1beta/models/e:batchEmbedContents");
    check_body(batch, R"({"requests":[
        {"model":"models/e","content":{"parts":[{"text":"a"}]},"outputDimensionality":8},
        {"model":"models/e","content":{"parts":[{"text":"b"}]},"outputDimensionality":8}]})");
    asked.inputs.pop_back();
    auto const one = prepare(asked, entry("google")).value();
    BOOST_TEST(one.target == "/v1beta/models/e:embedContent");
    check_body(one, R"({"model":"models/e","content":{"parts":[{"text":"a"}]},
                        "outputDimensionality":8})");
    BOOST_TEST((code_of(prepare(asked, entry("anthropic"))) == errc::bad_argument));
    asked.inputs.clear();
    BOOST_TEST((code_of(prepare(asked, entry("openai"))) == errc::bad_argument));
}

BOOST_AUTO_TEST_CASE(every_target_is_read_as_the_dialect_that_it_was_made_for) {
    for (auto const& row : detail::provider_rows) {
        provider_entry const to = entry(std::string(row.name).c_str());
        for (bool const stream : {false, true}) {
            auto const got = prepare(question("x"), to, stream).value();
            auto const where = endpoint_of(to.name, got.target).value();
            BOOST_TEST((where.dialect == got.dialect), to.name);
            BOOST_TEST((where.operation == operation::chat), to.name);
            http_request const request{.origin = to.origin,
                                       .target = got.target,
                                       .headers = auth_headers(to, "k"),
                                       .body = got.body};
            BOOST_TEST(check_request(request).has_value(), to.name);
        }
        BOOST_TEST(!to.key_variable.empty(), to.name);
    }
}

BOOST_AUTO_TEST_CASE(a_chat_asks_by_one_of_the_two_operations_of_a_chat) {
    chat_request asked = question("gpt-4.1");
    asked.operation = operation::responses;
    BOOST_TEST(prepare(asked, entry("openai"), false).value().target == "/v1/responses");
    BOOST_TEST(prepare(asked, entry("anthropic"), false).value().target == "/v1/messages");
    for (operation const other :
         {operation::other, operation::embeddings, operation::images, operation::audio}) {
        asked.operation = other;
        auto const got = prepare(asked, entry("openai"), false);
        BOOST_REQUIRE(!got);
        BOOST_TEST((got.error().code == errc::bad_argument));
        BOOST_TEST(got.error().where.find(name_of(other)) != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(keys_go_where_the_provider_wants_them) {
    BOOST_TEST(header_of(auth_headers(entry("openai"), "k"), "authorization") == "Bearer k");
    header_list const anthropic = auth_headers(entry("anthropic"), "k");
    BOOST_TEST(header_of(anthropic, "x-api-key") == "k");
    BOOST_TEST(header_of(anthropic, "anthropic-version") == "2023-06-01");
    BOOST_TEST(header_of(anthropic, "authorization") == "");
    BOOST_TEST(header_of(auth_headers(entry("gemini"), "k"), "x-goog-api-key") == "k");
    provider_entry azure{.name = "azure", .key = key_header::api_key, .headers = {{"x-team", "t"}}};
    BOOST_TEST(header_of(auth_headers(azure, "k"), "api-key") == "k");
    BOOST_TEST(header_of(auth_headers(azure, "k"), "x-team") == "t");
    BOOST_TEST(auth_headers(entry("openai"), "").empty());
}

BOOST_AUTO_TEST_CASE(providers_go_by_all_their_names) {
    BOOST_TEST(entry("xai").name == entry("x-ai").name);
    BOOST_TEST(entry("gemini").origin == "https://generativelanguage.googleapis.com");
    BOOST_TEST(entry("Together_AI").key_variable == "TOGETHER_API_KEY");
    for (char const* none : {"azure", "bedrock", "nobody", ""}) {
        auto const got = provider_named(none);
        BOOST_REQUIRE(!got);
        BOOST_TEST((got.error().code == errc::bad_argument));
    }
}

BOOST_AUTO_TEST_CASE(a_raw_stream_is_asked_for_its_usage_and_its_other_bytes_stay) {
    std::string const raw = R"({ "n": 1.0, "stream" : true, "s":"}" } )";
    auto const asked = with_usage_asked(dialect::openai_chat, vendor::openai, raw).value();
    BOOST_TEST(asked.injected);
    BOOST_TEST(
        asked.body ==
        R"({ "n": 1.0, "stream" : true, "s":"}" ,"stream_options":{"include_usage":true}} )");
    auto const same = [](char const* body, dialect which, vendor who) {
        auto const got = with_usage_asked(which, who, body).value();
        BOOST_TEST(!got.injected);
        BOOST_TEST(got.body == body);
    };
    same(R"({"stream":true})", dialect::anthropic_messages, vendor::anthropic);
    same(R"({"stream":true})", dialect::openai_chat, vendor::mistral);
    same(R"({"stream":false})", dialect::openai_chat, vendor::openai);
    same("{}", dialect::openai_chat, vendor::openai);
    same(R"({"stream":true,"stream_options": {"include_usage":true}})", dialect::openai_chat,
         vendor::other);
    for (char const* options : {"null", "{}", R"({"include_usage":false,"keep":1})"}) {
        std::string const body = R"({"stream":true,"stream_options":)" + std::string(options) + "}";
        auto const got = with_usage_asked(dialect::openai_chat, vendor::other, body).value();
        BOOST_TEST(got.injected);
        auto const options_now = parsed(got.body).at("stream_options");
        BOOST_TEST(options_now.at("include_usage").as_bool());
        BOOST_TEST(options_now.as_object().contains("keep") ==
                   (options[0] == '{' && options[1] == '"'));
    }
    for (char const* none : {"", "[]", "{", "1"}) {
        auto const got = with_usage_asked(dialect::openai_chat, vendor::openai, none);
        BOOST_REQUIRE(!got);
        BOOST_TEST((got.error().code == errc::bad_json));
    }
}

BOOST_AUTO_TEST_CASE(the_chunk_for_the_usage_alone_is_known) {
    auto const is = [](char const* chunk) {
        return is_usage_only(dialect::openai_chat, parsed(chunk));
    };
    BOOST_TEST(is(R"({"choices":[],"usage":{"prompt_tokens":1}})"));
    BOOST_TEST(!is(R"({"choices":[],"usage":null})"));
    BOOST_TEST(!is(R"({"choices":[],"prompt_filter_results":[]})"));
    BOOST_TEST(!is(R"({"choices":[{"index":0}],"usage":{"prompt_tokens":1}})"));
    BOOST_TEST(!is(R"({"usage":{"prompt_tokens":1}})"));
    BOOST_TEST(!is("[]"));
    BOOST_TEST(!is_usage_only(dialect::gemini, parsed(R"({"choices":[],"usage":{}})")));
}

BOOST_AUTO_TEST_SUITE_END()
