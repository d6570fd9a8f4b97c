// SPDX-License-Identifier: MIT
//
// Wherever a request can name a model, a key with a list holds it to that list.

#include <aiaudit/gateway/named_models.hpp>
#include <aiaudit/providers/json_fields.hpp>

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>

BOOST_AUTO_TEST_SUITE(named_models)

namespace {

using aiaudit::gateway_key;
using aiaudit::gateway_request;
using aiaudit::may_use;
using aiaudit::detail::check_models;
using aiaudit::detail::parse_json;

gateway_key listed() {
    gateway_key key;
    key.models = {"gpt-4.1-mini*", "openai/gpt-4.1-mini", "@preset/cheap", "gemini-2.5-flash"};
    return key;
}

struct call {
    std::string body{};
    std::string target = "/v1/chat/completions";
    std::string in_path{};
    aiaudit::header_list headers{};
};

// The code of the problem; empty where there is none.
std::string said(gateway_key const& key, call const& of) {
    gateway_request request;
    request.method = "POST";
    request.target = of.target;
    request.headers = of.headers;
    auto const body = parse_json(of.body, "a body").value();
    auto const problem = check_models(key, {request, body, of.in_path, true});
    if (!problem) return {};
    BOOST_TEST(problem->status == 403);
    BOOST_TEST(!problem->message.empty());
    return problem->code;
}
void allows(call const& of) { BOOST_TEST(said(listed(), of) == "", of.body << " " << of.target); }
void refuses(call const& of) {
    BOOST_TEST(said(listed(), of) == "model_not_allowed", of.body << " " << of.target);
    // Who has no list may use whatever is named.
    BOOST_TEST(said({}, of) == "", of.body << " " << of.target);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_call_that_names_no_model_is_refused) {
    for (char const* const body :
         {R"({"messages":[]})", R"({"model":null})", R"({"model":""})",
          R"({"model":["gpt-4.1-mini"]})", R"({"models":["gpt-4.1-mini"]})",
          R"({"prompt":{"id":"pmpt_1"},"input":"x"})"})
        refuses({body});
    refuses({R"({"messages":[]})", "/v1/chat/completions?model=gpt-4.1-mini"});
    allows({R"({"model":"gpt-4.1-mini","prompt":{"id":"pmpt_1","version":"2"}})"});
    allows({R"({"contents":[]})", "/v1beta/models/gemini-2.5-flash:generateContent",
            "gemini-2.5-flash"});
}

BOOST_AUTO_TEST_CASE(the_name_is_one_of_the_list_as_it_stands) {
    allows({R"({"model":"gpt-4.1-mini"})"});
    allows({R"({"model":"gpt-4.1-mini-2025-04-14"})"});
    for (char const* const name :
         {"gpt-4.1", "GPT-4.1-MINI", "openai/gpt-4.1-mini:online", "gpt-5", "openai/gpt-4.1-mini2",
          "gpt-4.1-mini,gpt-4.1", "openrouter/auto"})
        refuses({R"({"model":")" + std::string(name) + R"("})"});
}

BOOST_AUTO_TEST_CASE(all_places_name_the_same_model) {
    refuses({R"({"model":"gpt-4.1"})", "/v1/deployments/gpt-4.1-mini/chat/completions",
             "gpt-4.1-mini"});
    refuses({R"({"model":"gpt-4.1-mini-2025-04-14"})",
             "/v1/deployments/gpt-4.1-mini/chat/completions", "gpt-4.1-mini"});
    allows({R"({"model":"gpt-4.1-mini"})", "/v1/deployments/gpt-4.1-mini/chat/completions",
            "gpt-4.1-mini"});
    refuses({R"({"model":"gpt-4.1-mini"})", "/v1/chat/completions?model=gpt-4.1"});
    refuses({R"({"model":"gpt-4.1-mini"})", "/v1/chat/completions?x=1&MODEL=gpt%2D4.1"});
    refuses({R"({"model":"gpt-4.1-mini"})", "/v1/chat/completions?models[]=gpt-4.1"});
    refuses({R"({"model":"gpt-4.1-mini"})", "/v1/chat/completions?deployment-id=gpt-4.1&model=o3"});
    allows({R"({"model":"gpt-4.1-mini"})", "/v1/chat/completions?model=gpt-4.1-mini"});
    refuses({R"({"model":"gpt-4.1-mini"})",
             "/v1/chat/completions",
             "",
             {{"azureml-model-deployment", "gpt-4.1"}}});
    allows({R"({"model":"gpt-4.1-mini"})",
            "/v1/chat/completions",
            "",
            {{"x-aiaudit-tag-model", "gpt-4.1"}, {"User-Agent", "a model citizen"}}});
    // Gemini writes its collection before the name.
    allows({R"({"requests":[{"model":"models/gemini-2.5-flash","content":{"parts":[]}}]})",
            "/v1beta/models/gemini-2.5-flash:batchEmbedContents", "gemini-2.5-flash"});
    refuses({R"({"requests":[{"model":"models/gemini-2.5-pro","content":{"parts":[]}}]})",
             "/v1beta/models/gemini-2.5-flash:batchEmbedContents", "gemini-2.5-flash"});
    refuses({R"({"generateContentRequest":{"model":"models/gemini-2.5-pro","contents":[]}})",
             "/v1beta/models/gemini-2.5-flash:countTokens", "gemini-2.5-flash"});
}

BOOST_AUTO_TEST_CASE(what_routers_may_choose_is_in_the_list_too) {
    std::string const head = R"({"model":"gpt-4.1-mini",)";
    for (char const* const rest :
         {R"("models":["gpt-4.1-mini","gpt-4.1"]})",
          R"("models":"gpt-4.1"})",
          R"("models":[{"id":"gpt-4.1"}]})",
          R"("models":[{"weight":1}]})",
          R"("models":[7]})",
          R"("fallbacks":["gpt-4.1"]})",
          R"("fallbacks":[{"gpt-4.1-mini":["gpt-4.1"]}]})",
          R"("fallbacks":[{"model":"gpt-4.1","provider":"x"}]})",
          R"("fallback":true})",
          R"("fallback_model":"gpt-4.1"})",
          R"("preset":"dear"})",
          R"("route":"fallback"})",
          R"("route":"fallback","models":[]})",
          R"("extra_body":{"models":["gpt-4.1"]}})",
          R"("providerOptions":{"gateway":{"models":["gpt-4.1"]}}})",
          R"("plugins":[{"id":"fusion","analysis_models":["gpt-4.1"]}]})",
          R"("tools":[{"type":"image_generation","model":"gpt-image-1"}]})",
          R"("input":[{"type":"additional_tools","tools":[{"type":"x","model":"gpt-5"}]}]})",
          R"("agent":"deep-research-pro-preview"})",
          R"("engine":"gpt-4.1"})",
          R"("deployment_id":"gpt-4.1"})"})
        refuses({head + rest});
    for (char const* const rest :
         {R"("models":["gpt-4.1-mini"]})", R"("models":null,"fallbacks":[],"fallback":false})",
          R"("models":["gpt-4.1-mini-x"],"route":"fallback"})", R"("preset":"cheap"})",
          R"("plugins":[{"id":"web","engine":"exa"}]})"})
        allows({head + rest});
    allows({R"({"model":"@preset/cheap"})"});
    allows({R"({"model":"openai/gpt-4.1-mini@preset/cheap"})"});
    refuses({R"({"model":"openai/gpt-4.1-mini@preset/dear"})"});
    refuses({R"({"model":"gpt-4.1-mini@preset/dear"})"});
    refuses({R"({"model":"openai/gpt-4.1@preset/cheap"})"});
}

BOOST_AUTO_TEST_CASE(what_people_and_schemas_say_of_models_names_none) {
    allows({R"({"model":"gpt-4.1-mini","messages":[{"role":"user","content":"x","model":"Ford T"}],
        "metadata":{"model":"Ford T"},"input":[{"model":"Ford T"}],
        "tools":[{"type":"function","function":{"name":"f","parameters":{"properties":
            {"model":{"enum":["Ford T"]}}}}},{"name":"g","input_schema":{"model":"Ford T"}}],
        "response_format":{"json_schema":{"schema":{"properties":{"model":"Ford T"}}}},
        "generationConfig":{"responseSchema":{"model":"Ford T"}}})"});
}

BOOST_AUTO_TEST_CASE(a_list_of_what_may_not_be_used_has_a_model_under_all_its_names) {
    gateway_key key;
    key.denied_models = {"gpt-5*", "o3"};
    for (char const* const name :
         {"gpt-5", "gpt-5-mini", "GPT-5", "openai/gpt-5", "openai/o3:free", "a/b/o3",
          "eu.vendor.o3:0", "o3@20250101", "ft:o3:team::id", " o3 ", "O3", "models/gpt-5",
          "o3-2025-04-16", "openai/o3-20250416", "o3-0416", "o3-001", "O3-LATEST",
          "ft:o3-2025-04-16:team::id"})
        BOOST_TEST(!may_use(key, name), name);
    for (char const* const name : {"gpt-4.1", "o3-mini", "turbo-gpt-5", "o4", "xo3",
                                   "o3-mini-2025-01-31", "o3-20", "o3-pro-latest"})
        BOOST_TEST(may_use(key, name), name);
    BOOST_TEST(said(key, {R"({"model":"gpt-4.1"})"}) == "");
    BOOST_TEST(said(key, {R"({"model":"gpt-4.1","models":["gpt-5"]})"}) == "model_not_allowed");
    // The provider's own choice may be one of these.
    BOOST_TEST(said(key, {R"({"messages":[]})"}) == "model_not_allowed");
    // Who may use all need not say which.
    gateway_key all;
    all.models = {"o3", "*"};
    BOOST_TEST(said(all, {R"({"messages":[]})"}) == "");
    // What is denied goes before what is allowed.
    key.models = {"*"};
    BOOST_TEST(said(key, {R"({"messages":[]})"}) == "model_not_allowed");
    BOOST_TEST(!may_use(key, "gpt-5"));
    BOOST_TEST(may_use(key, "gpt-4.1"));
}

BOOST_AUTO_TEST_SUITE_END()
