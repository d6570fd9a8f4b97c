// SPDX-License-Identifier: MIT
//
// tlog_tiles.cpp: a ledger as auditors read it: its tiles, its records, its checkpoint, and what is
// refused.
#include "engine/support/ledger_testing.hpp"
#include "engine/support/temporary_directory.hpp"

#include <aiaudit/audit/auditor.hpp>
#include <aiaudit/audit/witness.hpp>
#include <aiaudit/codec/record_codec.hpp>
#include <aiaudit/gateway/audit_site.hpp>
#include <aiaudit/gateway/site_server.hpp>
#include <aiaudit/gateway/tlog_site.hpp>
#include <aiaudit/impl/basic_ledger.tpp>
#include <aiaudit/impl/retain.tpp>
#include <aiaudit/retain.hpp>
#include <aiaudit/storage/lmdb_store.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(tlog_tiles)

namespace {

using namespace aiaudit;
using namespace aiaudit_tests;

std::string const token = "an-auditors-token-0123456789";

note_signing_key log_key() { return note_signing_key::generate("example.com/node1").value(); }

tlog_options options_with_token() {
    tlog_options made;
    made.token = token;
    made.between = std::chrono::milliseconds(5);
    return made;
}

gateway_response get(tlog_site const& from, std::string const& path, bool with_token = false) {
    gateway_request request{"GET", "/tlog/" + path, {}, {}, "127.0.0.1"};
    if (with_token) request.headers.emplace_back("Authorization", "Bearer " + token);
    return from.answer(request);
}

template <class Ledger>
std::vector<std::string> records_of(Ledger const& from) {
    std::vector<std::string> records;
    auto const read = from.read(sequence{1}, [&](sequence, record&& entry) {
        records.push_back(encode_record(entry));
        return true;
    });
    BOOST_REQUIRE(read.has_value());
    return records;
}

std::string hashes(std::vector<std::string> const& records, std::size_t begin, std::size_t count) {
    std::string bytes;
    for (std::size_t i = begin; i < begin + count; ++i)
        bytes += detail::view_of(leaf_hash(records.at(i)).bytes);
    return bytes;
}

// Waits for the publisher's thread, which nothing else tells of.
template <class Condition>
bool comes_true(Condition holds) {
    for (int i = 0; i < 4'000; ++i) {
        if (holds()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
}

}  // namespace

BOOST_AUTO_TEST_CASE(tiles_are_the_hashes_of_the_records) {
    auto log = basic_ledger<in_memory>::open({}).value();
    append_samples(log, 0, 700);
    auto const records = records_of(log);
    auto const site = tlog_site::open(log, log_key(), options_with_token()).value();
    auto const full = get(site, "tile/0/001");
    BOOST_TEST(full.status == 200);
    BOOST_TEST(full.body == hashes(records, 256, 256));
    BOOST_TEST(header_of(full.headers, "content-type") == "application/octet-stream");
    BOOST_TEST(header_of(full.headers, "cache-control") == "public, max-age=31536000, immutable");
    for (unsigned const width : {1U, 17U, 188U})
        BOOST_TEST(get(site, "tile/0/002.p/" + std::to_string(width)).body ==
                   hashes(records, 512, width));
    // A partial tile that has become full is there still.
    BOOST_TEST(get(site, "tile/0/000.p/255").body == hashes(records, 0, 255));
    std::string upper;
    for (std::size_t group = 0; group < 2; ++group) {
        compact_range range;
        for (std::size_t i = 0; i < 256; ++i) range.append(leaf_hash(records[group * 256 + i]));
        upper += detail::view_of(range.root().bytes);
    }
    BOOST_TEST(get(site, "tile/1/000.p/2").body == upper);
    for (char const* const none : {"tile/0/002", "tile/0/002.p/189", "tile/0/003.p/1", "tile/1/000",
                                   "tile/1/000.p/3", "tile/2/000.p/1", "tile/0/0", "tile", "",
                                   "tile/0/x000/001", "checkpoint/", "../checkpoint"})
        BOOST_TEST(get(site, none).status == 404, none);
}

BOOST_AUTO_TEST_CASE(the_checkpoint_is_signed_and_follows_the_log) {
    auto log = basic_ledger<in_memory>::open({}).value();
    auto key = log_key();
    trusted_log const trusted{key.verification_key()};
    auto const site = tlog_site::open(log, std::move(key), options_with_token()).value();
    auto const shown = [&] { return get(site, "checkpoint"); };
    BOOST_TEST(header_of(shown().headers, "content-type") == "text/plain; charset=utf-8");
    BOOST_TEST(header_of(shown().headers, "cache-control") == "no-cache");
    BOOST_TEST(open_checkpoint(shown().body, trusted).value().size() == 0U);
    append_samples(log, 0, 300);
    BOOST_TEST(
        comes_true([&] { return open_checkpoint(shown().body, trusted).value().size() == 300U; }));
    BOOST_TEST(
        (open_checkpoint(shown().body, trusted).value().root() == log.log().tree().value().root()));
    gateway_request post{"POST", "/tlog/checkpoint", {}, "x", "127.0.0.1"};
    BOOST_TEST(site.answer(post).status == 405);
    gateway_request outside{"GET", "/checkpoint", {}, {}, "127.0.0.1"};
    BOOST_TEST(site.answer(outside).status == 404);
    outside.target = "/tlogcheckpoint";
    BOOST_TEST(site.answer(outside).status == 404);
}

BOOST_AUTO_TEST_CASE(records_are_for_who_has_the_token) {
    auto log = basic_ledger<in_memory>::open({}).value();
    append_samples(log, 0, 300);
    auto const records = records_of(log);
    auto const site = tlog_site::open(log, log_key(), options_with_token()).value();
    BOOST_TEST(get(site, "tile/entries/000").status == 401);
    gateway_request wrong{"GET", "/tlog/tile/entries/000", {}, {}, "127.0.0.1"};
    wrong.headers.emplace_back("Authorization", "Bearer not-the-token-of-it");
    BOOST_TEST(site.answer(wrong).status == 403);
    auto const bundle = get(site, "tile/entries/001.p/44", true);
    BOOST_TEST(bundle.status == 200);
    BOOST_TEST(header_of(bundle.headers, "cache-control") ==
               "private, max-age=31536000, immutable");
    auto const entries = split_entries(bundle.body, 44).value();
    for (std::size_t i = 0; i < entries.size(); ++i) BOOST_TEST(entries[i] == records[256 + i]);
    BOOST_TEST(get(site, "tile/entries/001", true).status == 404);
    auto const closed = tlog_site::open(log, log_key(), {}).value();
    BOOST_TEST(get(closed, "tile/entries/000", true).status == 403);
    tlog_options weak;
    weak.token = "short";
    BOOST_TEST((tlog_site::open(log, log_key(), weak).error().code == errc::bad_argument));
}

BOOST_AUTO_TEST_CASE(hashes_of_dropped_records_stay_and_the_records_are_told_as_gone) {
    temporary_directory const directory;
    auto log = basic_ledger<on_disk>::open({.path = directory / "ledger", .batch_records_max = 50})
                   .value();
    timestamp const start = sample(0).started_at;
    log.time().set(start);
    for (int part = 0; part < 4; ++part) {
        append_samples(log, part * 150, 150);
        BOOST_REQUIRE(log.rotate().has_value());
    }
    auto const records = records_of(log);
    log.time().set(timestamp::from_seconds(start.seconds() + 20 * 86'400));
    BOOST_REQUIRE(
        retain(log, {.age_max = std::chrono::seconds(86'400), .segments_max = 2}).value().size() ==
        2U);
    auto const site = tlog_site::open(log, log_key(), options_with_token()).value();
    BOOST_TEST(get(site, "tile/0/000").body == hashes(records, 0, 256));
    BOOST_TEST(get(site, "tile/0/001").body == hashes(records, 256, 256));
    auto const gone = get(site, "tile/entries/000", true);
    BOOST_TEST(gone.status == 410);
    BOOST_TEST(gone.body.find("records 1 to 256 were dropped") != std::string::npos, gone.body);
    auto const half = get(site, "tile/entries/001", true);
    BOOST_TEST(half.status == 410);
    BOOST_TEST(half.body.find("records 257 to 300 were dropped") != std::string::npos, half.body);
    BOOST_TEST(get(site, "tile/entries/002.p/88", true).status == 200);
}

BOOST_AUTO_TEST_CASE(a_ledger_that_does_not_continue_what_was_signed_signs_nothing) {
    temporary_directory const directory;
    std::string const file = directory / "signed";
    auto const secret = log_key().to_secret_string();
    auto const open = [&](auto& log) {
        tlog_options with;
        with.signed_file = file;
        with.between = std::chrono::milliseconds(5);
        return tlog_site::open(log, note_signing_key::parse(secret).value(), with);
    };
    {
        auto log = basic_ledger<in_memory>::open({}).value();
        append_samples(log, 0, 20);
        BOOST_TEST(open(log).has_value());
        append_samples(log, 20, 5);
        BOOST_TEST(open(log).has_value());
    }
    auto shorter = basic_ledger<in_memory>::open({}).value();
    append_samples(shorter, 0, 24);
    auto const back = open(shorter);
    BOOST_REQUIRE(!back);
    BOOST_TEST((back.error().code == errc::verification_failed));
    append_samples(shorter, 24, 30);
    BOOST_TEST(open(shorter).has_value());  // the same records came back
    auto other = basic_ledger<in_memory>::open({}).value();
    append_samples(other, 1, 80);
    BOOST_TEST((open(other).error().code == errc::verification_failed));
    auto const renamed =
        tlog_site::open(other, note_signing_key::generate("example.com/node1-again").value(), [&] {
            tlog_options with;
            with.signed_file = file;
            return with;
        }());
    BOOST_TEST(renamed.has_value());
}

BOOST_AUTO_TEST_CASE(an_auditor_copies_records_and_holds_each_to_its_leaf) {
    temporary_directory const directory;
    auto log = basic_ledger<in_memory>::open({}).value();
    append_samples(log, 0, 300);
    auto key = log_key();
    auto const policy = log_policy::parse("log " + key.verification_key().to_string() +
                                          " http://log\nquorum none\n")
                            .value();
    auto const site = tlog_site::open(log, std::move(key), options_with_token()).value();
    bool lies = false;
    auditor_options with;
    with.copies_records = true;
    with.source = [&](std::string_view) -> result<log_source> {
        return log_source{"site", [&](std::string const& path, std::size_t) -> result<std::string> {
                              auto told = get(site, path, true);
                              if (told.status != 200) return fail(errc::not_found, path);
                              if (lies && path.starts_with("tile/entries/"))
                                  told.body[20] = static_cast<char>(told.body[20] ^ 1);
                              return std::move(told.body);
                          }};
    };
    auto audit =
        auditor::open(policy, audit_directory::open(directory / "audit").value(), with).value();
    auto const first = audit.look("example.com/node1");
    for (auto const& each : first.findings) BOOST_TEST(false, each.text);
    log_mirror const& mirror = *audit.mirror("example.com/node1").value();
    auto const from = directory_log_source(mirror.directory());
    for (char const* const path : {"tile/entries/000", "tile/entries/001.p/44"})
        BOOST_TEST(from.get(path, 1 << 20).value() == get(site, path, true).body);
    append_samples(log, 300, 300);
    BOOST_TEST(comes_true(
        [&] { return get(site, "checkpoint").body.find("\n600\n") != std::string::npos; }));
    lies = true;
    auto const second = audit.look("example.com/node1");
    BOOST_REQUIRE(second.findings.size() == 1U);
    BOOST_TEST((second.findings[0].kind == audit_kind::bad_records));
    BOOST_TEST(second.findings[0].text.find("record 257 is not the one under its leaf") !=
                   std::string::npos,
               second.findings[0].text);
    lies = false;
    BOOST_TEST(audit.look("example.com/node1").findings.empty());
}

BOOST_AUTO_TEST_CASE(witnesses_cosign_what_is_served_and_an_auditor_mirrors_it) {
    temporary_directory const directory;
    auto log = basic_ledger<in_memory>::open({}).value();
    append_samples(log, 0, 300);
    auto key = log_key();
    auto cosigner = cosigner_signing_key::generate("example.com/witness").value();
    auto const cosigner_key = cosigner.verification_key();
    std::string const text = "log " + key.verification_key().to_string() +
                             " http://log\nwitness w " + cosigner_key.to_string() + "\nquorum w\n";
    auto const policy = log_policy::parse(text).value();
    auto const by = std::make_shared<witness>(
        witness::open(policy, audit_directory::open(directory / "witness").value(),
                      std::move(cosigner))
            .value());
    auto server = site_server::make(1, add_checkpoint_body::bytes_max).value();
    server.add({"127.0.0.1", 0}, audit_site(by, {}));
    server.start().value();
    auto with = options_with_token();
    with.witnesses.push_back({cosigner_key, "http://127.0.0.1:" + std::to_string(server.port(0))});
    auto const site = tlog_site::open(log, std::move(key), with).value();
    auto const served = [&] { return get(site, "checkpoint").body; };
    BOOST_TEST(comes_true([&] { return policy.open(served()).has_value(); }));
    auditor_options audit_with;
    audit_with.source = [&](std::string_view) -> result<log_source> {
        return log_source{"site", [&](std::string const& path, std::size_t) -> result<std::string> {
                              auto told = get(site, path);
                              if (told.status != 200) return fail(errc::not_found, path);
                              return std::move(told.body);
                          }};
    };
    auto audit =
        auditor::open(policy, audit_directory::open(directory / "audit").value(), audit_with)
            .value();
    for (int round = 0; round < 3; ++round) {
        auto const seen = audit.look("example.com/node1");
        for (auto const& each : seen.findings) BOOST_TEST(false, each.text);
        BOOST_TEST(seen.size == log.log().size().value());
        append_samples(log, 300 + round * 100, 100);
        std::uint64_t const now = log.log().size().value();
        BOOST_TEST(comes_true([&] {
            auto const opened = policy.open(served());
            return opened.has_value() && opened->state.size() == now;
        }));
    }
    // A witness that is gone holds nothing up.
    server.stop();
    append_samples(log, 600, 10);
    trusted_log const trusted = policy.trusted_logs().front();
    BOOST_TEST(comes_true([&] {
        return open_checkpoint(served(), trusted).value().size() == log.log().size().value();
    }));
    BOOST_TEST(comes_true([&] { return !site.trouble().empty(); }));
    BOOST_TEST(site.trouble().find("example.com/witness does not cosign") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
