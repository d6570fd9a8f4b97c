// SPDX-License-Identifier: MIT
//
// rfc6962.cpp: the Merkle tree and its proofs against the vectors of the shared directory.
#include <aiaudit/integrity/proof.hpp>
#include <aiaudit/pricing/decimal_json.hpp>

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#ifndef AIAUDIT_SHARED_DIR
#define AIAUDIT_SHARED_DIR ""
#endif

BOOST_AUTO_TEST_SUITE(rfc6962)

namespace {

using namespace aiaudit;
using json = aiaudit::detail::decimal_json;

digest digest_of(json const& node) { return digest::parse(node.text).value(); }

std::vector<digest> proof_of(json const& line) {
    std::vector<digest> proof;
    for (json const& hash : line.find("proof")->items) proof.push_back(digest_of(hash));
    return proof;
}

std::uint64_t number_of(json const& line, char const* key) {
    return std::stoull(line.find(key)->text);
}

std::string unhex(std::string const& text) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        bytes.push_back(
            static_cast<char>(detail::hex_digit(text[i]) * 16 + detail::hex_digit(text[i + 1])));
    }
    return bytes;
}

// The vectors, where they are, and the tree over their leaves.
struct vectors {
    json file{};
    std::vector<std::vector<digest>> levels{};  // complete subtrees, as append() tells them
    std::vector<digest> roots{};                // by size

    vectors() {
        std::ifstream in{std::string(AIAUDIT_SHARED_DIR) + "/vectors/rfc6962.json"};
        std::string const text{std::istreambuf_iterator<char>{in}, {}};
        if (text.empty()) {
            std::cout << "SKIPPED: no vectors in '" << AIAUDIT_SHARED_DIR << "'\n";
            return;
        }
        auto parsed = detail::parse_decimal_json(text);
        BOOST_TEST_REQUIRE(parsed.has_value());
        file = *parsed;
        levels.resize(64);
        compact_range range;
        roots.push_back(range.root());
        for (json const& input : file.find("leaf_inputs_hex")->items) {
            levels[0].push_back(leaf_hash(unhex(input.text)));
            range.append(levels[0].back(), [&](unsigned level, std::uint64_t, digest const& hash) {
                levels[level].push_back(hash);
            });
            roots.push_back(range.root());
        }
    }
    [[nodiscard]] auto nodes() const {
        return [this](unsigned level, std::uint64_t index) -> result<digest> {
            return levels.at(level).at(index);
        };
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(leaves_and_roots_are_those_of_the_file, vectors) {
    if (levels.empty()) return;
    auto const& leaf_lines = file.find("leaf_hashes")->items;
    BOOST_TEST_REQUIRE(leaf_lines.size() == levels[0].size());
    for (std::size_t i = 0; i < leaf_lines.size(); ++i)
        BOOST_TEST((digest_of(leaf_lines[i]) == levels[0][i]), "leaf " << i);
    auto const& root_lines = file.find("roots")->items;
    BOOST_TEST_REQUIRE(root_lines.size() == roots.size());
    for (std::size_t i = 0; i < root_lines.size(); ++i)
        BOOST_TEST((digest_of(root_lines[i]) == roots[i]), "size " << i);
}

BOOST_FIXTURE_TEST_CASE(proofs_are_built_as_in_the_file_and_hold, vectors) {
    if (levels.empty()) return;
    int count = 0;
    for (json const& line : file.find("inclusion")->items) {
        std::uint64_t const index = number_of(line, "leaf_index");
        std::uint64_t const size = number_of(line, "tree_size");
        auto const wanted = proof_of(line);
        BOOST_TEST((inclusion_proof(index, size, nodes()).value() == wanted),
                   index << " of " << size);
        BOOST_TEST(
            detail::inclusion_holds(index, size, levels[0].at(index), wanted, roots.at(size)));
        ++count;
    }
    for (json const& line : file.find("consistency")->items) {
        std::uint64_t const older = number_of(line, "size1");
        std::uint64_t const newer = number_of(line, "size2");
        auto const wanted = proof_of(line);
        BOOST_TEST((consistency_proof(older, newer, nodes()).value() == wanted),
                   older << " to " << newer);
        BOOST_TEST(
            detail::consistency_holds(older, newer, wanted, roots.at(older), roots.at(newer)));
        ++count;
    }
    std::cout << "RFC 6962: " << count << " proofs\n";
    BOOST_TEST(count == 72);
}

BOOST_AUTO_TEST_SUITE_END()
