// SPDX-License-Identifier: MIT
//
// Budgets as the program sets, shows and removes them, and as it shows what the library did.
#include "engine/support/temporary_directory.hpp"
#include "tool/run.hpp"

#include <aiaudit/budget/budget_record.hpp>
#include <aiaudit/core/ids.hpp>
#include <aiaudit/export/record_text.hpp>
#include <aiaudit/ledger.hpp>

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

using test_support::outcome;
using test_support::run;
using test_support::write_file;

namespace {

struct with_budgets {
    aiaudit_tests::temporary_directory directory{};
    std::string path = directory.path();
    std::string db = path + "/db";

    outcome aiaudit(std::string const& arguments) const { return run(path, arguments); }
    outcome set(std::string const& arguments) const {
        outcome ended = aiaudit("budget set --db " + db + " " + arguments);
        BOOST_TEST_CONTEXT(arguments << " -> " << ended.err) { BOOST_TEST(ended.status == 0); }
        return ended;
    }
    // What a command says in JSON.
    boost::json::array rows(std::string const& command) const {
        outcome const ended = aiaudit(command + " --db " + db + " --format json");
        BOOST_REQUIRE_MESSAGE(ended.status == 0, ended.err);
        BOOST_TEST(ended.err.empty());
        return boost::json::parse(ended.out).as_array();
    }
    // Refused with status 2, one line on stderr that holds `reason`, and nothing on stdout.
    void refuses(std::string const& arguments, std::string const& reason) const {
        outcome const ended = aiaudit(arguments);
        BOOST_TEST_CONTEXT(arguments << " -> " << ended.err) {
            BOOST_TEST(ended.status == 2);
            BOOST_TEST(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
            BOOST_TEST(ended.err.find(reason) != std::string::npos);
            BOOST_TEST(ended.out.empty());
        }
    }
};

std::string text_of(boost::json::value const& row, std::string_view member) {
    auto const& value = row.at(boost::json::string_view(member.data(), member.size()));
    return value.is_string() ? std::string(value.as_string().c_str())
                             : boost::json::serialize(value);
}

// An attempt that begins now and may cost a cent at the most.
aiaudit::record attempt_of(std::string user, std::uint8_t number) {
    aiaudit::record intent;
    intent.kind = aiaudit::record_kind::intent;
    intent.user = std::move(user);
    intent.provider = "openai";
    intent.model_requested = "gpt-4.1";
    intent.started_at = aiaudit::system_clock{}.now();
    intent.duration_ns = 1'000'000'000;
    intent.usage.set(aiaudit::unit::input_tokens, 100);
    intent.usage.set(aiaudit::unit::output_tokens, 50);
    intent.cost_status = aiaudit::cost_status::estimated;
    intent.cost = aiaudit::money::from_pico(10'000'000'000);
    intent.operation_id.bytes[15] = number;
    return intent;
}

aiaudit::record outcome_of(aiaudit::record intent, std::int64_t pico) {
    intent.kind = aiaudit::record_kind::outcome;
    intent.http_status = 200;
    intent.cost_status = aiaudit::cost_status::priced;
    intent.cost = aiaudit::money::from_pico(pico);
    return intent;
}

std::string const exchange_of_ana =
    R"({"id":"one","provider":"openai","path":"/v1/chat/completions","user":"ana",)"
    R"("request":{"model":"gpt-4.1","messages":[]},"status":200,"content_type":"application/json",)"
    R"("response":"{\"id\":\"c1\",\"model\":\"gpt-4.1-2025-04-14\",\"choices\":[],\"usage\":{\"prompt_tokens\":1000,)"
    R"(\"completion_tokens\":100,\"total_tokens\":1100}}"})"
    "\n";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(budgets, with_budgets)

BOOST_AUTO_TEST_CASE(what_is_set_is_listed_by_another_process_until_it_is_removed) {
    outcome const first = set("--name daily --limit 50.00 --window day --tz Asia/Kathmandu");
    BOOST_TEST(first.out.find("set in record 1 of a new ledger:\n") == 0U);
    BOOST_TEST(set("--name tokens --limit 200000 --unit tokens --window 24h --scope each-user "
                   "--then downgrade=gpt-4.1-mini,gpt-4.1-nano --alert 90")
                   .out.find("set in record 2:\n") == 0U);
    set("--name rate --limit 60 --unit requests --window minute --scope tag:team=red "
        "--then wait=1500 --alert ''");
    auto const listed = rows("budget list");
    BOOST_REQUIRE(listed.size() == 3U);
    BOOST_TEST(boost::json::serialize(listed[0]) ==
               R"({"budget":"daily","scope":"everyone","unit":"usd","limit":"50","window":"day",)"
               R"("zone":"Asia/Kathmandu","then":"refuse","alerts":"50,80,100"})");
    BOOST_TEST(boost::json::serialize(listed[1]) ==
               R"({"budget":"rate","scope":"tag:team=red","unit":"requests","limit":"60",)"
               R"("window":"minute","zone":null,"then":"wait=1500","alerts":""})");
    BOOST_TEST(boost::json::serialize(listed[2]) ==
               R"({"budget":"tokens","scope":"each-user","unit":"tokens","limit":"200000",)"
               R"("window":"24h","zone":null,"then":"downgrade=gpt-4.1-mini,gpt-4.1-nano",)"
               R"("alerts":"90"})");
    set("--name daily --limit 20 --window day --tz Asia/Kathmandu");
    BOOST_TEST(text_of(rows("budget list")[0], "limit") == "20");
    BOOST_TEST(aiaudit("budget remove --db " + db + " --name daily").out ==
               "removed budget 'daily' in record 5\n");
    BOOST_TEST(rows("budget list").size() == 2U);
    refuses("budget remove --db " + db + " --name daily", "no budget 'daily'");
}

BOOST_AUTO_TEST_CASE(a_window_of_the_calendar_begins_on_its_anchor) {
    set("--name a --limit 5 --window week --anchor sunday --tz Asia/Kathmandu");
    set("--name b --limit 5 --window quarter@02-15");
    set("--name c --limit 5 --window year --anchor 4-6");
    auto const listed = rows("budget list");
    BOOST_TEST(text_of(listed[0], "window") == "week@sunday");
    BOOST_TEST(text_of(listed[0], "zone") == "Asia/Kathmandu");
    BOOST_TEST(text_of(listed[1], "window") == "quarter@02-15");
    BOOST_TEST(text_of(listed[2], "window") == "year@04-06");
    auto const shown = rows("report budgets");
    BOOST_TEST(text_of(shown[1], "window_begins").find("-15T00:00:00Z") != std::string::npos);
    BOOST_TEST(text_of(shown[2], "resets_at").find("-04-06T00:00:00Z") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(runs_teams_and_organisations_are_scopes_and_reports) {
    set("--name run --limit 20 --unit requests --scope each-run --window total --idle 6h");
    set("--name team --limit 5 --scope team=red --window week");
    set("--name org --limit 50 --scope each-organisation --window month");
    auto const listed = rows("budget list");
    BOOST_TEST(text_of(listed[0], "scope") == "each-organisation");
    BOOST_TEST(text_of(listed[1], "window") == "total@6h");
    BOOST_TEST(text_of(listed[2], "scope") == "team=red");
    refuses("budget set --db " + db + " --name a --limit 1 --window total --idle 6h",
            "how long a run may be idle");
    refuses("budget set --db " + db + " --name a --limit 1 --window day --scope each-run --idle 6h",
            "unknown window");
    {
        auto log = aiaudit::ledger::open({.path = db}).value();
        for (std::uint8_t number = 1; number < 4; ++number) {
            auto call = outcome_of(attempt_of("ana", number), 2'000'000'000'000);
            call.tags = {{"team", number == 3 ? "blue" : "red"},
                         {"organisation", "acme"},
                         {"run", "r" + std::to_string(number)}};
            log.append(call).value();
        }
    }
    auto const teams = rows("report teams");
    BOOST_REQUIRE(teams.size() == 2U);
    BOOST_TEST(text_of(teams[0], "team") == "red");
    BOOST_TEST(text_of(teams[0], "cost_usd") == "4");
    BOOST_TEST(text_of(teams[0], "attempts") == "2");
    BOOST_TEST(text_of(rows("report organisations")[0], "cost_usd") == "6");
    BOOST_TEST(rows("report runs").size() == 3U);
    auto const shown = rows("report budgets");
    BOOST_TEST(text_of(shown[0], "subject") == "organisation=acme");
    BOOST_TEST(text_of(shown[0], "spent") == "6");
    BOOST_TEST(text_of(shown.back(), "left") == "1");
}

BOOST_AUTO_TEST_CASE(a_limit_is_topped_up_and_rolls_over_by_command) {
    set("--name daily --limit 10 --window day --roll-over 4");
    set("--name each --limit 10 --window day --scope each-user");
    BOOST_TEST(text_of(rows("budget list")[0], "then") == "refuse;roll=4");
    std::string const top_up = "budget top-up --db " + db + " ";
    BOOST_TEST(aiaudit(top_up + "--name daily --amount 2.50").status == 0);
    auto const shown = rows("report budgets")[0];
    BOOST_TEST(text_of(shown, "added") == "2.5");
    BOOST_TEST(text_of(shown, "left") == "12.5");
    BOOST_TEST(aiaudit(top_up + "--name each --amount 1 --subject ana").status == 0);
    refuses(top_up + "--name daily --amount 1 --subject ana", "all of its calls together");
    refuses(top_up + "--name daily --amount 0", "more than 0");
    refuses(top_up + "--name weekly --amount 1", "no budget 'weekly'");
    refuses("budget set --db " + db + " --name a --limit 1 --window 24h --roll-over 1",
            "only windows of the calendar roll over");
}

BOOST_AUTO_TEST_CASE(an_amount_for_calls_without_a_bound_is_kept_with_the_action) {
    set("--name agents --limit 50 --window day --then downgrade=gpt-4.1-mini --unbounded "
        "hold=2.50");
    BOOST_TEST(text_of(rows("budget list")[0], "then") == "downgrade=gpt-4.1-mini;hold=2.5");
    set("--name agents --limit 50 --window day --unbounded refuse");
    BOOST_TEST(text_of(rows("budget list")[0], "then") == "refuse");
}

BOOST_AUTO_TEST_CASE(how_much_is_reserved_is_kept_with_the_action) {
    set("--name agents --limit 50 --window day --unbounded hold=2.50 --reserve stepwise");
    BOOST_TEST(text_of(rows("budget list")[0], "then") == "refuse;hold=2.5;reserve=stepwise");
    set("--name agents --limit 50 --window day --reserve full");
    BOOST_TEST(text_of(rows("budget list")[0], "then") == "refuse");
}

BOOST_AUTO_TEST_CASE(a_bad_definition_is_refused_in_one_line_and_makes_nothing) {
    std::string const head = "budget set --db " + db + " ";
    refuses(head + "--name a --limit=-1 --window day", "--limit: limit '-1' is negative");
    refuses(head + "--name a --limit -1 --window day", "negative");
    refuses(head + "--name a --limit much --window day", "'much'");
    refuses(head + "--name a --limit 0.0000000000001 --window day", "12 decimal places");
    refuses(head + "--name a --limit 1.5 --unit tokens --window day", "not a whole number");
    refuses(head + "--name a --limit 1 --unit euro --window day", "unknown unit 'euro'");
    refuses(head + "--name a --limit 1 --window fortnight", "unknown window 'fortnight'");
    refuses(head + "--name a --limit 1 --window week --anchor 1", "unknown window 'week@1'");
    refuses(head + "--name a --limit 1 --window day --anchor monday", "unknown window");
    refuses(head + "--name a --limit 1 --window 9000h", "unknown window '9000h'");
    refuses(head + "--name a --limit 1 --window day --scope nobody", "unknown scope 'nobody'");
    refuses(head + "--name a --limit 1 --window day --scope user=", "unknown scope 'user='");
    refuses(head + "--name a --limit 1 --window day --tz Mars/Olympus", "Mars/Olympus");
    refuses(head + "--name a --limit 1 --window total --tz Asia/Kathmandu", "--tz");
    refuses(head + "--name a --limit 1 --window day --then shout", "unknown action 'shout'");
    refuses(head + "--name a --limit 1 --window day --then wait=100", "minute");
    refuses(head + "--name a --limit 1 --window day --unbounded much", "--unbounded: 'much'");
    refuses(head + "--name a --limit 1 --window day --unbounded hold=0", "more than 0");
    refuses(head + "--name a --limit 1 --window day --reserve half",
            "--reserve: unknown way to reserve 'half'");
    refuses(head + "--name a --limit 1 --window day --alert 80,50", "'80,50'");
    refuses(head + "--name 'a b' --limit 1 --window day", "'a b'");
    refuses(head + "--name '' --limit 1 --window day", "aiaudit: ");
    refuses(head + "--name a --window day", "--limit");
    refuses("budget set --name a --limit 1 --window day", "--db");
    refuses("budget", "subcommand");
    BOOST_TEST(!std::filesystem::exists(db));
    for (std::string const command :
         {"budget list", "budget remove --name a", "budget reconcile", "report budgets"})
        refuses(command + " --db " + db, db);
    BOOST_TEST(!std::filesystem::exists(db));
}

BOOST_AUTO_TEST_CASE(imported_calls_count_and_the_report_says_how_budgets_stand) {
    set("--name each --limit 0.01 --window month --scope each-user");
    set("--name all --limit 1000000 --unit tokens --window day --tz Asia/Ho_Chi_Minh");
    set("--name ever --limit 0.001 --window total --then warn");
    write_file(path + "/x.jsonl", exchange_of_ana + exchange_of_ana);
    BOOST_REQUIRE(aiaudit("import --db " + db + " " + path + "/x.jsonl").status == 0);
    auto const report = rows("report budgets");
    BOOST_REQUIRE(report.size() == 3U);
    BOOST_TEST(text_of(report[0], "budget") == "all");
    BOOST_TEST(text_of(report[0], "unit") == "tokens");
    BOOST_TEST(text_of(report[0], "spent") == "2200");
    BOOST_TEST(text_of(report[0], "left") == "997800");
    BOOST_TEST(text_of(report[0], "state") == "ok");
    BOOST_TEST(text_of(report[0], "resets_at").find("T17:00:00Z") != std::string::npos);
    BOOST_TEST(text_of(report[1], "budget") == "each");
    BOOST_TEST(text_of(report[1], "subject") == "user=ana");
    BOOST_TEST(text_of(report[1], "spent") == "0.0056");
    BOOST_TEST(text_of(report[1], "reserved") == "0");
    BOOST_TEST(text_of(report[1], "left") == "0.0044");
    BOOST_TEST(text_of(report[1], "state") == "alert");
    BOOST_TEST(text_of(report[1], "alert_percent") == "50");
    BOOST_TEST(text_of(report[2], "left") == "-0.0046");
    BOOST_TEST(text_of(report[2], "resets_at") == "null");
    BOOST_TEST(text_of(report[2], "state") == "over");

    outcome const table = aiaudit("report budgets --db " + db);
    BOOST_TEST(table.out.find("budget  subject") == 0U);
    BOOST_TEST(table.out.find("T00:00:00+07:00") != std::string::npos);
    BOOST_TEST(table.out.find("over, past 100 %, warns only") != std::string::npos);
    outcome const csv = aiaudit("report budgets --db " + db + " --format csv");
    BOOST_TEST(csv.out.find("budget,subject,window,zone,unit,limit,spent,reserved,left,open,"
                            "window_begins,resets_at,forecast,then,state,alert_percent,"
                            "added,advance,ceiling\n") == 0U);
    BOOST_TEST(std::count(csv.out.begin(), csv.out.end(), '\n') == 4);
    refuses("report budgets --db " + db + " --days 3", "present windows");
    refuses("report budgets --db " + db + " --tz UTC", "present windows");
    BOOST_TEST(aiaudit("budget remove --db " + db + " --name all").status == 0);
    BOOST_TEST(rows("report budgets").size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_budget_that_is_set_later_counts_what_was_before) {
    write_file(path + "/x.jsonl", exchange_of_ana);
    BOOST_REQUIRE(aiaudit("import --db " + db + " " + path + "/x.jsonl").status == 0);
    BOOST_TEST(aiaudit("report budgets --db " + db).out == "no budgets\n");
    BOOST_TEST(aiaudit("budget list --db " + db + " --format jsonl").out.empty());
    set("--name late --limit 1 --window total");
    BOOST_TEST(text_of(rows("report budgets")[0], "spent") == "0.0028");
    set("--name late --limit 2 --window total");
    BOOST_TEST(text_of(rows("report budgets")[0], "spent") == "0.0028");
}

// What the library wrote, and what another process makes of it.
BOOST_AUTO_TEST_CASE(attempts_that_never_end_stay_charged_until_they_are_reconciled) {
    set("--name purse --limit 0.02 --window total");
    {
        auto ledger = aiaudit::ledger::open({.path = db}).value();
        BOOST_TEST(!ledger.admit(attempt_of("ana", 1)).value().refused);
        BOOST_TEST(
            value_of(ledger.append(outcome_of(attempt_of("ana", 1), 4'000'000'000)).value()) == 3U);
        BOOST_TEST(!ledger.admit(attempt_of("bob", 2)).value().refused);
        auto const third = ledger.admit(attempt_of("ana", 3)).value();
        BOOST_REQUIRE(third.refused.has_value());
        BOOST_TEST(third.refused->budget == "purse");
        BOOST_TEST(
            value_of(ledger.append(refusal_record(attempt_of("ana", 3), *third.refused)).value()) ==
            5U);
    }
    auto const before = rows("report budgets");
    BOOST_TEST(text_of(before[0], "spent") == "0.004");
    BOOST_TEST(text_of(before[0], "reserved") == "0.01");
    BOOST_TEST(text_of(before[0], "left") == "0.006");
    BOOST_TEST(text_of(before[0], "open") == "1");
    // Its deadline is a second after it began, which is less than an hour ago.
    BOOST_TEST(aiaudit("budget reconcile --db " + db).out ==
               "settled 0 attempts at what was held for them; 1 are open\n");
    refuses("budget reconcile --db " + db + " --older-than soon", "--older-than");
    {
        // The clock of a test does not wait: an attempt of yesterday.
        auto ledger = aiaudit::ledger::open({.path = db}).value();
        aiaudit::record old = attempt_of("eve", 4);
        old.started_at.ns -= aiaudit::seconds_per_day * aiaudit::nanoseconds_per_second;
        old.cost = aiaudit::money::from_pico(1'000'000'000);
        BOOST_TEST(!ledger.admit(old).value().refused);
    }
    BOOST_TEST(aiaudit("budget reconcile --db " + db + " --older-than 2h").out ==
               "settled 1 attempts at what was held for them; 1 are open\n");
    auto const after = rows("report budgets");
    BOOST_TEST(text_of(after[0], "spent") == "0.005");
    BOOST_TEST(text_of(after[0], "reserved") == "0.01");
    BOOST_TEST(aiaudit("tail -n 1 --db " + db).out.find("outcome_unknown") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(budgets_refusals_and_alerts_are_no_calls) {
    set("--name purse --limit 0.01 --window total");
    write_file(path + "/x.jsonl", exchange_of_ana);
    BOOST_REQUIRE(aiaudit("import --db " + db + " " + path + "/x.jsonl").status == 0);
    std::string const models = aiaudit("report models --db " + db + " --format json").out;
    std::string const daily = aiaudit("report daily --db " + db + " --format json").out;
    std::string const statuses = aiaudit("report statuses --db " + db + " --format json").out;
    {
        auto ledger = aiaudit::ledger::open({.path = db}).value();
        auto const refused = ledger.admit(attempt_of("ana", 1)).value().refused;
        BOOST_REQUIRE(refused.has_value());
        BOOST_REQUIRE(ledger.append(refusal_record(attempt_of("ana", 1), *refused)).has_value());
        aiaudit::record alert;
        alert.kind = aiaudit::record_kind::alert;
        alert.operation = aiaudit::operation::other;
        alert.started_at = aiaudit::system_clock{}.now();
        alert.path = "custom-1";
        alert.finish_reason = "raised";
        alert.cost_status = aiaudit::cost_status::no_charge;
        alert.tags = {{"kind", "custom"}, {"text", "the purse is light"}};
        BOOST_REQUIRE(ledger.append(alert).has_value());
    }
    BOOST_REQUIRE(aiaudit("budget remove --db " + db + " --name purse").status == 0);
    BOOST_TEST(aiaudit("report models --db " + db + " --format json").out == models);
    BOOST_TEST(aiaudit("report daily --db " + db + " --format json").out == daily);
    BOOST_TEST(aiaudit("report statuses --db " + db + " --format json").out == statuses);
    BOOST_TEST(models.find(R"("requests":1,)") != std::string::npos);

    outcome const verified = aiaudit("verify --db " + db);
    BOOST_TEST(verified.status == 0);
    BOOST_TEST(verified.out.find("size 5 ") != std::string::npos);
    std::string const tail = aiaudit("tail --db " + db).out;
    for (char const* const words :
         {"budget 'purse' set: 0.01 USD  everyone  total  then refuse",
          "ana  openai/gpt-4.1  budget_exceeded by budget 'purse' of everyone  limit 0.01  "
          "spent 0.0028  reserved 0  asked 0.01",
          "alert raised  custom-1  kind=custom  text=the purse is light",
          "budget 'purse' removed"}) {
        BOOST_TEST_CONTEXT(words << " in " << tail) {
            BOOST_TEST(tail.find(words) != std::string::npos);
        }
    }
    outcome const lines = aiaudit("tail --db " + db + " --format jsonl");
    for (char const* const kind : {R"("kind":"budget")", R"("kind":"refusal")", R"("kind":"alert")",
                                   R"("kind":"outcome")"}) {
        BOOST_TEST(lines.out.find(kind) != std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()
