// SPDX-License-Identifier: MIT
//
// ledger_folds.cpp: what is saved beside the records is held to them: when a ledger is opened, when
// it is verified, and before records are dropped.
#include <aiaudit/engine/log_keys.hpp>
#include <aiaudit/engine/log_reader.hpp>
#include <aiaudit/export/report_text.hpp>
#include <aiaudit/retain.hpp>
#include <aiaudit/storage/lmdb_store.hpp>
#include <aiaudit/verify.hpp>

#include "engine/support/ledger_testing.hpp"
#include "engine/support/raw_segment.hpp"
#include "engine/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>

BOOST_AUTO_TEST_SUITE(ledger_folds)

using namespace aiaudit;
using namespace aiaudit_tests;
namespace fs = std::filesystem;

namespace {

using disk_ledger = basic_ledger<on_disk>;
constexpr std::int64_t day = 86'400;

struct stand {
    temporary_directory directory{};
    std::string path = directory / "ledger";

    ledger_options options() const {
        return {.path = path, .batch_records_max = 10, .rollup_save_records = 50};
    }
    disk_ledger open() const { return disk_ledger::open(options()).value(); }
    raw_segment raw(std::string const& segment) const {
        return raw_segment(path + "/segments/" + segment);
    }
};

// `segments` of 120 calls each, and 30 more; another one's users are others'. `saves`: before each
// segment ends; else its rollups are saved when the folding thread comes to it.
void fill(std::string const& path, int segments, int shift = 0, bool saves = true) {
    auto ledger =
        disk_ledger::open({.path = path, .batch_records_max = 10, .rollup_save_records = 50})
            .value();
    ledger.time().set(sample(0).started_at);
    for (int i = 0; i < segments * 120 + 30; ++i) {
        record entry = sample(i);
        entry.user = "user" + std::to_string((i + shift) % 3);
        BOOST_REQUIRE(ledger.append(entry, durability::relaxed).has_value());
        if (i % 120 != 119) continue;
        if (saves) BOOST_REQUIRE(ledger.save().has_value());
        BOOST_REQUIRE(ledger.rotate().has_value());
    }
    BOOST_REQUIRE(ledger.save().has_value());
}

std::string users_of(disk_ledger& of) {
    return to_text(of.report({.kind = report_kind::users}).value(), text_format::csv);
}

bool mentions(verification const& found, std::string_view text) {
    for (std::string const& each : found.findings)
        if (each.find(text) != std::string::npos) return true;
    return false;
}

void put_all(raw_segment& to, raw_segment::entries const& parts) {
    for (auto const& [key, value] : to.read(table::snapshots))
        to.write(table::snapshots, key, std::nullopt);
    for (auto const& [key, value] : parts) to.write(table::snapshots, key, value);
}

}  // namespace

BOOST_AUTO_TEST_CASE(no_part_has_records_of_two_segments) {
    stand const of;
    fill(of.path, 3, 0, false);
    for (auto const& entry : fs::directory_iterator(of.path + "/segments")) {
        if (!entry.is_directory()) continue;
        for (auto const& [key, value] : raw_segment(entry.path()).read(table::snapshots)) {
            auto const part = detail::part_key::parse(key);
            BOOST_REQUIRE(part.has_value());
            BOOST_TEST(part->after / 120 == (part->through - 1) / 120);
        }
    }
    auto ledger = of.open();
    auto const found = verify(ledger).value();
    BOOST_TEST(found.sound(), found.conclusion());
    BOOST_TEST(found.unvouched.empty());
}

BOOST_AUTO_TEST_CASE(parts_of_another_log_are_folded_anew_with_a_notice_and_once) {
    stand const of;
    fill(of.path, 2);
    stand const twin;
    fill(twin.path, 2, 1);
    auto const wanted = [&] {
        auto ledger = of.open();
        return users_of(ledger);
    }();
    for (std::string const segment : {"00000002", "00000003"}) {
        auto const parts = twin.raw(segment).read(table::snapshots);
        BOOST_REQUIRE(!parts.empty());
        {
            auto raw = of.raw(segment);
            put_all(raw, parts);
        }
        {
            auto reader = disk_ledger::open({.path = of.path, .read_only = true}).value();
            BOOST_TEST(reader.notices().size() == 1U);
            BOOST_TEST(users_of(reader) == wanted);
        }
        {
            auto ledger = of.open();
            BOOST_TEST(ledger.notices().size() == 1U);
            BOOST_TEST(users_of(ledger) == wanted);
            BOOST_REQUIRE(ledger.save().has_value());
            BOOST_TEST(users_of(ledger) == wanted);
        }
        auto ledger = of.open();
        BOOST_TEST(ledger.notices().empty());
        BOOST_TEST(users_of(ledger) == wanted);
        auto const found = verify(ledger).value();
        BOOST_TEST(found.sound(), found.conclusion());
        BOOST_REQUIRE(ledger.rotate().has_value());
    }
    // What does not count any more does not come back when its segment is dropped.
    auto ledger = of.open();
    ledger.time().set(timestamp::from_seconds(sample(0).started_at.seconds() + 90 * day));
    retention_policy const policy{.age_max = std::chrono::seconds(day), .segments_max = 3};
    BOOST_TEST(retain(ledger, policy).value().size() == 3U);
    BOOST_TEST(users_of(ledger) == wanted);
    auto const found = verify(ledger).value();
    BOOST_TEST(found.sound(), found.conclusion());
}

BOOST_AUTO_TEST_CASE(parts_whose_stand_was_written_too_are_found_by_a_verification_and_made_anew) {
    stand const of;
    fill(of.path, 0);
    stand const twin;
    fill(twin.path, 0, 1);
    std::string wanted;
    {
        auto ledger = of.open();
        wanted = users_of(ledger);
    }
    {
        auto raw = of.raw("00000001");
        auto other = twin.raw("00000001");
        put_all(raw, other.read(table::snapshots));
        // Who can write the files can write what is told of them; here, as an older version.
        raw.write(table::meta, "parts", std::nullopt);
    }
    {
        auto ledger = of.open();
        BOOST_TEST(users_of(ledger) != wanted);
        auto const found = verify(ledger).value();
        BOOST_TEST(found.saved_differs);
        BOOST_TEST(mentions(found, "the sums by user are not those of the records"));
    }
    auto options = of.options();
    options.fold_anew = true;
    auto ledger = disk_ledger::open(options).value();
    BOOST_REQUIRE(ledger.save().has_value());
    BOOST_TEST(users_of(ledger) == wanted);
    BOOST_TEST(verify(ledger).value().sound());
}

BOOST_AUTO_TEST_CASE(retention_refuses_to_vouch_for_what_is_not_of_the_records) {
    stand const of;
    fill(of.path, 3);
    retention_policy const policy{.age_max = std::chrono::seconds(day), .segments_max = 1};
    auto const retain_now = [&] {
        auto ledger = of.open();
        ledger.time().set(timestamp::from_seconds(sample(0).started_at.seconds() + 90 * day));
        return retain(ledger, policy);
    };
    auto const with_part_gone = [&](std::string const& segment) {
        fs::copy(of.path, of.directory / "kept", fs::copy_options::recursive);
        auto raw = of.raw(segment);
        raw.write(table::snapshots, raw.read(table::snapshots).begin()->first, std::nullopt);
        raw.write(table::meta, "parts", std::nullopt);
    };
    auto const put_back = [&] {
        fs::remove_all(of.path);
        fs::rename(of.directory / "kept", of.path);
    };
    with_part_gone("00000001");
    auto const refused = retain_now();
    BOOST_REQUIRE(!refused.has_value());
    BOOST_TEST((refused.error().code == errc::corrupt));
    BOOST_TEST(refused.error().message().find("nothing is dropped") != std::string::npos);
    put_back();
    BOOST_TEST(retain_now().value().size() == 1U);
    // What was kept of it is changed.
    with_part_gone("history");
    BOOST_TEST(!retain_now().has_value());
    {
        auto ledger = of.open();
        BOOST_TEST(mentions(verify(ledger).value(), "which were dropped, are not those"));
    }
    put_back();
    BOOST_TEST(retain_now().value().size() == 1U);
    auto ledger = of.open();
    auto const found = verify(ledger).value();
    BOOST_TEST(found.sound(), found.conclusion());
    BOOST_TEST(found.unvouched.empty());
}

BOOST_AUTO_TEST_CASE(a_ledger_of_an_older_version_opens_without_a_word_and_its_gaps_are_named) {
    stand const of;
    fill(of.path, 2);
    {
        auto ledger = of.open();
        ledger.time().set(timestamp::from_seconds(sample(0).started_at.seconds() + 90 * day));
        retention_policy const policy{.age_max = std::chrono::seconds(day), .segments_max = 1};
        BOOST_TEST(retain(ledger, policy).value().size() == 1U);
    }
    std::string wanted;
    {
        auto ledger = of.open();
        wanted = users_of(ledger);
    }
    for (auto const& entry : fs::directory_iterator(of.path + "/segments")) {
        if (!entry.is_directory()) continue;
        raw_segment raw(entry.path());
        for (std::string const key : {"parts", "gate", "gate_stand", "gate_base", "vouched"})
            raw.write(table::meta, key, std::nullopt);
    }
    {
        auto ledger = disk_ledger::open({.path = of.path, .read_only = true}).value();
        BOOST_TEST(ledger.notices().empty());
        BOOST_TEST(users_of(ledger) == wanted);
    }
    // The record of retention is a newer one here: it says that there was a gate.
    auto const opened = disk_ledger::open(of.options());
    BOOST_REQUIRE(!opened.has_value());
    BOOST_TEST((opened.error().code == errc::corrupt));
}

BOOST_AUTO_TEST_CASE(a_saved_gate_that_was_removed_is_found_by_a_verification_and_made_anew) {
    stand const of;
    budget all;
    all.name = "all";
    all.limit = int128{1'000} * 1'000'000'000'000;
    all.window.period = budget_period::total;
    {
        auto ledger = of.open();
        ledger.time().set(sample(0).started_at);
        BOOST_REQUIRE(ledger.set_budget(all).has_value());
    }
    fill(of.path, 0);
    auto const spent = [&of] {
        auto ledger =
            disk_ledger::open({.path = of.path, .create = false, .read_only = true}).value();
        return ledger.budget_states().value().at(0).spent;
    };
    auto const wanted = spent();
    BOOST_TEST((wanted > 0));
    of.raw("00000001").write(table::meta, "gate", std::nullopt);
    {
        auto ledger =
            disk_ledger::open({.path = of.path, .create = false, .read_only = true}).value();
        auto const found = verify(ledger).value();
        BOOST_TEST(!found.sound());
        BOOST_TEST(mentions(found, "was saved, and is gone"));
    }
    BOOST_TEST((spent() == wanted));
    {
        auto ledger = of.open();
        BOOST_REQUIRE(ledger.save().has_value());
        BOOST_TEST(verify(ledger).value().sound());
    }
}

BOOST_AUTO_TEST_CASE(what_is_only_read_after_a_checkpoint_leaves_the_rest_named) {
    stand const of;
    fill(of.path, 4);
    auto ledger = of.open();
    auto const signer = note_signing_key::generate("example.com/audit").value();
    auto const text =
        sign_checkpoint(checkpoint_of(ledger, "example.com/audit").value(), signer).value();
    auto const anchor = open_checkpoint(text, signer.verification_key()).value();
    auto const found = verify(ledger, {.anchor = anchor, .only_after_anchor = true}).value();
    BOOST_TEST(found.sound(), found.conclusion());
    BOOST_TEST(found.unvouched.size() == 2U);
    BOOST_TEST(found.conclusion().find("not vouched for") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
