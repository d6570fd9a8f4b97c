// SPDX-License-Identifier: MIT
#include <aiaudit/codec/block.hpp>
#include <aiaudit/codec/record_codec.hpp>
#include <aiaudit/engine/log_keys.hpp>
#include <aiaudit/storage/lmdb_store.hpp>
#include <aiaudit/verify.hpp>

#include "engine/support/ledger_testing.hpp"
#include "engine/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>

BOOST_AUTO_TEST_SUITE(ledger_verify)

using namespace aiaudit;
using namespace aiaudit_tests;

namespace {

note_signing_key const& key() {
    static note_signing_key const made = note_signing_key::generate("example.com/audit").value();
    return made;
}

template <class Ledger>
verified_checkpoint checkpoint_now(Ledger const& of) {
    auto const note =
        sign_checkpoint(checkpoint_of(of, "example.com/audit").value(), key()).value();
    return open_checkpoint(note, key().verification_key()).value();
}

// A log of so many records, each a block of its own, in which somebody who can write the files may
// have a hand.
basic_ledger<in_memory> log_of(int count) {
    auto ledger =
        basic_ledger<in_memory>::open({.batch_records_max = 1, .rollup_save_records = 100}).value();
    append_samples(ledger, 0, count);
    return ledger;
}

template <class Ledger>
void change(Ledger& of, std::function<result<void>(memory_store::write_view&)> body) {
    BOOST_REQUIRE(of.store().write(body).has_value());
}

// Another record in the place of one, in a block with a right checksum.
void replace_record(basic_ledger<in_memory>& in, std::uint64_t number) {
    change(in, [number](auto& view) -> result<void> {
        std::string const key = detail::block_key(number);
        std::string const block(**view.get(table::blocks, key));
        block_builder builder;
        auto const header = read_block(block, [&](sequence, record&& entry) {
            entry.user = "somebody else";
            builder.add(entry);
            return true;
        });
        return view.replace(table::blocks, key, builder.finish(header->first));
    });
}

bool mentions(verification const& found, std::string_view text) {
    return !found.sound() && found.findings.front().find(text) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(without_an_outside_checkpoint_it_says_what_cannot_be_excluded) {
    auto ledger = log_of(700);
    auto const found = verify(ledger).value();
    BOOST_TEST(found.sound());
    BOOST_TEST(found.read == 700U);
    BOOST_TEST(found.anchored == 0U);
    BOOST_TEST(found.conclusion().find("cannot be excluded") != std::string::npos);
    BOOST_TEST(found.conclusion().find("cut off") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_checkpoint_vouches_for_what_it_covers_and_no_more) {
    auto ledger = log_of(600);
    auto const anchor = checkpoint_now(ledger);
    append_samples(ledger, 600, 100);
    for (bool const only_after : {false, true}) {
        auto const found =
            verify(ledger, {.anchor = anchor, .only_after_anchor = only_after}).value();
        BOOST_TEST(found.sound());
        BOOST_TEST(found.anchored == 600U);
        BOOST_TEST(found.read == (only_after ? 188U : 700U));  // from the last whole group of 256
        BOOST_TEST(found.conclusion().find("not for the 100 after") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(an_empty_log_is_sound_and_vouched_for_by_nothing) {
    auto ledger = basic_ledger<in_memory>::open({}).value();
    auto const found = verify(ledger).value();
    BOOST_TEST(found.sound());
    BOOST_TEST(found.conclusion().find("no records were read") != std::string::npos);
    BOOST_TEST(verify(ledger, {.anchor = checkpoint_now(ledger)}).value().sound());
}

BOOST_AUTO_TEST_CASE(any_replaced_record_is_found_and_its_place_named) {
    for (std::uint64_t const number : {1U, 255U, 256U, 257U, 400U, 512U}) {
        auto ledger = log_of(600);
        replace_record(ledger, number);
        auto const found = verify(ledger).value();
        auto const first = (number - 1) / 256 * 256 + 1;
        BOOST_TEST(mentions(
            found, "records " + std::to_string(first) + " to " + std::to_string(first + 255)));
    }
    auto ledger = log_of(600);  // in the last group, which has no stored hash of its own
    replace_record(ledger, 590);
    BOOST_TEST(mentions(verify(ledger).value(), "the tree over all records"));
}

BOOST_AUTO_TEST_CASE(records_cut_off_with_their_tree_are_found_by_a_checkpoint_alone) {
    auto ledger = log_of(600);
    auto const anchor = checkpoint_now(ledger);
    compact_range shorter;
    BOOST_REQUIRE(ledger
                      .read(sequence{1},
                            [&](sequence number, record&& entry) {
                                if (value_of(number) <= 590) {
                                    shorter.append(leaf_hash(encode_record(entry)));
                                }
                                return true;
                            })
                      .has_value());
    change(ledger, [&](auto& view) -> result<void> {
        for (std::uint64_t number = 591; number <= 600; ++number) {
            if (auto ok = view.erase(table::blocks, detail::block_key(number)); !ok) return ok;
        }
        return view.replace(table::meta, detail::meta_key::tree, shorter.to_bytes());
    });
    auto const alone = verify(ledger).value();
    // The rollups still know of them, which is luck, not proof.
    BOOST_TEST(alone.size == 590U);
    BOOST_TEST(mentions(verify(ledger, {.anchor = anchor}).value(), "records were cut off"));
}

BOOST_AUTO_TEST_CASE(a_log_written_anew_is_found_by_a_checkpoint_alone) {
    auto const anchor = checkpoint_now(log_of(600));
    auto other =
        basic_ledger<in_memory>::open({.batch_records_max = 10, .rollup_save_records = 100})
            .value();
    append_samples(other, 1, 600);
    BOOST_TEST(verify(other).value().sound());
    for (bool const only_after : {false, true}) {
        auto const found =
            verify(other, {.anchor = anchor, .only_after_anchor = only_after}).value();
        BOOST_TEST(mentions(found, "are not those that the checkpoint is of"));
    }
}

BOOST_AUTO_TEST_CASE(a_changed_hash_or_tree_is_found) {
    auto ledger = log_of(600);
    std::string const wrong(32, 'x');
    change(ledger,
           [&](auto& view) { return view.replace(table::tiles, detail::node_key(8, 1), wrong); });
    BOOST_TEST(mentions(verify(ledger).value(), "records 257 to 512"));
    auto second = log_of(600);
    change(second, [&](auto& view) -> result<void> {
        auto tree = detail::get_tree(view, detail::meta_key::tree).value().to_bytes();
        tree.back() = static_cast<char>(tree.back() ^ 1);
        return view.replace(table::meta, detail::meta_key::tree, tree);
    });
    BOOST_TEST(mentions(verify(second).value(), "the tree over all records"));
}

BOOST_AUTO_TEST_CASE(a_damaged_or_missing_block_is_a_finding) {
    auto ledger = log_of(600);
    change(ledger, [](auto& view) { return view.erase(table::blocks, detail::block_key(300)); });
    BOOST_TEST(mentions(verify(ledger).value(), "record 300 is missing"));
    auto second = log_of(600);
    change(second, [](auto& view) -> result<void> {
        std::string block(**view.get(table::blocks, detail::block_key(300)));
        block.back() = static_cast<char>(block.back() ^ 1);
        return view.replace(table::blocks, detail::block_key(300), block);
    });
    BOOST_TEST(mentions(verify(second).value(), "checksum"));
}

BOOST_AUTO_TEST_CASE(rollups_that_are_not_the_sum_of_the_records_are_found) {
    temporary_directory const directory;
    ledger_options const options{
        .path = directory / "ledger", .batch_records_max = 10, .rollup_save_records = 100};
    {
        auto ledger = basic_ledger<on_disk>::open(options).value();
        append_samples(ledger, 0, 600);
    }
    {
        auto store = lmdb_store::open({.path = options.path}).value();
        auto const erased = store.write([](auto& view) -> result<void> {
            std::string first;
            auto const scanned =
                view.scan(table::snapshots, {}, [&](std::string_view key, std::string_view) {
                    first = key;
                    return false;
                });
            if (!scanned) return scanned;
            return view.erase(table::snapshots, first);
        });
        BOOST_REQUIRE(erased.has_value());
    }
    auto ledger = basic_ledger<on_disk>::open(options).value();
    BOOST_TEST(mentions(verify(ledger).value(), "does not count record 1"));
}

BOOST_AUTO_TEST_SUITE_END()
