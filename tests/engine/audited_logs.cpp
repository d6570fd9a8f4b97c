// SPDX-License-Identifier: MIT
//
// audited_logs.cpp: what an auditor finds in logs that grow, and in logs that lie.
#include "support/temporary_directory.hpp"
#include "support/tree_stand.hpp"

#include <aiaudit/audit/auditor.hpp>
#include <aiaudit/integrity/fork_file.hpp>

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(audited_logs)

namespace {

using namespace aiaudit;
using namespace aiaudit_tests;

// A log, an auditor of it that may be closed and opened again, and a clock.
struct stand {
    temporary_directory place{};
    tree_stand log{};
    std::shared_ptr<cosigner_signing_key const> key = std::make_shared<cosigner_signing_key>(
        cosigner_signing_key::generate("example.com/mirror").value());
    std::int64_t seconds = 1'790'000'000;
    std::int64_t silent = 0;
    std::string more_policy{};
    // What the log answers, if it is not what the stand has.
    std::function<result<std::string>(std::string const&)> lies{};

    [[nodiscard]] log_policy policy() const {
        return log_policy::parse("log " + log.vkey() + " http://log\n" +
                                 (more_policy.empty() ? "quorum none\n" : more_policy))
            .value();
    }
    [[nodiscard]] auditor open() {
        auditor_options with;
        with.key = key;
        with.silent_seconds = silent;
        with.now = [this] { return timestamp::from_seconds(seconds); };
        with.source = [this](std::string_view) -> result<log_source> {
            return log_source{"tree", [this](std::string const& path, std::size_t) {
                                  return lies ? lies(path) : log.get(path);
                              }};
        };
        return auditor::open(policy(), audit_directory::open(place.path() + "/audit").value(),
                             std::move(with))
            .value();
    }
    [[nodiscard]] log_look look(std::vector<checkpoint_view> const& views = {}) {
        return open().look("example.com/node1", views);
    }
    [[nodiscard]] std::string mirror() const {
        return place.path() + "/audit/mirror/" + detail::origin_hash("example.com/node1");
    }
};

bool is_fine(log_look const& seen) {
    for (auto const& each : seen.findings) BOOST_TEST_MESSAGE(each.text);
    return seen.findings.empty();
}
bool finds(log_look const& seen, audit_kind kind, std::string const& words = {}) {
    for (auto const& each : seen.findings) {
        BOOST_TEST_MESSAGE(each.text);
        BOOST_TEST(each.text.find('\n') == std::string::npos);
        if (each.kind == kind && each.text.find(words) != std::string::npos) return true;
    }
    return false;
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_log_that_only_grows_is_mirrored_and_cosigned, stand) {
    for (std::uint64_t const more : {0U, 1U, 255U, 1U, 300U, 65'000U, 0U, 700U}) {
        log.grow(more);
        auto const seen = look();
        BOOST_TEST(is_fine(seen));
        BOOST_TEST(seen.size == log.size());
        BOOST_TEST((seen.root == log.root()));
        BOOST_TEST(seen.cosigned);
        // The mirror is served as the log is, and its checkpoint has both signatures.
        auto const from = directory_log_source(mirror());
        auto const note = from.get("checkpoint", 4096).value();
        trusted_log const trusted{log.key().verification_key()};
        BOOST_TEST(open_checkpoint(note, trusted).value().size() == log.size());
        std::vector const keys{key->verification_key()};
        auto const by = cosignatures_of(note, keys).value();
        BOOST_REQUIRE(by.size() == 1U);
        BOOST_TEST(by[0].time == 1'790'000'000U);
        for (unsigned level = 0; level < 3; ++level) {
            std::uint64_t const tiles = (log.size() >> (8 * level)) / 256 + 1;
            for (std::uint64_t index = 0; index < tiles; index += (tiles > 9 ? 50 : 1)) {
                unsigned const width = tile_width_of(level, index, log.size());
                if (width == 0) continue;
                tile_place const tile{level, index, width, false};
                BOOST_TEST(from.get(tile.path(), 8192).value() == log.get(tile.path()).value());
            }
        }
    }
}

BOOST_FIXTURE_TEST_CASE(two_roots_of_one_size_are_a_fork_with_evidence, stand) {
    log.grow(300);
    BOOST_TEST(is_fine(look()));
    std::string const first = log.note();
    log.fork(200, 100);
    auto const seen = look();
    BOOST_TEST(finds(seen, audit_kind::forked, "two histories"));
    BOOST_REQUIRE(!seen.findings.empty());
    auto const file = directory_log_source("/").get(seen.findings[0].evidence.substr(1), 1 << 20);
    auto const shown = verify_fork(file.value(), trusted_log{log.key().verification_key()});
    BOOST_REQUIRE(shown.has_value());
    BOOST_TEST(shown->older.size() == 300U);
    BOOST_TEST(shown->newer.size() == 300U);
    // It goes on being said, and the mirror stays where it was.
    BOOST_TEST(finds(look(), audit_kind::forked));
    BOOST_TEST(detail::read_whole_file(mirror() + "/checkpoint", 4096)
                   .value()
                   .starts_with(first.substr(0, first.find("\n\n"))));
}

BOOST_AUTO_TEST_CASE(a_fork_that_has_grown_past_the_mirror_is_proven_by_its_own_tiles) {
    for (std::uint64_t const at : {100U, 256U, 299U}) {
        stand one;
        one.log.grow(300);
        BOOST_TEST(is_fine(one.look()));
        one.log.fork(at, 2'000);
        auto const seen = one.look();
        BOOST_TEST(finds(seen, audit_kind::forked, "300 records"));
        BOOST_TEST(seen.size == 300U);
        auto const file =
            directory_log_source("/").get(seen.findings.at(0).evidence.substr(1), 1 << 20);
        BOOST_TEST(
            verify_fork(file.value(), trusted_log{one.log.key().verification_key()}).has_value());
    }
}

BOOST_FIXTURE_TEST_CASE(a_fork_that_is_smaller_than_the_mirror_is_found_too, stand) {
    log.grow(600);
    BOOST_TEST(is_fine(look()));
    log.fork(100, 200);
    auto const seen = look();
    BOOST_TEST(finds(seen, audit_kind::rolled_back, "300 records and has signed 600"));
    BOOST_TEST(finds(seen, audit_kind::forked));
}

BOOST_FIXTURE_TEST_CASE(an_older_copy_of_the_log_is_a_rollback_and_no_fork, stand) {
    log.grow(600);
    BOOST_TEST(is_fine(look()));
    log.cut(599);
    auto const seen = look();
    BOOST_TEST(finds(seen, audit_kind::rolled_back, "599 records and has signed 600"));
    BOOST_TEST(!finds(seen, audit_kind::forked));
    log.grow(1);
    BOOST_TEST(is_fine(look()));  // it came back
}

BOOST_FIXTURE_TEST_CASE(a_view_of_somebody_else_shows_a_split_log, stand) {
    log.grow(300);
    tree_stand other = log;  // the same key
    other.fork(250, 20);
    BOOST_TEST(is_fine(look({{"a colleague", log.note()}})));
    auto const seen = look({{"a colleague", other.note()}});
    BOOST_TEST(finds(seen, audit_kind::forked, "seen via a colleague"));
    tree_stand stranger("example.com/node1");
    stranger.grow(10);
    BOOST_TEST(
        finds(look({{"a stranger", stranger.note()}}), audit_kind::bad_checkpoint, "a stranger"));
}

BOOST_FIXTURE_TEST_CASE(a_view_that_is_ahead_of_what_the_log_shows_is_followed, stand) {
    log.grow(300);
    std::string const older = log.note();
    log.grow(50);
    lies = [&](std::string const& path) {
        return path == "checkpoint" ? result<std::string>(older) : log.get(path);
    };
    auto const seen = look({{"a sink", log.note()}});
    BOOST_TEST(is_fine(seen));
    BOOST_TEST(seen.size == 350U);
    BOOST_TEST(finds(look(), audit_kind::rolled_back));
}

BOOST_FIXTURE_TEST_CASE(tiles_that_are_not_those_of_the_checkpoint_are_a_finding_of_their_own,
                        stand) {
    log.grow(300);
    BOOST_TEST(is_fine(look()));
    log.grow(400);
    lies = [&](std::string const& path) -> result<std::string> {
        auto bytes = log.get(path);
        if (bytes && path.starts_with("tile/0/002"))
            (*bytes)[3] = static_cast<char>((*bytes)[3] ^ 1);
        return bytes;
    };
    auto const seen = look();
    BOOST_TEST(finds(seen, audit_kind::bad_tiles, "do not lead to the root"));
    BOOST_TEST(seen.size == 300U);
    lies = [&](std::string const& path) -> result<std::string> {
        auto bytes = log.get(path);
        if (bytes && path.starts_with("tile/0/002")) bytes->pop_back();
        return bytes;
    };
    BOOST_TEST(finds(look(), audit_kind::bad_tiles, "the log sends"));
    lies = [&](std::string const& path) -> result<std::string> {
        if (path.starts_with("tile/0/002")) return fail(errc::timed_out, "total");
        return log.get(path);
    };
    BOOST_TEST(finds(look(), audit_kind::unreachable, "cannot be fetched"));
    lies = {};
    BOOST_TEST(is_fine(look()));
}

BOOST_FIXTURE_TEST_CASE(a_log_that_cannot_be_fetched_is_a_finding, stand) {
    lies = [](std::string const&) -> result<std::string> {
        return fail(errc::connect_failed, "refused");
    };
    BOOST_TEST(finds(look(), audit_kind::unreachable, "connect_failed: refused"));
    lies = [](std::string const&) -> result<std::string> { return "no note\n"; };
    BOOST_TEST(finds(look(), audit_kind::bad_checkpoint));
}

BOOST_FIXTURE_TEST_CASE(a_log_without_anything_new_is_silent_after_its_time, stand) {
    silent = 600;
    log.grow(5);
    BOOST_TEST(is_fine(look()));
    seconds += 600;
    BOOST_TEST(is_fine(look()));
    seconds += 1;
    BOOST_TEST(finds(look(), audit_kind::silent, "601 s"));
    log.grow(1);
    BOOST_TEST(is_fine(look()));
    seconds += 601;
    // A witness that has cosigned lately has heard of it.
    auto const heard = cosigner_signing_key::generate("example.com/w").value();
    more_policy = "witness w " + heard.verification_key().to_string() + "\nquorum none\n";
    lies = [&](std::string const& path) -> result<std::string> {
        if (path != "checkpoint") return log.get(path);
        auto const note = log.note();
        return with_signature_lines(note, heard
                                              .cosign(note.substr(0, note.find("\n\n") + 1),
                                                      static_cast<std::uint64_t>(seconds - 5))
                                              .value());
    };
    BOOST_TEST(is_fine(look()));
    lies = {};
    BOOST_TEST(finds(look(), audit_kind::silent));
}

BOOST_FIXTURE_TEST_CASE(too_few_witnesses_are_a_finding_and_the_auditors_own_word_counts, stand) {
    log.grow(5);
    auto const other = cosigner_signing_key::generate("example.com/w").value();
    more_policy = "witness w " + other.verification_key().to_string() + "\nquorum w\n";
    BOOST_TEST(finds(look(), audit_kind::no_quorum, "cosigned by none"));
    more_policy = "witness m " + key->verification_key().to_string() + "\nquorum m\n";
    BOOST_TEST(is_fine(look()));
}

BOOST_FIXTURE_TEST_CASE(a_mirror_whose_files_were_changed_is_not_believed, stand) {
    log.grow(600);
    BOOST_TEST(is_fine(look()));
    std::string const tile = mirror() + "/tile/0/002.p/88";
    std::string bytes = detail::read_whole_file(tile, 8192).value();
    bytes[0] = static_cast<char>(bytes[0] ^ 1);
    BOOST_REQUIRE(detail::replace_file(tile, bytes).has_value());
    BOOST_TEST(finds(look(), audit_kind::damaged, "do not lead to the root"));
    bytes.pop_back();
    BOOST_REQUIRE(detail::replace_file(tile, bytes).has_value());
    BOOST_TEST(finds(look(), audit_kind::damaged));
    BOOST_REQUIRE(detail::replace_file(mirror() + "/checkpoint", "half a no").has_value());
    BOOST_TEST(finds(look(), audit_kind::damaged, "move it away"));
}

BOOST_FIXTURE_TEST_CASE(what_an_audit_wrote_before_it_died_is_written_anew, stand) {
    log.grow(300);
    BOOST_TEST(is_fine(look()));
    // All but the checkpoint, of a fork, and half of a file.
    std::filesystem::copy(mirror(), place.path() + "/before",
                          std::filesystem::copy_options::recursive);
    log.grow(900);
    BOOST_TEST(is_fine(look()));
    std::filesystem::copy(place.path() + "/before/checkpoint", mirror() + "/checkpoint",
                          std::filesystem::copy_options::overwrite_existing);
    std::filesystem::copy(place.path() + "/before/tile", mirror() + "/tile",
                          std::filesystem::copy_options::recursive |
                              std::filesystem::copy_options::overwrite_existing);
    BOOST_REQUIRE(detail::replace_file(mirror() + "/tile/0/003", "half").has_value());
    BOOST_REQUIRE(detail::replace_file(mirror() + "/tile/0/004.new", "half").has_value());
    auto const seen = look();
    BOOST_TEST(is_fine(seen));
    BOOST_TEST(seen.before == 300U);
    BOOST_TEST(seen.size == 1'200U);
    BOOST_TEST(is_fine(look()));
}

BOOST_FIXTURE_TEST_CASE(a_state_directory_has_one_owner_and_nothing_else_in_it, stand) {
    auto const first = audit_directory::open(place.path() + "/audit");
    BOOST_REQUIRE(first.has_value());
    BOOST_TEST((audit_directory::open(place.path() + "/audit").error().code == errc::already_open));
    std::filesystem::create_directory(place.path() + "/other");
    BOOST_REQUIRE(detail::replace_file(place.path() + "/other/file", "x").has_value());
    BOOST_TEST((audit_directory::open(place.path() + "/other").error().code == errc::not_a_ledger));
}

BOOST_AUTO_TEST_SUITE_END()
