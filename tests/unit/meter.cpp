// SPDX-License-Identifier: MIT
//
// What a response counts, and what it says that nobody reads: one hand-made exchange for each kind
// of answer that was once priced wrong without a word, in tests/fixtures/exchanges/meter.jsonl.
#include "support/exchange_fixtures.hpp"

#include <aiaudit/providers/reader.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(meter)

namespace {

using namespace aiaudit;
using aiaudit::detail::at_path;
using aiaudit::detail::text_at;

using meter_row = aiaudit_tests::exchange_fixture;

std::vector<meter_row> const& rows() {
    static auto const all = aiaudit_tests::read_exchange_fixtures("meter.jsonl");
    BOOST_REQUIRE(all.size() > 70);
    return all;
}

void check_usage(meter_row const& row, usage const& counts) {
    auto const* expected = at_path(&row.expected, "usage");
    if (expected == nullptr) return;
    for (auto const& pair : expected->as_object()) {
        auto const kind = unit_named(std::string(pair.key())).value();
        auto const count = pair.value().to_number<std::uint64_t>();
        BOOST_TEST(counts.count(kind) == count,
                   row.input.id << ": " << name_of(kind) << " is " << counts.count(kind));
    }
}

void check_text(meter_row const& row, char const* name, std::string const& got) {
    if (at_path(&row.expected, name) == nullptr) return;
    BOOST_TEST(got == std::string(text_at(&row.expected, name)),
               row.input.id << ": " << name << " is '" << got << "'");
}

void check_flag(meter_row const& row, char const* name, bool got) {
    auto const* expected = at_path(&row.expected, name);
    if (expected == nullptr) return;
    BOOST_TEST(got == expected->as_bool(), row.input.id << ": " << name << " is " << got);
}

std::string shown(std::optional<money> const& amount) {
    return amount ? amount->to_string() : std::string{};
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_kind_of_answer_is_read_or_refused) {
    for (meter_row const& row : rows()) {
        reading const read = describe_exchange(row.input);
        std::string const problem = read.problem ? std::string(name_of(read.problem->code)) : "";
        BOOST_TEST(problem == std::string(text_at(&row.expected, "problem")),
                   row.input.id << ": " << (read.problem ? read.problem->message() : "no problem"));
        if (read.problem) continue;
        check_usage(row, read.facts.usage);
        check_text(row, "unread", read.facts.unread);
        check_text(row, "region", read.facts.region);
        check_text(row, "provider_cost", shown(read.facts.provider_cost));
        check_text(row, "upstream_cost", shown(read.facts.upstream_cost));
        check_flag(row, "missing", read.facts.usage_missing);
        check_flag(row, "complete", read.facts.complete);
    }
}

BOOST_AUTO_TEST_CASE(a_thousand_fields_of_tomorrow_are_named_within_a_bound) {
    std::string fields;
    for (int i = 0; i < 1000; ++i) fields += ",\"new_count_" + std::to_string(i) + "\":1";
    exchange input;
    input.provider = "openai";
    input.path = "/v1/chat/completions";
    input.status = 200;
    input.content_type = "application/json";
    input.response = R"({"model":"gpt-4.1","choices":[{"message":{"content":"hi"}}],)"
                     R"("usage":{"prompt_tokens":1,"completion_tokens":1)" +
                     fields + "}}";
    auto const read = describe_exchange(input);
    BOOST_TEST(!read.problem);
    BOOST_TEST(read.facts.unread.size() <= 256u);
    BOOST_TEST(read.facts.unread.starts_with("new_count_0 new_count_1 "));
    BOOST_TEST(read.facts.unread.ends_with(" ..."));
}

BOOST_AUTO_TEST_CASE(names_of_fields_are_kept_without_what_could_be_more_than_a_name) {
    exchange input;
    input.provider = "openai";
    input.path = "/v1/chat/completions";
    input.status = 200;
    input.content_type = "application/json";
    input.response = R"({"model":"gpt-4.1","choices":[],"usage":{"prompt_tokens":1,)"
                     R"("completion_tokens":1,"a<b>\n\"c":2}})";
    BOOST_TEST(describe_exchange(input).facts.unread == "a_b___c");
}

BOOST_AUTO_TEST_SUITE_END()
