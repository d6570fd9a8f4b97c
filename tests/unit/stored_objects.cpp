// SPDX-License-Identifier: MIT
//
// What of a provider's store a request is about, and who may have it.

#include <aiaudit/gateway/answer_index.hpp>
#include <aiaudit/gateway/stored_object.hpp>
#include <aiaudit/providers/json_fields.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(stored_objects)

namespace {

using namespace aiaudit;
using detail::answer_owner;
using detail::storage_change;

std::string paths_say(std::string const& method, std::string const& path) {
    auto const found = detail::stored_path_of(method, path);
    if (!found) return "none";
    return found->kind + " '" + found->id + "' " + std::string(name_of(found->change));
}
std::string references_say(std::string const& body, dialect which) {
    auto const parsed = detail::parse_json(body, "a body").value();
    std::string text;
    for (auto const& each : detail::references_of(parsed, which))
        text += each.member + "=" + each.kind + ":" + each.id + ";";
    return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_path_says_what_is_done_to_which_object) {
    struct {
        char const* method;
        char const* path;
        char const* says;
    } const cases[]{
        {"GET", "/responses/resp_1", "response 'resp_1' "},
        {"GET", "/responses/resp_1/input_items", "response 'resp_1' "},
        {"GET", "/responses/resp%5F1", "response 'resp_1' "},
        {"DELETE", "/responses/resp_1", "response 'resp_1' delete"},
        {"POST", "/responses/resp_1/cancel", "response 'resp_1' cancel"},
        {"POST", "/conversations", "conversation '' create"},
        {"GET", "/conversations/conv_1/items/msg_1", "conversation 'conv_1' "},
        {"POST", "/conversations/conv_1", "conversation 'conv_1' change"},
        {"POST", "/conversations/conv_1/items", "conversation 'conv_1' change"},
        {"DELETE", "/conversations/conv_1/items/msg_1", "conversation 'conv_1' change"},
        {"DELETE", "/conversations/conv_1", "conversation 'conv_1' delete"},
        {"GET", "/interactions/i1", "interaction 'i1' "},
        {"POST", "/interactions/i1/cancel", "interaction 'i1' cancel"},
        {"POST", "/responses", "none"},
        {"POST", "/responses/compact", "none"},
        {"POST", "/responses/input_tokens", "none"},
        {"POST", "/responses/resp_1", "none"},
        {"DELETE", "/responses/resp_1/input_items", "none"},
        {"POST", "/conversations/conv_1/cancel", "none"},
        {"POST", "/interactions", "none"},
        {"GET", "/responses", "none"},
        {"GET", "/responsesx/1", "none"},
        {"GET", "/conversations/", "none"},
        {"PUT", "/conversations/conv_1", "none"},
        {"GET", "/chat/completions/c1", "none"},
    };
    for (auto const& each : cases)
        BOOST_TEST(paths_say(each.method, each.path) == each.says, each.method << each.path);
}

BOOST_AUTO_TEST_CASE(a_body_says_what_it_goes_on_from) {
    auto const responses = dialect::openai_responses;
    BOOST_TEST(references_say(R"({"previous_response_id":"resp_1"})", responses) ==
               "previous_response_id=response:resp_1;");
    BOOST_TEST(references_say(R"({"previous_response_id":" resp_1\n","input":" "})", responses) ==
               "previous_response_id=response:resp_1;");
    BOOST_TEST(references_say(R"({"conversation":"conv_1"})", responses) ==
               "conversation=conversation:conv_1;");
    BOOST_TEST(references_say(R"({"conversation":{"id":"conv_1"}})", responses) ==
               "conversation=conversation:conv_1;");
    for (char const* const name : {"previous_interaction_id", "previousInteractionId"})
        BOOST_TEST(references_say(R"({")" + std::string(name) + R"(":"i1"})",
                                  dialect::gemini_interactions) ==
                   "previous_interaction_id=interaction:i1;");
    BOOST_TEST(references_say(R"({"previous_response_id":null,"conversation":null,"input":"x"})",
                              responses) == "");
    auto const problem = detail::no_object_problem({"response", "r\n1", "previous_response_id"});
    BOOST_TEST(problem.status == 404);
    BOOST_TEST(problem.code == "previous_response_not_found");
    BOOST_TEST(problem.message == "Response 'r?1' is none of this API key's");
    BOOST_TEST(detail::no_object_problem({"conversation", "c", {}}).code == "not_found");
}

BOOST_AUTO_TEST_CASE(an_answer_is_its_keys_and_its_users) {
    auto const key = [](std::string id, std::string user, std::string project) {
        gateway_key made;
        made.id = std::move(id);
        made.user = std::move(user);
        made.project = std::move(project);
        return made;
    };
    auto const anas = answer_owner::of("k1", "ana", "red");
    BOOST_TEST(anas.admits(key("k1", "ana", "red")));
    BOOST_TEST(anas.admits(key("k2", "ana", "red")));
    BOOST_TEST(anas.admits(key("k1", "", "")));
    BOOST_TEST(!anas.admits(key("k2", "ana", "blue")));
    BOOST_TEST(!anas.admits(key("k2", "bob", "red")));
    BOOST_TEST(!anas.admits(key("k2", "", "red")));
    BOOST_TEST(!anas.admits(key("", "", "")));
    // Where nobody is named, the project alone gives no right.
    auto const services = answer_owner::of("k1", "", "red");
    BOOST_TEST(services.admits(key("k1", "", "red")));
    BOOST_TEST(!services.admits(key("k2", "", "red")));
    // No two pairs of texts are one.
    BOOST_TEST(!answer_owner::of("k1", "a", "bc").admits(key("k2", "ab", "c")));
    BOOST_TEST((answer_owner::parse(anas.to_bytes()) == anas));
    BOOST_TEST((answer_owner::parse(services.to_bytes()) == services));
    BOOST_TEST(!answer_owner::parse("short"));
    BOOST_TEST(detail::answer_key("openai", "resp_1") != detail::answer_key("other", "resp_1"));
    BOOST_TEST(detail::answer_key("openai", std::string(300, 'x')) ==
               detail::answer_key("openai", std::string(256, 'x')));
}

BOOST_AUTO_TEST_CASE(only_what_was_made_is_in_the_index) {
    record_view entry;
    entry.kind = record_kind::outcome;
    entry.operation = operation::responses;
    entry.provider_request_id = "resp_1";
    entry.http_status = 200;
    BOOST_TEST(detail::makes_answer(entry));
    entry.http_status = 404;
    BOOST_TEST(!detail::makes_answer(entry));
    entry.http_status = 200;
    entry.operation = operation::chat;
    BOOST_TEST(!detail::makes_answer(entry));
    entry.path = "/v1beta/interactions";
    BOOST_TEST(detail::makes_answer(entry));
    entry.kind = record_kind::storage;
    entry.tags = {{"change", "delete"}};
    BOOST_TEST(!detail::makes_answer(entry));
    entry.tags = {{"change", "create"}};
    BOOST_TEST(detail::makes_answer(entry));
}

BOOST_AUTO_TEST_SUITE_END()
