// SPDX-License-Identifier: MIT
//
// Price files that come late, and price files that change: `reprice`, `prices update`, `serve`.
#include "engine/support/temporary_directory.hpp"
#include "support/chaos_provider.hpp"
#include "support/provider_bodies.hpp"
#include "tool/run.hpp"
#include "tool/served.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace aiaudit_tests;
using test_support::ask;
using test_support::outcome;
using test_support::read_file;
using test_support::request;
using test_support::run;
using test_support::served;
using test_support::write_file;

// LiteLLM's format: dollars for a token, in and out alike.
std::string prices_of(std::string const& model, std::string const& dollars) {
    return "{\"" + model +
           "\":{\"litellm_provider\":\"openai\",\"mode\":\"chat\",\"input_cost_per_token\":" +
           dollars + ",\"output_cost_per_token\":" + dollars + "}}";
}

struct with_price_files {
    temporary_directory directory{};
    std::string path = directory.path();
    std::string db = path + "/db";

    with_price_files() {
        write_file(path + "/one.json", prices_of("gpt-4.1", "1e-6"));
        write_file(path + "/two.json", prices_of("gpt-4.1", "2e-6"));
    }
    outcome tool(std::string const& arguments) const {
        return run(path, arguments + " --db " + db);
    }
    // Three calls of 100 tokens, one of them of a model that no file here knows.
    void import_calls() const {
        write_file(path + "/calls.csv",
                   "at,user,model,in,out\n"
                   "2026-03-01T10:00:00Z,ana,gpt-4.1,60,40\n"
                   "2026-03-01T10:00:10Z,ana,gpt-4.1,60,40\n"
                   "2026-03-02T10:00:00Z,ben,gpt-4.1,60,40\n"
                   "2026-03-02T10:00:00Z,ben,gpt-nobody,60,40\n");
        auto const done = tool("import " + path + "/calls.csv --format csv --prices " + path +
                               "/one.json --map provider==openai,model=model,user=user,"
                               "input_tokens=in,output_tokens=out,timestamp=at");
        BOOST_REQUIRE_MESSAGE(done.status == 0, done.err);
    }
    std::string cost(std::string const& more = "") const {
        auto const ended = tool("report daily --format json " + more);
        BOOST_REQUIRE_MESSAGE(ended.status == 0, ended.err);
        std::string sum;
        auto const rows = boost::json::parse(ended.out);
        for (auto const& row : rows.as_array())
            sum += std::string(row.at("date").as_string().c_str()) + " " +
                   row.at("cost_usd").as_string().c_str() + " ";
        return sum;
    }
};

constexpr char const* asked =
    R"({"model":"gpt-4.1","messages":[{"role":"user","content":"Hello"}]})";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(price_files, with_price_files)

BOOST_AUTO_TEST_CASE(late_prices_restate_reports_once_and_the_records_stay) {
    import_calls();
    std::string const days = " --from 2026-03-01 --to 2026-03-02";
    BOOST_TEST(cost() == "2026-03-02 0.0001 2026-03-01 0.0002 ");
    auto const looked = tool("reprice --format csv --prices " + path + "/two.json" + days);
    BOOST_TEST(looked.status == 0);
    BOOST_TEST(looked.out ==
               "date,provider,model,records,reported_usd,repriced_usd,difference_usd\n"
               "2026-03-01,openai,gpt-4.1,2,0.0002,0.0004,0.0002\n"
               "2026-03-02,openai,gpt-4.1,1,0.0001,0.0002,0.0001\n");
    BOOST_TEST(looked.err.find("openai/gpt-nobody: 1 records") != std::string::npos, looked.err);
    BOOST_TEST(cost() == "2026-03-02 0.0001 2026-03-01 0.0002 ");
    std::string const apply = "reprice --apply --by ana --why invoice --prices " + path;
    auto const applied = tool(apply + "/two.json" + days);
    BOOST_TEST(applied.status == 0);
    BOOST_TEST(applied.err.find("appended 2 corrections") != std::string::npos, applied.err);
    BOOST_TEST(cost() == "2026-03-02 0.0002 2026-03-01 0.0004 ");
    BOOST_TEST(cost("--as-recorded") == "2026-03-02 0.0001 2026-03-01 0.0002 ");
    auto const again = tool(apply + "/two.json" + days);
    BOOST_TEST(again.err.find("nothing is to be corrected") != std::string::npos, again.err);
    BOOST_TEST(cost() == "2026-03-02 0.0002 2026-03-01 0.0004 ");
    auto const told = tool("tail");
    BOOST_TEST(told.out.find("correction  ana  openai/gpt-4.1  0.0002 USD for 2 records, by ana: "
                             "invoice") != std::string::npos,
               told.out);
    BOOST_TEST(tool("verify").status == 0);
    // The day alone, and back by the old prices.
    auto const back = tool(apply + "/one.json --from 2026-03-02 --to 2026-03-02");
    BOOST_TEST(back.err.find("appended 1 corrections") != std::string::npos, back.err);
    BOOST_TEST(cost() == "2026-03-02 0.0001 2026-03-01 0.0004 ");
}

BOOST_AUTO_TEST_CASE(an_update_is_on_record_and_the_older_file_is_kept) {
    import_calls();
    for (std::string const name : {"one", "two"}) {
        auto const done =
            run(path, "prices update --by ana --from " + path + "/" + name + ".json --db " + db);
        BOOST_TEST(done.status == 0, done.err);
        BOOST_TEST(read_file(db + "/prices/current.json") ==
                   read_file(path + "/" + name + ".json"));
    }
    auto const same = run(path, "prices update --from " + path + "/two.json --db " + db);
    BOOST_TEST(same.out.find("in use already") != std::string::npos, same.out);
    int kept = 0;
    for (auto const& each : std::filesystem::directory_iterator(db + "/prices")) {
        std::string const text = read_file(each.path());
        bool const is_one = text == read_file(path + "/one.json");
        BOOST_TEST((is_one || text == read_file(path + "/two.json")));
        kept += is_one ? 1 : 0;
    }
    BOOST_TEST(kept == 1);
    auto const told = tool("tail -n 1 --format jsonl");
    auto const entry = boost::json::parse(told.out);
    BOOST_TEST(entry.at("kind").as_string() == "prices");
    BOOST_TEST(entry.at("tags").at("by").as_string() == "ana");
    BOOST_TEST(entry.at("tags").at("changed").as_string() == "1");
    BOOST_TEST(entry.at("tags").at("models").as_string() == "openai/gpt-4.1");
    BOOST_TEST(std::filesystem::exists(
        db + "/prices/" + std::string(entry.at("price_book").as_string().c_str()) + ".json"));
    BOOST_TEST(std::filesystem::exists(
        db + "/prices/" + std::string(entry.at("tags").at("before").as_string().c_str()) +
        ".json"));
    BOOST_TEST(tool("verify").status == 0);
}

BOOST_AUTO_TEST_CASE(what_is_no_price_file_changes_nothing_and_is_said_in_one_line) {
    import_calls();
    auto const before = tool("tail -n 1").out;
    write_file(path + "/bad.json", "{\"gpt-4.1\":{\"input_cost_per_token\":\"a lot\"}}");
    write_file(path + "/cut.json", prices_of("gpt-4.1", "1e-6").substr(0, 40));
    write_file(path + "/empty.json", "{}");
    for (std::string const& file : {path + "/bad.json", path + "/cut.json", path + "/empty.json",
                                    path + "/none.json", std::string("https://prices.test/x")}) {
        BOOST_TEST_CONTEXT(file) {
            auto const ended = run(path, "prices update --from " + file + " --db " + db);
            BOOST_TEST(ended.status == 2);
            BOOST_TEST(ended.err.find('\n') == ended.err.size() - 1, ended.err);
            BOOST_TEST(!std::filesystem::exists(db + "/prices/current.json"));
        }
    }
    BOOST_TEST(tool("tail -n 1").out == before);
}

BOOST_AUTO_TEST_CASE(a_running_gateway_takes_new_prices_and_keeps_the_old_ones_of_a_bad_file) {
    chaos_provider provider;
    provider.answer(
        [](seen_request const&) { return json_step(openai_chat_body("gpt-4.1", "Good day", {})); });
    std::string const errors = path + "/errors";
    auto const heard = [&errors](std::string const& words, std::size_t times) {
        for (int i = 0; i < 3'000; ++i) {
            std::size_t count = 0;
            std::string const said = read_file(errors);
            for (auto place = said.find(words); place != std::string::npos;
                 place = said.find(words, place + 1))
                ++count;
            if (count >= times) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return false;
    };
    std::string const file = path + "/used.json";
    write_file(file, prices_of("gpt-4.1", "1e-6"));
    std::vector<std::string> costs;
    {
        served gateway(errors, {"serve", "--db", db, "--listen", "127.0.0.1:0", "--upstream",
                                "openai=" + provider.origin() + "/v1", "--keys", "optional",
                                "--prices", file});
        auto const call = [&gateway] {
            auto const answer =
                ask(gateway.port(), request("POST", "/v1/chat/completions", "", asked));
            BOOST_TEST(answer.starts_with("HTTP/1.1 200"), answer);
        };
        call();
        write_file(file, prices_of("gpt-4.1", "3.5e-6"));
        gateway.hang_up();
        BOOST_TEST(heard("revision", 1));
        call();
        write_file(file, "{ this is no price file");
        BOOST_TEST(heard("the old ones stay in use", 1));
        call();
        BOOST_TEST(gateway.end() == 0);
    }
    auto const lines = tool("tail -n 100 --format jsonl").out;
    int updates = 0;
    for (std::size_t begin = 0; begin < lines.size();) {
        auto const end = lines.find('\n', begin);
        auto const entry = boost::json::parse(lines.substr(begin, end - begin));
        if (entry.at("kind").as_string() == "outcome")
            costs.emplace_back(entry.at("cost_usd").as_string().c_str());
        if (entry.at("kind").as_string() == "prices") ++updates;
        begin = end + 1;
    }
    BOOST_REQUIRE(costs.size() == 3U);
    auto const dollars = [](std::string const& text) { return std::stod(text); };
    BOOST_TEST(dollars(costs[0]) > 0);
    BOOST_TEST(costs[1] == costs[2]);
    BOOST_TEST(dollars(costs[1]) / dollars(costs[0]) == 3.5, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(updates == 1);
}

BOOST_AUTO_TEST_CASE(drift_is_what_the_provider_charged_less_what_the_book_says) {
    import_calls();
    auto const none = tool("report drift --format csv");
    BOOST_TEST(none.status == 0, none.err);
    BOOST_TEST(none.out == "provider,model,records,charged_usd,computed_usd,drift_usd\n");
    write_file(path + "/charged.csv",
               "at,model,in,out,charged\n"
               "2026-03-01T10:00:00Z,gpt-4.1,60,40,0.00015\n"
               "2026-03-01T11:00:00Z,gpt-4.1,60,40,0.00009\n");
    auto const done = tool("import " + path + "/charged.csv --format csv --prices " + path +
                           "/one.json --map provider==openai,model=model,input_tokens=in,"
                           "output_tokens=out,timestamp=at,cost_usd=charged");
    BOOST_REQUIRE_MESSAGE(done.status == 0, done.err);
    auto const two = tool("report drift --format csv");
    BOOST_TEST(two.out ==
               "provider,model,records,charged_usd,computed_usd,drift_usd\n"
               "openai,gpt-4.1,2,0.00024,0.0002,0.00004\n");
}

BOOST_AUTO_TEST_SUITE_END()
