// SPDX-License-Identifier: MIT
//
// Lists of models in the shapes of three APIs: what is read of them, and the pages that clients ask
// for.

#include <aiaudit/gateway/model_list.hpp>
#include <aiaudit/providers/json_fields.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(model_lists)

namespace {

using aiaudit::api_family;
using aiaudit::errc;
using aiaudit::detail::model_list_query;
using aiaudit::detail::model_list_text;
using aiaudit::detail::model_of_entry;
using aiaudit::detail::read_model_page;

std::vector<boost::json::value> models_of(api_family shape, std::string const& body) {
    return read_model_page(shape, body).value().models;
}
std::string const three = R"({"data":[{"id":"a"},{"id":"b"},{"id":"c"}],"has_more":false})";
std::string const google =
    R"({"models":[{"name":"models/a"},{"name":"models/b"},{"name":"models/c"}]})";

}  // namespace

BOOST_AUTO_TEST_CASE(an_entry_names_its_model_as_a_call_does) {
    auto const first = models_of(api_family::gemini, google).at(0);
    BOOST_TEST(model_of_entry(api_family::gemini, first) == "a");
    BOOST_TEST(model_of_entry(api_family::openai, models_of(api_family::openai, three)[2]) == "c");
    BOOST_TEST(model_of_entry(api_family::openai, first) == "");
    BOOST_TEST(models_of(api_family::gemini, "{}").empty());
    for (char const* const body : {"{}", "[]", R"({"data":7})", "no JSON", R"({"models":[]})"})
        BOOST_TEST(!read_model_page(api_family::openai, body).has_value(), body);
}

BOOST_AUTO_TEST_CASE(all_pages_of_an_upstream_are_asked_for) {
    BOOST_TEST(model_list_query(api_family::openai, "limit=3&x=1", "") == "?limit=3&x=1");
    BOOST_TEST(model_list_query(api_family::anthropic, "limit=3&beta=true&after_id=b", "") ==
               "?beta=true&limit=1000");
    BOOST_TEST(model_list_query(api_family::gemini, "pageSize=3&pageToken=2", "") ==
               "?pageSize=1000");
    auto const more = read_model_page(
        api_family::anthropic, R"({"data":[{"id":"a/ b"}],"has_more":true,"last_id":"a/ b"})");
    BOOST_TEST(more.value().next == "after_id=a%2F%20b");
    BOOST_TEST(model_list_query(api_family::anthropic, "", more.value().next) ==
               "?limit=1000&after_id=a%2F%20b");
    BOOST_TEST(read_model_page(api_family::anthropic, three).value().next == "");
    BOOST_TEST(read_model_page(api_family::gemini, R"({"models":[],"nextPageToken":"x=1"})")
                   .value()
                   .next == "pageToken=x%3D1");
}

BOOST_AUTO_TEST_CASE(a_client_gets_the_page_that_it_asks_for) {
    auto const all = models_of(api_family::anthropic, three);
    auto const anthropic = [&all](std::string const& query) {
        return model_list_text(api_family::anthropic, all, query);
    };
    BOOST_TEST(
        anthropic("") ==
        R"({"first_id":"a","last_id":"c","has_more":false,"data":[{"id":"a"},{"id":"b"},{"id":"c"}]})");
    BOOST_TEST(anthropic("limit=2") ==
               R"({"first_id":"a","last_id":"b","has_more":true,"data":[{"id":"a"},{"id":"b"}]})");
    BOOST_TEST(anthropic("limit=2&after_id=b") ==
               R"({"first_id":"c","last_id":"c","has_more":false,"data":[{"id":"c"}]})");
    BOOST_TEST(anthropic("limit=1&before_id=c") ==
               R"({"first_id":"b","last_id":"b","has_more":true,"data":[{"id":"b"}]})");
    BOOST_TEST(anthropic("after_id=unknown") ==
               R"({"first_id":null,"last_id":null,"has_more":false,"data":[]})");
    BOOST_TEST(anthropic("limit=0").find(R"("data":[{"id":"a"}])") != std::string::npos);
    auto const of_google = models_of(api_family::gemini, google);
    BOOST_TEST(model_list_text(api_family::gemini, of_google, "pageSize=2") ==
               R"({"models":[{"name":"models/a"},{"name":"models/b"}],"nextPageToken":"2"})");
    BOOST_TEST(model_list_text(api_family::gemini, of_google, "pageSize=2&pageToken=2") ==
               R"({"models":[{"name":"models/c"}]})");
    BOOST_TEST(model_list_text(api_family::gemini, of_google, "pageToken=99") ==
               R"({"models":[]})");
    BOOST_TEST(model_list_text(api_family::openai, all, "") ==
               R"({"object":"list","data":[{"id":"a"},{"id":"b"},{"id":"c"}]})");
}

BOOST_AUTO_TEST_SUITE_END()
