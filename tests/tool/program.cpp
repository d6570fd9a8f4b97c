// SPDX-License-Identifier: MIT
#include "engine/support/temporary_directory.hpp"
#include "tool/run.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

using test_support::outcome;
using test_support::read_file;
using test_support::run;
using test_support::write_file;

namespace {

struct in_directory {
    aiaudit_tests::temporary_directory directory{};
    std::string path = directory.path();

    outcome aiaudit(std::string const& arguments) const { return run(path, arguments); }
    std::string file(std::string const& name, std::string const& text) const {
        write_file(path + "/" + name, text);
        return path + "/" + name;
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

std::string const exchange_line =
    R"({"id":"one","provider":"openai","path":"/v1/chat/completions","timestamp":"2026-08-01T00:00:00Z","user":"ana",)"
    R"("request":{"model":"gpt-4.1","messages":[]},"status":200,"content_type":"application/json",)"
    R"("response":"{\"id\":\"c1\",\"model\":\"gpt-4.1-2025-04-14\",\"choices\":[],\"usage\":{\"prompt_tokens\":1000,)"
    R"(\"completion_tokens\":100,\"total_tokens\":1100}}"})"
    "\n";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(program, in_directory)

BOOST_AUTO_TEST_CASE(cost_answers_one_line_for_each_exchange) {
    outcome const ended = aiaudit("cost " + file("x.jsonl", exchange_line));
    BOOST_TEST(ended.status == 0);
    BOOST_TEST(ended.err.empty());
    BOOST_TEST(ended.out.find(R"("id":"one")") != std::string::npos);
    BOOST_TEST(ended.out.find(R"("usage":{"input_tokens":1000,"output_tokens":100})") !=
               std::string::npos);
    BOOST_TEST(ended.out.find(R"("cost_usd":"0.0028")") !=
               std::string::npos);  // 1000 * 2 + 100 * 8 USD per million
}

BOOST_AUTO_TEST_CASE(an_exchange_that_cannot_be_priced_says_why_and_never_zero) {
    std::string unknown = exchange_line;
    for (std::size_t at = 0; (at = unknown.find("gpt-4.1", at)) != std::string::npos;)
        unknown.replace(at, 7, "no-such");
    std::string const silent =
        R"({"id":"two","provider":"openai","path":"/v1/chat/completions","request":{"model":"gpt-4.1"},"status":200,)"
        R"("content_type":"application/json","response":"{\"model\":\"gpt-4.1\",\"choices\":[]}"})"
        "\n";
    outcome const ended = aiaudit("cost " + file("x.jsonl", unknown + silent));
    BOOST_TEST(ended.status == 0);
    BOOST_TEST(std::count(ended.out.begin(), ended.out.end(), '\n') == 2);
    BOOST_TEST(ended.out.find(R"("cost_usd":null,"error":"unknown_model)") != std::string::npos);
    BOOST_TEST(ended.out.find(R"("cost_usd":null,"error":"no_usage)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(broken_input_names_file_line_and_reason_and_writes_nothing) {
    std::string const broken = file("x.jsonl", exchange_line + "\n{\"id\":\n");
    refuses("cost " + broken, "x.jsonl:3: ");
    refuses("import --db " + path + "/db " + broken, "x.jsonl:3: ");
    BOOST_TEST(!std::filesystem::exists(path + "/db"));
    std::string const csv = file("x.csv", "t,n\n2026-08-01,5\n2026-08-02,minus\n");
    std::string const map =
        " --format csv --map timestamp=t,input_tokens=n,model==gpt-4.1,provider==openai ";
    refuses("import --db " + path + "/db" + map + csv, "x.csv:3: input_tokens: ");
    refuses("import --db " + path + "/db --format csv --map timestamp=when,model==m " + csv,
            "no column 'when'");
    refuses("import --db " + path + "/db --format csv --map timestamp=t,colour=n,model==m " + csv,
            "no field 'colour'");
    refuses("import --db " + path + "/db --format csv " + csv, "--map");
    BOOST_TEST(!std::filesystem::exists(path + "/db"));
}

BOOST_AUTO_TEST_CASE(a_price_file_that_is_none_is_refused) {
    std::string const good = file("x.jsonl", exchange_line);
    refuses("cost --prices " + file("p.json", "{\"hello\": 1}") + " " + good, "p.json: ");
    refuses("cost --prices " + file("q.json", "not json") + " " + good, "q.json: ");
    refuses("cost --prices " + path + "/absent.json " + good, "absent.json: cannot be opened");
}

BOOST_AUTO_TEST_CASE(bad_arguments_are_refused_in_one_line) {
    refuses("", "subcommand");
    refuses("nonsense", "aiaudit: ");
    refuses("cost --at yesterday " + file("x.jsonl", exchange_line), "--at: ");
    refuses("report daily --db " + path + "/absent", "absent");
    refuses("report user --db " + path, "--user");
    refuses("report daily --db " + path + " --tz Mars/Olympus", "Mars/Olympus");
    refuses("report hourly --db " + path, "hourly");
}

BOOST_AUTO_TEST_CASE(directories_that_are_no_ledger_of_ours_are_left_alone) {
    std::string const good = file("x.jsonl", exchange_line);
    std::filesystem::create_directory(path + "/other");
    write_file(path + "/other/notes.txt", "mine");
    refuses("import --db " + path + "/other " + good, "other");
    refuses("report daily --db " + path + "/other", "other");
    BOOST_TEST(std::distance(std::filesystem::directory_iterator(path + "/other"), {}) == 1);
    BOOST_REQUIRE(aiaudit("import --db " + path + "/db " + good).status == 0);
    write_file(path + "/db/aiaudit-ledger", "aiaudit ledger format 99\n");
    refuses("import --db " + path + "/db " + good, "99");
    refuses("report daily --db " + path + "/db", "99");
}

BOOST_AUTO_TEST_CASE(import_report_and_tail_tell_one_story) {
    outcome const imported =
        aiaudit("import --db " + path + "/db " + file("x.jsonl", exchange_line));
    BOOST_TEST(imported.status == 0);
    BOOST_TEST(imported.out.find("imported 1 records") == 0U);
    outcome const daily = aiaudit("report daily --db " + path + "/db --format jsonl");
    BOOST_TEST(daily.out.find(
                   R"({"date":"2026-08-01","requests":1,"errors":0,"input_tokens":1000,)") == 0U);
    BOOST_TEST(daily.out.find(R"("cost_usd":"0.0028","avg_cost_usd":"0.0028")") !=
               std::string::npos);
    BOOST_TEST(aiaudit("report daily --db " + path + "/db --format jsonl --tz America/New_York")
                   .out.find("2026-07-31") != std::string::npos);
    BOOST_TEST(
        aiaudit("report user --user ana --db " + path + "/db").out.find("gpt-4.1-2025-04-14") !=
        std::string::npos);
    BOOST_TEST(aiaudit("report user --user bob --db " + path + "/db --format json").out == "[]\n");
    BOOST_TEST(aiaudit("tail --db " + path + "/db --format jsonl")
                   .out.find(R"({"sequence":1,"kind":"outcome")") == 0U);
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_said_in_one_line_and_leaves_a_sound_ledger) {
    std::string lines;
    for (int i = 0; i < 3000; ++i) lines += exchange_line;
    std::string const input = file("x.jsonl", lines);
    BOOST_REQUIRE(aiaudit("import --db " + path + "/db " + file("y.jsonl", exchange_line)).status ==
                  0);
    // A limit on the size of files stands in for the full disk: the write fails half-way.
    std::string const command = "trap '' XFSZ; ulimit -f 100; exec " +
                                std::string(AIAUDIT_PROGRAM) + " import --db " + path + "/db " +
                                input + " >" + path + "/out 2>" + path + "/err";
    int const status = std::system(("/bin/sh -c \"" + command + "\"").c_str());
    BOOST_TEST(WEXITSTATUS(status) == 2);
    std::string const err = read_file(path + "/err");
    BOOST_TEST(std::count(err.begin(), err.end(), '\n') == 1);
    std::string const said = " records were added before that";
    std::size_t const at = err.find(said);
    BOOST_REQUIRE(at != std::string::npos);
    std::uint64_t const added = std::stoull(err.substr(err.rfind(' ', at - 1)));
    BOOST_TEST(added < 3000U);
    outcome const daily = aiaudit("report daily --db " + path + "/db --format jsonl");
    BOOST_TEST(daily.status == 0);
    BOOST_TEST(daily.out.find("\"requests\":" + std::to_string(added + 1) + ",") !=
               std::string::npos);
    BOOST_TEST(aiaudit("import --db " + path + "/db " + input).status == 0);
}

BOOST_AUTO_TEST_CASE(kill_9_during_an_import_leaves_whole_records_and_reports_that_agree) {
    std::string csv = "at,n,user\n";
    for (int i = 0; i < 400'000; ++i) {
        csv += "2026-08-0" + std::to_string(1 + i % 9) + "," + std::to_string(i % 1000) + ",u" +
               std::to_string(i % 50) + "\n";
    }
    std::string const input = file("x.csv", csv);
    std::string const db = path + "/db";
    pid_t const child = fork();
    if (child == 0) {
        unsetenv("MONGOC_DISABLE_SHM");
        execl(AIAUDIT_PROGRAM, "aiaudit", "import", "--db", db.c_str(), "--format", "csv", "--map",
              "timestamp=at,input_tokens=n,user=user,model==gpt-4.1,provider==openai",
              input.c_str(), nullptr);
        _exit(127);
    }
    std::string const data = db + "/segments/00000001/data.mdb";
    std::error_code absent;
    for (int i = 0; i < 30'000; ++i) {
        auto const size = std::filesystem::file_size(data, absent);
        if (!absent && size > 500'000) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    BOOST_TEST(!std::filesystem::exists("/dev/shm/mongoc-" + std::to_string(child)));
    outcome const daily = aiaudit("report daily --db " + db + " --format csv");
    BOOST_REQUIRE(daily.status == 0);
    std::uint64_t reported = 0;
    std::size_t at = daily.out.find('\n') + 1;
    while (at < daily.out.size()) {
        at = daily.out.find(',', at) + 1;
        reported += std::strtoull(daily.out.c_str() + at, nullptr, 10);
        at = daily.out.find('\n', at) + 1;
    }
    outcome const tail = aiaudit("tail --db " + db + " -n 1000000 --format jsonl");
    BOOST_TEST(static_cast<std::uint64_t>(std::count(tail.out.begin(), tail.out.end(), '\n')) ==
               reported);
    BOOST_TEST(reported > 0U);
}

BOOST_AUTO_TEST_CASE(the_demo_tells_its_story_and_what_to_type_next) {
    outcome const ended = aiaudit("demo --db " + path + "/demo");
    BOOST_TEST(ended.status == 0);
    BOOST_TEST(ended.err.empty());
    for (char const* const text :
         {"gpt-4.1-mini", "claude-sonnet-4-5", "dipesh", "total", "aiaudit tail", "Spent today"}) {
        BOOST_TEST(ended.out.find(text) != std::string::npos);
    }
    refuses("demo --db " + path + "/demo", "exists");
}

BOOST_AUTO_TEST_SUITE_END()
