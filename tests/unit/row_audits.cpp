// SPDX-License-Identifier: MIT
//
// row_audits.cpp: rows against a signed root: each that is missing, changed or too many is named.
#include "unit/support/reference_tree.hpp"

#include <aiaudit/audit/row_audit.hpp>
#include <aiaudit/audit/row_lines.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(row_audits)

using namespace aiaudit;

namespace {

struct stored_row {
    std::uint64_t sequence = 0;
    digest leaf{};
    std::string record{};
};

// A log of `count` records, its checkpoint, its tiles, and a sink with all of it.
struct sink {
    note_signing_key key = note_signing_key::generate("example.com/log").value();
    aiaudit_test::reference_tree tree{};
    std::vector<stored_row> rows{};
    std::uint64_t count;

    explicit sink(std::uint64_t size = 700) : count(size) {
        for (std::uint64_t i = 1; i <= count; ++i) {
            std::string const record = "record " + std::to_string(i);
            tree.leaves.push_back(leaf_hash(record));
            rows.push_back({i, leaf_hash(record), record});
        }
    }
    [[nodiscard]] verified_checkpoint state() const {
        auto const note = sign_checkpoint({"example.com/log", count, tree.root(count)}, key);
        return open_checkpoint(note.value(), key.verification_key()).value();
    }
    [[nodiscard]] result<row_audit> audit(row_audit_options const& with = {}) const {
        std::size_t at = 0;
        return audit_rows(
            state(), [this](tile_place place) -> result<std::string> { return tree.tile(place); },
            [&](audit_row& row) -> result<bool> {
                if (at == rows.size()) return false;
                row = {rows[at].sequence, rows[at].leaf, rows[at].record};
                ++at;
                return true;
            },
            with);
    }
    void erase(std::uint64_t first, std::uint64_t last) {
        std::erase_if(rows, [&](stored_row const& each) {
            return each.sequence >= first && each.sequence <= last;
        });
    }
};

void found_is(row_audit const& found, std::vector<row_finding> const& wanted) {
    BOOST_REQUIRE(found.findings.size() == wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        BOOST_TEST((found.findings[i].kind == wanted[i].kind));
        BOOST_TEST(found.findings[i].first == wanted[i].first);
        BOOST_TEST(found.findings[i].last == wanted[i].last);
        BOOST_TEST(found.findings[i].text.find(wanted[i].text) != std::string::npos,
                   found.findings[i].text);
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_sink_with_all_rows_is_sound_at_every_size) {
    for (std::uint64_t const size : {0U, 1U, 255U, 256U, 257U, 600U}) {
        sink const whole(size);
        auto const found = whole.audit().value();
        BOOST_TEST(found.sound());
        BOOST_TEST(found.rows == size);
    }
}

BOOST_AUTO_TEST_CASE(rows_that_are_missing_are_named_with_where_they_are) {
    sink some;
    some.erase(1, 1);
    some.erase(200, 300);
    some.erase(700, 700);
    auto const found = some.audit().value();
    BOOST_TEST(found.missing == 103U);
    found_is(found, {{row_kind::missing, 1, 1, "record 1 is missing"},
                     {row_kind::missing, 200, 300, "records 200 to 300 are missing"},
                     {row_kind::missing, 700, 700, "the newest ones"}});
}

BOOST_AUTO_TEST_CASE(rows_that_are_changed_are_named_with_how) {
    sink some;
    some.rows[9].record = "another";
    some.rows[19].leaf.bytes[0] ^= 1;
    some.rows[299].record = "another";
    some.rows[299].leaf = leaf_hash("another");
    some.rows[699].record = "another";
    some.rows[699].leaf = leaf_hash("a third");
    auto const found = some.audit().value();
    BOOST_TEST(found.changed == 4U);
    found_is(found,
             {{row_kind::changed, 10, 10, "record is not the one that was signed; its leaf is"},
              {row_kind::changed, 20, 20, "leaf is not that of its record"},
              {row_kind::changed, 300, 300, "changed together"},
              {row_kind::changed, 700, 700, "neither"}});
}

BOOST_AUTO_TEST_CASE(rows_that_are_too_many_are_named) {
    sink some;
    some.rows.insert(some.rows.begin() + 5, some.rows[4]);
    some.rows.push_back({701, leaf_hash("x"), "x"});
    some.rows.insert(some.rows.begin(), {0, leaf_hash("y"), "y"});
    found_is(some.audit().value(), {{row_kind::extra, 0, 0, "sequence 0"},
                                    {row_kind::extra, 5, 5, "more than once"},
                                    {row_kind::extra, 701, 701, "signed only 700"}});
    some.rows.erase(some.rows.begin());
    some.rows.erase(some.rows.begin() + 5);
    row_audit_options with;
    with.newer_allowed = true;
    auto const found = some.audit(with).value();
    BOOST_TEST(found.sound());
    BOOST_TEST(found.newer == 1U);
}

BOOST_AUTO_TEST_CASE(a_range_of_records_is_compared_alone) {
    sink some;
    some.erase(1, 299);
    some.rows.back().record = "another";
    row_audit_options with;
    with.from = 300;
    with.to = 699;
    auto const found = some.audit(with).value();
    BOOST_TEST(found.sound());
    BOOST_TEST(found.rows == 400U);
    with.to = 700;
    BOOST_TEST(some.audit(with).value().changed == 1U);
    with.to = 701;
    BOOST_TEST((some.audit(with).error().code == errc::bad_argument));
}

BOOST_AUTO_TEST_CASE(rows_out_of_order_end_the_audit) {
    sink some;
    std::swap(some.rows[4], some.rows[5]);
    auto const found = some.audit();
    BOOST_REQUIRE(!found);
    BOOST_TEST((found.error().code == errc::bad_input));
}

BOOST_AUTO_TEST_CASE(a_copy_that_is_damaged_says_nothing_of_the_rows) {
    for (std::uint64_t const to : {0U, 699U, 256U, 100U}) {
        sink some;
        auto const state = some.state();
        auto tiles = some.tree;
        tiles.leaves[50] = leaf_hash("rotten");
        some.rows[50] = {51, leaf_hash("rotten"), "rotten"};
        std::size_t at = 0;
        row_audit_options with;
        with.to = to;
        auto const found = audit_rows(
            state,
            [&](tile_place place) -> result<std::string> {
                std::string bytes;
                std::uint64_t const span = std::uint64_t{1} << (8 * place.level);
                for (std::uint64_t i = 0; i < place.width; ++i)
                    bytes += detail::view_of(tiles
                                                 .root((place.index * 256 + i) * span,
                                                       (place.index * 256 + i + 1) * span)
                                                 .bytes);
                return bytes;
            },
            [&](audit_row& row) -> result<bool> {
                if (at == some.rows.size()) return false;
                row = {some.rows[at].sequence, some.rows[at].leaf, some.rows[at].record};
                ++at;
                return true;
            },
            with);
        BOOST_REQUIRE(!found);
        BOOST_TEST((found.error().code == errc::verification_failed));
    }
}

BOOST_AUTO_TEST_CASE(findings_are_bounded_and_counts_are_not) {
    sink some;
    for (auto& each : some.rows) each.record = "another";
    row_audit_options with;
    with.findings_max = 10;
    auto const found = some.audit(with).value();
    BOOST_TEST(found.findings.size() == 10U);
    BOOST_TEST(found.changed == 700U);
    BOOST_TEST(found.left_out == 690U);
}

BOOST_AUTO_TEST_CASE(lines_of_json_are_rows_and_other_lines_are_refused) {
    auto const leaf = leaf_hash("abc");
    std::string const good = R"({"origin":"example.com/log","seq":1,"leaf":")" + leaf.to_string() +
                             R"(","record":"YWJj","user":"ana"})";
    std::string const shipped = R"({"origin":"example.com/log","seq":1,"leaf":")" +
                                leaf.to_string() + R"(","encoded":"616263","user":"ana"})";
    std::istringstream in(good + "\n\n" + shipped + "\n" +
                          R"({"origin":"example.com/log","checkpoint":{"size":1}})" + "\n" + good);
    auto const rows = row_lines(in, "example.com/log");
    audit_row row;
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST(rows(row).value());
        BOOST_TEST(row.sequence == 1U);
        BOOST_TEST(row.record == "abc");
        BOOST_TEST((row.leaf == leaf));
    }
    BOOST_TEST(!rows(row).value());
    auto const refuses = [&](std::string line, std::string const& words) {
        std::istringstream wrong(line + "\n");
        auto const read = row_lines(wrong, "example.com/log")(row);
        BOOST_REQUIRE(!read);
        BOOST_TEST((read.error().code == errc::bad_input));
        BOOST_TEST(read.error().where.find(words) != std::string::npos, read.error().where);
    };
    auto const replaced = [&](std::string const& from, std::string const& to) {
        std::string line = good;
        return line.replace(line.find(from), from.size(), to);
    };
    refuses("{", "line 1 of the rows is no JSON object");
    refuses("[]", "is no JSON object");
    refuses(good + std::string(1, '\0') + "x", "is no JSON object");
    refuses(replaced("\"seq\":1,", ""), "has not the members");
    refuses(replaced(":1,", ":-1,"), "no whole number");
    refuses(replaced(":1,", ":1.0,"), "no whole number");
    refuses(replaced(":1,", ":\"1\","), "no whole number");
    refuses(replaced("YWJj", "YWJj="), "no base64");
    refuses(replaced(R"("record":"YWJj")", R"("encoded":"61626")"), "no hexadecimal");
    refuses(replaced(R"("record":"YWJj")", R"("encoded":"6162zz")"), "no hexadecimal");
    refuses(replaced(R"("record":"YWJj")", R"("record":"YWJj","encoded":"616263")"),
            "has not one of");
    refuses(replaced(R"("record":"YWJj",)", ""), "has not one of");
    refuses(replaced(leaf.to_string(), "00"), "64 hexadecimal");
    refuses(replaced("example.com/log", "example.com/other"), "of another log");
    refuses(std::string((1U << 20) + 5, 'x'), "over 1 MiB");
}

BOOST_AUTO_TEST_SUITE_END()
