// SPDX-License-Identifier: MIT
//
// The bounds that stand in for a usage that nobody reported, against what was reported in the end:
// each exchange of the corpus, without its answer, and cut after each line.
#include <aiaudit/pricing/builtin.hpp>
#include <aiaudit/pricing/price_book.hpp>
#include <aiaudit/providers/reader.hpp>
#include <aiaudit/providers/usage_bounds.hpp>

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <map>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(usage_in_bounds)

namespace {

using namespace aiaudit;

constexpr std::uint64_t output_ceiling = 100'000;

std::vector<exchange> const& corpus() {
    static std::vector<exchange> const rows = [] {
        std::vector<exchange> read;
        std::ifstream file(AIAUDIT_SHARED_DIR "/corpus/exchanges.jsonl");
        for (std::string line; std::getline(file, line);) {
            exchange row = parse_exchange(line).value();
            auto const which = dialect_of(row.provider, row.path);
            bool const known =
                which && (*which == dialect::openai_chat || *which == dialect::openai_responses ||
                          *which == dialect::openai_embeddings ||
                          *which == dialect::anthropic_messages || *which == dialect::gemini);
            if (known) read.push_back(std::move(row));
        }
        return read;
    }();
    return rows;
}

bool corpus_is_here() {
    if (!corpus().empty()) return true;
    BOOST_TEST_MESSAGE("skipped: no corpus at " AIAUDIT_SHARED_DIR "/corpus/exchanges.jsonl");
    return false;
}

void check_order(usage const& known, usage_range const& range, std::string const& id) {
    for_each_count(known, [&](unit which, std::uint64_t count) {
        BOOST_TEST(range.lower.count(which) == count, id);
        BOOST_TEST(range.upper.count(which) >= count, id << ": " << name_of(which));
    });
    for (unit const which : {unit::input_tokens, unit::output_tokens}) {
        BOOST_TEST(range.lower.count(which) <= range.upper.count(which), id);
    }
}

void check_holds(usage const& in_the_end, usage_range const& range, std::string const& id,
                 std::string const& provider) {
    for (unit const which : {unit::input_tokens, unit::output_tokens}) {
        // Gemini takes back some of its input count.
        BOOST_TEST((provider == "google" || range.lower.count(which) <= in_the_end.count(which)),
                   id);
        BOOST_TEST(range.upper.count(which) >= in_the_end.count(which),
                   id << ": " << name_of(which));
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_was_reported_in_the_end_lies_within_the_bounds_of_a_call_without_answer) {
    if (!corpus_is_here()) return;
    std::size_t bounded = 0;
    std::uint64_t near = 0;  // pictures whose model has a most of its own
    std::map<std::string, std::size_t> unbounded;
    for (exchange const& row : corpus()) {
        reading const read = describe_exchange(row);
        if (read.problem) continue;
        auto const shape = shape_of(row.request);
        auto const most = shown_picture_tokens(vendor_of(row.provider), read.facts.model_served);
        usage_range const range =
            bounds_of({}, row.request, shape, read.facts.parameters, output_ceiling, 0, most);
        if (range.bounded && most < picture_tokens_max)
            near += shape.pictures + shape.distant_pictures;
        check_order({}, range, row.id);
        BOOST_TEST((range.upper.provenance_of(unit::input_tokens) == provenance::estimated));
        if (!range.bounded) {
            ++unbounded[row.provider];
            continue;
        }
        ++bounded;
        check_holds(read.facts.usage, range, row.id, row.provider);
    }
    std::string list;
    for (auto const& [provider, count] : unbounded) {
        list += " " + provider + " " + std::to_string(count);
    }
    BOOST_TEST_MESSAGE(bounded << " bounded and held, " << near << " pictures; no bound:" << list);
    BOOST_TEST(near > 0U);
    BOOST_TEST(bounded > 0);
}

BOOST_AUTO_TEST_CASE(what_no_bytes_bound_lies_within_the_model_s_context_for_each_of_its_runs) {
    if (!corpus_is_here()) return;
    price_book const book = builtin_book();
    price_lookup_cache cache;
    std::map<std::string, std::size_t> held;
    std::map<std::string, std::size_t> endless;
    for (exchange const& row : corpus()) {
        reading const read = describe_exchange(row);
        auto const shape = shape_of(row.request);
        if (read.problem || shape.bounded) continue;
        auto const context =
            book.limits(row.provider, read.facts.model_served, cache).context_tokens;
        auto const range =
            bounds_of({}, row.request, shape, read.facts.parameters, output_ceiling, context);
        std::string const what = shape.outside.substr(shape.outside.rfind(' ') + 1);
        ++(range.bounded ? held : endless)[what];
        if (range.bounded) check_holds(read.facts.usage, range, row.id, row.provider);
    }
    for (auto const& [what, count] : held) BOOST_TEST_MESSAGE("held: " << what << " " << count);
    for (auto const& [what, count] : endless)
        BOOST_TEST_MESSAGE("no bound: " << what << " " << count);
    BOOST_TEST(!held.empty());
}

BOOST_AUTO_TEST_CASE(no_recorded_request_is_refused_by_the_strict_reading) {
    if (!corpus_is_here()) return;
    std::size_t read = 0;
    for (exchange const& row : corpus()) {
        boost::system::error_code code;
        static_cast<void>(boost::json::parse(row.request, code));
        if (code) continue;
        auto const strict = read_strictly(row.request, dialect_of(row.provider, row.path).value());
        BOOST_TEST(strict.fault.empty(), row.id << ": " << strict.fault);
        BOOST_TEST(!strict.ambiguous, row.id);
        ++read;
    }
    BOOST_TEST(read > 0);
}

BOOST_AUTO_TEST_CASE(a_stream_cut_anywhere_ends_within_the_bounds_of_what_it_had_said) {
    if (!corpus_is_here()) return;
    std::size_t cuts = 0;
    for (exchange const& row : corpus()) {
        if (row.content_type.find("event-stream") == std::string::npos) continue;
        reading const whole = describe_exchange(row);
        if (whole.problem) continue;
        exchange cut = row;
        for (std::size_t at = row.response.size(); at > 0; --at) {
            if (row.response[at - 1] != '\n') continue;
            cut.response.resize(at);
            usage const known = describe_exchange(cut).facts.usage;
            usage_range const range =
                bounds_of(known, row.request, whole.facts.parameters, output_ceiling);
            check_order(known, range, row.id);
            if (range.bounded) check_holds(whole.facts.usage, range, row.id, row.provider);
            cuts += range.bounded ? 1 : 0;
        }
    }
    BOOST_TEST_MESSAGE(cuts << " cuts held");
    BOOST_TEST(cuts > 0);
}

BOOST_AUTO_TEST_SUITE_END()
