// SPDX-License-Identifier: MIT
//
// E-mails about budgets, as they are set by the program, sent by its gateway, and received by a
// server on loopback.
#include "engine/support/temporary_directory.hpp"
#include "support/smtp_server.hpp"
#include "support/throwaway_ca.hpp"
#include "tool/run.hpp"
#include "tool/served.hpp"

#include <aiaudit/ledger.hpp>

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace aiaudit;
using namespace aiaudit_tests;
using test_support::outcome;
using test_support::read_file;
using test_support::run;
using test_support::served;
using test_support::write_file;

struct with_mail {
    temporary_directory const directory{};
    std::string const path = directory.path();
    std::string const db = path + "/db";
    throwaway_ca const ca{};
    smtp_server const server{smtp_mode::plain, ca.good()};
    std::string const url = "smtp+plain://localhost:" + std::to_string(server.port());

    test_support::outcome program(std::string const& arguments) const {
        ::setenv("AIAUDIT_SMTP", url.c_str(), 1);
        return run(path, arguments);
    }
    void does(std::string const& arguments) const {
        outcome const ended = program(arguments);
        BOOST_TEST_CONTEXT(arguments << " -> " << ended.err) { BOOST_TEST(ended.status == 0); }
    }
    void refuses(std::string const& arguments, std::string const& reason) const {
        outcome const ended = program(arguments);
        BOOST_TEST_CONTEXT(arguments << " -> " << ended.err) {
            BOOST_TEST(ended.status == 2);
            BOOST_TEST(ended.err.find(reason) != std::string::npos);
        }
    }
    boost::json::array listed() const {
        outcome const ended = program("alert list --db " + db + " --format json");
        BOOST_REQUIRE_MESSAGE(ended.status == 0, ended.err);
        return boost::json::parse(ended.out).as_array();
    }
    // Calls of so many dollars together, now.
    void spend(std::string const& dollars) const {
        record entry;
        entry.kind = record_kind::outcome;
        entry.provider = "openai";
        entry.model_requested = "gpt-4.1";
        entry.started_at = system_clock{}.now();
        entry.operation_id = make_operation_id(entry.started_at);
        entry.cost_status = cost_status::priced;
        entry.cost = money::parse(dollars).value();
        auto log = ledger::open({.path = db}).value();
        log.append(entry).value();
    }
    // What has come, once so many mails have, or when a minute is over.
    std::vector<received_mail> mails(std::size_t count) const {
        for (int i = 0; i < 600 && server.mails().size() < count; ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        return server.mails();
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(mail_alerts, with_mail)

BOOST_AUTO_TEST_CASE(an_alert_that_is_one_command_is_sent_once_by_the_gateway) {
    does("budget set --db " + db + " --name daily --limit 1 --window day --alert 50,100");
    does("alert set --db " + db +
         " --budget daily --at 80 --email ops@example.com --email boss@example.com --from "
         "aiaudit@example.com");
    BOOST_TEST(listed()[0].at("last_sent").is_null());
    BOOST_TEST(listed()[0].at("trouble").as_string() == "");
    spend("0.85");
    {
        served const gateway(path + "/errors",
                             {"serve", "--db", db, "--listen", "127.0.0.1:0", "--upstream",
                              "local=http://127.0.0.1:9", "--keys", "optional"},
                             {"AIAUDIT_SMTP=" + url});
        auto const came = mails(1);
        BOOST_REQUIRE_MESSAGE(came.size() == 1U, read_file(path + "/errors"));
        BOOST_TEST(came[0].from == "aiaudit@example.com");
        BOOST_TEST(came[0].to == (std::vector<std::string>{"ops@example.com", "boss@example.com"}),
                   boost::test_tools::per_element());
        BOOST_TEST(came[0].subject.find("budget 'daily'") != std::string::npos);
        BOOST_TEST(came[0].subject.find("80 %") != std::string::npos);
        // Another one takes effect while it serves: the window is past that percent already.
        does("alert set --db " + db +
             " --name half --budget daily --at 50 --email cfo@example.com --from a@example.com");
        auto const both = mails(2);
        BOOST_REQUIRE_MESSAGE(both.size() == 2U, read_file(path + "/errors"));
        BOOST_TEST(both[1].to == (std::vector<std::string>{"cfo@example.com"}),
                   boost::test_tools::per_element());
    }
    auto const after = listed();
    BOOST_REQUIRE(after.size() == 2U);
    BOOST_TEST(!after[0].at("last_sent").is_null());
    BOOST_TEST(!after[1].at("last_sent").is_null());
    // 100 % was not reached, and nothing is sent twice by the next one.
    served const again(path + "/errors2",
                       {"serve", "--db", db, "--listen", "127.0.0.1:0", "--upstream",
                        "local=http://127.0.0.1:9", "--keys", "optional"},
                       {"AIAUDIT_SMTP=" + url});
    std::this_thread::sleep_for(std::chrono::seconds(2));
    BOOST_TEST(server.mails().size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_test_arrives_and_what_is_removed_is_gone) {
    does("budget set --db " + db + " --name daily --limit 1 --window day");
    std::string const url_file = path + "/smtp";
    write_file(url_file, url + "\n");
    does("alert set --db " + db + " --budget daily --at 80,100 --email ops@example.com --smtp @" +
         url_file + " --from aiaudit@example.com");
    does("alert test --db " + db + " --name daily");
    auto const came = server.mails();
    BOOST_REQUIRE(came.size() == 1U);
    BOOST_TEST(came[0].subject.find("a test") != std::string::npos);
    // Neither the server's address nor anything of it is in the file.
    BOOST_TEST(read_file(db + "/alerts.json").find("localhost") == std::string::npos);
    auto const mode = std::filesystem::status(db + "/alerts.json").permissions();
    BOOST_TEST(((mode & std::filesystem::perms::others_all) == std::filesystem::perms::none));
    does("alert remove --db " + db + " --name daily");
    BOOST_TEST(listed().empty());
    refuses("alert remove --db " + db + " --name daily", "no alert 'daily'");
}

BOOST_AUTO_TEST_CASE(what_could_not_be_sent_later_is_told_when_it_is_set) {
    does("budget set --db " + db + " --name daily --limit 1 --window day");
    does("budget set --db " + db + " --name rate --unit requests --limit 9 --window minute");
    std::string const set = "alert set --db " + db + " --from a@example.com --email b@example.com ";
    refuses(set + "--budget weekly --at 80", "no budget 'weekly'");
    refuses(set + "--budget rate --at 80", "a rate has no alerts");
    refuses(set + "--budget daily --at eighty", "--at");
    refuses(set + "--budget daily --at 80 --smtp smtp://user:secret@mail.example.com", "--smtp");
    refuses("alert set --db " + db + " --budget daily --at 80 --email 'b\nBcc: c'", "address");
    for (char const* const wrong :
         {"'b\nBcc: c'", "nobody", "'b c@example.com'", "'<b@example.com>'"})
        refuses("alert set --db " + db + " --budget daily --at 80 --smtp '$NOT_SET_HERE' --email " +
                    std::string(wrong),
                "--email");
    for (char const* const wrong : {"http://localhost", "smtp+plain://mail.example.com",
                                    "smtp://geheim@host:x", "smtp://u:geheim%4@localhost"}) {
        write_file(path + "/smtp", wrong);
        outcome const ended = program(set + "--budget daily --at 80 --smtp @" + path + "/smtp");
        BOOST_TEST_CONTEXT(wrong << " -> " << ended.err) {
            BOOST_TEST(ended.status == 2);
            BOOST_TEST(ended.err.find("geheim") == std::string::npos);
        }
    }
    BOOST_TEST(listed().empty());
    // The budget that is set anew without the percent raises nothing, and the list says so.
    does(set + "--budget daily --at 85");
    does("budget set --db " + db + " --name daily --limit 1 --window day");
    BOOST_TEST(listed()[0].at("trouble").as_string() ==
               "the budget has no alert at these percents");
}

BOOST_AUTO_TEST_SUITE_END()
