// SPDX-License-Identifier: MIT
//
// Gateway keys as the program makes, lists and revokes them.
#include "engine/support/temporary_directory.hpp"
#include "tool/run.hpp"

#include <aiaudit/gateway/key_ring.hpp>

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>

using test_support::outcome;
using test_support::run;
using test_support::write_file;

namespace {

struct with_keys {
    aiaudit_tests::temporary_directory directory{};
    std::string path = directory.path();
    std::string db = path + "/db";

    outcome key(std::string const& arguments) const { return run(path, "key " + arguments); }
    // The secret of a new key.
    std::string create(std::string const& arguments) const {
        outcome const ended = key("create --db " + db + " " + arguments);
        BOOST_REQUIRE_MESSAGE(ended.status == 0, ended.err);
        BOOST_TEST(ended.err.find("is made") != std::string::npos);
        BOOST_TEST(ended.out.ends_with("\n"));
        std::string secret = ended.out.substr(0, ended.out.size() - 1);
        BOOST_TEST(ended.err.find(secret) == std::string::npos);
        return secret;
    }
    boost::json::array rows(std::string const& command) const {
        outcome const ended = run(path, command + " --db " + db + " --format json");
        BOOST_REQUIRE_MESSAGE(ended.status == 0, ended.err);
        return boost::json::parse(ended.out).as_array();
    }
    void refuses(std::string const& arguments, std::string const& reason) const {
        outcome const ended = key(arguments);
        BOOST_TEST_CONTEXT(arguments << " -> " << ended.err) {
            BOOST_TEST(ended.status == 2);
            BOOST_TEST(std::count(ended.err.begin(), ended.err.end(), '\n') == 1);
            BOOST_TEST(ended.err.find(reason) != std::string::npos);
            BOOST_TEST(ended.out.empty());
        }
    }
    aiaudit::key_ring ring() const {
        return aiaudit::key_ring::open(aiaudit::key_file::of_ledger(db).path()).value();
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(keys, with_keys)

BOOST_AUTO_TEST_CASE(a_key_opens_is_listed_without_its_secret_and_is_shut_once_revoked) {
    std::string const secret = create(
        "--id ana --user ana@example.com --project billing --model 'gpt-4.1*' --model o3 "
        "--names-users");
    create("--id open");
    auto const found = ring().find(secret);
    BOOST_REQUIRE(found);
    BOOST_TEST(found->user == "ana@example.com");
    BOOST_TEST(found->names_users);
    auto const listed = rows("key list");
    BOOST_REQUIRE(listed.size() == 2U);
    BOOST_TEST(listed[0].at("key").as_string() == "ana");
    BOOST_TEST(listed[0].at("models").as_string() == "gpt-4.1*,o3");
    BOOST_TEST(listed[0].at("names_users").as_bool());
    BOOST_TEST(listed[0].at("revoked_at").is_null());
    BOOST_TEST(listed[1].at("models").as_string().empty());
    std::string const table = key("list --db " + db).out;
    for (std::string const& text : {table, boost::json::serialize(listed)}) {
        BOOST_TEST(text.find(secret.substr(8)) == std::string::npos);
        BOOST_TEST(text.find(found->secret_digest.to_string()) == std::string::npos);
    }
    BOOST_TEST(table.find("ana@example.com") != std::string::npos);
    BOOST_TEST(key("revoke --db " + db + " --id ana").out == "revoked key 'ana'\n");
    BOOST_TEST(!ring().find(secret));
    BOOST_TEST(rows("key list")[0].at("revoked_at").is_string());
    refuses("revoke --db " + db + " --id ana", "key 'ana' was revoked at ");
    refuses("revoke --db " + db + " --id nobody", "key 'nobody' is not there");
    refuses("create --db " + db + " --id ana", "key 'ana' was there already");
}

BOOST_AUTO_TEST_CASE(a_key_has_models_that_it_may_not_use) {
    create("--id ana --model 'gpt*' --deny-model 'gpt-5*' --deny-model o3");
    BOOST_TEST(rows("key list")[0].at("denied_models").as_string() == "gpt-5*,o3");
    auto const set = [this](std::string const& with) {
        BOOST_TEST(key("set --db " + db + " --id ana " + with).out == "changed key 'ana'\n");
        return std::string(rows("key list")[0].at("denied_models").as_string().c_str());
    };
    BOOST_TEST(set("--note x") == "gpt-5*,o3");
    BOOST_TEST(set("--deny-model o4") == "o4");
    BOOST_TEST(set("--deny-model none").empty());
    BOOST_TEST(rows("key list")[0].at("models").as_string() == "gpt*");
    refuses("set --db " + db + " --id ana --deny-model 'a*b'", "'a*b' is no model");
}

BOOST_AUTO_TEST_CASE(a_key_has_an_end_a_note_and_changes_by_command) {
    std::string const first = create("--id ana --expires 90d --note 'of the build machine'");
    auto listed = rows("key list")[0].as_object();
    BOOST_TEST(listed.at("note").as_string() == "of the build machine");
    BOOST_TEST(listed.at("expires_at").is_string());
    BOOST_TEST(listed.at("last_used").is_null());
    outcome const rotated = key("rotate --db " + db + " --id ana --grace 24h");
    BOOST_REQUIRE_MESSAGE(rotated.status == 0, rotated.err);
    std::string const second = rotated.out.substr(0, rotated.out.size() - 1);
    BOOST_TEST(second != first);
    BOOST_TEST(rotated.err.find("the former one opens too until ") != std::string::npos);
    BOOST_TEST(rotated.err.find(second) == std::string::npos);
    BOOST_TEST(ring().find(first));
    BOOST_TEST(ring().find(second));
    BOOST_TEST(rows("key list")[0].at("former_secret_until").is_string());
    outcome const again = key("rotate --db " + db + " --id ana");
    BOOST_TEST(again.err.find("the former one opens no more") != std::string::npos);
    BOOST_TEST(!ring().find(first));
    BOOST_TEST(!ring().find(second));
    std::string const third = again.out.substr(0, again.out.size() - 1);
    BOOST_TEST(
        key("set --db " + db + " --id ana --expires never --note '' --model 'gpt-4.1*'").out ==
        "changed key 'ana'\n");
    listed = rows("key list")[0].as_object();
    BOOST_TEST(listed.at("expires_at").is_null());
    BOOST_TEST(listed.at("note").as_string().empty());
    BOOST_TEST(listed.at("models").as_string() == "gpt-4.1*");
    BOOST_TEST(ring().find(third));
    BOOST_TEST(key("set --db " + db + " --id ana --expires 30s").status == 0);
    BOOST_TEST(key("set --db " + db + " --id ana --expires 2001-01-01").status == 0);
    BOOST_TEST(!ring().find(third));
    refuses("rotate --db " + db + " --id ana", "key 'ana' expired at 2001-01-01T00:00:00Z");
    refuses("set --db " + db + " --id ana", "nothing to change");
    refuses("set --db " + db + " --id nobody --note x", "key 'nobody' is not there");
    refuses("rotate --db " + db + " --id ana --grace soon", "--grace: 'soon' is no whole number");
    refuses("create --db " + db + " --id b --expires 2001-01-01", "before it is made");
    refuses("create --db " + db + " --id b --expires soon", "--expires: 'soon' is no whole number");
    refuses("create --db " + db + " --id b --note 'a\x7f'", "a note is at most 1024 bytes");
}

BOOST_AUTO_TEST_CASE(what_is_done_to_keys_is_in_the_log_and_an_old_file_is_told_from_it) {
    create("--id ana --by root");
    std::string const file = db + "/gateway-keys.json";
    std::string const before = test_support::read_file(file);
    BOOST_TEST(key("revoke --db " + db + " --id ana --by root").status == 0);
    std::string const told = run(path, "tail --db " + db).out;
    BOOST_TEST(told.find("key 'ana' created, by root") != std::string::npos, told);
    BOOST_TEST(told.find("key 'ana' revoked, by root") != std::string::npos, told);
    test_support::write_file(file, before);
    outcome const ended = run(path, "serve --db " + db + " --listen 127.0.0.1:0 --upstream openai");
    BOOST_TEST(ended.status == 2);
    BOOST_TEST(ended.err.find("it lacks record 2 (revoked key 'ana')") != std::string::npos,
               ended.err);
    refuses("set --db " + db + " --id ana --note x", "is older than the log");
    BOOST_TEST(key("accept --db " + db).out == "accepted the file with 1 keys\n");
    BOOST_TEST(key("set --db " + db + " --id ana --note x").status == 0);
    BOOST_TEST(run(path, "verify --db " + db).status == 0);
}

BOOST_AUTO_TEST_CASE(a_key_is_of_a_team_and_the_team_of_one_organisation) {
    create("--id a --team red --organisation acme");
    create("--id b --team red --organisation acme");
    create("--id c --team blue");
    refuses("create --db " + db + " --id d --team red", "team 'red' of key 'a'");
    refuses("set --db " + db + " --id c --team red --organisation globex", "'acme'");
    BOOST_TEST(key("set --db " + db + " --id c --team red --organisation acme").status == 0);
    auto const listed = rows("key list");
    BOOST_TEST(listed[0].at("team").as_string() == "red");
    BOOST_TEST(listed[2].at("organisation").as_string() == "acme");
    // One that was revoked does not count.
    BOOST_TEST(key("revoke --db " + db + " --id a").status == 0);
    BOOST_TEST(key("revoke --db " + db + " --id b").status == 0);
    BOOST_TEST(key("set --db " + db + " --id c --organisation globex").status == 0);
}

BOOST_AUTO_TEST_CASE(limits_of_a_key_are_budgets_of_its_own) {
    create(
        "--id ana --limit 50.00 --window month --tz Asia/Kathmandu --requests-per-minute 60 "
        "--rate-then wait=1500");
    create("--id bob --limit 1000 --unit tokens --window 24h");
    create("--id cyd --limit 5 --window day --reserve stepwise");
    auto const budgets = rows("budget list");
    BOOST_REQUIRE(budgets.size() == 4U);
    BOOST_TEST(budgets[3].at("then").as_string() == "refuse;reserve=stepwise");
    BOOST_TEST(boost::json::serialize(budgets[0]) ==
               R"({"budget":"key-ana","scope":"key=ana","unit":"usd","limit":"50",)"
               R"("window":"month","zone":"Asia/Kathmandu","then":"refuse","alerts":"50,80,100"})");
    BOOST_TEST(boost::json::serialize(budgets[1]) ==
               R"({"budget":"key-ana-rate","scope":"key=ana","unit":"requests","limit":"60",)"
               R"("window":"minute","zone":null,"then":"wait=1500","alerts":""})");
    BOOST_TEST(budgets[2].at("unit").as_string() == "tokens");
    // Whoever tries to make the key again does not change what the first one may use.
    refuses("create --db " + db + " --id ana --limit 9000 --window month",
            "key 'ana' is there already");
    BOOST_TEST(rows("budget list")[0].at("limit").as_string() == "50");
}

BOOST_AUTO_TEST_CASE(nothing_is_made_where_something_is_wrong) {
    std::string const with = "create --db " + db + " ";
    refuses(with + "--id a.b", "the id of a key is 1 to 64 of A-Z a-z 0-9 _ -");
    refuses(with + "--id a --model 'a*b'", "'a*b' is no model");
    refuses(with + "--id a --limit 5", "--limit and --window are given together");
    refuses(with + "--id a --window month", "--limit and --window are given together");
    refuses(with + "--id a --unit tokens", "--unit: of what --limit?");
    refuses(with + "--id a --unbounded hold=1", "--unbounded: of what --limit?");
    refuses(with + "--id a --reserve stepwise", "--reserve: of what --limit?");
    refuses(with + "--id a --rate-then refuse", "--rate-then: of what --requests-per-minute?");
    refuses(with + "--id a --limit x --window month", "--limit: limit 'x' is not a number");
    refuses(with + "--id a --limit 5 --window decade", "--window: unknown window 'decade'");
    refuses(with + "--id a --limit 5 --window 24h --tz Asia/Kathmandu", "only the windows day");
    refuses(with + "--id a --requests-per-minute 1.5", "is not a whole number");
    refuses(with + "--id a --requests-per-minute 5 --rate-then warn", "--rate-then: 'warn' is");
    refuses(with + "--user a", "--id is required");
    BOOST_TEST(!std::filesystem::exists(db));
    refuses("list --db " + db, "there is no such directory");
    refuses("revoke --db " + db + " --id a", "there is no such directory");
    create("--id a");
    write_file(db + "/gateway-keys.json", "{}");
    refuses("list --db " + db, "gateway-keys.json: is no file of gateway keys");
    refuses(with + "--id b --limit 5 --window day", "gateway-keys.json: is no file");
    BOOST_TEST(rows("budget list").empty());
}

BOOST_AUTO_TEST_SUITE_END()
