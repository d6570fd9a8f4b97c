// SPDX-License-Identifier: MIT
//
// merkle_tree.cpp: the hashes and the growing tree of RFC 6962, against its reference vectors and
// against the recursive definition.
#include <aiaudit/integrity/proof.hpp>

#include <boost/test/unit_test.hpp>

#include <map>
#include <stdexcept>

#include "unit/support/reference_tree.hpp"

BOOST_AUTO_TEST_SUITE(merkle_tree)

using namespace aiaudit;
using aiaudit_test::reference_tree;

namespace {

digest hex(char const* text) { return digest::parse(text).value(); }

std::string hash_of_text(std::string const& text) {
    return digest{detail::sha256(text)}.to_string();
}

}  // namespace

BOOST_AUTO_TEST_CASE(sha256_of_parts_is_that_of_the_whole) {
    BOOST_TEST(hash_of_text("abc") ==
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    BOOST_TEST(hash_of_text("") ==
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    std::string whole(300, '\0');
    for (std::size_t i = 0; i < whole.size(); ++i) whole[i] = static_cast<char>(i * 7);
    std::string_view const all = whole;
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
        BOOST_TEST((detail::sha256_joined({all.substr(0, cut), {}, all.substr(cut)}) ==
                    detail::sha256(all)));
    }
}

BOOST_AUTO_TEST_CASE(leaves_and_nodes_hash_as_in_the_reference) {
    BOOST_TEST(leaf_hash("L123456").to_string() ==
               "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
    // The reference hashes texts of other lengths as the children of a node.
    BOOST_TEST(digest{detail::sha256_joined({"\1", "N123", "N456"})}.to_string() ==
               "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb");
    BOOST_TEST(
        (leaf_hash("") == hex("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")));
    BOOST_TEST(
        (empty_root() == hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")));
    digest const left = leaf_hash("a");
    digest const right = leaf_hash("b");
    BOOST_TEST(
        (node_hash(left, right).bytes ==
         detail::sha256_joined({"\1", detail::view_of(left.bytes), detail::view_of(right.bytes)})));
}

BOOST_AUTO_TEST_CASE(a_node_cannot_be_shown_as_a_leaf) {
    digest const left = leaf_hash("Hello");
    digest const right = leaf_hash("World");
    std::string inside{detail::view_of(left.bytes)};
    inside += detail::view_of(right.bytes);
    BOOST_TEST((leaf_hash(inside) != node_hash(left, right)));
    BOOST_TEST((leaf_hash('\1' + inside) != node_hash(left, right)));
    BOOST_TEST((node_hash(left, right) != node_hash(right, left)));
    BOOST_TEST((leaf_hash("") != empty_root()));
}

BOOST_AUTO_TEST_CASE(the_roots_of_the_reference_tree_are_reproduced) {
    using namespace std::string_literals;
    std::string const inputs[] = {"",   "\0"s,  "\x10",     " !",
                                  "01", "@ABC", "PQRSTUVW", "`abcdefghijklmno"};
    char const* const roots[] = {
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
    compact_range range;
    BOOST_TEST((range.root() == hex(roots[0])));
    for (std::size_t i = 0; i < 8; ++i) {
        range.append(leaf_hash(inputs[i]));
        BOOST_TEST((range.root() == hex(roots[i + 1])));
        BOOST_TEST(range.size() == i + 1);
    }
}

BOOST_AUTO_TEST_CASE(the_roots_of_130_sizes_have_the_published_hash) {
    compact_range range;
    std::string text = "0 " + range.root().to_string() + '\n';
    for (unsigned n = 1; n <= 130; ++n) {
        range.append(leaf_hash(std::string(1, static_cast<char>(n - 1))));
        text += std::to_string(n) + ' ' + range.root().to_string() + '\n';
    }
    BOOST_TEST(hash_of_text(text) ==
               "9c67f07f906103b6bf201842a50ff0b8c91fca9b3e211334a6b7aa3133165dec");
    BOOST_TEST(range.root().to_string() ==
               "f05d2f5ef24c72dd70b0a8f28e576b3acaf944c00e014524c47aa42325d7d1c3");
}

// Every subtree that draft-ietf-plants-merkle-tree-certs calls valid.
BOOST_AUTO_TEST_CASE(the_hashes_of_all_subtrees_have_the_published_hash) {
    reference_tree const tree = reference_tree::of_bytes(130);
    std::string text;
    for (std::uint64_t end = 0; end <= 130; ++end) {
        for (std::uint64_t begin = 0; begin <= end; ++begin) {
            if (begin % std::bit_ceil(end - begin) != 0) continue;
            auto const hash = begin == end
                                  ? empty_root()
                                  : detail::span_hash({begin, end}, tree.nodes(130)).value();
            text += '[' + std::to_string(begin) + ", " + std::to_string(end) + ") " +
                    hash.to_string() + '\n';
        }
    }
    BOOST_TEST(hash_of_text(text) ==
               "b82806ad4265bb151c1119c0f4db437bb4d1a1f887b3a7fba1cd4ebf552e3e81");
}

BOOST_AUTO_TEST_CASE(a_range_has_the_root_of_the_definition_at_every_size) {
    reference_tree const tree = reference_tree::of_bytes(600);
    compact_range range;
    for (std::uint64_t size = 0;; ++size) {
        BOOST_TEST((range.root() == tree.root(size)), "size " << size);
        if (size == 600) break;
        range.append(tree.leaves[size]);
    }
}

BOOST_AUTO_TEST_CASE(each_complete_subtree_is_told_once_and_when_it_becomes_complete) {
    reference_tree const tree = reference_tree::of_bytes(300);
    std::map<std::pair<unsigned, std::uint64_t>, digest> told;
    compact_range range;
    for (std::uint64_t i = 0; i < 300; ++i) {
        unsigned last_level = 0;
        range.append(tree.leaves[i], [&](unsigned level, std::uint64_t index, digest const& hash) {
            BOOST_TEST(level == ++last_level);
            BOOST_TEST(((index + 1) << level) == i + 1);
            BOOST_TEST((hash == tree.root(index << level, (index + 1) << level)));
            BOOST_TEST(told.emplace(std::pair{level, index}, hash).second);
        });
    }
    std::size_t wanted = 0;
    for (unsigned level = 1; level < 10; ++level) wanted += 300U >> level;
    BOOST_TEST(told.size() == wanted);
}

BOOST_AUTO_TEST_CASE(a_range_is_as_before_where_the_listener_throws) {
    reference_tree const tree = reference_tree::of_bytes(8);
    compact_range range;
    for (std::uint64_t i = 0; i < 7; ++i) range.append(tree.leaves[i]);
    compact_range const before = range;
    auto const refuse = [](unsigned level, std::uint64_t, digest const&) {
        if (level == 3) throw std::runtime_error("no room");
    };
    BOOST_CHECK_THROW(range.append(tree.leaves[7], refuse), std::runtime_error);
    BOOST_TEST((range == before));
    range.append(tree.leaves[7]);
    BOOST_TEST((range.root() == tree.root(8)));
}

BOOST_AUTO_TEST_CASE(a_range_comes_back_from_its_bytes_and_goes_on_growing) {
    reference_tree const tree = reference_tree::of_bytes(200);
    compact_range range;
    for (std::uint64_t size = 0; size < 150; ++size) {
        std::string const bytes = range.to_bytes();
        BOOST_TEST(bytes.size() == 8 + 32 * static_cast<std::size_t>(std::popcount(size)));
        compact_range back = compact_range::from_bytes(bytes).value();
        BOOST_TEST((back == range));
        BOOST_TEST(back.to_bytes() == bytes);
        for (std::uint64_t i = size; i < 200; ++i) back.append(tree.leaves[i]);
        BOOST_TEST((back.root() == tree.root(200)));
        range.append(tree.leaves[size]);
        BOOST_TEST((back != range));
    }
}

BOOST_AUTO_TEST_CASE(every_cut_and_every_longer_text_of_a_range_is_refused) {
    compact_range range;
    for (int i = 0; i < 127; ++i) range.append(leaf_hash("x"));
    std::string const bytes = range.to_bytes();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        auto const cut = compact_range::from_bytes(std::string_view(bytes).substr(0, size));
        BOOST_TEST((cut.error().code == errc::corrupt), "cut to " << size);
    }
    BOOST_TEST((compact_range::from_bytes(bytes + '\0').error().code == errc::corrupt));
    BOOST_TEST(
        (compact_range::from_bytes(bytes + std::string(32, '\0')).error().code == errc::corrupt));
}

BOOST_AUTO_TEST_CASE(a_range_over_the_largest_size_is_refused) {
    std::string bytes(8 + 63 * 32, '\x11');
    detail::store_little_endian(bytes.data(), limits::tree_size);
    BOOST_TEST((compact_range::from_bytes(bytes).value().size() == limits::tree_size));
    bytes.assign(8 + 32, '\x11');
    detail::store_little_endian(bytes.data(), limits::tree_size + 1);
    BOOST_TEST((compact_range::from_bytes(bytes).error().code == errc::corrupt));
}

BOOST_AUTO_TEST_CASE(a_range_is_made_from_kept_nodes_at_any_size) {
    reference_tree const tree = reference_tree::of_bytes(130);
    compact_range grown;
    for (std::uint64_t size = 0; size <= 130; ++size) {
        BOOST_TEST((compact_range::from_nodes(size, tree.nodes(size)).value() == grown));
        if (size < 130) grown.append(tree.leaves[size]);
    }
    auto const lost = compact_range::from_nodes(131, tree.nodes(130));
    BOOST_TEST((lost.error().code == errc::not_found));
    auto const huge = compact_range::from_nodes(limits::tree_size + 1, tree.nodes(130));
    BOOST_TEST((huge.error().code == errc::bad_argument));
}

BOOST_AUTO_TEST_SUITE_END()
