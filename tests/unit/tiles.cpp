// SPDX-License-Identifier: MIT
//
// tiles.cpp: where tiles lie, what they hold, and the proofs that are built of them.
#include "unit/support/reference_tree.hpp"

#include <aiaudit/integrity/proof.hpp>
#include <aiaudit/integrity/tile.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(tiles)

using namespace aiaudit;
using aiaudit_test::reference_tree;

namespace {

reference_tree large_tree(std::uint64_t size) {
    reference_tree tree;
    for (std::uint64_t i = 0; i < size; ++i) tree.leaves.push_back(leaf_hash(std::to_string(i)));
    return tree;
}

}  // namespace

BOOST_AUTO_TEST_CASE(paths_are_those_of_the_standard) {
    std::pair<tile_place, char const*> const known[] = {
        {{0, 0, 256, false}, "tile/0/000"},
        {{0, 999, 256, false}, "tile/0/999"},
        {{0, 1000, 256, false}, "tile/0/x001/000"},
        {{1, 1'234'067, 256, false}, "tile/1/x001/x234/067"},
        {{2, 0, 17, false}, "tile/2/000.p/17"},
        {{0, 273, 112, true}, "tile/entries/273.p/112"},
        {{0, 1'234'067, 256, true}, "tile/entries/x001/x234/067"}};
    for (auto const& [place, path] : known) {
        BOOST_TEST(place.path() == path);
        BOOST_REQUIRE(tile_place::parse(path).has_value());
        BOOST_TEST((tile_place::parse(path).value() == place));
    }
}

BOOST_AUTO_TEST_CASE(other_paths_are_none) {
    for (char const* const path : {"",
                                   "tile",
                                   "tile/0",
                                   "tile/0/",
                                   "tile/0/0",
                                   "tile/0/00",
                                   "tile/0/0000",
                                   "tile/00/000",
                                   "tile/8/000",
                                   "tile/-1/000",
                                   "tile/0/x000/005",
                                   "tile/0/001/000",
                                   "tile/0/x001",
                                   "tile/0/x001/",
                                   "tile/0/x01/000",
                                   "tile/0/000.p",
                                   "tile/0/000.p/",
                                   "tile/0/000.p/0",
                                   "tile/0/000.p/256",
                                   "tile/0/000.p/01",
                                   "tile/0/000.p/1/",
                                   "tile/0/000/",
                                   "tile/0/../000",
                                   "tile/entries",
                                   "tile/entries/0",
                                   "tile/0/x999/x999/x999/x999/x999/x999/999",
                                   "tile/7/001",
                                   "tile/6/128",
                                   "/tile/0/000",
                                   "tile/0/000?",
                                   "tile/0/+00",
                                   "tile/0/ 00"})
        BOOST_TEST(!tile_place::parse(path).has_value(), path);
}

BOOST_AUTO_TEST_CASE(widths_are_those_of_the_standards_example) {
    BOOST_TEST(tile_width_of(0, 272, 70'000) == 256U);
    BOOST_TEST(tile_width_of(0, 273, 70'000) == 112U);
    BOOST_TEST(tile_width_of(0, 274, 70'000) == 0U);
    BOOST_TEST(tile_width_of(1, 0, 70'000) == 256U);
    BOOST_TEST(tile_width_of(1, 1, 70'000) == 17U);
    BOOST_TEST(tile_width_of(2, 0, 70'000) == 1U);
    BOOST_TEST(tile_width_of(3, 0, 70'000) == 0U);
    BOOST_TEST(tile_width_of(0, 0, 256) == 256U);
    BOOST_TEST(tile_width_of(1, 0, 256) == 1U);
    BOOST_TEST(tile_width_of(0, 1, 256) == 0U);
}

BOOST_AUTO_TEST_CASE(proofs_of_tiles_are_those_of_the_tree) {
    auto const tree = large_tree(700);
    for (std::uint64_t const size : {1U, 2U, 255U, 256U, 257U, 511U, 512U, 513U, 700U}) {
        auto node = tile_nodes(size, [&](tile_place place) -> result<std::string> {
            BOOST_TEST(place.width == tile_width_of(place.level, place.index, size));
            return tree.tile(place);
        });
        BOOST_TEST((compact_range::from_nodes(size, node).value().root() == tree.root(size)));
        for (std::uint64_t const older : {1U, 3U, 255U, 256U, 400U, 512U}) {
            if (older > size) continue;
            auto const proof = consistency_proof(older, size, node).value();
            BOOST_TEST((proof == tree.subproof(older, 0, size, true)));
            BOOST_TEST(
                (inclusion_proof(older - 1, size, node).value() == tree.path(older - 1, 0, size)));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_tile_of_a_wrong_length_is_refused) {
    auto const tree = large_tree(300);
    auto node = tile_nodes(
        300, [&](tile_place place) -> result<std::string> { return tree.tile(place).substr(1); });
    BOOST_TEST((node(0, 0).error().code == errc::bad_input));
}

BOOST_AUTO_TEST_CASE(a_node_that_the_tree_has_not_is_not_found) {
    auto const tree = large_tree(300);
    auto node =
        tile_nodes(300, [&](tile_place place) -> result<std::string> { return tree.tile(place); });
    BOOST_TEST((node(0, 299).value() == tree.leaves[299]));
    BOOST_TEST((node(0, 300).error().code == errc::not_found));
    BOOST_TEST((node(8, 1).error().code == errc::not_found));
    BOOST_TEST((node(16, 0).error().code == errc::not_found));
}

BOOST_AUTO_TEST_CASE(bundles_are_entries_behind_their_lengths) {
    std::string bundle;
    std::vector<std::string> const entries{"", "a", std::string(65'535, 'x')};
    for (auto const& each : entries) BOOST_REQUIRE(append_entry(bundle, each).has_value());
    BOOST_TEST(bundle.starts_with(std::string_view("\0\0\0\1a\xFF\xFFx", 8)));
    auto const read = split_entries(bundle, 3).value();
    BOOST_TEST(std::equal(read.begin(), read.end(), entries.begin(), entries.end()));
    BOOST_TEST((append_entry(bundle, std::string(65'536, 'x')).error().code == errc::too_large));
    for (unsigned const width : {0U, 2U, 4U})
        BOOST_TEST((split_entries(bundle, width).error().code == errc::bad_input));
    for (std::size_t const cut : {1U, 2U, 60'000U})
        BOOST_TEST(!split_entries(std::string_view(bundle).substr(0, bundle.size() - cut), 3));
}

BOOST_AUTO_TEST_SUITE_END()
