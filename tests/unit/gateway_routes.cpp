// SPDX-License-Identifier: MIT
//
// Where requests to the gateway go, and how its own refusals read in each API.
#include <aiaudit/gateway/error_body.hpp>
#include <aiaudit/gateway/router.hpp>

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(gateway_routes)

namespace {

using aiaudit::api_family;
using aiaudit::errc;
using aiaudit::gateway_problem;
using aiaudit::gateway_upstream;
using aiaudit::header_list;
using aiaudit::router;

gateway_upstream upstream(std::string name, api_family family, std::vector<std::string> models = {},
                          std::string prefix = "/v1") {
    return {.name = name,
            .entry = {.name = std::move(name),
                      .origin = "https://api.example.com",
                      .prefix = std::move(prefix),
                      .family = family},
            .key = "upstream-secret",
            .models = std::move(models)};
}

// The order matters: what has patterns stands among what has none.
router example() {
    return router::make({upstream("fast", api_family::openai, {"llama-*", "gpt-4.1-nano"}),
                         upstream("main", api_family::openai),
                         upstream("spare", api_family::openai, {}, "/openai/v1"),
                         upstream("claude", api_family::anthropic),
                         upstream("google", api_family::gemini, {}, "/v1beta"),
                         upstream("azure", api_family::openai, {"none"}, "/openai"),
                         upstream("bare", api_family::openai, {"none"}, "")})
        .value();
}

// "NAME PATH", or why there is no route.
std::string goes_to(router const& by, std::string_view method, std::string_view target,
                    std::string_view model = {}, header_list const& headers = {}) {
    auto const found = by.find(method, target, model, headers);
    if (!found) {
        BOOST_TEST((found.error().code == errc::not_found));
        return found.error().where;
    }
    return by.upstreams()[found->upstream].name + " " + found->path;
}
std::string posted(std::string_view target, std::string_view model = {}) {
    return goes_to(example(), "POST", target, model);
}

std::string refused(std::vector<gateway_upstream> upstreams) {
    auto const made = router::make(std::move(upstreams));
    BOOST_REQUIRE(!made);
    BOOST_TEST((made.error().code == errc::bad_argument));
    return made.error().where;
}

std::string header(aiaudit::gateway_response const& of, std::string_view name) {
    return std::string(aiaudit::header_of(of.headers, name));
}

boost::json::value body(aiaudit::gateway_response const& of) { return boost::json::parse(of.body); }

}  // namespace

BOOST_AUTO_TEST_CASE(a_model_goes_to_the_first_upstream_that_names_it_else_to_one_that_takes_any) {
    BOOST_TEST(posted("/v1/chat/completions", "llama-3.3-70b") == "fast /chat/completions");
    BOOST_TEST(posted("/v1/chat/completions", "gpt-4.1-nano") == "fast /chat/completions");
    BOOST_TEST(posted("/v1/chat/completions", "gpt-4.1-nano-2") == "main /chat/completions");
    BOOST_TEST(posted("/v1/chat/completions", "LLAMA-3") == "main /chat/completions");
    BOOST_TEST(posted("/v1/responses", "gpt-5") == "main /responses");
    BOOST_TEST(posted("/v1/embeddings", "") == "main /embeddings");
    BOOST_TEST(posted("/v1/messages", "claude-sonnet-4-5") == "claude /messages");
    BOOST_TEST(posted("/v1/messages/count_tokens", "x") == "claude /messages/count_tokens");
    auto const narrow = router::make({upstream("only", api_family::openai, {"gpt-*"})}).value();
    BOOST_TEST(goes_to(narrow, "POST", "/v1/chat/completions", "o3") ==
               "no upstream of the gateway serves model 'o3'");
    BOOST_TEST(goes_to(narrow, "POST", "/v1/chat/completions", "") ==
               "no upstream of the gateway has that API");
    BOOST_TEST(goes_to(narrow, "GET", "/v1/models") == "only /models");
    BOOST_TEST(goes_to(narrow, "POST", "/v1/messages", "gpt-4") ==
               "no upstream of the gateway serves model 'gpt-4'");
}

BOOST_AUTO_TEST_CASE(a_gemini_path_names_its_model_which_goes_before_that_of_the_body) {
    auto const by = example();
    std::string const target = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
    auto const found = by.find("POST", target, "another").value();
    BOOST_TEST(by.upstreams()[found.upstream].name == "google");
    BOOST_TEST(found.path == "/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
    BOOST_TEST(found.model == "gemini-2.5-flash");
    BOOST_TEST(found.billable);
    BOOST_TEST((found.family == api_family::gemini));
    BOOST_TEST(by.find("POST", "/v1/models/a%2Db:generateContent", "").value().model == "a-b");
    BOOST_TEST(!by.find("POST", "/v1beta/models/m:countTokens", "").value().billable);
    BOOST_TEST(posted("/v1beta/models/:generateContent").starts_with("the gateway has no route"));
    auto const imitated = by.find("POST", "/v1beta/openai/chat/completions", "gemini-2.5-pro");
    BOOST_TEST((imitated.value().family == api_family::openai));
    BOOST_TEST(imitated.value().path == "/openai/chat/completions");
    BOOST_TEST(by.upstreams()[imitated.value().upstream].name == "google");
}

BOOST_AUTO_TEST_CASE(a_name_before_the_path_chooses_the_upstream_whatever_the_model) {
    BOOST_TEST(posted("/spare/v1/chat/completions", "llama-3") == "spare /chat/completions");
    BOOST_TEST(posted("/spare/openai/v1/chat/completions", "x") == "spare /chat/completions");
    BOOST_TEST(posted("/bare/v1/chat/completions", "x") == "bare /chat/completions");
    BOOST_TEST(posted("/claude/v1/messages", "gpt-4") == "claude /messages");
    BOOST_TEST(posted("/google/v1beta/models/m:generateContent") ==
               "google /models/m:generateContent");
    BOOST_TEST(posted("/google/v1beta/openai/embeddings") == "google /openai/embeddings");
    BOOST_TEST(posted("/azure/openai/deployments/mine/chat/completions?api-version=1") ==
               "azure /deployments/mine/chat/completions?api-version=1");
    auto const by = example();
    auto const deployed = by.find("POST", "/azure/openai/deployments/mine/chat/completions", "b");
    BOOST_TEST(deployed.value().model == "mine");
    BOOST_TEST((by.find("GET", "/claude/v1/models", "").value().family == api_family::anthropic));
    for (char const* const none :
         {"/nobody/v1/chat/completions", "/main", "/main/", "/main/chat/completions",
          "/main/v2/chat/completions", "/main/v1", "/main/v1/", "/spare/openai/v1"}) {
        BOOST_TEST_CONTEXT(none) {
            BOOST_TEST(
                posted(none).starts_with(std::string("the gateway has no route for POST ") + none));
        }
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_metered_is_not_passed_on) {
    for (char const* const path : {"/v1/batches",
                                   "/v1/messages/batches",
                                   "/v1/fine_tuning/jobs",
                                   "/v1/files",
                                   "/v1/organization/admin_api_keys",
                                   "/v1/realtime/sessions",
                                   "/v1/threads/t/runs",
                                   "/v1/else/chat/completions",
                                   "/v1/chat/completions/",
                                   "/v1/models",
                                   "/v1",
                                   "/v1/",
                                   "/v10/chat/completions",
                                   "/v1beta/models/m:batchGenerateContent",
                                   "/",
                                   "",
                                   "chat",
                                   "/v1/deployments/chat",
                                   "/metrics",
                                   "/v1/model/m/invoke"}) {
        BOOST_TEST_CONTEXT(path) {
            BOOST_TEST(posted(path, "gpt-4.1").starts_with("the gateway has no route for POST "));
        }
    }
    auto const by = example();
    for (auto const& [method, path] : std::initializer_list<std::pair<char const*, char const*>>{
             {"GET", "/v1/chat/completions"},
             {"GET", "/v1beta/models/m:generateContent"},
             {"DELETE", "/v1/models/ft:gpt-4.1:x"},
             {"PUT", "/v1/chat/completions"},
             {"post", "/v1/chat/completions"},
             {"POST", "/v1/responses/resp_1"},
             {"CONNECT", "/v1/models"},
             {"TRACE", "/v1/models"}}) {
        BOOST_TEST_CONTEXT(method << " " << path) {
            BOOST_TEST(goes_to(by, method, path).starts_with("the gateway has no route for "));
        }
    }
}

BOOST_AUTO_TEST_CASE(an_address_that_newcomers_write_is_told_with_the_right_one) {
    auto const by = example();
    struct {
        char const* method;
        char const* path;
        char const* meant;
    } const slips[]{
        {"POST", "/chat/completions", "/v1/chat/completions"},
        {"POST", "//v1/chat/completions", "/v1/chat/completions"},
        {"POST", "/v1/chat/completions/", "/v1/chat/completions"},
        {"POST", "/v1/chat/completion", "/v1/chat/completions"},
        {"POST", "/V1/Chat/Completions", "/v1/chat/completions"},
        {"POST", "/api/v1/chat/completions", "/v1/chat/completions"},
        {"POST", "/v2/chat/completions", "/v1/chat/completions"},
        {"POST", "/v1/v1/messages", "/v1/messages"},
        {"POST", "/v1/messages/", "/v1/messages"},
        {"POST", "/messages", "/v1/messages"},
        {"POST", "/message", "/v1/messages"},
        {"POST", "/responses", "/v1/responses"},
        {"POST", "/embeddings?x=1", "/v1/embeddings"},
        {"POST", "/models/gemini-2.5-Pro:generateContent",
         "/v1beta/models/gemini-2.5-Pro:generateContent"},
        {"GET", "/models", "/v1/models"},
        {"GET", "/v1/models/", "/v1/models"},
        {"POST", "/main/chat/completions", "/main/v1/chat/completions"},
    };
    for (auto const& each : slips) {
        BOOST_TEST_CONTEXT(each.method << " " << each.path) {
            auto const words = goes_to(by, each.method, each.path, "m");
            BOOST_TEST(
                words.find("; did you mean " + std::string(each.meant) + "?") != std::string::npos,
                words);
            BOOST_TEST(words.find("base_url") != std::string::npos, words);
            // What is told is a route.
            BOOST_TEST(by.find(each.method, each.meant, "m").has_value());
        }
    }
    for (char const* const path :
         {"/v1/files", "/", "", "/v1", "/v1/batches", "/favicon.ico", "/v1/../chat/completions",
          "/chat/completions%00", "chat/completions", "/v1/chat/completions?a b"}) {
        BOOST_TEST_CONTEXT(path) {
            BOOST_TEST(goes_to(by, "POST", path).find("did you mean") == std::string::npos);
        }
    }
    BOOST_TEST(goes_to(by, "GET", "/chat/completions").find("did you mean") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_was_paid_for_or_costs_nothing_is_not_billable) {
    auto const by = example();
    for (auto const& [method, path] : std::initializer_list<std::pair<char const*, char const*>>{
             {"GET", "/v1/models"},
             {"GET", "/v1/models/ft:gpt-4.1:x"},
             {"GET", "/v1/responses/resp_1"},
             {"DELETE", "/v1/responses/resp_1"},
             {"POST", "/v1/responses/resp_1/cancel"},
             {"POST", "/v1/responses/input_tokens"},
             {"POST", "/v1/moderations"},
             {"POST", "/v1/messages/count_tokens"},
             {"GET", "/v1beta/models?pageSize=50"}}) {
        BOOST_TEST_CONTEXT(method << " " << path) {
            auto const found = by.find(method, path, "");
            BOOST_REQUIRE(found);
            BOOST_TEST(!found->billable);
        }
    }
    for (char const* const path :
         {"/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/responses/compact",
          "/v1/embeddings", "/v1/images/generations", "/v1/audio/speech", "/v1/messages"}) {
        BOOST_TEST_CONTEXT(path) { BOOST_TEST(by.find("POST", path, "m").value().billable); }
    }
}

BOOST_AUTO_TEST_CASE(a_path_that_two_servers_may_read_differently_is_refused) {
    for (char const* const path :
         {"/v1/../admin/chat/completions", "/v1/./chat/completions", "/v1//chat/completions",
          "//v1/chat/completions", "/v1/%2e%2e/chat/completions", "/v1/..%2fchat/completions",
          "/v1/%252e%252e/chat/completions", "/v1\\chat/completions", "/v1/%5cchat/completions",
          "/v1/chat/completions%00", "/v1/chat/completions#x", "/v1/chat/completions%23x",
          "/v1/chat/completions?x=\r\nHost: evil", "/v1/chat/completions?a b",
          "/v1/responses/../files/f", "http://evil.example/v1/chat/completions",
          "/v1/chat/completions%3Fx"}) {
        BOOST_TEST_CONTEXT(path) {
            auto const words = posted(path, "gpt-4.1");
            BOOST_TEST(words.starts_with("the gateway has no route for POST "));
            BOOST_TEST(words.find('\n') == std::string::npos);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_key_in_the_query_goes_no_further_and_the_rest_stays_as_it_is) {
    BOOST_TEST(posted("/v1beta/models/m:generateContent?key=aia-secret") ==
               "google /models/m:generateContent");
    BOOST_TEST(posted("/v1beta/models/m:generateContent?alt=sse&key=aia-secret&x=%20+1") ==
               "google /models/m:generateContent?alt=sse&x=%20+1");
    BOOST_TEST(posted("/v1beta/models/m:generateContent?key&access_token=s&keys=2&&a") ==
               "google /models/m:generateContent?keys=2&a");
    BOOST_TEST(posted("/v1/chat/completions?") == "main /chat/completions");
    BOOST_TEST(posted("/nowhere?key=aia-secret").find("aia-secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(whatever_target_comes_what_is_passed_on_is_a_path_that_all_read_alike) {
    auto const by = example();
    std::mt19937 random(20260815);
    auto const below = [&random](std::size_t end) { return random() % end; };
    std::vector<std::string> const parts{"/v1",
                                         "/v1beta",
                                         "/claude",
                                         "/main",
                                         "/chat/completions",
                                         "/messages",
                                         "/models",
                                         "/..",
                                         "/.",
                                         "%2e",
                                         "%2F",
                                         "%25",
                                         "/responses",
                                         "/m:",
                                         "//",
                                         "?",
                                         "&key=s3cret",
                                         "key=s3cret",
                                         ":generateContent",
                                         "/cancel",
                                         "#",
                                         "\\",
                                         "\r\n",
                                         "/a",
                                         " ",
                                         "/deployments",
                                         "/openai",
                                         "%00"};
    std::size_t passed = 0;
    for (int i = 0; i < 50'000; ++i) {
        std::string target = below(4) == 0 ? "" : "/v1";
        for (std::size_t more = below(6); more > 0; --more) target += parts[below(parts.size())];
        auto const found = by.find(below(2) == 0 ? "POST" : "GET", target, "gpt-4.1");
        (void)router::family_of(target, {});
        if (!found) {
            BOOST_TEST_REQUIRE((found.error().code == errc::not_found));
            // What stands in the path is no key of any API.
            BOOST_TEST_REQUIRE(
                (found.error().where.find("s3cret") == std::string::npos ||
                 target.substr(0, target.find('?')).find("s3cret") != std::string::npos));
            continue;
        }
        ++passed;
        BOOST_TEST_CONTEXT(target) {
            std::string const decoded = aiaudit::detail::percent_decoded(found->path);
            BOOST_TEST_REQUIRE(found->path.starts_with('/'));
            BOOST_TEST_REQUIRE(found->path.find_first_of(" #\r\n") == std::string::npos);
            std::string const query = "&" + std::string(aiaudit::detail::query_of(found->path));
            BOOST_TEST_REQUIRE(query.find("&key=") == std::string::npos);
            std::string const path = decoded.substr(0, decoded.find('?')) + "/";
            for (char const* const wrong : {"//", "/./", "/../", "\\"})
                BOOST_TEST_REQUIRE(path.find(wrong) == std::string::npos);
            BOOST_TEST_REQUIRE(found->upstream < by.upstreams().size());
        }
    }
    BOOST_TEST(passed > 100U);
}

BOOST_AUTO_TEST_CASE(the_api_is_told_by_the_path_and_where_that_is_shared_by_the_headers) {
    struct {
        char const* target;
        header_list headers;
        api_family family;
    } const rows[]{
        {"/v1/chat/completions", {}, api_family::openai},
        {"/v1/chat/completions", {{"anthropic-version", "2023-06-01"}}, api_family::openai},
        {"/v1/messages", {}, api_family::anthropic},
        {"/v1/messages/batches", {}, api_family::anthropic},
        {"/claude/v1/messages", {}, api_family::anthropic},
        {"/v1beta/models/m:generateContent?x=/v1/messages", {}, api_family::gemini},
        {"/google/v1/models/m:generateContent", {}, api_family::gemini},
        {"/v1beta/nothing", {}, api_family::gemini},
        {"/v1beta/openai/chat/completions", {}, api_family::openai},
        {"/v1/models", {}, api_family::openai},
        {"/v1/models", {{"Anthropic-Version", "2023-06-01"}}, api_family::anthropic},
        {"/v1/models", {{"x-goog-api-key", "k"}}, api_family::gemini},
        {"/nothing", {}, api_family::openai},
        {"/nothing", {{"anthropic-version", "1"}}, api_family::anthropic},
        {"", {}, api_family::openai},
        {"*", {}, api_family::openai}};
    for (auto const& row : rows) {
        BOOST_TEST_CONTEXT(row.target) {
            BOOST_TEST(name_of(router::family_of(row.target, row.headers)) == name_of(row.family));
        }
    }
    auto const by = example();
    BOOST_TEST(goes_to(by, "GET", "/v1/models") == "main /models");
    BOOST_TEST(goes_to(by, "GET", "/v1/models", "", {{"anthropic-version", "1"}}) ==
               "claude /models");
}

BOOST_AUTO_TEST_CASE(upstreams_that_cannot_be_told_apart_or_reached_are_refused) {
    auto const with = [](auto change) {
        auto each = upstream("a", api_family::openai);
        change(each);
        return refused(
            {each, upstream("b", api_family::openai), upstream("other", api_family::anthropic)});
    };
    using up = gateway_upstream;
    BOOST_TEST(refused({}) == "the gateway has no upstream");
    BOOST_TEST(with([](up& u) { u.name = "b"; }) == "upstream 'b': there are two of that name");
    for (std::string const name : {"", "a/b", "a b", "a.b", "\xC3\xA9", "a\n"}) {
        BOOST_TEST(with([&](up& u) { u.name = name; }).ends_with("1 to 64 of A-Z a-z 0-9 _ -"));
    }
    BOOST_TEST(with([](up& u) { u.name = std::string(65, 'a'); }).find("1 to 64") !=
               std::string::npos);
    BOOST_TEST(with([](up& u) { u.name = "v1"; }) ==
               "upstream 'v1': that name is a path of the gateway's own");
    BOOST_TEST(with([](up& u) { u.entry.origin = "api.example.com"; }) ==
               "upstream 'a': an origin is http://HOST[:PORT] or https://HOST[:PORT]");
    for (std::string const prefix : {"v1", "/", "/v1/", "/a//b", "/../x", "/v1?x"}) {
        BOOST_TEST(with([&](up& u) { u.entry.prefix = prefix; }) ==
                   "upstream 'a': a prefix is empty, or a path such as /v1");
    }
    auto const secret = with([](up& u) { u.key = "sk-secret\r\n"; });
    BOOST_TEST(secret == "upstream 'a': its key holds control characters");
    for (std::string const model : {"", "a*b", "**", "gpt 4", "a\n"}) {
        BOOST_TEST(with([&](up& u) { u.models = {model}; }).find("is no model") !=
                   std::string::npos);
    }
    BOOST_TEST(with([](up& u) { u.fallback = {"c"}; }) ==
               "upstream 'a': fallback 'c' is no upstream");
    BOOST_TEST(with([](up& u) { u.fallback = {"a"}; }) == "upstream 'a': fallback 'a' is itself");
    BOOST_TEST(with([](up& u) {
                   u.fallback = {"b", "b"};
               }) == "upstream 'a': fallback 'b' stands twice");
    BOOST_TEST(with([](up& u) { u.fallback = {"other"}; }) ==
               "upstream 'a': fallback 'other' has another API");
}

BOOST_AUTO_TEST_CASE(fallbacks_are_found_in_their_order) {
    auto first = upstream("first", api_family::openai);
    first.fallback = {"third", "second"};
    auto const by = router::make({first, upstream("second", api_family::openai),
                                  upstream("third", api_family::openai)})
                        .value();
    BOOST_TEST((by.fallbacks(0) == std::vector<std::size_t>{2, 1}));
    BOOST_TEST(by.fallbacks(1).empty());
}

BOOST_AUTO_TEST_CASE(an_error_has_the_shape_of_the_api_that_was_asked) {
    gateway_problem const problem{429, "requests", "rate_limit_exceeded", "no \"room\"", 7};
    auto const openai = error_response(api_family::openai, problem);
    BOOST_TEST(openai.status == 429);
    BOOST_TEST(header(openai, "content-type") == "application/json");
    BOOST_TEST(header(openai, "retry-after") == "7");
    BOOST_TEST(header(openai, "x-should-retry").empty());
    BOOST_TEST(openai.body == R"({"error":{"message":"no \"room\"","type":"requests",)"
                              R"("param":null,"code":"rate_limit_exceeded"}})");
    BOOST_TEST(error_response(api_family::anthropic, problem).body ==
               R"({"type":"error","error":{"type":"rate_limit_error","message":"no \"room\"",)"
               R"("code":"rate_limit_exceeded"}})");
    auto const gemini = body(error_response(api_family::gemini, problem)).at("error");
    BOOST_TEST(gemini.at("code").as_int64() == 429);
    BOOST_TEST(gemini.at("status").as_string() == "RESOURCE_EXHAUSTED");
    BOOST_TEST(gemini.at("message").as_string() == "no \"room\"");
    BOOST_TEST(gemini.at("details").at(0).at("reason").as_string() == "rate_limit_exceeded");
    BOOST_TEST(gemini.at("details").at(1).at("retryDelay").as_string() == "7s");
}

BOOST_AUTO_TEST_CASE(a_message_is_always_json_that_can_be_read) {
    gateway_problem problem{400, "invalid_request_error", "bad_json", "", {}};
    for (std::string const& message :
         {std::string("caf\xC3\xA9 \xFF\xC3 \r\n\t\x01 \xED\xA0\x80"), std::string(5000, 'x'),
          std::string(1023, 'x') + "\xC3\xA9", std::string("a\0b", 3)}) {
        problem.message = message;
        for (auto const family : {api_family::openai, api_family::anthropic, api_family::gemini}) {
            auto const answer = body(error_response(family, problem));  // throws where it is none
            BOOST_TEST(answer.at("error").at("message").as_string().size() <= 1024U);
        }
    }
    problem.message = "caf\xC3\xA9 \xFF\r\n";
    BOOST_TEST(body(error_response(api_family::openai, problem)).at("error").at("message") ==
               "caf\xC3\xA9 ???");
}

BOOST_AUTO_TEST_CASE(each_failure_has_its_status_and_what_is_behind_the_gateway_stays_there) {
    struct {
        errc code;
        int status;
        bool told;  // whether the client may read the words
    } const rows[]{{errc::budget_exceeded, 429, true},  {errc::rate_limited, 429, true},
                   {errc::unbounded, 400, true},        {errc::bad_json, 400, true},
                   {errc::bad_argument, 400, true},     {errc::too_large, 413, true},
                   {errc::unknown_dialect, 404, true},  {errc::not_found, 404, true},
                   {errc::timed_out, 504, false},       {errc::connect_failed, 502, false},
                   {errc::connection_lost, 502, false}, {errc::bad_response, 502, false},
                   {errc::tls_failed, 502, false},      {errc::truncated, 502, false},
                   {errc::circuit_open, 503, false},    {errc::storage_failed, 503, false},
                   {errc::disk_full, 503, false},       {errc::corrupt, 503, false}};
    for (auto const& row : rows) {
        BOOST_TEST_CONTEXT(name_of(row.code)) {
            auto const problem =
                problem_of(aiaudit::fail(row.code, "10.1.2.3: /srv/db: refused"), {});
            BOOST_TEST(problem.status == row.status);
            BOOST_TEST(!problem.type.empty());
            BOOST_TEST(!problem.message.empty());
            BOOST_TEST((problem.message.find("10.1.2.3") != std::string::npos) == row.told);
            BOOST_TEST(!problem.retry_after_s);
            aiaudit::error silent = aiaudit::fail(row.code);
            silent.remote = "sk-secret";
            BOOST_TEST(!problem_of(silent, {}).message.empty());
            BOOST_TEST(problem_of(silent, {}).message.find("sk-secret") == std::string::npos);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_full_budget_is_told_with_its_figures_and_when_there_will_be_room) {
    aiaudit::budget_refusal refusal;
    refusal.budget = "key-ana";
    refusal.subject = "key=ana";
    refusal.limit = aiaudit::int128{50'000'000'000'000};
    refusal.spent = aiaudit::int128{49'990'000'000'000};
    refusal.retry_after_ms = 86'400'001;
    auto const problem = problem_of(aiaudit::fail(errc::budget_exceeded, "elsewhere"), refusal);
    BOOST_TEST(problem.code == "insufficient_quota");
    BOOST_TEST(problem.type == "insufficient_quota");
    BOOST_TEST(problem.message.find("budget 'key-ana' of key=ana: limit 50 USD, spent 49.99 USD") ==
               0U);
    BOOST_REQUIRE(problem.retry_after_s.has_value());
    BOOST_TEST(*problem.retry_after_s == 86'401U);
    auto const answer = error_response(api_family::openai, problem);
    BOOST_TEST(header(answer, "retry-after") == "86401");
    BOOST_TEST(header(answer, "x-should-retry") == "false");
    aiaudit::error limited = aiaudit::fail(errc::rate_limited, "slow down");
    limited.retry_after_ms = 1;
    BOOST_TEST(problem_of(limited, {}).retry_after_s.value() == 1U);
    limited.code = errc::bad_json;
    BOOST_TEST(!problem_of(limited, {}).retry_after_s);
}

BOOST_AUTO_TEST_CASE(who_has_no_key_or_a_wrong_one_is_told_which_and_no_more) {
    BOOST_TEST(aiaudit::missing_key_problem().status == 401);
    struct {
        char const* authorization;
        char const* said;
    } const slips[]{
        {"", "no API key was sent"},
        {"aia-ana.secret", "a key without \"Bearer \" before it"},
        {"Basic YTpi", "has no Bearer"},
        {"Token aia-ana.secret", "has no Bearer"},
        {"Bearer", "no API key stands behind Bearer"},
        {"bearer ", "no API key stands behind Bearer"},
    };
    for (auto const& each : slips) {
        auto const said = aiaudit::missing_key_problem(each.authorization).message;
        BOOST_TEST(said.find(each.said) != std::string::npos, said);
        BOOST_TEST(said.find("aia-ana") == std::string::npos, said);
    }
    BOOST_TEST(aiaudit::wrong_key_problem().status == 401);
    auto const wrong = error_response(api_family::gemini, aiaudit::wrong_key_problem());
    BOOST_TEST(body(wrong).at("error").at("status").as_string() == "UNAUTHENTICATED");
    auto const model =
        error_response(api_family::anthropic, aiaudit::model_refused_problem("claude\n\xFF"));
    BOOST_TEST(model.status == 403);
    BOOST_TEST(body(model).at("error").at("type").as_string() == "permission_error");
}

BOOST_AUTO_TEST_SUITE_END()
