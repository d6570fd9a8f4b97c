// SPDX-License-Identifier: MIT
//
// Text that strangers wrote: what becomes of it on its way into a record, and out of one.
#include <aiaudit/aiaudit.hpp>
#include <aiaudit/client/attempt.hpp>
#include <aiaudit/detail/json_string.hpp>
#include <aiaudit/detail/utf8.hpp>
#include <aiaudit/export/cell_text.hpp>
#include <aiaudit/export/record_text.hpp>
#include <aiaudit/gateway/caller.hpp>
#include <aiaudit/pricing/priced_record.hpp>

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(strange_texts)

namespace {

using namespace std::string_literals;
using aiaudit::text_format;
using aiaudit::detail::escaped_text;
using aiaudit::detail::is_name_text;
using aiaudit::detail::json_string;
using aiaudit::detail::report_cell;
using aiaudit::detail::valid_text;

constexpr char const* replaced = "\xEF\xBF\xBD";

// In no way what a terminal would obey.
bool is_harmless(std::string_view text) {
    return is_name_text(text) || std::all_of(text.begin(), text.end(), [](char c) {
               return c == '\n' || (c >= 0x20 && c != 0x7F);
           });
}
std::string csv_of(std::string const& text, bool number = false) {
    std::vector<report_cell> const names{{"name", "", false, true}};
    std::string const all =
        aiaudit::detail::machine_text(names, {{{"name", text, number, !number}}}, text_format::csv);
    BOOST_REQUIRE(all.starts_with("name\n"));
    return all.substr(5, all.size() - 6);
}

}  // namespace

BOOST_AUTO_TEST_CASE(JSON_is_valid_whatever_the_text) {
    BOOST_TEST(json_string("caf\xC3\xA9 \"a\\b\"") == "\"caf\xC3\xA9 \\\"a\\\\b\\\"\"");
    // Readers of lines, Python's among them, end one at these.
    BOOST_TEST(json_string("a\xE2\x80\xA8 b\xE2\x80\xA9") == R"("a\u2028 b\u2029")");
    BOOST_TEST(json_string("a\xFF\xC3") == "\"a"s + replaced + replaced + '"');
    BOOST_TEST(json_string("\xED\xA0\x80") == '"' + (replaced + (replaced + ""s)) + replaced + '"');
    BOOST_TEST(json_string("\x1B[2J\x7F\xC2\x9B\n\0"s) == R"("\u001b[2J\u007f\u009b\u000a\u0000")");
    for (int high = 0; high < 256; ++high) {
        std::string text = "ab";
        text[0] = static_cast<char>(high);
        for (int low = 0; low < 256; low += 5) {
            text[1] = static_cast<char>(low);
            // Boost.JSON refuses what is no UTF-8.
            BOOST_TEST_REQUIRE((boost::json::parse(json_string(text)).as_string() ==
                                boost::json::string(valid_text(text))));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_terminal_is_shown_strange_bytes_and_obeys_none) {
    BOOST_TEST(escaped_text("caf\xC3\xA9 \xE6\x97\xA5") == "caf\xC3\xA9 \xE6\x97\xA5");
    BOOST_TEST(escaped_text("\x1B]0;x\x07\n") == R"(\x1b]0;x\x07\x0a)");
    BOOST_TEST(escaped_text("a\xFF") == R"(a\xff)");
    BOOST_TEST(escaped_text("\xC2\x9B"
                            "2J") == R"(\xc2\x9b2J)");
    BOOST_TEST(escaped_text("\xE2\x80\xAE"
                            "evil") == R"(\xe2\x80\xaeevil)");
    std::vector<report_cell> const names{{"user", "", false, true}, {"n", "", true, false}};
    std::string const table = aiaudit::detail::aligned_text(
        names, {{{"user", "ana\x1B[2J\nbob  7", false, true}, {"n", "1", true, false}},
                {{"user", "eve", false, true}, {"n", "2", true, false}}});
    BOOST_TEST(std::count(table.begin(), table.end(), '\n') == 3);
    BOOST_TEST(is_harmless(table));
    BOOST_TEST(table.find(R"(ana\x1b[2J\x0abob  7  1)") != std::string::npos, table);
}

BOOST_AUTO_TEST_CASE(a_spreadsheet_finds_no_formula_and_money_below_zero_is_left_alone) {
    BOOST_TEST(csv_of("=HYPERLINK(\"http://a/\"&A1)") == "\"'=HYPERLINK(\"\"http://a/\"\"&A1)\"");
    for (char const* const text : {"+SUM(A1)", "@x", "-x", "=1"})
        BOOST_TEST(csv_of(text) == "'"s + text);
    BOOST_TEST(csv_of("\t=1") == "\"'\t'=1\"");
    BOOST_TEST(csv_of("a;=1") == "\"a;'=1\"");
    for (char const* const number : {"-0.25", "12", "-3"})
        BOOST_TEST(csv_of(number, true) == number);
    // A stranger's name that looks like one.
    for (char const* const name : {"-0.25", "-3"}) BOOST_TEST(csv_of(name) == "'"s + name);
    BOOST_TEST(csv_of("12") == "12");
    for (char const* const text : {" =1", "  @x", "\xEF\xBC\x9DSUM(A1)",
                                   "\xEF\xBC\x8B"
                                   "1"})
        BOOST_TEST(csv_of(text) == "'"s + text);
    BOOST_TEST(csv_of("ana@example.com") == "ana@example.com");
    BOOST_TEST(csv_of("a\xFF\0b\x1B"s) == "a"s + replaced + "?b?");
}

BOOST_AUTO_TEST_CASE(what_an_answer_says_becomes_text_that_fits_into_a_record) {
    aiaudit::attempt_facts facts;
    facts.model_requested = "gpt\xFF";
    facts.model_served = "gpt-4.1\x1B[2J";
    facts.finish_reason = std::string(1'000, 'x');
    facts.provider_request_id = "req\n1";
    aiaudit::record entry;
    set_facts(entry, facts);
    BOOST_TEST(entry.model_requested == "gpt?");
    BOOST_TEST(entry.model_served == "gpt-4.1?[2J");
    BOOST_TEST(entry.finish_reason.size() == 256U);
    BOOST_TEST(entry.provider_request_id == "req?1");
}

BOOST_AUTO_TEST_CASE(whom_a_program_calls_for_is_a_name_in_every_record_of_the_call) {
    aiaudit::provider_entry const to{.name = "openai"};
    aiaudit::api_key const key{"openai", "sk", "k"};
    aiaudit::prepared_request const request;
    aiaudit::call_options who;
    who.user = "ana\x1B[2J\xFF";
    who.project = std::string(2'000, 'p');
    aiaudit::detail::attempt_plan plan;
    plan.to = &to;
    plan.key = &key;
    plan.request = &request;
    plan.who = &who;
    auto const entry = aiaudit::detail::record_of_attempt(plan, aiaudit::record_kind::outcome, {});
    BOOST_TEST(entry.user == "ana?[2J?");
    BOOST_TEST(entry.project.size() == 1'024U);
}

BOOST_AUTO_TEST_CASE(a_record_from_before_is_valid_JSON_all_the_same) {
    aiaudit::record entry;
    entry.user = "a\xFF";
    entry.model_requested = "\xC3";
    entry.tags = {{"k\xFE", "v\x80"}};
    auto const read = boost::json::parse(to_json(aiaudit::sequence{1}, entry));
    BOOST_TEST((read.at("user").as_string() == boost::json::string("a"s + replaced)));
}

BOOST_AUTO_TEST_CASE(an_agents_identity_is_one_user_over_all_its_sessions) {
    using aiaudit::detail::stable_user;
    BOOST_TEST(stable_user(R"({"device_id":"d1","account_uuid":"","session_id":"s1"})") == "d1");
    BOOST_TEST(stable_user(R"({"device_id":"d1","account_uuid":"","session_id":"s2"})") == "d1");
    BOOST_TEST(stable_user(R"({"session_id":"s","account_uuid":"a1","device_id":"d1"})") == "a1");
    BOOST_TEST(stable_user(R"({"session_id":"s"})").empty());
    BOOST_TEST(stable_user("user_9f_account_a1_session_s1") == "a1");
    BOOST_TEST(stable_user("user_9f_account__session_s1") == "9f");
    for (char const* const text : {"ana", "ana@example.com", "{ana", "", "user_ana", "[1]"})
        BOOST_TEST(stable_user(text) == text);
}

BOOST_AUTO_TEST_CASE(a_client_names_users_tags_and_models_in_plain_text_alone) {
    using aiaudit::detail::caller_of;
    using aiaudit::detail::check_client_name;
    aiaudit::gateway_key key;
    key.names_users = true;
    auto const why = [&key](aiaudit::header_list headers, std::string const& body = "{}") {
        aiaudit::gateway_request request;
        request.headers = std::move(headers);
        boost::json::parse_options lax;
        lax.allow_invalid_utf8 = true;
        auto const made = caller_of(request, key, boost::json::parse(body, {}, lax));
        return made ? std::string{} : made.error().where;
    };
    std::string const plain = " that is no UTF-8, or has control characters";
    BOOST_TEST(why({{"x-aiaudit-user", "ana"}}).empty());
    BOOST_TEST(why({{"x-aiaudit-user", "\xFF\xFE"}}) == "a user" + plain);
    BOOST_TEST(why({}, "{\"user\":\"a\\u001b[2J\"}") == "a user" + plain);
    BOOST_TEST(why({}, "{\"user\":\"a\xFF\"}") == "a user" + plain);
    BOOST_TEST(why({{"x-aiaudit-tag-team", "r\xC3"}}) == "a tag" + plain);
    BOOST_TEST(why({}, "{\"metadata\":{\"k\":\"\\u0000\"}}").empty());
    BOOST_TEST(why({{"x-aiaudit-user", std::string(257, 'a')}}) == "a user of more than 256 bytes");
    BOOST_TEST(check_client_name("a model", std::string(256, 'm')).has_value());
    BOOST_TEST(!check_client_name("a model", "gpt\xFF"));
    BOOST_TEST(!check_client_name("a model", "gpt\n"));
    key.user = std::string(300, 'k');  // the administrator's own words have bounds of their own
    BOOST_TEST(why({}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
