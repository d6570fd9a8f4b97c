// SPDX-License-Identifier: MIT
//
// fork_files.cpp: evidence of two histories convinces who has the log's key, and nobody is accused
// who has only grown.
#include "unit/support/reference_tree.hpp"

#include <aiaudit/integrity/fork_file.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(fork_files)

using namespace aiaudit;
using aiaudit_test::reference_tree;

namespace {

struct two_histories {
    note_signing_key key = note_signing_key::generate("example.com/log").value();
    trusted_log log{key.verification_key()};
    reference_tree one = reference_tree::of_bytes(40);
    reference_tree two = one;

    two_histories() { two.leaves[3] = leaf_hash("another record"); }

    [[nodiscard]] std::string note(reference_tree const& of, std::uint64_t size) const {
        return sign_checkpoint({"example.com/log", size, of.root(size)}, key).value();
    }
    // That `newer` at that size does not continue `older`.
    [[nodiscard]] fork_file evidence(reference_tree const& older, std::uint64_t older_size,
                                     reference_tree const& newer, std::uint64_t newer_size) const {
        return {newer.root(older_size),
                {newer.subproof(older_size, 0, newer_size, true), note(older, older_size),
                 note(newer, newer_size)}};
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(two_histories_are_shown_at_all_sizes, two_histories) {
    for (std::uint64_t older = 1; older <= 20; ++older) {
        for (std::uint64_t newer = older; newer <= 20; ++newer) {
            auto const file = evidence(one, older, two, newer);
            auto const text = file.to_text();
            BOOST_TEST((fork_file::parse(text).value() == file));
            auto const shown = verify_fork(text, log);
            BOOST_TEST(shown.has_value() == (older > 3));  // up to there they are one
            if (shown) BOOST_TEST((shown->root == two.root(older)));
        }
    }
}

BOOST_FIXTURE_TEST_CASE(a_log_that_only_grew_cannot_be_accused, two_histories) {
    for (std::uint64_t older = 1; older <= 20; ++older) {
        for (std::uint64_t newer = older; newer <= 20; ++newer) {
            auto file = evidence(one, older, one, newer);
            BOOST_TEST(!verify_fork(file.to_text(), log).has_value());
            // Nor with a root or a proof of another tree.
            file.root = two.root(older);
            if (older > 3) BOOST_TEST(!verify_fork(file.to_text(), log).has_value());
            file.growth.path = two.subproof(older, 0, newer, true);
            if (older > 3) BOOST_TEST(!verify_fork(file.to_text(), log).has_value());
            for (digest& each : file.growth.path) {
                each.bytes[0] ^= 1;
                BOOST_TEST(!verify_fork(file.to_text(), log).has_value());
                each.bytes[0] ^= 1;
            }
        }
    }
}

BOOST_FIXTURE_TEST_CASE(both_notes_must_be_signed_by_the_log, two_histories) {
    auto file = evidence(one, 10, two, 20);
    auto const stranger = note_signing_key::generate("example.com/log").value();
    file.growth.newer_note =
        sign_checkpoint({"example.com/log", 20, two.root(20)}, stranger).value();
    BOOST_TEST((verify_fork(file.to_text(), log).error().code == errc::verification_failed));
    file = evidence(one, 10, two, 20);
    std::swap(file.growth.older_note, file.growth.newer_note);
    BOOST_TEST(!verify_fork(file.to_text(), log).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
