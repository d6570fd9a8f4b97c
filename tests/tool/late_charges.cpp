// SPDX-License-Identifier: MIT
//
// `budget reconcile` of calls whose charge became known late.
#include "engine/support/temporary_directory.hpp"
#include "support/chaos_provider.hpp"
#include "support/provider_bodies.hpp"
#include "tool/run.hpp"
#include "tool/served.hpp"

#include <aiaudit/core/ids.hpp>
#include <aiaudit/ledger.hpp>

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace {

using test_support::outcome;
using test_support::run;
using test_support::write_file;

aiaudit::record cut_call(std::uint8_t number, std::int64_t pico) {
    aiaudit::record entry;
    entry.user = "ana";
    entry.provider = "openrouter";
    entry.model_requested = "opus";
    entry.started_at = aiaudit::timestamp::parse("2026-03-01T10:00:00Z").value();
    entry.operation_id.bytes[15] = number;
    entry.provider_request_id = "gen-" + std::to_string(number);
    entry.http_status = 200;
    entry.cost_status = aiaudit::cost_status::estimated;
    entry.cost = aiaudit::money::from_pico(pico);
    entry.cost_low = aiaudit::money::from_pico(1'000'000'000);
    return entry;
}
std::string id_of(std::uint8_t number) { return cut_call(number, 0).operation_id.to_string(); }

struct with_cut_calls {
    aiaudit_tests::temporary_directory directory{};
    std::string path = directory.path();
    std::string db = path + "/db";

    // Three calls that were cut, at up to two dollars and at least a tenth of a cent; and one that
    // was not.
    with_cut_calls() {
        auto log = aiaudit::ledger::open({.path = db}).value();
        for (std::uint8_t number = 1; number <= 3; ++number)
            BOOST_REQUIRE(log.append(cut_call(number, 2'000'000'000'000)).has_value());
        aiaudit::record whole = cut_call(4, 5'000'000'000);
        whole.cost_status = aiaudit::cost_status::priced;
        whole.cost_low.reset();
        BOOST_REQUIRE(log.append(whole).has_value());
    }
    outcome reconcile(std::string const& arguments) const {
        return run(path, "budget reconcile --db " + db + " --by ana " + arguments);
    }
    outcome from(std::string const& name, std::string const& text) const {
        write_file(path + "/" + name, text);
        return reconcile("--from " + path + "/" + name);
    }
    // "cost low estimated unsure", as a report has it.
    std::string figures(std::string const& more = "") const {
        auto const ended = run(path, "report models --format json --db " + db + " " + more);
        BOOST_REQUIRE_MESSAGE(ended.status == 0, ended.err);
        auto const row = boost::json::parse(ended.out).as_array().at(0);
        auto const text = [&row](char const* name) {
            return std::string(row.at(name).as_string().c_str());
        };
        return text("cost_usd") + " " + text("cost_low_usd") + " " + text("estimated_cost_usd") +
               " " + boost::json::serialize(row.at("unsure"));
    }
    // Refused with status 2, in one line that holds `reason`; and nothing is in the log.
    void refuses(outcome const& ended, std::string const& reason) const {
        BOOST_TEST_CONTEXT(ended.err) {
            BOOST_TEST(ended.status == 2);
            BOOST_TEST(ended.out.empty());
            BOOST_TEST(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
            BOOST_TEST(ended.err.find(reason) != std::string::npos, reason);
        }
        BOOST_TEST(figures() == "6.005 0.008 6 3");
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(late_charges, with_cut_calls)

BOOST_AUTO_TEST_CASE(a_charge_that_comes_late_takes_the_range_of_its_call) {
    BOOST_TEST(figures() == "6.005 0.008 6 3");
    auto const done = reconcile("--operation " + id_of(1) + " --cost 0.0031 --why usage-page");
    BOOST_TEST(done.status == 0, done.err);
    BOOST_TEST(done.out == "corrected 1 calls by -1.9969 USD, records 5 to 5\n");
    BOOST_TEST(done.err.empty());
    BOOST_TEST(figures() == "4.0081 0.0101 4 2");
    BOOST_TEST(figures("--as-recorded") == "6.005 0.008 6 3");
    auto const again = reconcile("--operation " + id_of(1) + ":1 --cost 0.0031");
    BOOST_TEST(again.out == "nothing is to be corrected\n", again.err);
    auto const told = run(path, "tail --db " + db);
    BOOST_TEST(told.out.find("correction  " + id_of(1) +
                             ":1  -1.9969 USD: the provider charges 0.0031, by ana: usage-page") !=
                   std::string::npos,
               told.out);
    auto const less = reconcile("--response gen-2 --cost 1e-4");
    BOOST_TEST(less.status == 0);
    BOOST_TEST(less.err ==
               "--response: less than what was taken for the least; the charge counts\n");
    BOOST_TEST(figures() == "2.0082 0.0092 2 1");
    BOOST_TEST(run(path, "verify --db " + db).status == 0);
}

BOOST_AUTO_TEST_CASE(a_file_says_many_at_once) {
    auto const table = from("costs.csv",
                            "date,response,cost,model\r\n"
                            "2026-03-01,gen-1,0.0031,opus\r\n"
                            "\r\n"
                            "2026-03-01,\"gen-2\",0.004,opus\r\n");
    BOOST_TEST(table.status == 0, table.err);
    BOOST_TEST(table.out == "corrected 2 calls by -3.9929 USD, records 5 to 6\n");
    BOOST_TEST(figures() == "2.0121 0.0131 2 1");
    auto const lines = from("costs.jsonl",
                            "{\"response\":\"gen-1\",\"cost\":0.0031,\"model\":\"opus\"}\n"
                            "{\"operation\":\"" +
                                id_of(3) + ":1\",\"cost\":\"0.005\"}\n");
    BOOST_TEST(lines.status == 0, lines.err);
    BOOST_TEST(lines.out ==
               "corrected 1 calls by -1.995 USD, records 7 to 7; 1 were said before\n");
    BOOST_TEST(figures() == "0.0171 0.0171 0 0");
    BOOST_TEST(run(path, "verify --db " + db).status == 0);
}

BOOST_AUTO_TEST_CASE(an_export_of_all_calls_corrects_the_bounds_alone) {
    write_file(path + "/all.csv", "response,cost\ngen-1,0.0031\ngen-4,0.006\ngen-99,1\n");
    refuses(reconcile("--from " + path + "/all.csv"), "all.csv:3: gen-4");
    auto const done = reconcile("--bounds-alone --from " + path + "/all.csv");
    BOOST_TEST(done.status == 0);
    BOOST_TEST(done.out == "corrected 1 calls by -1.9969 USD, records 5 to 5\n");
    BOOST_TEST(done.err == "left: 2 costs of calls that are not in the log or no bound\n");
    BOOST_TEST(figures() == "4.0081 0.0101 4 2");
}

BOOST_AUTO_TEST_CASE(a_bad_line_is_named_and_none_is_taken) {
    std::string const head = "response,cost\ngen-1,0.003\n";
    refuses(from("c.csv", head + "gen-2,much\n"), "c.csv:3: the cost 'much'");
    refuses(from("c.csv", head + "gen-2,1e-13\n"), "c.csv:3: the cost '1e-13'");
    refuses(from("c.csv", head + "gen-2,\n"), "c.csv:3: no cost");
    refuses(from("c.csv", head + "gen-2\n"), "c.csv:3: 1 cells");
    refuses(from("c.csv", head + ",0.1\n"), "c.csv:3: give an operation or a response");
    refuses(from("c.csv", head + "gen-2,-0.1\n"), "c.csv:3: gen-2 has a cost below 0");
    refuses(from("c.csv", head + "gen-9,0.1\n"), "c.csv:3: gen-9 is not in the log");
    refuses(from("c.csv", head + "gen-4,0.1\n"), "c.csv:3: gen-4 has an exact usage");
    refuses(from("c.csv", head + "gen-1,0.003\n"), "gen-1 is named twice, before at");
    refuses(from("c.csv", head + "\"gen-2,0.1\n"), "c.csv:3: a quoted cell");
    refuses(from("c.csv", "gen-1,0.003\n"), "c.csv:1: no JSON, and no names of columns");
    refuses(from("c.csv", "response,cost,cost\ngen-1,1,2\n"), "c.csv:1: the column cost twice");
    refuses(from("c.csv", "response,cost\n"), "c.csv: no costs");
    refuses(from("c.csv", ""), "c.csv: no costs");
    std::string const good = "{\"response\":\"gen-1\",\"cost\":0.003}\n";
    refuses(from("c.jsonl", good + "{\"response\":\"gen-2\"}\n"), "c.jsonl:2: no cost");
    refuses(from("c.jsonl", good + "{\"response\":2,\"cost\":1}\n"),
            "c.jsonl:2: \"response\" is of");
    refuses(from("c.jsonl", good + "{\"response\":\"gen-2\",\"cost\":1,\"cost\":2}\n"),
            "c.jsonl:2: \"cost\" twice");
    refuses(from("c.jsonl", good + "{\"response\":\n"), "c.jsonl:2: no JSON");
    refuses(from("c.jsonl", good + "[]\n"), "c.jsonl:2: no JSON object");
    refuses(from("c.jsonl", good + "{\"operation\":\"gen-2\",\"cost\":1}\n"),
            "c.jsonl:2: 'gen-2' is no operation id");
    refuses(from("c.jsonl", good + "{\"operation\":\"" + id_of(2) + ":x\",\"cost\":1}\n"),
            "c.jsonl:2: '" + id_of(2) + ":x' has no attempt");
}

BOOST_AUTO_TEST_CASE(a_running_gateway_lets_calls_through_once_the_charge_is_known) {
    using namespace aiaudit_tests;
    chaos_provider provider;
    provider.answer([](seen_request const&) {
        return json_step(openai_chat_body("gpt-4.1", "Good day", body_usage{}));
    });
    BOOST_REQUIRE(
        run(path, "budget set --name all --limit 6.004 --window total --db " + db).status == 0);
    test_support::served gateway(path + "/errors",
                                 {"serve", "--db", db, "--listen", "127.0.0.1:0", "--upstream",
                                  "openai=" + provider.origin() + "/v1", "--keys", "optional"});
    auto const call = [&gateway] {
        return test_support::ask(
            gateway.port(),
            test_support::request("POST", "/v1/chat/completions", "",
                                  R"({"model":"gpt-4.1","max_tokens":100,"messages":[]})"));
    };
    std::string const refused = call();
    BOOST_TEST(refused.find("spent 6.005 USD") != std::string::npos, refused);
    BOOST_TEST(reconcile("--response gen-1 --cost 0.0031").status == 0);
    std::string const answer = call();
    BOOST_TEST(answer.starts_with("HTTP/1.1 200"), answer);
    BOOST_TEST(gateway.end() == 0);
    BOOST_TEST(run(path, "verify --db " + db).status == 0);
}

BOOST_AUTO_TEST_CASE(what_does_not_go_together_is_refused) {
    std::string const one = "--operation " + id_of(1);
    refuses(reconcile(one), "--operation: no cost");
    refuses(reconcile(one + " --cost 1 --response gen-1"), "and not both");
    refuses(reconcile(one + " --cost 1 --from c.csv"), "one call, or a file");
    refuses(reconcile(one + " --cost 1 --older-than 1h"), "--older-than");
    refuses(reconcile("--from c.csv --cost 1"), "no --cost");
    refuses(reconcile("--cost 1"), "need --operation");
    refuses(reconcile("--from none.csv"), "none.csv");
    refuses(reconcile(one + " --cost 1 --bounds-alone"), "is of a file");
}

BOOST_AUTO_TEST_SUITE_END()
