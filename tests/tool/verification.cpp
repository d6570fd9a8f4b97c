// SPDX-License-Identifier: MIT
#include "engine/support/temporary_directory.hpp"
#include "tool/run.hpp"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>

#include <cstdlib>

using test_support::outcome;
using test_support::read_file;
using test_support::run;
using test_support::write_file;

namespace {

// A ledger with records of August 2026, and a key.
struct signed_ledger {
    aiaudit_tests::temporary_directory directory{};
    std::string path = directory.path();
    std::string key{};

    signed_ledger() {
        import(1, 700);
        outcome const made =
            aiaudit("checkpoint --new-key example.com/audit --out " + path + "/secret");
        BOOST_REQUIRE(made.status == 0);
        key = made.out.substr(0, made.out.find('\n'));
    }
    outcome aiaudit(std::string const& arguments) const { return run(path, arguments); }
    void import(int first, int last) const {
        std::string rows = "timestamp,user,input_tokens,output_tokens\n";
        for (int i = first; i <= last; ++i) {
            rows += "2026-08-" + std::string(i % 28 < 9 ? "0" : "") + std::to_string(i % 28 + 1) +
                    "T10:00:00Z,user" + std::to_string(i % 5) + "," + std::to_string(i) + ",10\n";
        }
        write_file(path + "/rows.csv", rows);
        outcome const done = aiaudit(
            "import --db " + path +
            "/db --format csv --map timestamp=timestamp,user=user,input_tokens=input_tokens,"
            "output_tokens=output_tokens,model==gpt-4.1,provider==openai " +
            path + "/rows.csv");
        BOOST_REQUIRE_MESSAGE(done.status == 0, done.err);
    }
    std::string checkpoint(std::string const& name) const {
        std::string const file = path + "/" + name;
        outcome const made =
            aiaudit("checkpoint --db " + path + "/db --key " + path + "/secret --out " + file);
        BOOST_REQUIRE_MESSAGE(made.status == 0, made.err);
        return file;
    }
    std::string prove(std::string const& what) const {
        std::string const file = path + "/proof";
        outcome const made = aiaudit("prove --db " + path + "/db " + what + " --out " + file);
        BOOST_REQUIRE_MESSAGE(made.status == 0, made.err);
        return file;
    }
    // By a program that shares nothing with ours.
    int checked_elsewhere(std::string const& file) const {
        std::string const command = std::string("python3 ") + AIAUDIT_SOURCE_DIR +
                                    "/tools/verify_proof.py " + file + " '" + key + "' >" + path +
                                    "/elsewhere 2>&1";
        int const status = std::system(command.c_str());
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
};

bool says(outcome const& ended, std::string const& text) {
    return ended.out.find(text) != std::string::npos;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(verification, signed_ledger)

BOOST_AUTO_TEST_CASE(a_sound_ledger_is_never_just_ok) {
    outcome const alone = aiaudit("verify --db " + path + "/db");
    BOOST_TEST(alone.status == 0);
    BOOST_TEST(says(alone, "records 1 to 700 match the tree of the log"));
    BOOST_TEST(says(alone, "it cannot be excluded that records were cut off"));
    std::string const anchor = checkpoint("anchor");
    import(701, 750);
    outcome const held = aiaudit("verify --db " + path + "/db --checkpoint " + anchor + " --key '" +
                                 key + "' --format json");
    BOOST_TEST(held.status == 0);
    BOOST_TEST(says(held, R"("sound":true,"records":750,"read":750,"dropped":0,"anchored":700)"));
    outcome const rest = aiaudit("verify --db " + path + "/db --only-after --checkpoint " + anchor +
                                 " --key '" + key + "' --format json");
    BOOST_TEST(says(rest, R"("read":238,"dropped":0,"anchored":700)"));
}

BOOST_AUTO_TEST_CASE(a_shorter_log_and_another_log_are_findings) {
    std::string const anchor = checkpoint("anchor");
    BOOST_REQUIRE(std::system(("rm -r " + path + "/db").c_str()) == 0);
    import(1, 600);
    std::string const verify =
        "verify --db " + path + "/db --checkpoint " + anchor + " --key '" + key + "'";
    outcome const shorter = aiaudit(verify);
    BOOST_TEST(shorter.status == 1);
    BOOST_TEST(says(shorter, "NOT SOUND: the checkpoint is of 700 records, the log has 600"));
    import(602, 800);
    outcome const other = aiaudit(verify);
    BOOST_TEST(other.status == 1);
    BOOST_TEST(says(other, "are not those that the checkpoint is of"));
    // Nor is such a log signed over its own past.
    outcome const resigned =
        aiaudit("checkpoint --db " + path + "/db --key " + path + "/secret --out " + anchor);
    BOOST_TEST(resigned.status == 1);
}

BOOST_AUTO_TEST_CASE(a_proof_needs_neither_the_ledger_nor_this_program) {
    std::string const anchor = checkpoint("anchor");
    for (int const number : {1, 256, 257, 700}) {
        std::string const file =
            prove("--sequence " + std::to_string(number) + " --checkpoint " + anchor);
        outcome const ours = aiaudit("verify --proof " + file + " --key '" + key + "'");
        BOOST_TEST(ours.status == 0);
        BOOST_TEST(
            says(ours, "record " + std::to_string(number) + " is in the log of 700 records"));
        BOOST_TEST(says(ours, R"("user":"user)" + std::to_string(number % 5)));
        BOOST_TEST(checked_elsewhere(file) == 0);
        std::string text = read_file(file);
        std::size_t const place = text.find("index ") + 40;  // in the first hash
        text[place] = text[place] == 'A' ? 'B' : 'A';
        write_file(file, text);
        BOOST_TEST(aiaudit("verify --proof " + file + " --key '" + key + "'").status == 1);
        BOOST_TEST(checked_elsewhere(file) == 1);
    }
}

BOOST_AUTO_TEST_CASE(growth_between_two_checkpoints_can_be_proven) {
    std::string const older = checkpoint("older");
    import(701, 900);
    std::string const newer = checkpoint("newer");
    std::string const file = prove("--older " + older + " --checkpoint " + newer);
    outcome const shown = aiaudit("verify --proof " + file + " --key '" + key + "'");
    BOOST_TEST(shown.status == 0);
    BOOST_TEST(says(shown, "the log of 900 records begins with all 700 of the older checkpoint"));
    BOOST_TEST(checked_elsewhere(file) == 0);
    std::string text = read_file(file);
    text[40] = text[40] == 'A' ? 'B' : 'A';
    write_file(file, text);
    BOOST_TEST(aiaudit("verify --proof " + file + " --key '" + key + "'").status == 1);
    BOOST_TEST(checked_elsewhere(file) == 1);
}

BOOST_AUTO_TEST_CASE(another_key_proves_nothing) {
    std::string const anchor = checkpoint("anchor");
    outcome const other =
        aiaudit("checkpoint --new-key example.com/audit --out " + path + "/other");
    std::string const other_key = other.out.substr(0, other.out.find('\n'));
    std::string const file = prove("--sequence 5 --key " + path + "/secret");
    BOOST_TEST(aiaudit("verify --proof " + file + " --key '" + other_key + "'").status == 1);
    outcome const verify = aiaudit("verify --db " + path + "/db --checkpoint " + anchor +
                                   " --key '" + other_key + "'");
    BOOST_TEST(verify.status == 2);
    BOOST_TEST(verify.err.find("anchor") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_secret_key_is_readable_by_its_owner_alone_and_never_overwritten) {
    struct stat status {};
    BOOST_REQUIRE(::stat((path + "/secret").c_str(), &status) == 0);
    BOOST_TEST((status.st_mode & 0777) == 0600U);
    std::string const before = read_file(path + "/secret");
    outcome const again = aiaudit("checkpoint --new-key other --out " + path + "/secret");
    BOOST_TEST(again.status == 2);
    BOOST_TEST(read_file(path + "/secret") == before);
    BOOST_TEST(again.err.find("PRIVATE") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(retention_says_what_it_would_drop_and_what_it_dropped) {
    outcome const none = aiaudit("retain --db " + path + "/db --max-age 1d");
    BOOST_TEST(none.status == 0);
    BOOST_TEST(says(none, "nothing is due"));  // the segment that is written stays
    for (std::string const& wrong :
         {"retain --db " + path + "/db", "retain --db " + path + "/db --max-age 1",
          "retain --db " + path + "/db --max-age 1d --min-age 2d"}) {
        outcome const refused = aiaudit(wrong);
        BOOST_TEST(refused.status == 2);
        BOOST_TEST(refused.out.empty());
    }
}

BOOST_AUTO_TEST_SUITE_END()
