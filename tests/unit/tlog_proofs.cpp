// SPDX-License-Identifier: MIT
//
// tlog_proofs.cpp: proofs against the vectors of the reference tree, against the recursive
// definition, and against every kind of forgery we know of; and the files that carry them.
#include <aiaudit/integrity/checkpoint.hpp>
#include <aiaudit/integrity/merkle.hpp>
#include <aiaudit/integrity/proof_file.hpp>

#include <boost/test/unit_test.hpp>

#include <functional>
#include <map>
#include <random>
#include <sstream>
#include <type_traits>
#include <utility>

#include "unit/support/reference_tree.hpp"

BOOST_AUTO_TEST_SUITE(tlog_proofs)

using namespace aiaudit;
using aiaudit_test::reference_tree;

namespace {

using hashes = std::vector<digest>;

// The tree of eight leaves that all implementations are tested with, and its nodes by name.
struct eight_leaves {
    reference_tree tree{};
    std::map<std::string, digest> named{};

    eight_leaves() {
        using namespace std::string_literals;
        for (std::string const& input :
             {""s, "\0"s, "\x10"s, " !"s, "01"s, "@ABC"s, "PQRSTUVW"s, "`abcdefghijklmno"s})
            tree.leaves.push_back(leaf_hash(input));
        char const* const values[][2] = {
            {"L0", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
            {"L1", "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"},
            {"L2", "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7"},
            {"L3", "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7"},
            {"L4", "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"},
            {"L5", "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658"},
            {"L6", "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f"},
            {"L7", "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1"},
            {"M02", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
            {"M24", "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"},
            {"M46", "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"},
            {"M68", "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"},
            {"M04", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
            {"M47", "837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e"},
            {"M48", "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}};
        for (auto const& [name, value] : values) named[name] = digest::parse(value).value();
    }

    // "7/2: L3 M02 M46" to 7, 2 and the hashes.
    template <class Visitor>
    void each_line(char const* table, Visitor&& visit) const {
        std::istringstream lines{table};
        for (std::string line; std::getline(lines, line);) {
            std::istringstream words{line};
            std::uint64_t size = 0;
            std::uint64_t number = 0;
            char mark = 0;
            words >> size >> mark >> number >> mark;
            hashes proof;
            for (std::string name; words >> name;) proof.push_back(named.at(name));
            visit(size, number, proof);
        }
    }
};

// Tree size / leaf: hashes.
constexpr char const* inclusion_table =
    "1/0:\n"
    "2/0: L1\n2/1: L0\n"
    "3/0: L1 L2\n3/1: L0 L2\n3/2: M02\n"
    "4/0: L1 M24\n4/1: L0 M24\n4/2: L3 M02\n4/3: L2 M02\n"
    "5/0: L1 M24 L4\n5/1: L0 M24 L4\n5/2: L3 M02 L4\n5/3: L2 M02 L4\n5/4: M04\n"
    "6/0: L1 M24 M46\n6/1: L0 M24 M46\n6/2: L3 M02 M46\n6/3: L2 M02 M46\n6/4: L5 M04\n"
    "6/5: L4 M04\n"
    "7/0: L1 M24 M47\n7/1: L0 M24 M47\n7/2: L3 M02 M47\n7/3: L2 M02 M47\n7/4: L5 L6 M04\n"
    "7/5: L4 L6 M04\n7/6: M46 M04\n"
    "8/0: L1 M24 M48\n8/1: L0 M24 M48\n8/2: L3 M02 M48\n8/3: L2 M02 M48\n8/4: L5 M68 M04\n"
    "8/5: L4 M68 M04\n8/6: L7 M46 M04\n8/7: L6 M46 M04\n";

// New size / old size: hashes.
constexpr char const* consistency_table =
    "1/1:\n2/2:\n3/3:\n4/4:\n5/5:\n6/6:\n7/7:\n8/8:\n"
    "2/1: L1\n3/1: L1 L2\n4/1: L1 M24\n5/1: L1 M24 L4\n6/1: L1 M24 M46\n7/1: L1 M24 M47\n"
    "8/1: L1 M24 M48\n"
    "3/2: L2\n4/2: M24\n5/2: M24 L4\n6/2: M24 M46\n7/2: M24 M47\n8/2: M24 M48\n"
    "4/3: L2 L3 M02\n5/3: L2 L3 M02 L4\n6/3: L2 L3 M02 M46\n7/3: L2 L3 M02 M47\n"
    "8/3: L2 L3 M02 M48\n"
    "5/4: L4\n6/4: M46\n7/4: M47\n8/4: M48\n"
    "6/5: L4 L5 M04\n7/5: L4 L5 L6 M04\n8/5: L4 L5 M68 M04\n"
    "7/6: M46 L6 M04\n8/6: M46 M68 M04\n"
    "8/7: L6 L7 M46 M04\n";

digest flipped(digest value, std::size_t bit) {
    value.bytes[bit / 8] = static_cast<std::uint8_t>(value.bytes[bit / 8] ^ (1U << (bit % 8)));
    return value;
}

// Every wrong path that can be made of a right one, by what was done to it.
std::vector<std::pair<std::string, hashes>> wrong_paths(hashes const& path, digest const& root,
                                                        digest const& other, std::mt19937& random) {
    digest const garbage = leaf_hash("garbage");
    std::vector<std::pair<std::string, hashes>> wrong;
    auto const add = [&](std::string const& what, std::function<void(hashes&)> const& change) {
        hashes changed = path;
        change(changed);
        if (changed != path) wrong.emplace_back(what, changed);
    };
    add("empty", [](hashes& h) { h.clear(); });
    std::pair<std::string, digest> const extras[] = {
        {"garbage", garbage}, {"root", root}, {"other root", other}, {"zero", digest{}}};
    for (auto const& extra : extras) {
        add("preceding " + extra.first, [&](hashes& h) { h.insert(h.begin(), extra.second); });
        add("trailing " + extra.first, [&](hashes& h) { h.push_back(extra.second); });
    }
    add("cut at the end", [](hashes& h) {
        if (!h.empty()) h.pop_back();
    });
    add("cut at the start", [](hashes& h) {
        if (!h.empty()) h.erase(h.begin());
    });
    add("reversed", [](hashes& h) { std::reverse(h.begin(), h.end()); });
    for (std::size_t i = 0; i < path.size(); ++i) {
        auto const at = static_cast<std::ptrdiff_t>(i);
        add("component removed", [&](hashes& h) { h.erase(h.begin() + at); });
        add("component inserted", [&](hashes& h) { h.insert(h.begin() + at, garbage); });
        add("component doubled", [&](hashes& h) { h.insert(h.begin() + at, h[i]); });
        add("component zero", [&](hashes& h) { h[i] = {}; });
        add("bit flipped", [&](hashes& h) { h[i] = flipped(h[i], random() % 256); });
        if (i > 0) add("components swapped", [&](hashes& h) { std::swap(h[i - 1], h[i]); });
    }
    return wrong;
}

// On which side each component stands: proofs of one shape are followed in one way.
std::vector<bool> shape(std::uint64_t index, unsigned level, std::uint64_t size) {
    std::vector<bool> sides;
    detail::for_each_sibling(index, level, size, [&](detail::leaf_span leaves) {
        sides.push_back(leaves.begin > index);
    });
    return sides;
}

struct signer {
    note_signing_key key = note_signing_key::generate("example.com/log").value();
    trusted_log log{key.verification_key()};

    std::string note(std::uint64_t size, digest const& root) const {
        return sign_checkpoint({"example.com/log", size, root}, key).value();
    }
    verified_checkpoint state(std::uint64_t size, digest const& root) const {
        return open_checkpoint(note(size, root), log).value();
    }
};

std::string record_of(std::uint64_t index) { return "record " + std::to_string(index); }

// A log of records, and the files that prove things of it.
struct small_log : signer {
    reference_tree tree{};

    explicit small_log(std::uint64_t size) {
        for (std::uint64_t i = 0; i < size; ++i) tree.leaves.push_back(leaf_hash(record_of(i)));
    }
    std::string note_at(std::uint64_t size) const { return note(size, tree.root(size)); }
    std::string inclusion(std::uint64_t index, std::uint64_t size) const {
        return inclusion_proof_file{record_of(index), index,
                                    inclusion_proof(index, size, tree.nodes(size)).value(),
                                    note_at(size)}
            .to_text();
    }
    std::string consistency(std::uint64_t older, std::uint64_t newer) const {
        return consistency_proof_file{consistency_proof(older, newer, tree.nodes(newer)).value(),
                                      note_at(older), note_at(newer)}
            .to_text();
    }
};

template <class T>
errc code_of(result<T> const& outcome) {
    return outcome ? errc{} : outcome.error().code;
}

std::string text_of(hashes const& proof) {
    std::string text;
    for (digest const& hash : proof) text += ' ' + hash.to_string();
    return text + '\n';
}

// What each one-byte change, cut and insertion makes of a file, and `random_count` wilder changes.
template <class Visitor>
void each_forgery(std::string const& file, int random_count, Visitor&& visit) {
    for (std::size_t i = 0; i < file.size(); ++i) {
        std::string changed = file;
        changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ (1U << (i % 8)));
        visit(changed);
        visit(file.substr(0, i));
        changed = file;
        changed.insert(i, 1, i % 3 == 0 ? '\n' : 'A');
        visit(changed);
        changed = file;
        changed.erase(i, 1);
        visit(changed);
    }
    for (char const more : {'\n', 'A', ' '}) visit(file + more);
    std::mt19937 random(7);
    for (int i = 0; i < random_count; ++i) {
        std::string changed = file;
        for (std::uint64_t edits = 1 + random() % 3; edits > 0; --edits) {
            std::size_t const at = random() % changed.size();
            std::size_t const length = random() % 50;
            switch (random() % 4) {
            case 0: changed[at] = static_cast<char>(random()); break;
            case 1: changed.erase(at, length); break;
            case 2: changed.insert(at, file.substr(random() % file.size(), length)); break;
            default: changed[at] = file[random() % file.size()]; break;
            }
            if (changed.empty()) break;
        }
        if (changed != file) visit(changed);
    }
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(the_inclusion_proofs_of_the_reference_tree_are_built_and_hold,
                        eight_leaves) {
    int count = 0;
    each_line(inclusion_table, [&](std::uint64_t size, std::uint64_t index, hashes const& wanted) {
        auto const built = inclusion_proof(index, size, tree.nodes(size)).value();
        BOOST_TEST((built == wanted), index << " of " << size);
        BOOST_TEST(detail::inclusion_proof_length(index, size) == wanted.size());
        BOOST_TEST(detail::inclusion_holds(index, size, named.at("L" + std::to_string(index)),
                                           wanted, tree.root(size)));
        ++count;
    });
    BOOST_TEST(count == 36);
}

BOOST_FIXTURE_TEST_CASE(the_consistency_proofs_of_the_reference_tree_are_built_and_hold,
                        eight_leaves) {
    int count = 0;
    each_line(consistency_table, [&](std::uint64_t size, std::uint64_t old, hashes const& wanted) {
        auto const built = consistency_proof(old, size, tree.nodes(size)).value();
        BOOST_TEST((built == wanted), old << " to " << size);
        BOOST_TEST(detail::consistency_proof_length(old, size) == wanted.size());
        BOOST_TEST(detail::consistency_holds(old, size, wanted, tree.root(old), tree.root(size)));
        ++count;
    });
    BOOST_TEST(count == 36);
}

BOOST_AUTO_TEST_CASE(all_proofs_of_130_sizes_have_the_published_hashes_and_hold) {
    reference_tree const tree = reference_tree::of_bytes(130);
    std::vector<digest> roots;
    for (std::uint64_t n = 0; n <= 130; ++n) roots.push_back(tree.root(n));
    std::string inclusions;
    std::string consistencies;
    int wrong = 0;
    for (std::uint64_t n = 0; n <= 130; ++n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            auto const proof = inclusion_proof(i, n, tree.nodes(n)).value();
            wrong += !detail::inclusion_holds(i, n, tree.leaves[i], proof, roots[n]);
            inclusions += std::to_string(i) + ' ' + std::to_string(n) + text_of(proof);
        }
        for (std::uint64_t m = 1; m <= n; ++m) {
            auto const proof = consistency_proof(m, n, tree.nodes(n)).value();
            wrong += !detail::consistency_holds(m, n, proof, roots[m], roots[n]);
            consistencies += std::to_string(m) + ' ' + std::to_string(n) + text_of(proof);
        }
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST(digest{detail::sha256(inclusions)}.to_string() ==
               "893ce6eea61adc33c22c0e3a952498b76dfa3c282e78ac659f6fcc0ea44f9983");
    BOOST_TEST(digest{detail::sha256(consistencies)}.to_string() ==
               "2498232e1aebe8d1aa8d339d897fc471f4495fe0b8a55ac08f7dae3d88bc4c2a");
}

BOOST_AUTO_TEST_CASE(proofs_are_those_of_the_recursive_definition) {
    reference_tree const tree = reference_tree::of_bytes(40);
    for (std::uint64_t n = 1; n <= 40; ++n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            BOOST_TEST((inclusion_proof(i, n, tree.nodes(n)).value() == tree.path(i, 0, n)));
            BOOST_TEST((consistency_proof(i + 1, n, tree.nodes(n)).value() ==
                        tree.subproof(i + 1, 0, n, true)));
        }
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_proved_is_refused_to_be_built) {
    reference_tree const tree = reference_tree::of_bytes(8);
    auto const nodes = tree.nodes(8);
    BOOST_TEST((code_of(inclusion_proof(8, 8, nodes)) == errc::bad_argument));
    BOOST_TEST((code_of(inclusion_proof(0, 0, nodes)) == errc::bad_argument));
    BOOST_TEST((code_of(inclusion_proof(0, limits::tree_size + 1, nodes)) == errc::bad_argument));
    BOOST_TEST((code_of(consistency_proof(0, 8, nodes)) == errc::bad_argument));
    BOOST_TEST((code_of(consistency_proof(9, 8, nodes)) == errc::bad_argument));
    BOOST_TEST((code_of(consistency_proof(1, limits::tree_size + 1, nodes)) == errc::bad_argument));
    // An error of whoever keeps the hashes comes through.
    BOOST_TEST((code_of(inclusion_proof(0, 9, nodes)) == errc::not_found));
    BOOST_TEST((code_of(consistency_proof(3, 9, nodes)) == errc::not_found));
}

BOOST_AUTO_TEST_CASE(the_largest_tree_has_proofs) {
    auto const nodes = [](unsigned level, std::uint64_t index) -> result<digest> {
        BOOST_TEST(((index + 1) << level) <= limits::tree_size);
        return leaf_hash(std::to_string(level) + ' ' + std::to_string(index));
    };
    std::uint64_t const n = limits::tree_size;
    digest const root = compact_range::from_nodes(n, nodes).value().root();
    for (std::uint64_t const index : {std::uint64_t{0}, n / 2, n - 1}) {
        // These nodes do not hash to each other, so only the way along the right edge leads to a
        // root; what matters here is that nothing overflows.
        auto const proof = inclusion_proof(index, n, nodes).value();
        BOOST_TEST(proof.size() == detail::inclusion_proof_length(index, n));
        BOOST_TEST(proof.size() <= 63U);
        bool const held = detail::inclusion_holds(index, n, nodes(0, index).value(), proof, root);
        BOOST_TEST(held == (index == n - 1));
    }
    for (std::uint64_t const old : {std::uint64_t{1}, n / 2, n / 2 + 1, n - 1, n}) {
        auto const proof = consistency_proof(old, n, nodes).value();
        BOOST_TEST(proof.size() == detail::consistency_proof_length(old, n));
        BOOST_TEST(proof.size() <= 64U);
        static_cast<void>(detail::consistency_holds(old, n, proof, root, root));
    }
}

BOOST_AUTO_TEST_CASE(no_changed_inclusion_proof_holds) {
    reference_tree const tree = reference_tree::of_bytes(40);
    std::mt19937 random(1);
    std::map<std::string, int> refused;
    int accepted = 0;
    for (std::uint64_t n = 1; n <= 40; ++n) {
        digest const root = tree.root(n);
        for (std::uint64_t i = 0; i < n; ++i) {
            digest const leaf = tree.leaves[i];
            hashes const path = tree.path(i, 0, n);
            auto const check = [&](std::string const& what, bool held) {
                held ? ++accepted : ++refused[what];
                BOOST_TEST(!held, what << ": leaf " << i << " of " << n);
            };
            for (auto const& [what, changed] : wrong_paths(path, root, leaf, random))
                check(what, detail::inclusion_holds(i, n, leaf, changed, root));
            for (std::size_t const bit : {std::size_t{0}, std::size_t{255}, random() % 256}) {
                check("wrong root", detail::inclusion_holds(i, n, leaf, path, flipped(root, bit)));
                check("wrong leaf", detail::inclusion_holds(i, n, flipped(leaf, bit), path, root));
            }
            if (n > 1) check("swapped", detail::inclusion_holds(i, n, root, path, leaf));
            check("zero root", detail::inclusion_holds(i, n, leaf, path, {}));
            for (std::uint64_t const other : {i + 1, i - 1, i ^ 2, i * 2, n, n + 1, ~i})
                if (other != i)
                    check("wrong index", detail::inclusion_holds(other, n, leaf, path, root));
            check("no size", detail::inclusion_holds(i, 0, leaf, path, root));
            check("size not over the index", detail::inclusion_holds(i, i, leaf, path, root));
            check("size too large",
                  detail::inclusion_holds(i, n + limits::tree_size, leaf, path, root));
        }
    }
    BOOST_TEST(accepted == 0);
    BOOST_TEST(refused.size() == 26U);
    for (auto const& [what, count] : refused) BOOST_TEST(count >= 39, what << ' ' << count);
}

// Why verification takes checkpoints and not sizes: see proof.hpp.
BOOST_AUTO_TEST_CASE(an_inclusion_proof_alone_does_not_bind_the_size_but_a_checkpoint_does) {
    reference_tree const tree = reference_tree::of_bytes(40);
    signer const log;
    int accepted = 0;
    int refused = 0;
    for (std::uint64_t n = 1; n <= 40; ++n) {
        digest const root = tree.root(n);
        for (std::uint64_t i = 0; i < n; ++i) {
            hashes const path = tree.path(i, 0, n);
            for (std::uint64_t const other : {n + 1, n - 1, n * 2, n / 2, n ^ 2}) {
                if (other == n || other <= i) continue;
                bool const held = detail::inclusion_holds(i, other, tree.leaves[i], path, root);
                BOOST_TEST(held == (shape(i, 0, n) == shape(i, 0, other)));
                ++(held ? accepted : refused);
            }
        }
    }
    BOOST_TEST(accepted > 600);
    BOOST_TEST(refused > 600);

    // The plainest case: leaf 0 of 3 under the size 4.
    hashes const path = tree.path(0, 0, 3);
    BOOST_TEST(detail::inclusion_holds(0, 4, tree.leaves[0], path, tree.root(3)));
    BOOST_TEST(verify_inclusion(log.state(3, tree.root(3)), 0, tree.leaves[0], path).has_value());
    BOOST_TEST((code_of(verify_inclusion(log.state(4, tree.root(4)), 0, tree.leaves[0], path)) ==
                errc::verification_failed));
    // Nothing but a checkpoint that was opened is taken.
    static_assert(!std::is_convertible_v<checkpoint, verified_checkpoint>);
    static_assert(!std::is_constructible_v<verified_checkpoint, std::uint64_t, digest>);
    static_assert(
        !std::is_constructible_v<verified_checkpoint, checkpoint, std::vector<std::string>>);
}

BOOST_AUTO_TEST_CASE(a_consistency_proof_alone_does_not_bind_the_new_size_either) {
    reference_tree const tree = reference_tree::of_bytes(40);
    int accepted = 0;
    int refused = 0;
    for (std::uint64_t n = 2; n <= 40; ++n) {
        for (std::uint64_t m = 1; m < n; ++m) {
            hashes const path = tree.subproof(m, 0, n, true);
            auto const start = detail::start_of_consistency(m);
            for (std::uint64_t const other : {n + 1, n - 1, n * 2, n / 2, n ^ 2}) {
                if (other <= m) continue;
                bool const same =
                    shape(start.leaf, start.level, n) == shape(start.leaf, start.level, other);
                bool const held =
                    detail::consistency_holds(m, other, path, tree.root(m), tree.root(n));
                BOOST_TEST(held == same, m << " to " << n << " as " << other);
                ++(held ? accepted : refused);
            }
        }
    }
    BOOST_TEST(accepted > 300);
    BOOST_TEST(refused > 300);
}

BOOST_AUTO_TEST_CASE(no_changed_consistency_proof_holds) {
    reference_tree const tree = reference_tree::of_bytes(40);
    std::mt19937 random(2);
    std::map<std::string, int> refused;
    int accepted = 0;
    for (std::uint64_t n = 1; n <= 40; ++n) {
        digest const now = tree.root(n);
        for (std::uint64_t m = 1; m <= n; ++m) {
            digest const then = tree.root(m);
            hashes const path = tree.subproof(m, 0, n, true);
            auto const check = [&](std::string const& what, bool held) {
                held ? ++accepted : ++refused[what];
                BOOST_TEST(!held, what << ": " << m << " to " << n);
            };
            for (auto const& [what, changed] : wrong_paths(path, now, then, random))
                check(what, detail::consistency_holds(m, n, changed, then, now));
            for (std::size_t const bit : {std::size_t{0}, std::size_t{255}, random() % 256}) {
                check("wrong old root",
                      detail::consistency_holds(m, n, path, flipped(then, bit), now));
                check("wrong new root",
                      detail::consistency_holds(m, n, path, then, flipped(now, bit)));
            }
            if (m < n) check("swapped roots", detail::consistency_holds(m, n, path, now, then));
            if (m < n) check("swapped sizes", detail::consistency_holds(n, m, path, then, now));
            if (m < n) check("one size", detail::consistency_holds(n, n, path, then, now));
            check("no old size", detail::consistency_holds(0, n, path, then, now));
            check("no old log", detail::consistency_holds(0, n, {}, empty_root(), now));
            check("no sizes", detail::consistency_holds(0, 0, {}, empty_root(), empty_root()));
            check("size too large",
                  detail::consistency_holds(m, n + limits::tree_size, path, then, now));
            for (std::uint64_t const other : {m + 1, m - 1, m * 2, m / 2, m ^ 2}) {
                // Another old size of the same root is caught by the shape, or there is none.
                if (other == m || m == n) continue;
                check("wrong old size", detail::consistency_holds(other, n, path, then, now));
            }
        }
    }
    BOOST_TEST(accepted == 0);
    BOOST_TEST(refused.size() == 28U);
    for (auto const& [what, count] : refused) BOOST_TEST(count >= 39, what << ' ' << count);
}

BOOST_AUTO_TEST_CASE(consistency_needs_two_checkpoints_of_one_log) {
    reference_tree const tree = reference_tree::of_bytes(8);
    signer const log;
    auto const proof = consistency_proof(3, 8, tree.nodes(8)).value();
    auto const older = log.state(3, tree.root(3));
    auto const newer = log.state(8, tree.root(8));
    BOOST_TEST(verify_consistency(older, newer, proof).has_value());
    BOOST_TEST(verify_consistency(newer, newer, {}).has_value());
    BOOST_TEST((code_of(verify_consistency(newer, older, proof)) == errc::verification_failed));
    BOOST_TEST((code_of(verify_consistency(older, newer, {})) == errc::verification_failed));
    BOOST_TEST((code_of(verify_consistency(older, log.state(8, tree.root(7)), proof)) ==
                errc::verification_failed));
    auto const elsewhere =
        open_checkpoint(sign_checkpoint({"other", 3, tree.root(3)}, log.key).value(),
                        {"other", {log.key.verification_key()}})
            .value();
    BOOST_TEST((code_of(verify_consistency(elsewhere, newer, proof)) == errc::verification_failed));
    BOOST_TEST((code_of(verify_consistency(log.state(0, empty_root()), newer, {})) ==
                errc::verification_failed));
}

BOOST_AUTO_TEST_CASE(a_proof_file_gives_the_record_back_with_the_key_alone) {
    small_log const log{21};
    for (std::uint64_t size = 1; size <= 21; ++size) {
        for (std::uint64_t index = 0; index < size; ++index) {
            auto const shown = verify_inclusion(log.inclusion(index, size), log.log);
            BOOST_TEST_REQUIRE(shown.has_value());
            BOOST_TEST(shown->record == record_of(index));
            BOOST_TEST(shown->index == index);
            BOOST_TEST(shown->state.size() == size);
        }
    }
    auto const grown = verify_consistency(log.consistency(7, 21), log.log);
    BOOST_TEST_REQUIRE(grown.has_value());
    BOOST_TEST(grown->older.size() == 7U);
    BOOST_TEST((grown->newer.root() == log.tree.root(21)));
    BOOST_TEST(verify_consistency(log.consistency(21, 21), log.log).has_value());
}

BOOST_AUTO_TEST_CASE(proof_files_have_the_texts_of_their_documents) {
    small_log const log{2};
    std::string const note = log.note_at(2);
    BOOST_TEST(log.inclusion(1, 2) == "c2sp.org/tlog-proof@v1\nextra cmVjb3JkIDE=\nindex 1\n" +
                                          detail::base64_of(log.tree.leaves[0]) + "\n\n" + note);
    BOOST_TEST(log.consistency(1, 2) == "aiaudit consistency proof v1\n" +
                                            detail::base64_of(log.tree.leaves[1]) + "\n\n" +
                                            log.note_at(1) + "\n" + note);
    BOOST_TEST(log.consistency(2, 2) == "aiaudit consistency proof v1\n\n" + note + "\n" + note);
}

BOOST_AUTO_TEST_CASE(a_file_without_a_record_is_read_but_proves_no_record) {
    small_log const log{5};
    inclusion_proof_file file = inclusion_proof_file::parse(log.inclusion(2, 5)).value();
    file.record.clear();
    BOOST_TEST(file.to_text().find("extra") == std::string::npos);
    BOOST_TEST((inclusion_proof_file::parse(file.to_text()).value() == file));
    BOOST_TEST((code_of(verify_inclusion(file.to_text(), log.log)) == errc::bad_input));
}

BOOST_AUTO_TEST_CASE(another_key_or_origin_refuses_a_proof_file) {
    small_log const log{5};
    signer const other;
    BOOST_TEST(
        (code_of(verify_inclusion(log.inclusion(2, 5), other.log)) == errc::verification_failed));
    BOOST_TEST((code_of(verify_consistency(log.consistency(2, 5), other.log)) ==
                errc::verification_failed));
    trusted_log const renamed{"example.com/other", log.log.keys};
    BOOST_TEST(
        (code_of(verify_inclusion(log.inclusion(2, 5), renamed)) == errc::verification_failed));
}

BOOST_AUTO_TEST_CASE(a_record_or_index_of_another_leaf_is_refused) {
    small_log const log{11};
    for (std::uint64_t i = 0; i < 11; ++i) {
        for (std::uint64_t other = 0; other < 12; ++other) {
            if (other == i) continue;
            auto file = inclusion_proof_file::parse(log.inclusion(i, 11)).value();
            file.index = other;
            BOOST_TEST(
                (code_of(verify_inclusion(file.to_text(), log.log)) == errc::verification_failed));
            file.index = i;
            file.record = record_of(other);
            BOOST_TEST(
                (code_of(verify_inclusion(file.to_text(), log.log)) == errc::verification_failed));
        }
    }
}

BOOST_AUTO_TEST_CASE(no_forged_inclusion_file_is_accepted_and_what_is_read_is_written_the_same) {
    small_log const log{11};
    int read = 0;
    int total = 0;
    each_forgery(log.inclusion(5, 11), 20'000, [&](std::string const& file) {
        ++total;
        if (auto const parsed = inclusion_proof_file::parse(file)) {
            ++read;
            if (parsed->to_text() != file) BOOST_ERROR("not canonical: " << file);
        }
        auto const shown = verify_inclusion(file, log.log);
        if (shown) BOOST_ERROR("accepted: " << file);
    });
    BOOST_TEST(total > 20'000);
    BOOST_TEST(read > 500);
}

BOOST_AUTO_TEST_CASE(no_forged_consistency_file_is_accepted_and_what_is_read_is_written_the_same) {
    small_log const log{11};
    int read = 0;
    int total = 0;
    each_forgery(log.consistency(6, 11), 20'000, [&](std::string const& file) {
        ++total;
        if (auto const parsed = consistency_proof_file::parse(file)) {
            ++read;
            if (parsed->to_text() != file) BOOST_ERROR("not canonical: " << file);
        }
        auto const shown = verify_consistency(file, log.log);
        if (shown) BOOST_ERROR("accepted: " << file);
    });
    BOOST_TEST(total > 20'000);
    BOOST_TEST(read > 500);
}

BOOST_AUTO_TEST_CASE(a_rewritten_log_cannot_be_joined_to_the_old_checkpoint) {
    small_log const log{11};
    small_log fork{11};
    fork.tree.leaves[2] = leaf_hash("never happened");
    for (std::uint64_t newer = 6; newer <= 11; ++newer) {
        for (auto const& [built_on, name] :
             {std::pair{&log.tree, "old"}, std::pair{&std::as_const(fork).tree, "new"}}) {
            consistency_proof_file const file{
                consistency_proof(6, newer, built_on->nodes(newer)).value(), log.note_at(6),
                log.note(newer, fork.tree.root(newer))};
            BOOST_TEST(
                (code_of(verify_consistency(file.to_text(), log.log)) == errc::verification_failed),
                name << ' ' << newer);
        }
    }
}

BOOST_AUTO_TEST_CASE(proof_files_are_bounded) {
    small_log const log{2};
    auto file = inclusion_proof_file::parse(log.inclusion(0, 2)).value();
    file.path.assign(64, digest{});
    BOOST_TEST(inclusion_proof_file::parse(file.to_text()).has_value());
    file.path.emplace_back();
    BOOST_TEST((code_of(inclusion_proof_file::parse(file.to_text())) == errc::too_large));
    file.path.clear();
    file.record.assign(limits::proof_file_bytes, 'r');
    BOOST_TEST((code_of(inclusion_proof_file::parse(file.to_text())) == errc::too_large));
    file.record.resize(limits::proof_file_bytes / 4 * 3 - 600);
    BOOST_TEST((inclusion_proof_file::parse(file.to_text()).value() == file));
}

BOOST_AUTO_TEST_CASE(malformed_proof_files_are_refused_with_one_line_of_why) {
    small_log const log{3};
    std::string const note = log.note_at(3);
    std::string const hash = detail::base64_of(log.tree.leaves[0]) + '\n';
    std::string const head = "c2sp.org/tlog-proof@v1\n";
    for (std::string const& file : {std::string{},
                                    head,
                                    head + "index 0\n",
                                    head + "index 0\n\n",
                                    head + "\n" + note,
                                    "c2sp.org/tlog-proof@v2\nindex 0\n\n" + note,
                                    "\n" + head + "index 0\n\n" + note,
                                    head + "index 00\n\n" + note,
                                    head + "index -1\n\n" + note,
                                    head + "index \n\n" + note,
                                    head + "index  1\n\n" + note,
                                    head + "Index 1\n\n" + note,
                                    head + "extra \nindex 0\n\n" + note,
                                    head + "extra Zg\nindex 0\n\n" + note,
                                    head + "extra Zh==\nindex 0\n\n" + note,
                                    head + "index 0\nextra Zg==\n\n" + note,
                                    head + "extra Zg==\nextra Zg==\nindex 0\n\n" + note,
                                    head + "index 0\n" + note,
                                    head + "index 0\n" + hash + note,
                                    head + "index 0\n " + hash + "\n" + note,
                                    head + "index 0\n" + hash + "\n\n" + note,
                                    head + "index 0\n\n" + note + "\n",
                                    head + "index 0\n\na\n" + note,
                                    "c2sp.org/tlog-proof@v1\r\nindex 0\n\n" + note}) {
        auto const outcome = inclusion_proof_file::parse(file);
        BOOST_TEST((code_of(outcome) == errc::bad_input), file);
        if (!outcome) BOOST_TEST(outcome.error().message().find('\n') == std::string::npos);
    }
    std::string const title = "aiaudit consistency proof v1\n";
    for (std::string const& file :
         {std::string{}, title, title + "\n", title + "\n" + note, title + "\n" + note + "\n",
          title + note + "\n" + note, title + "\n" + note + note,
          title + "\n\n" + note + "\n" + note, title + "\n" + note + "\n\n" + note,
          title + "\n" + note + "\n" + note + "\n", title + "\n" + note + "\n" + note + "\n" + note,
          title + "x\n\n" + note + "\n" + note, title + "\n" + note + "\n" + note + "x"}) {
        auto const outcome = consistency_proof_file::parse(file);
        BOOST_TEST((code_of(outcome) == errc::bad_input), file);
    }
    BOOST_TEST(inclusion_proof_file::parse(head + "index 0\n\n" + note).has_value());
    BOOST_TEST(consistency_proof_file::parse(title + "\n" + note + "\n" + note).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
