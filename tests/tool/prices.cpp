// SPDX-License-Identifier: MIT
//
// What aiaudit prices says of the book built in and of files.
#include "engine/support/temporary_directory.hpp"
#include "tool/run.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>

using test_support::outcome;
using test_support::run;
using test_support::write_file;

namespace {

struct with_directory {
    aiaudit_tests::temporary_directory directory{};
    std::string path = directory.path();

    outcome prices(std::string const& what) const { return run(path, "prices " + what); }
    std::string file(std::string const& name, std::string const& text) const {
        write_file(path + "/" + name, text);
        return path + "/" + name;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(prices, with_directory)

BOOST_AUTO_TEST_CASE(check_counts_what_is_understood_and_fails_where_a_price_is_not) {
    auto const good = file("good.json", R"({"m": {"litellm_provider": "x",
        "input_cost_per_token": 1e-06, "input_dbu_cost_per_token": 1e-05}})");
    auto const fine = prices("check " + good + " --format json");
    BOOST_TEST(fine.status == 0, fine.err);
    auto const said = boost::json::parse(fine.out);
    BOOST_TEST(said.at("models").to_number<int>() == 1);
    BOOST_TEST(said.at("understood").at("input_cost_per_token").to_number<int>() == 1);
    BOOST_TEST(said.at("meaningless").as_array().size() == 1u);
    BOOST_TEST(said.at("not_understood").as_array().empty());

    auto const odd = file("odd.json", R"({"m": {"litellm_provider": "x",
        "input_cost_per_token": 1e-06, "price_per_smile": 1e-05}})");
    auto const loud = prices("check " + odd);
    BOOST_TEST(loud.status == 1);
    BOOST_TEST(loud.out.find("NOT UNDERSTOOD:\n  price_per_smile (1, first in m)") !=
               std::string::npos);
    BOOST_TEST(prices("check " + file("bad.json", "7")).status == 2);
}

BOOST_AUTO_TEST_CASE(every_price_field_of_the_public_files_is_understood_or_named) {
    for (char const* const name : {"genai-prices.json", "litellm.json", "2026-11/genai-prices.json",
                                   "2026-11/litellm.json"}) {
        std::string const source = std::string(AIAUDIT_SHARED_DIR) + "/prices/" + name;
        if (!std::filesystem::exists(source)) continue;
        auto const ended = prices("check " + source + " --format json");
        BOOST_TEST(ended.status == 0, name << ": " << ended.out);
        BOOST_TEST(boost::json::parse(ended.out).at("not_understood").as_array().empty(), name);
    }
}

BOOST_AUTO_TEST_CASE(list_names_the_models_of_a_book_and_of_one_provider) {
    auto const all = prices("list");
    BOOST_TEST(all.status == 0, all.err);
    BOOST_TEST(all.out.find("\nopenai gpt-4.1\n") != std::string::npos);
    BOOST_TEST(all.out.find("anthropic claude-sonnet-5\n") != std::string::npos);
    auto const one = prices("list --provider xai --format json");
    BOOST_TEST(one.status == 0, one.err);
    auto const models = boost::json::parse(one.out);
    for (auto const& each : models.as_array()) {
        BOOST_TEST(each.at("provider").as_string() == "x-ai");
    }
    BOOST_TEST(models.as_array().size() > 10u);
    auto const none = prices("list --provider nobody");
    BOOST_TEST(none.status == 2);
    BOOST_TEST(none.err == "aiaudit: --provider: the book has no provider nobody\n");
}

BOOST_AUTO_TEST_CASE(show_gives_the_prices_of_an_instant) {
    auto const before = prices("show gpt-5.6 --provider openai --at 2026-08-20 --format json");
    BOOST_TEST(before.status == 0, before.err);
    auto const after = prices("show gpt-5.6 --provider openai --at 2026-08-21 --format json");
    auto const input = [](outcome const& ended) {
        auto const said = boost::json::parse(ended.out);
        return std::string(said.at("rates").at("input_tokens").at("usd").as_string());
    };
    BOOST_TEST(input(before) == "5");
    BOOST_TEST(input(after) == "4");
    auto const said = boost::json::parse(after.out);
    BOOST_TEST(said.at("basis").as_string() == "listed");
    BOOST_TEST(said.at("context_tokens").to_number<int>() > 0);
    BOOST_TEST(said.at("service_tiers").at("batch").at("input_tokens").at("usd").as_string() ==
               "2");

    auto const text = prices("show gpt-4.1-2099-01-01 --provider openai --at 2026-11-10");
    BOOST_TEST(text.status == 0, text.err);
    BOOST_TEST(text.out.starts_with("openai gpt-4.1 at 2026-11-10T00:00:00Z, assumed\n"));
    BOOST_TEST(text.out.find("\ninput_tokens 2 USD a million\n") != std::string::npos);

    auto const none = prices("show gpt-99");
    BOOST_TEST(none.status == 1);
    BOOST_TEST(none.err ==
               "aiaudit: gpt-99: no such model of any provider in the book "
               "(aiaudit prices list names them)\n");
}

BOOST_AUTO_TEST_CASE(an_overlay_is_over_the_prices_of_cost) {
    auto const exchange =
        file("call.jsonl", R"({"id": "1", "provider": "openai", "path": "/v1/chat/completions",)"
                           R"( "request": "{\"model\": \"gpt-4.1\"}", "status": 200,)"
                           R"( "response": "{\"model\": \"gpt-4.1\", \"choices\":)"
                           R"( [{\"message\": {\"content\": \"yes\"}}], \"usage\":)"
                           R"( {\"prompt_tokens\": 1000, \"completion_tokens\": 100,)"
                           R"( \"total_tokens\": 1100}}", "timestamp": "2026-11-10T00:00:00Z"})"
                           "\n");
    auto const overlay =
        file("own.json", R"({"overlays": [{"provider": "openai", "factor": "0.5"}]})");
    auto const cost = [&](std::string const& options) {
        auto const ended = run(path, "cost " + options + exchange);
        BOOST_REQUIRE_MESSAGE(ended.status == 0, ended.err);
        return std::string(boost::json::parse(ended.out).at("cost_usd").as_string());
    };
    BOOST_TEST(cost("") == "0.0028");
    BOOST_TEST(cost("--overlay " + overlay + " ") == "0.0014");
    BOOST_TEST(run(path, "cost --overlay " + exchange + " " + exchange).status == 2);
}

BOOST_AUTO_TEST_CASE(diff_tells_added_removed_and_changed_models) {
    auto const old = file("old.json", R"({"a": {"litellm_provider": "x",
        "input_cost_per_token": 1e-06}, "b": {"litellm_provider": "x",
        "input_cost_per_token": 1e-06}})");
    auto const now = file("new.json", R"({"c": {"litellm_provider": "x",
        "input_cost_per_token": 1e-06}, "b": {"litellm_provider": "x",
        "input_cost_per_token": 2e-06}})");
    auto const same = prices("diff " + old + " " + old);
    BOOST_TEST(same.status == 0);
    BOOST_TEST(same.out == "0 differences\n");
    auto const changed = prices("diff " + old + " " + now);
    BOOST_TEST(changed.status == 1);
    BOOST_TEST(changed.out ==
               "- x a\n"
               "~ x b\n"
               "    - card: rate input_tokens 0.000001\n"
               "    + card: rate input_tokens 0.000002\n"
               "+ x c\n"
               "3 differences\n");
    auto const json = prices("diff " + old + " " + now + " --format json");
    auto const said = boost::json::parse(json.out);
    BOOST_TEST(said.as_array().size() == 3u);
    BOOST_TEST(said.as_array()[1].at("change").as_string() == "changed");
    BOOST_TEST(prices("diff builtin builtin").status == 0);
}

BOOST_AUTO_TEST_SUITE_END()
