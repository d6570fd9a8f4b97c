// SPDX-License-Identifier: MIT
//
// dashboard_shipping.cpp: what the dashboard's API says of sinks and of logs that were shipped.
#include "support/ledger_testing.hpp"

#include <aiaudit/gateway/dashboard_api.hpp>
#include <aiaudit/gateway/dashboard_shipping.hpp>
#include <aiaudit/impl/gateway/dashboard.tpp>

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(dashboard_shipping)

namespace {

using namespace aiaudit;
using namespace aiaudit_tests;
namespace json = boost::json;

using memory_ledger = basic_ledger<in_memory>;

timestamp const noon = timestamp::parse("2026-08-15T12:00:00Z").value();

std::string text_of(json::value const& of) { return std::string(of.as_string()); }

gateway_response answer_of(aiaudit::dashboard_shipping shipping, std::string_view query = {}) {
    auto log = memory_ledger::open({}).value();
    aiaudit::dashboard_api<memory_ledger> api{log, std::move(shipping)};
    return api.get("/api/v1/shipping", api_parameters(query));
}

json::value json_of(aiaudit::dashboard_shipping shipping) {
    auto const got = answer_of(std::move(shipping));
    BOOST_TEST_REQUIRE(got.status == 200, got.body);
    return json::parse(got.body);
}

shipped_log log_named(std::string name, std::uint64_t size, std::uint64_t log_size,
                      std::chrono::seconds silent) {
    shipped_log made;
    made.origin = std::move(name);
    made.size = size;
    made.log_size = log_size;
    made.updated = noon;
    made.silent = silent;
    return made;
}

aiaudit::dashboard_shipping with_logs(std::vector<shipped_log> logs) {
    aiaudit::dashboard_shipping made;
    made.logs = [logs = std::move(logs)]() -> result<std::vector<shipped_log>> { return logs; };
    return made;
}

// Name and state of each, in their order.
std::vector<std::string> states_of(json::value const& all) {
    std::vector<std::string> made;
    for (json::value const& each : all.as_array())
        made.push_back(text_of(each.at("name")) + " " + text_of(each.at("state")));
    return made;
}

}  // namespace

BOOST_AUTO_TEST_CASE(where_nothing_is_shipped_both_lists_are_empty) {
    auto const got = json_of({});
    BOOST_TEST(got.at("sinks").as_array().empty());
    BOOST_TEST(got.at("logs").as_array().empty());
    BOOST_TEST(got.at("log_count").to_number<int>() == 0);
}

BOOST_AUTO_TEST_CASE(a_sink_has_its_state_counts_lag_and_last_error) {
    aiaudit::dashboard_shipping shipping;
    shipping.sinks = [] {
        ship_status good;
        good.state = ship_state::current;
        good.mark_name = "jsonl-1";
        good.shipped = good.log_size = 12;
        ship_status bad;
        bad.state = ship_state::retrying;
        bad.mark_name = "postgresql-2";
        bad.sink = "postgresql://db.example/aiaudit";
        bad.origin = "node-1";
        bad.shipped = 5;
        bad.log_size = 12;
        bad.lag = std::chrono::milliseconds(734'000);
        bad.error = "refused: \"<b>\"\n\xFF";
        return std::vector<ship_status>{good, bad};
    };
    auto const got = json_of(shipping);
    std::vector<std::string> const expected{"postgresql-2 retrying", "jsonl-1 current"};
    BOOST_TEST(states_of(got.at("sinks")) == expected, boost::test_tools::per_element());
    auto const& bad = got.at("sinks").as_array()[0];
    BOOST_TEST(text_of(bad.at("address")) == "postgresql://db.example/aiaudit");
    BOOST_TEST(text_of(bad.at("origin")) == "node-1");
    BOOST_TEST(bad.at("shipped").to_number<int>() == 5);
    BOOST_TEST(bad.at("log_size").to_number<int>() == 12);
    BOOST_TEST(bad.at("lag_ms").to_number<int>() == 734'000);
    BOOST_TEST(text_of(bad.at("error")) == "refused: \"<b>\"\n\xEF\xBF\xBD");
    BOOST_TEST(text_of(got.at("sinks").as_array()[1].at("error")).empty());
}

BOOST_AUTO_TEST_CASE(logs_stand_as_the_bounds_say_and_the_worst_is_first) {
    using std::chrono::seconds;
    auto forked = log_named("a-forked", 9, 9, seconds(9'000));
    forked.forked_at = 7;
    auto shipping = with_logs({log_named("b-current", 12, 21, seconds(59)),
                               log_named("c-behind", 12, 22, seconds(0)),
                               log_named("d-silent", 12, 40, seconds(60)), forked,
                               log_named("e-ahead", 12, 3, seconds(-5))});
    shipping.bounds = {60, 10};
    auto const got = json_of(shipping);
    std::vector<std::string> const expected{"a-forked forked", "d-silent silent", "c-behind behind",
                                            "b-current current", "e-ahead current"};
    BOOST_TEST(states_of(got.at("logs")) == expected, boost::test_tools::per_element());
    auto const& logs = got.at("logs").as_array();
    BOOST_TEST(logs[0].at("forked_at").to_number<int>() == 7);
    BOOST_TEST(logs[1].at("forked_at").is_null());
    BOOST_TEST(logs[1].at("shipped").to_number<int>() == 12);
    BOOST_TEST(logs[1].at("log_size").to_number<int>() == 40);
    BOOST_TEST(logs[1].at("silent_s").to_number<int>() == 60);
    BOOST_TEST(text_of(logs[1].at("heard_at")) == "2026-08-15T12:00:00Z");
    BOOST_TEST(logs[1].at("last_record").is_null());
    BOOST_TEST(logs[4].at("silent_s").to_number<int>() == 0);
}

BOOST_AUTO_TEST_CASE(of_many_logs_the_worst_thousand_are_there) {
    std::vector<shipped_log> logs;
    for (int i = 0; i < 1'200; ++i)
        logs.push_back(log_named("node-" + std::to_string(i), 1, 1, std::chrono::seconds(i)));
    auto const got = json_of(with_logs(logs));
    BOOST_TEST(got.at("logs").as_array().size() == aiaudit::dashboard_shipping::logs_most);
    BOOST_TEST(got.at("log_count").to_number<int>() == 1'200);
    BOOST_TEST(text_of(got.at("logs").as_array()[0].at("name")) == "node-300");
    BOOST_TEST(text_of(got.at("logs").as_array()[900].at("state")) == "current");
}

BOOST_AUTO_TEST_CASE(a_database_that_cannot_be_read_is_a_problem_without_its_words) {
    aiaudit::dashboard_shipping shipping;
    shipping.logs = []() -> result<std::vector<shipped_log>> {
        return error{errc::connection_lost, "postgresql://secret"};
    };
    auto const got = answer_of(shipping);
    BOOST_TEST(got.status == 500);
    BOOST_TEST(got.body.find("connection_lost") != std::string::npos, got.body);
    BOOST_TEST(got.body.find("secret") == std::string::npos, got.body);
}

BOOST_AUTO_TEST_CASE(a_parameter_is_refused_before_anybody_is_asked) {
    aiaudit::dashboard_shipping shipping;
    shipping.sinks = []() -> std::vector<ship_status> {
        BOOST_TEST_ERROR("it was asked");
        return {};
    };
    BOOST_TEST(answer_of(shipping, "tz=UTC").status == 400);
}

BOOST_AUTO_TEST_SUITE_END()
