// SPDX-License-Identifier: MIT
#include <aiaudit/engine/log_keys.hpp>
#include <aiaudit/engine/part_table.hpp>
#include <aiaudit/engine/user_totals.hpp>
#include <aiaudit/retain.hpp>
#include <aiaudit/rollup/model_limit.hpp>
#include <aiaudit/storage/lmdb_store.hpp>
#include <aiaudit/verify.hpp>

#include "engine/support/ledger_testing.hpp"
#include "engine/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <map>
#include <random>

BOOST_AUTO_TEST_SUITE(ledger_names)

using namespace aiaudit;
using namespace aiaudit_tests;

namespace {

constexpr std::int64_t day_ns = 86'400'000'000'000;

// Calls of many users over some days, in their order, and what each user came to.
class many_calls {
public:
    many_calls(std::uint64_t users, std::int64_t days, std::uint64_t count)
        : users_(users), step_(days * day_ns / static_cast<std::int64_t>(count)) {}

    record next() {
        record entry;
        entry.user = "user" + std::to_string(random_() % users_);
        entry.provider = "openai";
        entry.model_requested = "gpt";
        entry.started_at = instant_;
        entry.cost = money::from_pico(static_cast<int128>(random_() % 1'000'000));
        instant_.ns += step_;
        sums[entry.user] += entry.cost;
        if (entry.started_at.ns < middle.ns) sums_before_middle[entry.user] += entry.cost;
        return entry;
    }
    template <class Ledger>
    void append(Ledger& to, std::uint64_t count) {
        for (; count > 0; --count)
            BOOST_REQUIRE(to.append(next(), durability::relaxed).has_value());
        BOOST_REQUIRE(to.flush().has_value());
    }

    std::map<std::string, money> sums{};
    timestamp const middle = timestamp::parse("2026-03-11").value();
    std::map<std::string, money> sums_before_middle{};

private:
    std::mt19937_64 random_{60};
    std::uint64_t users_;
    std::int64_t step_;
    timestamp instant_ = timestamp::parse("2026-03-01").value();
};

// Dearest first, then by name.
std::vector<std::pair<std::string, money>> dearest(std::map<std::string, money> const& sums) {
    std::vector<std::pair<std::string, money>> made(sums.begin(), sums.end());
    std::stable_sort(made.begin(), made.end(),
                     [](auto const& a, auto const& b) { return a.second > b.second; });
    return made;
}

template <class Ledger>
void require_users(Ledger& of, std::map<std::string, money> const& sums, report_query query = {}) {
    query.kind = report_kind::users;
    query.top = 50;
    query.offset = 20;
    auto const wanted = dearest(sums);
    report const made = of.report(query).value();
    BOOST_REQUIRE(made.row_count == wanted.size());
    BOOST_REQUIRE(made.rows.size() == 50U);
    for (std::size_t i = 0; i < 50; ++i) {
        BOOST_TEST(made.rows[i].names.user == wanted[i + 20].first);
        BOOST_TEST((made.rows[i].sum.cost == wanted[i + 20].second));
    }
    money all;
    for (auto const& each : wanted) all += each.second;
    BOOST_TEST((made.sum.cost == all));
}

std::string totals_in(lmdb_store const& store) {
    std::string found;
    store
        .read([&](auto const& view) -> result<void> {
            auto const value = view.get(table::meta, detail::meta_key::user_totals).value();
            if (value) found.assign(*value);
            return {};
        })
        .value();
    return found;
}
std::size_t pieces_in(lmdb_store const& store) {
    std::size_t count = 0;
    store
        .read([&](auto const& view) {
            return view.scan(table::snapshots, detail::user_totals_prefix,
                             [&](std::string_view, std::string_view) { return ++count > 0; });
        })
        .value();
    return count;
}
// There are totals, and no piece of others.
void require_one_list(lmdb_store const& store) {
    auto const totals = detail::user_totals_entry::parse(totals_in(store));
    BOOST_REQUIRE(totals.has_value());
    BOOST_TEST(totals->pieces == pieces_in(store));
}

}  // namespace

BOOST_AUTO_TEST_CASE(reports_of_many_users_are_exact_while_they_are_written_and_after) {
    temporary_directory const directory;
    ledger_options options{.path = directory / "ledger",
                           .rollup_memory_bytes = std::size_t{8} << 20,
                           .rollup_save_records = 10'000};
    many_calls calls(30'000, 20, 120'000);
    {
        auto ledger = basic_ledger<on_disk>::open(options).value();
        for (int i = 0; i < 3; ++i) {
            calls.append(ledger, 35'000);
            require_users(ledger, calls.sums);
        }
        require_one_list(ledger.store());
        civil_day const last = time_zone{}.day_of(calls.middle).plus(-1);
        require_users(ledger, calls.sums_before_middle, {.days = {day_range{}.first, last}});
        calls.append(ledger, 15'000);
        require_users(ledger, calls.sums);
        time_zone const far{"Test/Far_East", 50'400, {}};
        require_users(ledger, calls.sums, {.zone = far});
    }
    options.read_only = true;
    auto ledger = basic_ledger<on_disk>::open(options).value();
    require_users(ledger, calls.sums);
}

BOOST_AUTO_TEST_CASE(what_a_killed_writer_left_unsaved_is_counted_by_a_reader_in_little_memory) {
    temporary_directory const directory;
    // Nothing is saved, as by a program that was killed again and again.
    ledger_options options{.path = directory / "ledger", .rollup_save_records = 10'000'000};
    many_calls calls(30'000, 20, 100'000);
    auto writer = basic_ledger<on_disk>::open(options).value();
    calls.append(writer, 100'000);
    BOOST_TEST(totals_in(writer.store()).empty());
    temporary_directory const copies;
    std::filesystem::copy(directory / "ledger", copies / "ledger",
                          std::filesystem::copy_options::recursive);
    options.path = copies / "ledger";
    options.rollup_memory_bytes = std::size_t{4} << 20;
    for (bool const read_only : {true, false, true}) {
        options.read_only = read_only;
        auto ledger = basic_ledger<on_disk>::open(options).value();
        require_users(ledger, calls.sums);
        BOOST_TEST(ledger.report({.kind = report_kind::models}).value().sum.requests == 100'000U);
    }
}

BOOST_AUTO_TEST_CASE(totals_of_users_that_were_not_finished_are_erased) {
    temporary_directory const directory;
    ledger_options const options{.path = directory / "ledger", .rollup_save_records = 10'000};
    many_calls calls(30'000, 20, 200'000);
    auto ledger = basic_ledger<on_disk>::open(options).value();
    ledger.store()
        .write([](auto& view) {
            return view.insert(table::snapshots, detail::user_totals_key(17, 3), "left by a crash");
        })
        .value();
    calls.append(ledger, 100'000);
    require_users(ledger, calls.sums);
    require_one_list(ledger.store());
}

BOOST_AUTO_TEST_CASE(totals_of_users_go_with_their_segment_and_reports_stay) {
    temporary_directory const directory;
    ledger_options const options{.path = directory / "ledger", .rollup_save_records = 10'000};
    many_calls calls(30'000, 20, 200'000);
    auto ledger = basic_ledger<on_disk>::open(options).value();
    calls.append(ledger, 80'000);
    BOOST_REQUIRE(ledger.rotate().has_value());
    calls.append(ledger, 10'000);
    require_users(ledger, calls.sums);
    ledger.time().set(timestamp::parse("2026-12-01").value());
    auto const dropped = retain(ledger, {.bytes_max = 1});
    BOOST_REQUIRE(dropped.has_value());
    BOOST_TEST(dropped->size() == 1U);
    require_users(ledger, calls.sums);
    calls.append(ledger, 60'000);
    require_users(ledger, calls.sums);
    BOOST_TEST(!totals_in(ledger.store()).empty());
}

// Somebody who can write the file gives one user what another one spent, and makes all checksums
// and digests right.
BOOST_AUTO_TEST_CASE(totals_of_users_that_were_changed_with_all_checksums_are_found) {
    temporary_directory const directory;
    ledger_options const options{.path = directory / "ledger", .rollup_save_records = 10'000};
    many_calls calls(30'000, 20, 200'000);
    auto ledger = basic_ledger<on_disk>::open(options).value();
    calls.append(ledger, 100'000);
    BOOST_REQUIRE(ledger.save().has_value());
    auto const before = verify(ledger).value();
    BOOST_TEST(before.sound(), before.conclusion());
    std::string const dearest_before = std::string(
        ledger.report({.kind = report_kind::users, .top = 1}).value().rows[0].names.user);

    auto entry = detail::user_totals_entry::parse(totals_in(ledger.store())).value();
    std::string const key = detail::user_totals_key(entry.stand.size, 0);
    auto const changed = ledger.store().write([&](auto& view) -> result<void> {
        std::string const bytes(view.get(table::snapshots, key).value().value());
        auto const piece = detail::day_part::open(bytes).value();
        std::vector<std::string> users;
        for (std::string_view const user : piece.read_users().value()) users.emplace_back(user);
        std::vector<totals> sums;
        piece
            .read_sums(dimension::user,
                       [&](std::uint32_t, totals const& sum, auto const&) { sums.push_back(sum); })
            .value();
        sums[7].cost += money::from_pico(int128{1'000'000'000'000});
        sums[8].cost -= money::from_pico(int128{1'000'000'000'000});
        auto const forged = detail::write_user_sums(0, users, sums).value();
        if (auto ok = view.replace(table::snapshots, key, forged); !ok) return ok;
        entry.stand.content = detail::digest_of_pieces(view).value();
        return view.replace(table::meta, detail::meta_key::user_totals, entry.to_bytes());
    });
    BOOST_REQUIRE(changed.has_value());
    { auto closed = std::move(ledger); }
    ledger = basic_ledger<on_disk>::open(options).value();
    std::string const dearest_after = std::string(
        ledger.report({.kind = report_kind::users, .top = 1}).value().rows[0].names.user);
    BOOST_TEST(dearest_after != dearest_before);  // so it lies
    auto const after = verify(ledger).value();
    BOOST_REQUIRE(!after.sound());
    BOOST_TEST(after.findings.front().find("totals of users") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_log_with_invented_models_is_verified) {
    temporary_directory const directory;
    ledger_options const options{.path = directory / "ledger", .rollup_save_records = 500};
    auto ledger = basic_ledger<on_disk>::open(options).value();
    for (int i = 0; i < 3'000; ++i) {
        record entry = sample(i);
        entry.started_at = timestamp::parse("2026-03-01T12:00:00Z").value();
        entry.key_id = i % 3 == 0 ? "busy" : "calm";
        entry.model_requested = "model" + std::to_string(i % 3 == 2 ? i % 7 : i);
        BOOST_REQUIRE(ledger.append(entry, durability::relaxed).has_value());
    }
    BOOST_REQUIRE(ledger.save().has_value());
    report const models = ledger.report({.kind = report_kind::models}).value();
    BOOST_TEST(models.sum.requests == 3'000U);
    bool const has_other = std::any_of(models.rows.begin(), models.rows.end(), [](auto const& row) {
        return row.names.model == other_models;
    });
    BOOST_TEST(has_other);
    auto const found = verify(ledger).value();
    BOOST_TEST(found.sound(), found.conclusion());
    BOOST_TEST(found.unvouched.empty());
}

BOOST_AUTO_TEST_SUITE_END()
