// SPDX-License-Identifier: MIT
//
// The whole corpus of recorded exchanges, read by the dialects: the same usage as expected, key by
// key, or a line in tests/fixtures/deliberate_differences.tsv that says why not.
#include <aiaudit/providers/reader.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(exchanges_usage)

namespace {

using namespace aiaudit;

struct corpus_row {
    exchange input;
    bool priced = false;
    std::string model;
    std::map<std::string, std::uint64_t> usage;
};

std::vector<corpus_row> const& corpus() {
    static std::vector<corpus_row> const rows = [] {
        std::vector<corpus_row> read;
        std::ifstream file(AIAUDIT_SHARED_DIR "/corpus/exchanges.jsonl");
        for (std::string line; std::getline(file, line);) {
            corpus_row row;
            row.input = parse_exchange(line).value();
            auto const parsed = boost::json::parse(line, {}, {.max_depth = 256});
            if (auto const* expected = detail::at_path(&parsed, "expected")) {
                row.priced = true;
                row.model = detail::text_at(expected, "model");
                for (auto const& pair : expected->at("usage").as_object()) {
                    row.usage[pair.key()] = pair.value().to_number<std::uint64_t>();
                }
            }
            read.push_back(std::move(row));
        }
        return read;
    }();
    return rows;
}

std::set<std::string> const& deliberate_differences() {
    static std::set<std::string> const ids = [] {
        std::set<std::string> read;
        std::ifstream file(AIAUDIT_FIXTURE_DIR "/deliberate_differences.tsv");
        for (std::string line; std::getline(file, line);) {
            if (!line.empty() && line.front() != '#') read.insert(line.substr(0, line.find('\t')));
        }
        return read;
    }();
    return ids;
}

std::map<std::string, std::uint64_t> counts_of(usage const& counts) {
    std::map<std::string, std::uint64_t> named;
    for_each_count(counts, [&](unit which, std::uint64_t count) {
        named[std::string(name_of(which))] = count;
    });
    return named;
}

std::string shown(std::map<std::string, std::uint64_t> const& counts) {
    std::string text;
    for (auto const& [name, count] : counts) text += name + "=" + std::to_string(count) + " ";
    return text;
}

bool corpus_is_here() {
    if (!corpus().empty()) return true;
    BOOST_TEST_MESSAGE("skipped: no corpus at " AIAUDIT_SHARED_DIR "/corpus/exchanges.jsonl");
    return false;
}

bool same(reading const& left, reading const& right) {
    bool const both = left.problem.has_value() == right.problem.has_value();
    bool const message =
        !left.problem || !both || left.problem->message() == right.problem->message();
    return both && message && left.facts == right.facts;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_expected_usage_comes_out_key_by_key_or_is_a_listed_difference) {
    if (!corpus_is_here()) return;
    std::size_t equal = 0;
    std::set<std::string> differing;
    for (corpus_row const& row : corpus()) {
        if (!row.priced) continue;
        auto const facts = read_exchange(row.input);
        if (!facts) {
            BOOST_ERROR(row.input.id << ": " << facts.error().message());
            continue;
        }
        BOOST_TEST(facts->model_served == row.model, row.input.id);
        auto const got = counts_of(facts->usage);
        if (got == row.usage) {
            ++equal;
            continue;
        }
        differing.insert(row.input.id);
        BOOST_TEST(
            deliberate_differences().contains(row.input.id),
            row.input.id << "\n  got      " << shown(got) << "\n  expected " << shown(row.usage));
    }
    BOOST_TEST_MESSAGE(equal << " equal, " << differing.size() << " deliberately different");
    for (std::string const& id : deliberate_differences()) {
        // Those of the price alone are in usages_cost.
        bool const known = std::any_of(corpus().begin(), corpus().end(),
                                       [&](corpus_row const& row) { return row.input.id == id; });
        BOOST_TEST(known, id << " is listed, and no exchange");
    }
}

BOOST_AUTO_TEST_CASE(what_has_no_expected_cost_says_why_or_is_a_dialect_the_price_list_lacks) {
    if (!corpus_is_here()) return;
    for (corpus_row const& row : corpus()) {
        if (row.priced) continue;
        auto const read = describe_exchange(row.input);
        if (!read.problem) {
            BOOST_TEST(row.input.provider == "deepseek", row.input.id);
            continue;
        }
        errc const code = read.problem->code;
        BOOST_TEST(
            (code == errc::provider_error || code == errc::not_billable || code == errc::no_usage),
            row.input.id << ": " << read.problem->message());
        BOOST_TEST((code != errc::provider_error || !read.facts.error_type.empty()), row.input.id);
        BOOST_TEST_MESSAGE(row.input.id << ": " << read.problem->message());
    }
}

BOOST_AUTO_TEST_CASE(a_body_reads_the_same_however_its_bytes_are_cut) {
    if (!corpus_is_here()) return;
    std::mt19937_64 random{20'260'815};
    for (corpus_row const& row : corpus()) {
        std::string_view const body = row.input.response;
        reading const whole = describe_exchange(row.input);
        if (row.input.content_type.find("event-stream") == std::string::npos) continue;
        BOOST_TEST(whole.facts.complete, row.input.id);
        for (int i = 0; i < 50; ++i) {
            std::size_t const at = random() % (body.size() + 1);
            stream_reader halves{row.input};
            BOOST_REQUIRE(halves.feed(body.substr(0, at)));
            BOOST_REQUIRE(halves.feed(body.substr(at)));
            BOOST_TEST(same(halves.finish(), whole), row.input.id << " cut at " << at);
        }
        stream_reader bytes{row.input};
        for (std::size_t i = 0; i < body.size(); ++i) {
            BOOST_REQUIRE(bytes.feed(body.substr(i, 1)));
        }
        BOOST_TEST(same(bytes.finish(), whole), row.input.id << " byte by byte");
    }
}

BOOST_AUTO_TEST_CASE(a_stream_that_was_cut_says_so_and_is_never_billed_as_whole) {
    if (!corpus_is_here()) return;
    for (corpus_row const& row : corpus()) {
        if (row.input.content_type.find("event-stream") == std::string::npos) continue;
        reading const whole = describe_exchange(row.input);
        exchange cut = row.input;
        for (std::size_t at = row.input.response.size(); at > 0; --at) {
            if (row.input.response[at - 1] != '\n') continue;  // after each line
            cut.response.resize(at);
            reading const read = describe_exchange(cut);
            if (read.facts.complete) {
                BOOST_TEST(
                    shown(counts_of(read.facts.usage)) == shown(counts_of(whole.facts.usage)),
                    row.input.id << " cut at " << at);
            }
            errc const code = read.problem ? read.problem->code : errc::no_usage;
            BOOST_TEST((code == errc::no_usage), row.input.id << " cut at " << at);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
