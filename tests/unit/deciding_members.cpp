// SPDX-License-Identifier: MIT
//
// The members that decide what a call may do or cost mean the same to whoever reads them.
#include <aiaudit/providers/deciding_members.hpp>
#include <aiaudit/providers/request_facts.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(deciding_members)

namespace {

using namespace aiaudit;

strict_reading chat(std::string_view json) { return read_strictly(json, dialect::openai_chat); }
bool sound(std::string_view json, dialect which = dialect::openai_chat) {
    auto const read = read_strictly(json, which);
    return read.fault.empty() && !read.ambiguous;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_clients_send_is_sound) {
    BOOST_TEST(sound(R"({"model":"m","max_tokens":5,"n":1,"stream":true,"service_tier":"auto",
        "messages":[{"role":"user","content":"\"model\":1 {"}],"tools":[{"type":"function",
        "function":{"name":"f","parameters":{"properties":{"N":{"type":"x"},"n":{}}}}}]})"));
    BOOST_TEST(sound(R"({"model":"m","max_tokens":null,"n":null,"tools":null,"stream":null})"));
    BOOST_TEST(sound(R"({"model":"m","input":"x","reasoning":{"effort":"high"},"store":false})",
                     dialect::openai_responses));
    BOOST_TEST(sound(R"({"model":"m","max_tokens":0,"thinking":{"type":"enabled",
        "budget_tokens":1024},"system":[{"type":"text","text":"x"}],"tools":[{"type":
        "web_search_20250305","max_uses":2},{"type":"web_search_20250305","max_uses":2}]})",
                     dialect::anthropic_messages));
    BOOST_TEST(sound(R"({"generationConfig":{"maxOutputTokens":5,"thinkingConfig":
        {"thinkingBudget":-1}},"contents":[]})",
                     dialect::gemini));
    BOOST_TEST(sound(R"({"generation_config":{"max_output_tokens":5}})", dialect::gemini));
    BOOST_TEST(sound("{}"));
    BOOST_TEST(sound(R"( { "mod\u0065l" : "m" } )"));
}

BOOST_AUTO_TEST_CASE(a_member_that_stands_twice_is_told_with_both_places) {
    auto const read = chat("{\"model\":\"a\",\n \"\xC3\xA9\":1, \"model\":\"b\"}");
    BOOST_TEST(read.member == "model");
    BOOST_TEST(read.fault ==
               "the member 'model' (line 2, column 9) stands twice, first at line 1, column 2");
    BOOST_TEST(chat(R"({"mod\u0065l":"a","model":"b"})").member == "model");
    BOOST_TEST(chat(R"({"max_tokens":9,"max_tokens":null})").member == "max_tokens");
    BOOST_TEST(chat(R"({"tools":[{"type":"function","type":"web_search"}]})").member ==
               "tools.type");
    BOOST_TEST(read_strictly(R"({"generationConfig":{"maxOutputTokens":5,"max_output_tokens":9}})",
                             dialect::gemini)
                   .member == "generationConfig.maxOutputTokens");
    BOOST_TEST(read_strictly(R"({"generationConfig":{},"generation_config":{}})", dialect::gemini)
                   .member == "generationConfig");
}

BOOST_AUTO_TEST_CASE(a_member_in_another_case_is_none_of_its_own) {
    for (char const* name : {"Model", "MODEL", "mODEL"}) {
        auto const read = chat(std::string("{\"") + name + "\":\"m\"}");
        BOOST_TEST(read.member == name);
        BOOST_TEST(read.fault.ends_with("is written 'model'"), read.fault);
    }
    // A long s and the sign for kelvin, which Go's reader takes for s and k.
    BOOST_TEST(!sound("{\"\xC5\xBFtream\":true}"));
    BOOST_TEST(
        !sound("{\"max_to\xE2\x84\xAA"
               "ens\":5}"));
    BOOST_TEST(!sound(R"({"max_to\u212aens":5})"));
    BOOST_TEST(!sound(R"({"model\u0000":"m"})"));
    BOOST_TEST(!sound(R"({"tools":[{"Type":"web_search"}]})"));
    BOOST_TEST(!sound(R"({"input":[{"type":"additional_tools","tools":[],"Tools":[]}]})",
                      dialect::openai_responses));
    BOOST_TEST(sound(R"({"input":[{"type":"additional_tools","tools":[{"type":"custom"}]}]})",
                     dialect::openai_responses));
    BOOST_TEST(!sound(R"({"GenerationConfig":{}})", dialect::gemini));
    BOOST_TEST(!sound(R"({"generationConfig":{"maxoutputtokens":1}})", dialect::gemini));
    // What another API's member looks like decides nothing here.
    BOOST_TEST(sound(R"({"MaxOutputTokens":1})"));
}

BOOST_AUTO_TEST_CASE(a_member_of_another_type_or_out_of_range_is_told_what_it_must_be) {
    auto const read = chat(R"({"n":"5"})");
    BOOST_TEST(read.fault ==
               "the member 'n' (line 1, column 2) must be a whole number from 1 to 2147483647");
    for (char const* json : {R"({"n":5.5})",
                             R"({"n":5.0})",
                             R"({"n":5e0})",
                             R"({"n":0})",
                             R"({"n":-0})",
                             R"({"n":-1})",
                             R"({"n":2147483648})",
                             R"({"n":99999999999999999999})",
                             R"({"n":[5]})",
                             R"({"n":true})",
                             R"({"stream":1})",
                             R"({"stream":"true"})",
                             R"({"model":["m"]})",
                             R"({"model":7})",
                             R"({"model":true})",
                             R"({"messages":"x"})",
                             R"({"tools":{}})",
                             R"({"tools":[{"type":7}]})",
                             R"({"service_tier":1})",
                             R"({"stream_options":true})",
                             R"({"stream_options":{"include_usage":"no"}})",
                             R"({"max_tokens":0})"}) {
        BOOST_TEST(!sound(json), json);
    }
    BOOST_TEST(!sound(R"({"max_tokens":-1})", dialect::anthropic_messages));
    BOOST_TEST(!sound(R"({"thinking":{"budget_tokens":"9"}})", dialect::anthropic_messages));
    BOOST_TEST(!sound(R"({"generationConfig":[]})", dialect::gemini));
    BOOST_TEST(!sound(R"({"background":"yes"})", dialect::openai_responses));
    for (char const* json : {R"({"background":"yes"})", R"({"store":1})", R"({"agent":["a"]})"})
        BOOST_TEST(!sound(json, dialect::gemini_interactions), json);
}

BOOST_AUTO_TEST_CASE(what_decides_nothing_may_be_anything_but_is_seen_where_it_stands_twice) {
    BOOST_TEST(sound(R"({"metadata":{"n":"5","Model":7},"temperature":"hot"})"));
    for (char const* json :
         {R"({"messages":[{"content":[{"type":"text","type":"image_url"}]}]})",
          R"({"messages":[{"content":[{"typ\u0065":"image_url"}]}]})", R"({"x":1,"x":2})"}) {
        auto const read = chat(json);
        BOOST_TEST(read.fault.empty(), json);
        BOOST_TEST(read.ambiguous, json);
    }
}

BOOST_AUTO_TEST_CASE(a_limit_in_another_api_s_word_bounds_nothing) {
    auto const body = boost::json::parse(R"({"max_output_tokens":5,"max_tokens":7})");
    auto const most = [&](dialect which) {
        return facts_of_request(body, which).parameters.max_output_tokens.value_or(0);
    };
    BOOST_TEST(most(dialect::openai_chat) == 7U);
    BOOST_TEST(most(dialect::openai_responses) == 5U);
    BOOST_TEST(most(dialect::gemini) == 0U);
    auto const google =
        boost::json::parse(R"({"generationConfig":{"max_output_tokens":9,"candidate_count":2}})");
    BOOST_TEST(facts_of_request(google, dialect::gemini).parameters.max_output_tokens.value_or(0) ==
               9U);
    BOOST_TEST(facts_of_request(google, dialect::gemini).parameters.choices.value_or(0) == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
