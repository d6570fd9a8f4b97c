// SPDX-License-Identifier: MIT
//
// ledger_testing.hpp: what the tests of the ledger share: records that can be told apart, and a
// recount of a log.
#ifndef AIAUDIT_TESTS_ENGINE_SUPPORT_LEDGER_TESTING_HPP
#define AIAUDIT_TESTS_ENGINE_SUPPORT_LEDGER_TESTING_HPP

#include <aiaudit/ledger.hpp>
#include <aiaudit/storage/memory_store.hpp>

#include <boost/test/unit_test.hpp>

namespace aiaudit_tests {

using namespace aiaudit;

struct in_memory : default_policies {
    using storage = memory_store;
    using clock = manual_clock;
};

struct on_disk : default_policies {
    using clock = manual_clock;
};

}  // namespace aiaudit_tests

// Compiled once, by tests/engine/main.cpp.
extern template class aiaudit::basic_ledger<aiaudit_tests::in_memory>;
extern template class aiaudit::basic_ledger<aiaudit_tests::on_disk>;

namespace aiaudit_tests {

[[nodiscard]] inline record sample(int number) {
    record entry;
    entry.user = "user" + std::to_string(number % 3);
    entry.provider = "openai";
    entry.model_requested = number % 2 == 0 ? "gpt-4.1" : "gpt-4.1-mini";
    entry.started_at = timestamp::from_seconds(1'790'000'000 + number * 60);
    entry.usage.set(unit::input_tokens, static_cast<std::uint64_t>(100 + number));
    entry.cost_status = cost_status::priced;
    entry.cost = money::from_pico(1'000'000 + number);
    entry.http_status = 200;
    return entry;
}

// The daily totals as the records themselves say, and that their sequences are dense.
template <class Ledger>
[[nodiscard]] totals recount(Ledger const& from, std::uint64_t first = 1) {
    totals sum;
    std::uint64_t next = first;
    auto const read = from.read(sequence{first}, [&](sequence number, record&& entry) {
        BOOST_TEST(value_of(number) == next++);
        if (entry.kind == record_kind::outcome) sum.add(totals::of(entry));
        return true;
    });
    BOOST_REQUIRE(read.has_value());
    return sum;
}

template <class Ledger>
void append_samples(Ledger& to, int first, int count) {
    for (int i = first; i < first + count; ++i)
        BOOST_REQUIRE(to.append(sample(i), durability::relaxed).has_value());
    BOOST_REQUIRE(to.flush().has_value());
}

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_ENGINE_SUPPORT_LEDGER_TESTING_HPP
