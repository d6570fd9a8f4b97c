// SPDX-License-Identifier: MIT
//
// Exchanges rebuilt from public reports of wrong bills, with the right usage and cost of each: none
// is priced wrong without a word, and all but a few are right.
#include <aiaudit/import.hpp>
#include <aiaudit/pricing/builtin.hpp>
#include <aiaudit/pricing/load.hpp>
#include <aiaudit/providers/json_fields.hpp>

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>

BOOST_AUTO_TEST_SUITE(usage_cases)

namespace {

using namespace aiaudit;
using aiaudit::detail::at_path;
using aiaudit::detail::text_at;

std::string file_text(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::map<std::string, price_book> const& books() {
    static std::map<std::string, price_book> const all = [] {
        std::string const folder = AIAUDIT_SHARED_DIR "/prices/";
        std::map<std::string, price_book> loaded;
        loaded.emplace("builtin", builtin_book());
        loaded.emplace("litellm", load_price_book(file_text(folder + "litellm.json"), "l").value());
        loaded.emplace("genai",
                       load_price_book(file_text(folder + "genai-prices.json"), "g").value());
        return loaded;
    }();
    return all;
}

bool counts_equal(boost::json::value const& expected, usage const& counts) {
    auto const* list = at_path(&expected, "usage");
    if (list == nullptr) return true;
    for (auto const& pair : list->as_object()) {
        auto const kind = unit_named(std::string(pair.key())).value();
        if (counts.count(kind) != pair.value().to_number<std::uint64_t>()) return false;
    }
    return true;
}

enum class verdict { right, loud, silent };

verdict judge(boost::json::value const& expected, import_result const& got) {
    record const& entry = got.entry;
    auto const status = name_of(entry.cost_status);
    bool const loud = got.problem || entry.cost_status != cost_status::priced;
    bool const same_counts = counts_equal(expected, entry.usage);
    if (auto const cost = text_at(&expected, "cost_usd"); !cost.empty()) {
        bool const same = !got.problem && entry.cost == money::parse(cost).value();
        if (same && same_counts) return verdict::right;
        auto const other = text_at(&expected, "or_cost_status_not");
        if (!other.empty() && status != other) return verdict::right;
        return loud ? verdict::loud : verdict::silent;
    }
    if (auto const other = text_at(&expected, "cost_status_not"); !other.empty()) {
        return got.problem || status != other ? verdict::right : verdict::silent;
    }
    return same_counts ? verdict::right : loud ? verdict::loud : verdict::silent;
}

}  // namespace

BOOST_AUTO_TEST_CASE(no_case_is_wrong_without_a_word) {
    std::ifstream cases(AIAUDIT_SHARED_DIR "/cases/usage.jsonl");
    if (!cases) {
        BOOST_TEST_MESSAGE("skipped: no cases at " AIAUDIT_SHARED_DIR "/cases/usage.jsonl");
        return;
    }
    std::map<verdict, int> count;
    for (std::string line; std::getline(cases, line);) {
        auto const row = boost::json::parse(line, {}, {.max_depth = 256});
        auto const& expected = row.at("expected");
        auto const book = text_at(&expected, "prices");
        auto const input = parse_exchange(boost::json::serialize(row.at("exchange"))).value();
        auto const got =
            record_of(input, books().at(book.empty() ? "builtin" : std::string(book)), timestamp{});
        verdict const found = judge(expected, got.value());
        ++count[found];
        BOOST_TEST((found != verdict::silent),
                   text_at(&row, "id") << ": " << got->entry.cost.to_string() << " where "
                                       << boost::json::serialize(expected) << " is expected");
    }
    std::cout << "cases: " << count[verdict::right] << " right, " << count[verdict::loud]
              << " refused or flagged, " << count[verdict::silent] << " silently wrong\n";
    BOOST_TEST(count[verdict::right] >= 70);
}

BOOST_AUTO_TEST_SUITE_END()
