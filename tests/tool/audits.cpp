// SPDX-License-Identifier: MIT
//
// Logs, a witness and an auditor as users run them, on loopback: what each lie is called.
#include "engine/support/temporary_directory.hpp"
#include "tool/run.hpp"
#include "tool/served.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(audits)

namespace {

using namespace aiaudit_tests;
using test_support::ask;
using test_support::outcome;
using test_support::read_file;
using test_support::request;
using test_support::run;
using test_support::served;
using test_support::write_file;

bool has_text(std::string const& text, std::string const& words) {
    return text.find(words) != std::string::npos;
}

// A ledger with records, keys of all roles, and `serve --tlog` when it is wanted.
struct audit_stand {
    temporary_directory place{};
    std::string path = place.path();
    std::string log_key = make_key("checkpoint --new-key example.com/node1", "log");
    std::string mirror_key = make_key("audit --new-key example.com/mirror", "mirror");
    std::string witness_key = make_key("audit --new-key example.com/witness", "witness");
    std::string more_policy = "quorum none\n";

    audit_stand() { import("db", 1, 700); }
    std::string make_key(std::string const& words, std::string const& name) const {
        outcome const made = run(path, words + " --out " + path + "/" + name + ".key");
        BOOST_REQUIRE_MESSAGE(made.status == 0, made.err);
        return made.out.substr(0, made.out.find('\n'));
    }
    void import(std::string const& db, int first, int last,
                std::string const& user = "user") const {
        std::string rows = "timestamp,user,input_tokens,output_tokens\n";
        for (int i = first; i <= last; ++i)
            rows += "2026-08-" + std::string(i % 28 < 9 ? "0" : "") + std::to_string(i % 28 + 1) +
                    "T10:00:00Z," + user + std::to_string(i % 5) + "," + std::to_string(i) +
                    ",10\n";
        write_file(path + "/rows.csv", rows);
        outcome const done = run(
            path, "import --db " + path + "/" + db +
                      " --format csv --map timestamp=timestamp,user=user,input_tokens=input_tokens,"
                      "output_tokens=output_tokens,model==gpt-4.1,provider==openai " +
                      path + "/rows.csv");
        BOOST_REQUIRE_MESSAGE(done.status == 0, done.err);
    }
    std::unique_ptr<served> serve(std::string const& db, std::vector<std::string> more = {}) const {
        std::vector<std::string> words{"serve",
                                       "--db",
                                       path + "/" + db,
                                       "--listen",
                                       "127.0.0.1:0",
                                       "--upstream",
                                       "openai=http://127.0.0.1:9/v1",
                                       "--keys",
                                       "optional",
                                       "--tlog",
                                       "127.0.0.1:0",
                                       "--tlog-key",
                                       path + "/log.key"};
        words.insert(words.end(), more.begin(), more.end());
        return std::make_unique<served>(
            path + "/errors", words,
            std::vector<std::string>{"TOKEN=an-auditors-token-of-the-test"});
    }
    void write_policy(served const& log) const {
        write_file(path + "/policy", "log " + log_key + " http://127.0.0.1:" +
                                         std::to_string(log.log_port()) + "/tlog\n" + more_policy);
    }
    outcome audit(served const& log, std::string const& more = {}) const {
        write_policy(log);
        return run(path, "audit --policy " + path + "/policy --state " + path + "/audit --key " +
                             path + "/mirror.key " + more);
    }
    // As a sink would hold them, read as auditors read them.
    std::vector<std::string> rows_of(served const& log, int records) const {
        write_policy(log);
        outcome const made = [&] {
            std::string const command =
                std::string("python3 ") + AIAUDIT_SOURCE_DIR +
                "/tests/tlog/read_log.py http://127.0.0.1:" + std::to_string(log.log_port()) +
                "/tlog '" + log_key + "' --token an-auditors-token-of-the-test --rows " + path +
                "/rows.jsonl >" + path + "/out 2>" + path + "/err";
            int const status = std::system(command.c_str());
            return outcome{WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(path + "/out"),
                           read_file(path + "/err")};
        }();
        BOOST_REQUIRE_MESSAGE(made.status == 0, made.err);
        BOOST_TEST(has_text(made.out, std::to_string(records) + " records"), made.out);
        std::vector<std::string> rows;
        std::string const all = read_file(path + "/rows.jsonl");
        for (std::size_t at = 0; at < all.size();) {
            std::size_t const end = all.find('\n', at);
            rows.push_back(all.substr(at, end - at));
            at = end + 1;
        }
        return rows;
    }
    void write_rows(std::vector<std::string> const& rows) const {
        std::string all;
        for (auto const& each : rows) all += each + "\n";
        write_file(path + "/rows.jsonl", all);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_log_that_grows_is_fine_and_a_forked_one_is_shown_to_anybody,
                        audit_stand) {
    {
        auto const log = serve("db");
        outcome const first = audit(*log);
        BOOST_TEST(first.status == 0, first.out + first.err);
        BOOST_TEST(has_text(first.out, "fine: example.com/node1: 700 records"), first.out);
        BOOST_TEST(log->end() == 0);
    }
    std::filesystem::copy(path + "/db", path + "/other", std::filesystem::copy_options::recursive);
    import("db", 701, 900);
    {
        auto const log = serve("db");
        outcome const grown = audit(*log);
        BOOST_TEST(grown.status == 0, grown.out + grown.err);
        BOOST_TEST(has_text(grown.out, "only grew since 700, cosigned"), grown.out);
    }
    // Other records after the same first 700, by the same key; its own guard is out of the way.
    import("other", 701, 950, "forged");
    std::filesystem::remove(path + "/other/tlog-checkpoint");
    auto const log = serve("other");
    outcome const forked = audit(*log, "--format json");
    BOOST_TEST(forked.status == 1);
    BOOST_TEST(has_text(forked.out, "\"kind\":\"forked\""), forked.out);
    auto const at = forked.out.find("\"evidence\":\"") + 12;
    std::string const file = forked.out.substr(at, forked.out.find('"', at) - at);
    outcome const shown = run(path, "audit --policy " + path + "/policy --evidence " + file);
    BOOST_TEST(shown.status == 0, shown.err);
    BOOST_TEST(has_text(shown.out, "has signed two histories: 900 records"), shown.out);
    // Nobody makes evidence up.
    std::string text = read_file(file);
    text[30] = text[30] == 'A' ? 'B' : 'A';
    write_file(path + "/made-up", text);
    outcome const none =
        run(path, "audit --policy " + path + "/policy --evidence " + path + "/made-up");
    BOOST_TEST(none.status == 1);
    BOOST_TEST(has_text(none.out, "NO EVIDENCE"), none.out);
}

BOOST_FIXTURE_TEST_CASE(an_older_ledger_is_refused_by_the_node_and_found_by_the_auditor,
                        audit_stand) {
    std::filesystem::copy(path + "/db", path + "/backup", std::filesystem::copy_options::recursive);
    import("db", 701, 900);
    {
        auto const log = serve("db");
        BOOST_TEST(audit(*log).status == 0);
        BOOST_TEST(log->end() == 0);
    }
    std::filesystem::copy(path + "/db/tlog-checkpoint", path + "/backup/tlog-checkpoint");
    outcome const refused = run(
        path, "serve --db " + path +
                  "/backup --listen 127.0.0.1:0 --upstream "
                  "openai=http://127.0.0.1:9/v1 --keys optional --tlog 127.0.0.1:0 --tlog-key " +
                  path + "/log.key");
    BOOST_TEST(refused.status == 2);
    BOOST_TEST(has_text(refused.err, "is not the one that signed 900 records"), refused.err);
    std::filesystem::remove(path + "/backup/tlog-checkpoint");
    auto const log = serve("backup");
    outcome const back = audit(*log);
    BOOST_TEST(back.status == 1);
    BOOST_TEST(has_text(back.out,
                        "FINDING rolled_back: example.com/node1: it shows 700 records and has "
                        "signed 900 before"),
               back.out);
}

BOOST_FIXTURE_TEST_CASE(rows_of_a_sink_that_are_deleted_changed_or_added_are_named, audit_stand) {
    auto const log = serve("db", {"--tlog-token", "$TOKEN"});
    auto const rows = rows_of(*log, 700);
    auto const compare = [&](std::vector<std::string> const& with) {
        write_rows(with);
        return audit(*log, "--rows " + path + "/rows.jsonl");
    };
    outcome const whole = compare(rows);
    BOOST_TEST(whole.status == 0, whole.out + whole.err);
    BOOST_TEST(has_text(whole.out, "records 1 to 700: the 700 rows are what the log signed"),
               whole.out);
    auto wrong = rows;
    wrong.erase(wrong.begin() + 99);
    outcome const deleted = compare(wrong);
    BOOST_TEST(deleted.status == 1);
    BOOST_TEST(
        has_text(deleted.out, "FINDING rows_missing: example.com/node1: record 100 is missing"),
        deleted.out);
    wrong = rows;
    auto const record = wrong[499].find("\"record\": \"");
    BOOST_REQUIRE(record != std::string::npos);
    auto const at = record + 30;
    wrong[499][at] = wrong[499][at] == 'A' ? 'B' : 'A';
    outcome const changed = compare(wrong);
    BOOST_TEST(changed.status == 1);
    BOOST_TEST(has_text(changed.out, "FINDING rows_changed: example.com/node1: record 500"),
               changed.out);
    wrong = rows;
    wrong.insert(wrong.begin() + 7, wrong[6]);
    outcome const added = compare(wrong);
    BOOST_TEST(added.status == 1);
    BOOST_TEST(has_text(added.out, "record 7 is there more than once"), added.out);
    write_rows({"{}"});
    BOOST_TEST(audit(*log, "--rows " + path + "/rows.jsonl").status == 2);
}

BOOST_FIXTURE_TEST_CASE(a_witness_cosigns_and_the_quorum_is_demanded, audit_stand) {
    auto const policy_of = [&](std::string const& url) {
        return "log " + log_key + "\nwitness w " + witness_key + url + "\nquorum w\n";
    };
    write_file(path + "/witness-policy", policy_of(""));
    served const witness(
        path + "/witness-errors",
        {"audit", "--policy", path + "/witness-policy", "--state", path + "/witness",
         "--witness-listen", "127.0.0.1:0", "--witness-key", path + "/witness.key"});
    std::string const url = "http://127.0.0.1:" + std::to_string(witness.witness_port());
    auto const log = serve("db", {"--witness", witness_key + "=" + url});
    auto const checkpoint = [&] {
        std::string const all = ask(log->log_port(), request("GET", "/tlog/checkpoint", ""));
        write_file(path + "/checkpoint", all.substr(all.find("\r\n\r\n") + 4));
    };
    std::string const verify =
        "verify --policy " + path + "/witness-policy --checkpoint " + path + "/checkpoint";
    outcome held;
    for (int i = 0; i < 400 && held.status != 0; ++i) {
        checkpoint();
        held = run(path, verify);
    }
    BOOST_TEST(held.status == 0, held.out + held.err);
    BOOST_TEST(has_text(held.out, "cosigned by w at "), held.out);
    BOOST_TEST(run(path, verify + " --db " + path + "/db").status == 0);
    more_policy = "witness w " + witness_key + " " + url + "\nquorum w\n";
    outcome const fine = audit(*log);
    BOOST_TEST(fine.status == 0, fine.out + fine.err);
    // Without the cosignature nobody believes it.
    std::string note = read_file(path + "/checkpoint");
    note.erase(note.rfind("\xE2\x80\x94"));
    write_file(path + "/checkpoint", note);
    outcome const alone = run(path, verify);
    BOOST_TEST(alone.status == 1);
    BOOST_TEST(has_text(alone.out,
                        "NOT BELIEVED: the checkpoint of example.com/node1 has not the "
                        "policy's quorum 'w': cosigned by none"),
               alone.out);
    BOOST_TEST(run(path, verify + " --db " + path + "/db").status == 2);
}

BOOST_FIXTURE_TEST_CASE(what_an_audit_cannot_be_begun_with_is_said_in_one_line, audit_stand) {
    write_file(path + "/policy", "log " + log_key + " http://127.0.0.1:9/tlog\nquorum none\n");
    outcome const away = run(path, "audit --policy " + path + "/policy --state " + path + "/audit");
    BOOST_TEST(away.status == 1);
    BOOST_TEST(has_text(away.out, "FINDING unreachable: example.com/node1"), away.out);
    write_file(path + "/bad", "log " + log_key + "\nmirror x\nquorum none\n");
    for (std::string const& wrong :
         {std::string("audit"), "audit --policy " + path + "/policy",
          "audit --policy " + path + "/none --state " + path + "/audit",
          "audit --policy " + path + "/bad --state " + path + "/audit",
          "audit --policy " + path + "/policy --state " + path + "/db",
          "audit --policy " + path + "/policy --state " + path + "/audit --key " + path +
              "/log.key",
          "audit --policy " + path + "/policy --state " + path + "/audit --every 60",
          "audit --policy " + path + "/policy --state " + path + "/audit --once --every 60s"}) {
        outcome const refused = run(path, wrong);
        BOOST_TEST(refused.status == 2, wrong);
        BOOST_TEST(std::count(refused.err.begin(), refused.err.end(), '\n') == 1, refused.err);
        BOOST_TEST(!has_text(refused.err, "PRIVATE"));
    }
}

BOOST_AUTO_TEST_SUITE_END()
