// SPDX-License-Identifier: MIT
//
// dashboard_api.cpp: what the dashboard's API answers, held to the reports and records it is of.
#include "support/ledger_testing.hpp"

#include <aiaudit/alerts.hpp>
#include <aiaudit/gateway/dashboard_api.hpp>
#include <aiaudit/gateway/request_target.hpp>
#include <aiaudit/impl/gateway/dashboard.tpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(dashboard_api)

namespace {

using namespace aiaudit;
using namespace aiaudit_tests;
namespace json = boost::json;

using memory_ledger = basic_ledger<in_memory>;

timestamp const noon = timestamp::parse("2026-08-15T12:00:00Z").value();

timestamp days_ago(int days, int seconds = 0) {
    return {noon.ns - (days * seconds_per_day - seconds) * nanoseconds_per_second};
}

record outcome_at(timestamp at, std::string user, std::string model, std::string_view cost) {
    record entry;
    entry.user = std::move(user);
    entry.provider = "openai";
    entry.model_requested = std::move(model);
    entry.started_at = at;
    entry.usage.set(unit::input_tokens, 100);
    entry.usage.set(unit::output_tokens, 20);
    entry.cost_status = cost_status::priced;
    entry.cost = money::parse(cost).value();
    entry.http_status = 200;
    entry.duration_ns = 250'000'000;
    return entry;
}

// A ledger at noon of 15 August 2026, with two users and two models over three days and last month.
struct stand {
    memory_ledger log = memory_ledger::open({}).value();
    aiaudit::dashboard_api<memory_ledger> api{log};

    stand() {
        log.time().set(noon);
        add(outcome_at(days_ago(40), "ada", "gpt-4.1", "7"));
        add(outcome_at(days_ago(2), "ada", "gpt-4.1", "1.5"));
        add(outcome_at(days_ago(1), "bob", "gpt-4.1-mini", "0.25"));
        add(outcome_at(days_ago(0), "ada", "gpt-4.1", "0.125"));
        add(outcome_at(days_ago(0, 60), "bob", "gpt-4.1-mini", "0.000000000001"));
        BOOST_REQUIRE(log.flush().has_value());
    }
    void add(record const& entry) { BOOST_REQUIRE(log.append(entry).has_value()); }

    gateway_response ask(std::string_view target) {
        return api.get("/api/v1/" + std::string(detail::path_of(target)),
                       api_parameters(detail::query_of(target)));
    }
    json::value get(std::string_view target) {
        auto const got = ask(target);
        BOOST_TEST_REQUIRE(got.status == 200, got.body);
        BOOST_TEST(header_of(got.headers, "content-type") == "application/json");
        return json::parse(got.body);
    }
    // The parameter that is blamed.
    std::string blamed(std::string_view target) {
        auto const got = ask(target);
        BOOST_TEST(got.status == 400, target);
        BOOST_TEST(header_of(got.headers, "content-type") == "application/problem+json");
        auto const problem = json::parse(got.body).as_object();
        BOOST_TEST(problem.at("status").to_number<int>() == 400);
        BOOST_TEST(problem.at("type").as_string() == "about:blank");
        auto const* const parameter = problem.if_contains("parameter");
        return parameter == nullptr ? "" : std::string(parameter->as_string());
    }
    std::string report_json(report_kind kind, day_range days, std::string user = {}) {
        return to_text(log.report({kind, {}, days, std::move(user)}).value(), text_format::json);
    }
};

day_range const last_30{civil_day::parse("2026-07-17").value(),
                        civil_day::parse("2026-08-15").value()};

std::string text_of(json::value const& of) { return std::string(of.as_string()); }

}  // namespace

BOOST_FIXTURE_TEST_CASE(the_summary_adds_up_today_yesterday_and_the_month, stand) {
    auto const got = get("summary");
    BOOST_TEST(text_of(got.at("now")) == "2026-08-15T12:00:00Z");
    BOOST_TEST(text_of(got.at("today").at("cost_usd")) == "0.125000000001");
    BOOST_TEST(got.at("today").at("requests").to_number<int>() == 2);
    BOOST_TEST(got.at("today").at("p50_latency_ms").to_number<double>() > 240);
    BOOST_TEST(text_of(got.at("yesterday").at("cost_usd")) == "0.25");
    BOOST_TEST(text_of(got.at("month").at("cost_usd")) == "1.875000000001");
    BOOST_TEST(got.at("month").at("p50_latency_ms").is_null());
    BOOST_TEST(text_of(got.at("first_day")) == "2026-07-06");
    // 14.5 of 31 days are gone.
    BOOST_TEST(text_of(got.at("month_forecast")) == "4.008620689657");
}

BOOST_FIXTURE_TEST_CASE(a_month_that_has_hardly_begun_has_no_forecast, stand) {
    log.time().set(timestamp::parse("2026-09-01T01:00:00Z").value());
    BOOST_TEST(get("summary").at("month_forecast").is_null());
}

BOOST_AUTO_TEST_CASE(an_empty_ledger_has_zeros) {
    auto log = memory_ledger::open({}).value();
    log.time().set(noon);
    aiaudit::dashboard_api<memory_ledger> api{log};
    auto const summary = json::parse(api.get("/api/v1/summary", api_parameters("")).body);
    BOOST_TEST(text_of(summary.at("today").at("cost_usd")) == "0");
    BOOST_TEST(summary.at("first_day").is_null());
    auto const daily = json::parse(api.get("/api/v1/daily", api_parameters("")).body);
    BOOST_TEST(daily.at("days").as_array().size() == 30U);
    auto const page = json::parse(api.get("/api/v1/records", api_parameters("")).body);
    BOOST_TEST(page.at("records").as_array().empty());
    BOOST_TEST(page.at("next_before").is_null());
    BOOST_TEST(api.get("/api/v1/records/1", api_parameters("")).status == 404);
    BOOST_TEST(
        json::parse(api.get("/api/v1/recent", api_parameters("")).body).at("since").is_null());
}

BOOST_FIXTURE_TEST_CASE(the_zone_says_which_day_it_is, stand) {
    // In Auckland it is midnight: the calls of noon are of 16 August.
    auto const got = get("summary?tz=Pacific/Auckland");
    BOOST_TEST(text_of(got.at("today").at("cost_usd")) == "0.125000000001");
    auto const days = get("daily?tz=Pacific%2FAuckland").at("days").as_array();
    BOOST_TEST(text_of(days.back().at("day")) == "2026-08-16");
    BOOST_TEST(text_of(days.back().at("cost_usd")) == "0.125000000001");
}

BOOST_FIXTURE_TEST_CASE(daily_has_every_day_of_the_range, stand) {
    auto const days = get("daily?from=2026-08-12&to=2026-08-16").at("days").as_array();
    BOOST_TEST(days.size() == 5U);
    BOOST_TEST(text_of(days.at(0).at("day")) == "2026-08-12");
    BOOST_TEST(text_of(days.at(0).at("cost_usd")) == "0");
    BOOST_TEST(text_of(days.at(1).at("cost_usd")) == "1.5");
    BOOST_TEST(text_of(days.at(3).at("cost_usd")) == "0.125000000001");
    BOOST_TEST(!days.at(0).as_object().contains("models"));
}

BOOST_FIXTURE_TEST_CASE(the_models_of_a_day_add_up_to_it, stand) {
    auto const days = get("daily?by=model").at("days").as_array();
    BOOST_TEST(days.size() == 30U);
    for (auto const& day : days) {
        money sum;
        for (auto const& model : day.at("models").as_array())
            sum += money::parse(text_of(model.at("cost_usd"))).value();
        BOOST_TEST(sum.to_string() == text_of(day.at("cost_usd")));
    }
    BOOST_TEST(days.back().at("models").as_array().size() == 2U);
}

// Each report is answered before a call that comes then.
struct growing_ledger : memory_ledger {
    explicit growing_ledger(memory_ledger&& from) : memory_ledger(std::move(from)) {}
    result<aiaudit::report> report(report_query const& query) {
        auto made = memory_ledger::report(query);
        BOOST_REQUIRE(append(outcome_at(noon, "eve", "gpt-4.1", "1")).has_value());
        return made;
    }
};

BOOST_FIXTURE_TEST_CASE(a_day_is_the_sum_of_its_models_while_calls_come, stand) {
    growing_ledger growing(std::move(log));
    aiaudit::dashboard_api<growing_ledger> of_growing{growing};
    auto const got = json::parse(
        of_growing.get("/api/v1/daily", api_parameters("by=model&from=2026-08-15")).body);
    auto const& day = got.at("days").at(0);
    BOOST_TEST(text_of(day.at("cost_usd")) == "1.125000000001");
    BOOST_TEST(text_of(day.at("models").at(0).at("cost_usd")) == "1.125");
}

BOOST_FIXTURE_TEST_CASE(daily_can_be_of_one_user, stand) {
    auto const days = get("daily?user=bob&from=2026-08-13&to=2026-08-15&by=model");
    BOOST_TEST(text_of(days.at("days").at(0).at("cost_usd")) == "0");
    BOOST_TEST(days.at("days").at(0).at("models").as_array().empty());
    BOOST_TEST(text_of(days.at("days").at(1).at("cost_usd")) == "0.25");
    BOOST_TEST(text_of(days.at("days").at(2).at("cost_usd")) == "0.000000000001");
    BOOST_TEST(days.at("days").at(2).at("requests").to_number<int>() == 1);
    BOOST_TEST(days.at("days").at(2).at("p99_latency_ms").is_null());
    BOOST_TEST(text_of(get("daily?user=nobody").at("days").at(29).at("cost_usd")) == "0");
}

BOOST_FIXTURE_TEST_CASE(rows_are_those_of_the_report, stand) {
    for (auto const kind : {report_kind::models, report_kind::users, report_kind::projects,
                            report_kind::keys, report_kind::providers, report_kind::statuses}) {
        auto const got = get(name_of(kind));
        BOOST_TEST(got.at("rows") == json::parse(report_json(kind, last_30)));
        BOOST_TEST(got.at("row_count").to_number<std::size_t>() ==
                   got.at("rows").as_array().size());
    }
    BOOST_TEST(get("models?user=ada").at("rows") ==
               json::parse(report_json(report_kind::user, last_30, "ada")));
    auto const limited = get("users?limit=1&from=2026-01-01");
    BOOST_TEST(limited.at("rows").as_array().size() == 1U);
    BOOST_TEST(limited.at("row_count").to_number<int>() == 2);
    BOOST_TEST(text_of(limited.at("rows").at(0).at("cost_usd")) == "8.625");
    // Page by page, under one total.
    auto const second = get("users?limit=1&offset=1&from=2026-01-01");
    auto const both = get("users?from=2026-01-01");
    BOOST_TEST(second.at("rows").at(0) == both.at("rows").at(1));
    BOOST_TEST(second.at("total") == both.at("total"));
    BOOST_TEST(limited.at("total") == both.at("total"));
    BOOST_TEST(get("users?offset=7&from=2026-01-01").at("rows").as_array().empty());
}

BOOST_FIXTURE_TEST_CASE(every_parameter_is_checked_and_named, stand) {
    BOOST_TEST(blamed("summary?tz=Mars/Olympus") == "tz");
    BOOST_TEST(blamed("summary?tz=../../etc/passwd") == "tz");
    BOOST_TEST(blamed("summary?tz=") == "tz");
    BOOST_TEST(blamed("summary?user=ada") == "user");
    BOOST_TEST(blamed("daily?from=2026-02-30") == "from");
    BOOST_TEST(blamed("daily?to=yesterday") == "to");
    BOOST_TEST(blamed("daily?from=2026-08-02&to=2026-08-01") == "from");
    BOOST_TEST(blamed("daily?from=2025-01-01&to=2026-08-01") == "from");
    BOOST_TEST(blamed("daily?by=user") == "by");
    BOOST_TEST(blamed("daily?format=xml") == "format");
    BOOST_TEST(blamed("daily?colour=red") == "colour");
    BOOST_TEST(blamed("daily?tz=UTC&tz=UTC") == "tz");
    BOOST_TEST(blamed("daily?user=%zz") == "user");
    BOOST_TEST(blamed("daily?user=%4") == "user");
    BOOST_TEST(blamed("users?user=ada") == "user");
    BOOST_TEST(blamed("users?limit=0") == "limit");
    BOOST_TEST(blamed("users?limit=10001") == "limit");
    BOOST_TEST(blamed("users?limit=-1") == "limit");
    BOOST_TEST(blamed("budgets?x") == "x");
    BOOST_TEST(blamed("records?limit=201") == "limit");
    BOOST_TEST(blamed("records?before=0") == "before");
    BOOST_TEST(blamed("records?before=99999999999999999999") == "before");
    BOOST_TEST(blamed("records?kind=secret") == "kind");
    BOOST_TEST(blamed("records/1?proof=no") == "proof");
    BOOST_TEST(blamed("alerts?limit=x") == "limit");
    BOOST_TEST(blamed("recent?days=1") == "days");
    // Four hundred days are not too many.
    BOOST_TEST(get("daily?from=2025-07-12&to=2026-08-15").at("days").as_array().size() == 400U);
    BOOST_TEST(ask("nothing").status == 404);
    BOOST_TEST(ask("user").status == 404);
    BOOST_TEST(ask("").status == 404);
}

BOOST_FIXTURE_TEST_CASE(csv_has_the_columns_of_the_report, stand) {
    auto const got = ask("users?format=csv");
    BOOST_TEST(header_of(got.headers, "content-type") == "text/csv; charset=utf-8");
    BOOST_TEST(header_of(got.headers, "content-disposition") ==
               "attachment; filename=\"aiaudit-users-2026-07-17-2026-08-15.csv\"");
    BOOST_TEST(got.body == to_text(log.report({report_kind::users, {}, last_30, {}}).value(),
                                   text_format::csv));
    auto const daily = ask("daily?format=csv&from=2026-08-14&to=2026-08-15").body;
    BOOST_TEST(daily.starts_with("date,requests,errors,input_tokens,"));
    BOOST_TEST(daily.find("\n2026-08-14,1,0,100,") != std::string::npos);
    auto const models = ask("daily?format=csv&by=model&from=2026-08-14").body;
    BOOST_TEST(models.starts_with("date,provider,model,requests,"));
    BOOST_TEST(models.find("\n2026-08-14,openai,gpt-4.1-mini,1,") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_name_is_no_formula_and_always_utf8, stand) {
    add(outcome_at(noon, "=HYPERLINK(\"http://127.0.0.1\")", "m", "1"));
    add(outcome_at(noon, "@sum", "m", "1"));
    add(outcome_at(noon, "-2+3", "m", "1"));
    add(outcome_at(noon,
                   "bad\xFF"
                   "byte \xC3\xA9",
                   "m", "1"));
    auto const csv = ask("users?format=csv").body;
    BOOST_TEST(csv.find("\n\"'=HYPERLINK(\"\"http://127.0.0.1\"\")\",") != std::string::npos);
    BOOST_TEST(csv.find("\n'@sum,") != std::string::npos);
    BOOST_TEST(csv.find("\n'-2+3,") != std::string::npos);
    // Where cells are parted by semicolons, or a name has several lines.
    add(outcome_at(noon, "x;=1+1;y\n@z;-w", "m", "1"));
    BOOST_TEST(ask("users?format=csv").body.find("\n\"x;'=1+1;y\n'@z;'-w\",") != std::string::npos);
    BOOST_TEST(csv.find("bad\xEF\xBF\xBD"
                        "byte \xC3\xA9") != std::string::npos);
    bool found = false;
    auto const users = get("users");
    for (auto const& row : users.at("rows").as_array())
        found = found || text_of(row.at("user")) ==
                             "bad\xEF\xBF\xBD"
                             "byte \xC3\xA9";
    BOOST_TEST(found);
}

BOOST_FIXTURE_TEST_CASE(budgets_stand_as_the_report_says, stand) {
    budget monthly;
    monthly.name = "all";
    monthly.limit = money::parse("10").value().pico();
    BOOST_REQUIRE(log.set_budget(monthly).has_value());
    auto const got = get("budgets");
    auto const states = log.budget_states().value();
    BOOST_TEST(got.at("budgets") == json::parse(to_text(states, text_format::json)));
    BOOST_TEST(text_of(got.at("budgets").at(0).at("limit")) == "10");
}

BOOST_FIXTURE_TEST_CASE(records_come_newest_first_page_by_page, stand) {
    auto const page = get("records?limit=2");
    BOOST_TEST(page.at("records").at(0).at("sequence").to_number<int>() == 5);
    BOOST_TEST(page.at("records").at(1).at("sequence").to_number<int>() == 4);
    BOOST_TEST(page.at("next_before").to_number<int>() == 4);
    auto const last = get("records?limit=3&before=4");
    BOOST_TEST(last.at("records").as_array().size() == 3U);
    BOOST_TEST(last.at("next_before").is_null());
    auto const bobs = get("records?user=bob&model=gpt-4.1-mini&kind=outcome");
    BOOST_TEST(bobs.at("records").as_array().size() == 2U);
    BOOST_TEST(get("records?kind=alert").at("records").as_array().empty());
    BOOST_TEST(get("records?user=").at("records").as_array().empty());
}

BOOST_FIXTURE_TEST_CASE(a_search_looks_back_a_bounded_way_and_says_where_to_go_on, stand) {
    for (int i = 0; i < 20'100; ++i)
        BOOST_REQUIRE(log.append(sample(i), durability::relaxed).has_value());
    BOOST_REQUIRE(log.flush().has_value());
    auto const page = get("records?user=ada");
    BOOST_TEST(page.at("records").as_array().empty());
    BOOST_TEST(page.at("next_before").to_number<int>() == 106);
    auto const rest = get("records?user=ada&before=106");
    BOOST_TEST(rest.at("records").as_array().size() == 3U);
    BOOST_TEST(rest.at("next_before").is_null());
    auto const most = get("records?limit=200");
    BOOST_TEST(most.at("records").as_array().size() == 200U);
    BOOST_TEST(most.at("next_before").to_number<int>() == 20'105 - 199);
}

// Whatever the blocks are in which the log has them.
BOOST_FIXTURE_TEST_CASE(pages_one_after_the_other_are_the_whole_log_backwards, stand) {
    int number = 0;
    for (int const block : {1, 300, 2, 1'000, 7}) {
        append_samples(log, number, block);
        number += block;
    }
    for (std::string const query : {"limit=200", "limit=7&user=user1", "limit=150&kind=outcome",
                                    "limit=3&user=ada", "limit=1&user=nobody"}) {
        auto const user = query.find("user=");
        std::string const wanted = user == std::string::npos ? "" : query.substr(user + 5);
        std::vector<std::uint64_t> expected;
        BOOST_REQUIRE(log.read(sequence{1},
                               [&](sequence at, record&& entry) {
                                   if (wanted.empty() || entry.user == wanted)
                                       expected.insert(expected.begin(), value_of(at));
                                   return true;
                               })
                          .has_value());
        std::vector<std::uint64_t> found;
        for (std::string before = "99999"; before != "null";) {
            auto const page = get("records?" + query + "&before=" + before);
            for (auto const& each : page.at("records").as_array())
                found.push_back(each.at("sequence").to_number<std::uint64_t>());
            before = json::serialize(page.at("next_before"));
            BOOST_TEST_REQUIRE(found.size() <= expected.size());
        }
        BOOST_TEST(found == expected, boost::test_tools::per_element());
    }
}

BOOST_FIXTURE_TEST_CASE(a_record_comes_with_a_proof_that_holds, stand) {
    append_samples(log, 0, 300);
    for (std::uint64_t const number : {1U, 2U, 5U, 256U, 257U, 305U}) {
        auto const got = get("records/" + std::to_string(number));
        auto const& proof = got.at("proof");
        BOOST_TEST(got.at("record").at("sequence").to_number<std::uint64_t>() == number);
        std::vector<digest> path;
        for (auto const& each : proof.at("hashes").as_array())
            path.push_back(digest::parse(text_of(each)).value());
        auto const leaf = detail::base64_decode(text_of(proof.at("leaf_base64"))).value();
        BOOST_TEST(leaf_hash(leaf).to_string() == text_of(proof.at("leaf_hash")));
        auto const root = digest::parse(text_of(proof.at("root"))).value();
        BOOST_TEST((root == log.log().tree().value().root()));
        BOOST_TEST(proof.at("index").to_number<std::uint64_t>() == number - 1);
        BOOST_TEST(detail::inclusion_holds(number - 1,
                                           proof.at("tree_size").to_number<std::uint64_t>(),
                                           leaf_hash(leaf), path, root));
    }
    for (char const* const none : {"306", "0", "-1", "x", "", "1/2", "01", "18446744073709551616"})
        BOOST_TEST(ask("records/" + std::string(none)).status == 404, none);
}

BOOST_FIXTURE_TEST_CASE(alerts_come_newest_first_with_what_was_not_delivered, stand) {
    for (int i = 0; i < 3; ++i) {
        alert raised{"key" + std::to_string(i), alert_kind::custom, "text", days_ago(20 - i), {}};
        raised.facts = {{"spent", "3"}};
        BOOST_REQUIRE(log.append_once(to_record(raised).value()).has_value());
    }
    alert const today{"today", alert_kind::anomaly, "odd \"quotes\"", noon, {}};
    BOOST_REQUIRE(log.append_once(to_record(today).value()).has_value());
    for (auto const stage : {alert_stage::claimed, alert_stage::failed}) {
        alert_event event{stage, "today", "mail", "watch", noon, 1, "", ""};
        if (stage == alert_stage::failed) event.error = "timed_out";
        BOOST_REQUIRE(log.append_once(to_record(event).value()).value().has_value());
    }
    auto const alerts = get("alerts").at("alerts").as_array();
    BOOST_REQUIRE(alerts.size() == 4U);
    BOOST_TEST(text_of(alerts.at(0).at("key")) == "today");
    BOOST_TEST(text_of(alerts.at(0).at("undelivered").at(0).at("error")) == "timed_out");
    BOOST_TEST(text_of(alerts.at(1).at("key")) == "key2");
    BOOST_TEST(text_of(alerts.at(3).at("facts").at(0).at("name")) == "spent");
    BOOST_TEST(get("alerts?limit=1").at("alerts").as_array().size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(what_a_watch_raises_is_among_the_alerts, stand) {
    budget monthly;
    monthly.name = "all";
    monthly.limit = money::parse("2").value().pico();
    BOOST_REQUIRE(log.set_budget(monthly).has_value());
    for (int day = 1; day <= 14; ++day) add(outcome_at(days_ago(day), "eve", "gpt-4.1", "0.01"));
    add(outcome_at(noon, "eve", "gpt-4.1", "30"));
    alert_watch_options options;
    options.poll_every = std::chrono::milliseconds(0);
    auto watch = basic_alert_watch<memory_ledger>::open(log, options).value();
    auto const raised = watch.poll_once().value().raised;
    auto const alerts = get("alerts").at("alerts").as_array();
    BOOST_TEST(alerts.size() == raised);
    auto const has = [&alerts](std::string_view kind, std::string_view words) {
        return std::any_of(alerts.begin(), alerts.end(), [&](json::value const& each) {
            return text_of(each.at("kind")) == kind &&
                   text_of(each.at("text")).find(words) != std::string::npos;
        });
    };
    BOOST_TEST(has("anomaly", "user eve: spent 30 USD"));
    BOOST_TEST(has("budget_threshold", "budget 'all' of everyone has reached"));
}

BOOST_FIXTURE_TEST_CASE(recent_has_savings_and_times_to_the_first_token, stand) {
    for (std::uint64_t i = 1; i <= 100; ++i) {
        auto entry = outcome_at(noon, "ada", "gpt-4.1", "0");
        entry.time_to_first_token_ns = i * 1'000'000;
        if (i <= 10) entry.saved = money::parse("0.1").value();
        add(entry);
    }
    auto const got = get("recent");
    BOOST_TEST(got.at("outcomes").to_number<int>() == 105);
    BOOST_TEST(got.at("from_cache").to_number<int>() == 10);
    BOOST_TEST(text_of(got.at("saved_usd")) == "1");
    BOOST_TEST(got.at("p50_time_to_first_token_ms").to_number<double>() == 50.0);
    BOOST_TEST(got.at("p99_time_to_first_token_ms").to_number<double>() == 99.0);
}

BOOST_FIXTURE_TEST_CASE(recent_has_each_of_the_last_records_once, stand) {
    auto const outcomes = [&] { return get("recent").at("outcomes").to_number<int>(); };
    BOOST_TEST(outcomes() == 5);
    BOOST_TEST(outcomes() == 5);
    auto entry = outcome_at(noon, "ada", "gpt-4.1", "0");
    entry.time_to_first_token_ns = 1'000'000;
    entry.saved = money::parse("2").value();
    add(entry);
    entry.kind = record_kind::intent;
    add(entry);
    BOOST_TEST(outcomes() == 6);
    BOOST_TEST(get("recent").at("streamed").to_number<int>() == 1);
    append_samples(log, 0, 19'999);
    BOOST_TEST(outcomes() == 19'999);
    BOOST_TEST(get("recent").at("streamed").to_number<int>() == 0);
    BOOST_TEST(text_of(get("recent").at("saved_usd")) == "0");
    // Those who never asked before begin with the same.
    aiaudit::dashboard_api<memory_ledger> other{log};
    BOOST_TEST(other.get("/api/v1/recent", api_parameters("")).body == ask("recent").body);
}

BOOST_FIXTURE_TEST_CASE(events_are_the_records_after_the_last_one_seen, stand) {
    auto last = sequence{3};
    auto& records = api.records();
    auto const text = records.events_after(last, 1);
    BOOST_TEST(text.starts_with("id: 4\nevent: record\ndata: {\"sequence\":4,"));
    BOOST_TEST(text.ends_with("}\n\n"));
    BOOST_TEST(value_of(last) == 4U);
    BOOST_TEST(records.events_after(last, 200).starts_with("id: 5\n"));
    BOOST_TEST(records.events_after(last, 200).empty());
    add(outcome_at(noon, "line\nfeed", "gpt-4.1", "1"));
    auto const line_feed = records.events_after(last, 200);
    BOOST_TEST(line_feed.find("line\\u000afeed") != std::string::npos);
    last = sequence{1'000'000};
    BOOST_TEST(records.events_after(last, 200).empty());
    BOOST_TEST(value_of(last) == 6U);
}

BOOST_FIXTURE_TEST_CASE(who_was_away_for_long_is_told_of_the_gap, stand) {
    for (int i = 0; i < 10'000; ++i)
        BOOST_REQUIRE(log.append(sample(i), durability::relaxed).has_value());
    BOOST_REQUIRE(log.flush().has_value());
    auto last = sequence{2};
    auto const text = api.records().events_after(last, 2);
    BOOST_TEST(text.starts_with(
        "id: 5\nevent: gap\ndata: {\"from\":3,\"to\":5}\n\nid: 6\nevent: record\n"));
    BOOST_TEST(value_of(last) == 7U);
}

BOOST_AUTO_TEST_SUITE_END()
