// SPDX-License-Identifier: MIT
#include <aiaudit/export/budget_report.hpp>

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(budget_report)

namespace {

using namespace aiaudit;

budget_state day_state(int128 spent, int128 reserved) {
    budget_state of;
    of.budget.name = "daily";
    of.budget.unit = budget_unit::tokens;
    of.budget.limit = 100;
    of.budget.window.period = budget_period::day;
    of.subject = "user=ana";
    of.spent = spent;
    of.reserved = reserved;
    of.left = of.budget.limit - spent - reserved;
    return of;
}

timestamp at(char const* text) { return timestamp::parse(text).value(); }

}  // namespace

BOOST_AUTO_TEST_CASE(an_instant_is_shown_by_the_clock_of_its_zone) {
    time_zone const kathmandu("Asia/Kathmandu", 20'700, {});
    BOOST_TEST(detail::local_text(at("2026-08-14T18:15:00Z"), kathmandu) ==
               "2026-08-15T00:00:00+05:45");
    time_zone const new_york("America/New_York", -18'000,
                             {{at("2026-03-08T07:00:00Z").seconds(), -14'400}});
    BOOST_TEST(detail::local_text(at("2026-03-08T05:00:00Z"), new_york) ==
               "2026-03-08T00:00:00-05:00");
    BOOST_TEST(detail::local_text(at("2026-03-09T04:00:00.5Z"), new_york) ==
               "2026-03-09T00:00:00.500-04:00");
    BOOST_TEST(detail::local_text(at("2026-03-09T04:00:00Z"), {}) == "2026-03-09T04:00:00Z");
    time_zone const of_old("Old/Town", 1'172, {});  // its offset has seconds
    BOOST_TEST(detail::local_text(at("2026-03-09T04:00:00Z"), of_old) == "2026-03-09T04:00:00Z");
}

BOOST_AUTO_TEST_CASE(a_state_says_how_near_the_limit_is) {
    BOOST_TEST(detail::state_name(day_state(49, 0)) == "ok");
    BOOST_TEST(detail::state_name(day_state(49, 40)) == "ok");  // alerts are of what is spent
    BOOST_TEST(detail::state_name(day_state(50, 0)) == "alert");
    BOOST_TEST(detail::percent_reached(day_state(99, 0)) == 80U);
    BOOST_TEST(detail::state_name(day_state(40, 60)) == "full");
    BOOST_TEST(detail::state_name(day_state(101, 0)) == "over");
    budget_state nothing = day_state(0, 0);
    nothing.budget.limit = nothing.left = 0;
    BOOST_TEST(detail::state_name(nothing) == "full");
    budget_state bucket = day_state(90, 0);
    bucket.budget.window.period = budget_period::minute;
    BOOST_TEST(detail::state_name(bucket) == "ok");
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_null_in_json_and_empty_in_csv) {
    budget_state of = day_state(7, 1);
    of.budget.unit = budget_unit::usd;
    of.budget.window.period = budget_period::total;
    of.open = 1;
    BOOST_TEST(to_text(std::vector{of}, text_format::jsonl) ==
               R"({"budget":"daily","subject":"user=ana","window":"total","zone":null,)"
               R"("unit":"usd","limit":"0.0000000001","spent":"0.000000000007",)"
               R"("reserved":"0.000000000001","left":"0.000000000092","open":1,)"
               R"("window_begins":null,"resets_at":null,"forecast":null,"then":"refuse",)"
               R"("state":"ok","alert_percent":0,"added":"0","advance":"0",)"
               R"("ceiling":null})"
               "\n");
    std::string const csv = to_text(std::vector{of}, text_format::csv);
    BOOST_TEST(csv.substr(csv.find('\n') + 1) ==
               "daily,user=ana,total,,usd,0.0000000001,0.000000000007,0.000000000001,"
               "0.000000000092,1,,,,refuse,ok,0,0,0,\n");
    BOOST_TEST(to_text(std::vector<budget_state>{}, text_format::json) == "[]\n");
    BOOST_TEST(to_text(std::vector<budget>{}, text_format::table) == "no budgets\n");
}

BOOST_AUTO_TEST_CASE(names_of_strangers_do_not_break_a_line) {
    budget_state of = day_state(1, 0);
    of.subject = "user=a\"b,c\nd";
    std::string const table = to_text(std::vector{of}, text_format::table);
    BOOST_TEST(table.find("user=a\"b,c?d") != std::string::npos);
    std::string const csv = to_text(std::vector{of}, text_format::csv);
    BOOST_TEST(csv.find("daily,\"user=a\"\"b,c\nd\",day,UTC,tokens,100,1,0,99,") !=
               std::string::npos);
    BOOST_TEST(to_text(std::vector{of}, text_format::jsonl).find(R"("user=a\"b,c\u000ad")") !=
               std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
