// SPDX-License-Identifier: MIT
//
// Imports of real inputs, and every report against sums taken from the input by other means.
#include "engine/support/temporary_directory.hpp"
#include "tool/run.hpp"

#include <aiaudit/core/money.hpp>
#include <aiaudit/timezone/tzdb.hpp>

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <sstream>

using test_support::outcome;
using test_support::run;

namespace {

std::string const shared = AIAUDIT_SHARED_DIR;

struct sums {
    std::uint64_t requests = 0;
    std::uint64_t input_tokens = 0;
    std::uint64_t output_tokens = 0;
    aiaudit::money cost{};
    bool operator==(sums const&) const = default;
};
std::ostream& operator<<(std::ostream& out, sums const& s) {
    return out << s.requests << " requests, " << s.input_tokens << " in, " << s.output_tokens
               << " out, " << s.cost.to_string() << " USD";
}

// A report's rows, by the members named, as sums.
std::map<std::string, sums> rows_of(outcome const& ended, std::vector<std::string> const& labels) {
    BOOST_REQUIRE_MESSAGE(ended.status == 0, ended.err);
    std::map<std::string, sums> rows;
    auto const parsed = boost::json::parse(ended.out);
    for (auto const& row : parsed.as_array()) {
        std::string key;
        for (auto const& label : labels)
            key += std::string(row.at(label).as_string().c_str()) + "|";
        rows[key] = {row.at("requests").to_number<std::uint64_t>(),
                     row.at("input_tokens").to_number<std::uint64_t>(),
                     row.at("output_tokens").to_number<std::uint64_t>(),
                     aiaudit::money::parse(row.at("cost_usd").as_string().c_str()).value()};
    }
    return rows;
}

struct with_ledger {
    aiaudit_tests::temporary_directory directory{};
    std::string path = directory.path();
    std::string db = path + "/db";

    outcome report(std::string const& what) const {
        return run(path, "report " + what + " --db " + db + " --format json");
    }
};

bool have_shared(std::string const& file) {
    if (std::filesystem::exists(shared + file)) return true;
    BOOST_TEST_MESSAGE("SKIPPED: " << shared + file << " is not there; set AIAUDIT_SHARED_DIR");
    return false;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(totals, with_ledger)

BOOST_AUTO_TEST_CASE(both_production_traces_add_up_in_every_zone) {
    if (!have_shared("/traces/azure_llm_2023_code.csv")) return;
    struct trace_row {
        aiaudit::timestamp at;
        sums of;
    };
    std::vector<trace_row> input;
    for (std::string const name : {"code", "conv"}) {
        std::string const file = shared + "/traces/azure_llm_2023_" + name + ".csv";
        outcome const imported =
            run(path, "import --db " + db +
                          " --format csv --map timestamp=TIMESTAMP,"
                          "input_tokens=ContextTokens,output_tokens=GeneratedTokens,model==gpt-4.1,"
                          "provider==openai,user==" +
                          name + " " + file);
        BOOST_REQUIRE_MESSAGE(imported.status == 0, imported.err);
        std::istringstream lines(test_support::read_file(file));
        std::string line;
        std::getline(lines, line);
        while (std::getline(lines, line)) {
            std::size_t const first = line.find(',');
            std::size_t const second = line.find(',', first + 1);
            std::uint64_t const in = std::stoull(line.substr(first + 1));
            std::uint64_t const out = std::stoull(line.substr(second + 1));
            // gpt-4.1: 2 USD and 8 USD per million tokens.
            input.push_back({aiaudit::timestamp::parse(line.substr(0, first)).value(),
                             {1, in, out,
                              aiaudit::money::from_pico(
                                  static_cast<aiaudit::int128>(in * 2 + out * 8) * 1'000'000)}});
        }
    }
    BOOST_TEST(input.size() > 28'000U);
    for (char const* const zone_name :
         {"UTC", "Asia/Ho_Chi_Minh", "Asia/Kathmandu", "America/New_York"}) {
        auto const zone = aiaudit::find_time_zone(zone_name).value();
        std::map<std::string, sums> want;
        for (trace_row const& row : input) {
            sums& day = want[zone.day_of(row.at).to_string() + "|"];
            ++day.requests;
            day.input_tokens += row.of.input_tokens;
            day.output_tokens += row.of.output_tokens;
            day.cost += row.of.cost;
        }
        auto const got = rows_of(report(std::string("daily --tz ") + zone_name), {"date"});
        BOOST_TEST(got.size() == want.size());
        for (auto const& [day, of] : want) BOOST_TEST(got.at(day) == of);
    }
    sums all;
    for (trace_row const& row : input) {
        ++all.requests;
        all.input_tokens += row.of.input_tokens;
        all.output_tokens += row.of.output_tokens;
        all.cost += row.of.cost;
    }
    auto const models = rows_of(report("models"), {"provider", "model"});
    BOOST_TEST(models.size() == 1U);
    BOOST_TEST(models.begin()->second == all);
    auto const users = rows_of(report("users"), {"user"});
    BOOST_TEST(users.size() == 2U);
    BOOST_TEST(users.at("code|").requests + users.at("conv|").requests == all.requests);
    BOOST_TEST(rows_of(report("user --user code"), {"model"}).begin()->second == users.at("code|"));
}

BOOST_AUTO_TEST_CASE(rows_around_a_change_of_clock_fall_on_the_day_the_clock_showed) {
    // New York: 2026-03-08 lasts 05:00Z to 04:00Z, and 2026-11-01 lasts 04:00Z to 05:00Z of the
    // next day.
    std::string csv = "at,n\n";
    std::map<std::string, sums> want;
    auto const zone = aiaudit::find_time_zone("America/New_York").value();
    for (std::string const start : {"2026-03-07T00:00:00Z", "2026-10-31T00:00:00Z"}) {
        std::int64_t const from = aiaudit::timestamp::parse(start).value().seconds();
        for (std::int64_t at = from; at < from + 4 * 86'400; at += 450) {
            auto const when = aiaudit::timestamp::from_seconds(at);
            csv += when.to_string() + ",1000\n";
            sums& day = want[zone.day_of(when).to_string() + "|"];
            ++day.requests;
            day.input_tokens += 1000;
            day.cost += aiaudit::money::parse("0.002").value();
        }
    }
    test_support::write_file(path + "/x.csv", csv);
    BOOST_REQUIRE(run(path, "import --db " + db +
                                " --format csv --map timestamp=at,input_tokens=n,model==gpt-4.1,"
                                "provider==openai " +
                                path + "/x.csv")
                      .status == 0);
    auto const got = rows_of(report("daily --tz America/New_York"), {"date"});
    BOOST_TEST(got.size() == want.size());
    for (auto const& [day, of] : want) BOOST_TEST(got.at(day) == of);
    BOOST_TEST(got.at("2026-03-08|").requests == 23 * 8U);
    BOOST_TEST(got.at("2026-11-01|").requests == 25 * 8U);
}

BOOST_AUTO_TEST_CASE(the_recorded_exchanges_add_up_to_their_costs) {
    if (!have_shared("/corpus/exchanges.jsonl")) return;
    std::string const with =
        " --prices " + shared + "/prices/genai-prices.json --at 2026-08-15T12:00:00Z ";
    std::string const file = shared + "/corpus/exchanges.jsonl";
    outcome const cost = run(path, "cost" + with + file);
    BOOST_REQUIRE_MESSAGE(cost.status == 0, cost.err);
    std::map<std::string, sums> want;
    sums all;
    std::istringstream lines(cost.out);
    std::string line;
    while (std::getline(lines, line)) {
        auto const answer = boost::json::parse(line).as_object();
        sums one{1, 0, 0, {}};
        auto const& counts = answer.at("usage").as_object();
        if (counts.contains("input_tokens"))
            one.input_tokens = counts.at("input_tokens").to_number<std::uint64_t>();
        if (counts.contains("output_tokens"))
            one.output_tokens = counts.at("output_tokens").to_number<std::uint64_t>();
        if (answer.at("cost_usd").is_string())
            one.cost = aiaudit::money::parse(answer.at("cost_usd").as_string().c_str()).value();
        BOOST_TEST((answer.at("cost_usd").is_string() != answer.contains("error")));
        for (sums* const sum : {&want[std::string(answer.at("provider").as_string().c_str()) + "|" +
                                      answer.at("model").as_string().c_str() + "|"],
                                &all}) {
            ++sum->requests;
            sum->input_tokens += one.input_tokens;
            sum->output_tokens += one.output_tokens;
            sum->cost += one.cost;
        }
    }
    BOOST_TEST(all.requests == 719U);
    outcome const imported = run(path, "import --db " + db + with + file);
    BOOST_REQUIRE_MESSAGE(imported.status == 0, imported.err);
    auto const models = rows_of(report("models"), {"provider", "model"});
    BOOST_TEST(models.size() == want.size());
    for (auto const& [model, of] : want) BOOST_TEST(models.at(model) == of);
    BOOST_TEST(rows_of(report("daily"), {"date"}).at("2026-08-15|") == all);
    for (char const* const kind : {"users", "projects", "keys", "providers", "statuses"}) {
        sums total;
        std::string const label = std::string(kind) == "statuses"
                                      ? "status"
                                      : std::string(kind).substr(0, std::string(kind).size() - 1);
        for (auto const& [name, of] : rows_of(report(kind), {label})) {
            total.requests += of.requests;
            total.input_tokens += of.input_tokens;
            total.output_tokens += of.output_tokens;
            total.cost += of.cost;
        }
        BOOST_TEST(total == all);
    }
}

BOOST_AUTO_TEST_SUITE_END()
