// SPDX-License-Identifier: MIT
#include "rollup_support.hpp"

BOOST_AUTO_TEST_SUITE(rollup_day_part)

using namespace aiaudit;
using namespace rollup_support;

namespace {

// Parts by day of UTC of some records.
std::map<civil_day, std::vector<std::string>> parts_of(std::vector<record> const& entries) {
    rollup fold;
    part_store store;
    for (record const& entry : entries) fold.apply(entry);
    store.save(fold);
    return store.parts;
}

// Reads all there is; false where something of it is corrupt.
bool reads(std::string_view bytes) {
    std::string const copy(bytes);  // so that a sanitizer sees a read past its end
    auto const part = detail::day_part::open(copy);
    if (!part) return false;
    auto const users = part->read_users();
    if (!users || !part->read_names() || !part->read_profiles()) return false;
    for (std::uint32_t user = 0; user < users->size(); ++user) {
        if (!part->read_cells(user, [](std::uint32_t, std::uint32_t, cell const&) {})) return false;
    }
    for (std::size_t i = 0; i < dimension_count; ++i) {
        auto const read =
            part->read_sums(static_cast<dimension>(i),
                            [](std::uint32_t, totals const&, latency_histogram const&) {});
        if (!read) return false;
    }
    return true;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_cut_part_is_corrupt_wherever_it_is_cut) {
    auto const parts = parts_of(random_records(120, 40));
    std::string const& part = parts.begin()->second.front();
    BOOST_REQUIRE(reads(part));
    for (std::size_t size = 0; size < part.size(); ++size)
        BOOST_REQUIRE(!reads(std::string_view(part).substr(0, size)));
    BOOST_TEST(!reads(part + '\0'));
}

BOOST_AUTO_TEST_CASE(a_part_with_any_bit_turned_is_corrupt) {
    auto const parts = parts_of(random_records(120, 41));
    std::string part = parts.begin()->second.front();
    // The zeros at its end are room to read over, not data.
    std::size_t const size = part.size() - detail::day_part_format::padding;
    for (std::size_t bit = 0; bit < size * 8; ++bit) {
        part[bit / 8] = static_cast<char>(part[bit / 8] ^ (1 << (bit % 8)));
        BOOST_REQUIRE_MESSAGE(!reads(part), "bit " << bit);
        part[bit / 8] = static_cast<char>(part[bit / 8] ^ (1 << (bit % 8)));
    }
}

BOOST_AUTO_TEST_CASE(a_newer_version_is_not_read) {
    auto const parts = parts_of(random_records(10, 42));
    std::string part = parts.begin()->second.front();
    part[3] = static_cast<char>(detail::day_part_format::version + 1);
    BOOST_TEST((detail::day_part::open(part).error().code == errc::newer_format));
}

BOOST_AUTO_TEST_CASE(parts_merge_in_any_order_to_the_sums_of_all) {
    auto const entries = random_records(3000, 43);
    part_store store;
    rollup fold;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        fold.apply(entries[i]);
        if (i % 300 == 299) store.save(fold);
    }
    for (auto& each : store.parts)
        std::shuffle(each.second.begin(), each.second.end(), std::mt19937_64{44});
    store.merge();
    rollup again;
    again.add_days(store.days());
    require_all_same(again, store, entries);
}

BOOST_AUTO_TEST_CASE(parts_of_several_days_do_not_merge) {
    auto const parts = parts_of(random_records(50, 45));
    std::vector<std::string_view> const two{parts.begin()->second.front(),
                                            std::next(parts.begin())->second.front()};
    BOOST_TEST((merge_day_parts(two).error().code == errc::bad_argument));
    BOOST_TEST((merge_day_parts({}).error().code == errc::bad_argument));
}

BOOST_AUTO_TEST_CASE(the_usual_attempt_takes_at_most_twenty_bytes) {
    std::mt19937_64 random(46);
    rollup fold;
    part_store store;
    for (int i = 0; i < 20'000; ++i) {
        record entry;
        entry.user = "user" + std::to_string(random() % 100);
        entry.provider = "openai";
        entry.model_requested = "model" + std::to_string(random() % 5);
        entry.started_at.ns = static_cast<std::int64_t>(random() % 86'400'000'000'000ULL);
        entry.http_status = 200;
        entry.cost_status = cost_status::priced;
        std::uint64_t const input = random() % 8000;
        std::uint64_t const output = random() % 1000;
        entry.usage.set(unit::input_tokens, input);
        entry.usage.set(unit::output_tokens, output);
        entry.cost = money::from_pico(static_cast<int128>(input * 150'000 + output * 600'000));
        entry.duration_ns = 200'000'000 + random() % 30'000'000'000;
        fold.apply(entry);
    }
    store.save(fold);
    BOOST_TEST(store.parts.begin()->second.front().size() <= 20U * 20'000U);
}

BOOST_AUTO_TEST_CASE(costs_of_any_size_and_sign_come_back) {
    std::vector<record> entries;
    for (int bits = 0; bits < 120; ++bits) {
        for (int128 const sign : {1, -1}) {
            record entry;
            entry.user = std::to_string(bits % 10);
            entry.started_at = timestamp::from_seconds(1000 + bits);
            entry.cost = money::from_pico(sign * ((int128{1} << bits) + bits % 3));
            if (bits % 2 == 0) entry.cost = money::from_pico(sign * (int128{1} << bits) / 4 * 1000);
            entries.push_back(entry);
        }
    }
    part_store store;
    rollup fold;
    for (record const& entry : entries) fold.apply(entry);
    store.save(fold);
    rollup again;
    again.add_days(store.days());
    require_all_same(again, store, entries);
}

BOOST_AUTO_TEST_SUITE_END()
