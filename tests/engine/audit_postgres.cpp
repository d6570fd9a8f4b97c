// SPDX-License-Identifier: MIT
//
// audit_postgres.cpp: rows that lie in a real PostgreSQL, against the root that their log signed.
#include <aiaudit/codec/record_codec.hpp>
#include <aiaudit/detail/bytes.hpp>
#include <aiaudit/engine/log_reader.hpp>
#include <aiaudit/integrity/merkle.hpp>
#include <aiaudit/ledger.hpp>
#include <aiaudit/sinks/postgres_held_rows.hpp>
#include <aiaudit/sinks/postgres_sink.hpp>
#include <aiaudit/sinks/shipper.hpp>
#include <aiaudit/storage/lmdb_store.hpp>

#include "engine/support/temporary_directory.hpp"
#include "support/postgres_server.hpp"
#include "unit/support/reference_tree.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(audit_postgres,
                      *boost::unit_test::precondition(aiaudit_tests::postgres_server::is_installed))

using namespace aiaudit;
using namespace aiaudit_tests;

namespace {

record call_of(std::uint64_t number) {
    record entry;
    entry.user = number % 3 == 0 ? "" : "ana \xC3\xA9";
    entry.provider = "openai";
    entry.model_requested = "gpt-x";
    entry.started_at = timestamp::from_seconds(1'790'000'000 + static_cast<int>(number) * 40'000);
    entry.started_at.ns += 123'456'789;
    entry.operation_id.bytes[15] = static_cast<std::uint8_t>(number);
    entry.operation_id.bytes[14] = static_cast<std::uint8_t>(number >> 8U);
    entry.http_status = 200;
    entry.usage.set(unit::input_tokens, number * 3);
    if (number % 2 == 0) entry.tags = {{"team", "\"red\" \xE2\x82\xAC"}, {"run", "r1"}};
    if (number % 5 == 0) entry.iterations.push_back({"message", "a-model", {}});
    entry.cost_status = cost_status::priced;
    entry.cost = money::from_pico(static_cast<std::int64_t>(number) * 1'234'567'890'123);
    return entry;
}

// A log of calls that was shipped, its tree, and an auditor of what lies there.
struct shipped {
    static constexpr char const* origin = "node 'a'";

    temporary_directory directory{};
    std::string url = postgres_server::fresh_url();
    std::uint64_t size = 0;
    aiaudit_test::reference_tree tree{};
    note_signing_key key = note_signing_key::generate("example.com/a").value();

    explicit shipped(std::uint64_t count) {
        ledger_options options;
        options.path = directory.path();
        auto log = ledger::open(options).value();
        for (std::uint64_t i = 1; i <= count; ++i)
            BOOST_REQUIRE(log.append(call_of(i), durability::relaxed).has_value());
        BOOST_REQUIRE(log.flush().has_value());
        auto shipping = shipper::make(log, postgres_sink(url), {.origin = origin}).value();
        auto const done = shipping->run_once(std::stop_token{}, std::chrono::seconds(20));
        BOOST_REQUIRE_MESSAGE(done.has_value(), done.error().message());
        auto const read = log.log().views(1, [this](sequence, record_view const& entry) {
            tree.leaves.push_back(leaf_hash(encode_record(entry)));
            return true;
        });
        BOOST_REQUIRE(read.has_value());
        size = tree.leaves.size();
        BOOST_TEST_REQUIRE(size == count);
    }

    result<row_audit> audit(row_audit_options const& with = {},
                            std::vector<std::string>* uncompared = nullptr) {
        auto const note = sign_checkpoint({"example.com/a", size, tree.root(size)}, key).value();
        auto const state = open_checkpoint(note, key.verification_key()).value();
        auto rows = postgres_held_rows({url}, origin, range_of(with, size));
        if (!rows) return rows.error();
        auto found = audit_held_rows(
            state, [this](tile_place place) -> result<std::string> { return tree.tile(place); },
            **rows, with);
        if (uncompared != nullptr) *uncompared = (*rows)->uncompared();
        return found;
    }
    void change(std::string const& statement) const {
        auto to = pq_connection::open({url}).value();
        auto const done = to.run(statement);
        BOOST_REQUIRE_MESSAGE(done.has_value(), done.error().remote);
    }
};

bool is_named(row_audit const& found, row_kind kind, std::uint64_t record,
              std::string const& words) {
    return std::any_of(found.findings.begin(), found.findings.end(), [&](row_finding const& each) {
        return each.kind == kind && each.first == record && each.last == record &&
               each.text.find(words) != std::string::npos;
    });
}

// SQL for another value of a column.
std::string other_value(std::string const& name, column_type type) {
    switch (type) {
    case column_type::text: return "coalesce(" + name + ", '') || 'x'";
    case column_type::whole: return "coalesce(" + name + ", 0) + 1";
    case column_type::amount: return "coalesce(" + name + ", 0) + 0.000000000001";
    case column_type::instant: return name + " + interval '1 microsecond'";
    case column_type::bytes: return "coalesce(" + name + ", '') || '\\x00'";
    case column_type::flag: return "not " + name;
    case column_type::json: return "'[\"other\"]'";
    }
    return {};
}

}  // namespace

BOOST_AUTO_TEST_CASE(rows_as_they_were_shipped_are_fine) {
    shipped log(300);
    std::vector<std::string> uncompared;
    auto const found = log.audit({}, &uncompared);
    BOOST_REQUIRE_MESSAGE(found.has_value(), found.error().message() + found.error().remote);
    for (auto const& each : found->findings) BOOST_TEST_MESSAGE(each.text);
    BOOST_TEST(found->sound());
    BOOST_TEST(found->rows == log.size);
    BOOST_TEST(uncompared.empty());
    row_audit_options part;
    part.from = 100;
    part.to = 200;
    auto const some = log.audit(part).value();
    BOOST_TEST(some.sound());
    BOOST_TEST(some.rows == 101U);
}

BOOST_AUTO_TEST_CASE(each_column_that_was_changed_alone_is_named) {
    shipped log(record_columns.size() + 2);
    std::string statements;
    std::vector<std::string> names;
    for (auto const& column : detail::pq_held_columns()) {
        if (column.name == "origin" || column.name == "seq") continue;  // they say which row it is
        names.push_back(column.name);
        statements += "update aiaudit.record set " + column.name + " = " +
                      other_value(column.name, column.type) +
                      " where seq = " + std::to_string(names.size()) + ";";
    }
    log.change(statements);
    auto const found = log.audit().value();
    BOOST_TEST(found.findings.size() == names.size());
    BOOST_TEST(found.changed == 2U);  // encoded and leaf
    BOOST_TEST(found.differing == names.size() - 2);
    BOOST_TEST(found.missing + found.extra == 0U);
    for (std::size_t i = 0; i < names.size(); ++i) {
        bool const audited = names[i] == "encoded" || names[i] == "leaf";
        BOOST_TEST(is_named(found, audited ? row_kind::changed : row_kind::column, i + 1,
                            audited ? "the row's" : "the column " + names[i] + " is "),
                   names[i]);
    }
}

BOOST_AUTO_TEST_CASE(rows_that_were_deleted_moved_doubled_or_forged_are_named) {
    shipped log(300);
    log.change(
        "delete from aiaudit.record where seq in (10, 299);"
        "create temporary table t as select * from aiaudit.record where seq in (20, 21, 22, 23);"
        "update t set started_at = started_at + interval '1 hour';"
        "insert into aiaudit.record select * from t where seq = 20;"
        "update t set seq = 1000 where seq = 21;"
        "update t set seq = 0 where seq = 22;"
        "update t set seq = -7 where seq = 23;"
        "insert into aiaudit.record select * from t where seq in (1000, 0, -7)");
    auto const found = log.audit().value();
    BOOST_TEST(found.missing == 2U);
    BOOST_TEST(found.extra == 4U);
    BOOST_TEST(is_named(found, row_kind::missing, 10, "is missing"));
    BOOST_TEST(is_named(found, row_kind::missing, 299, "is missing"));
    BOOST_TEST(is_named(found, row_kind::extra, 20, "more than once"));
    BOOST_TEST(is_named(found, row_kind::extra, 1000, "the log signed only 300"));
    BOOST_TEST(is_named(found, row_kind::extra, 0, "sequence 0 or less"));
    row_audit_options with;
    with.newer_allowed = true;
    BOOST_TEST(log.audit(with).value().newer == 1U);
}

BOOST_AUTO_TEST_CASE(what_the_view_shows_is_what_is_compared) {
    shipped log(20);
    log.change("update aiaudit.record set spent = 'NaN' where seq = 3");
    auto const found = log.audit().value();
    BOOST_TEST(is_named(found, row_kind::column, 3, "the column spent is 'no finite number'"));
    auto to = pq_connection::open({log.url}).value();
    auto const text = to.query("select pg_get_viewdef('aiaudit.records'::regclass, true)").value();
    std::string lie(text.text(0, 0));
    auto const at = lie.find("COALESCE(r.spent, 0::numeric)");
    BOOST_TEST_REQUIRE(at != std::string::npos, lie);
    lie.insert(at, "0.5 * ");
    log.change("create or replace view aiaudit.records as " + lie);
    auto const lied = log.audit().value();
    BOOST_TEST(lied.differing == 20U);
    BOOST_TEST(is_named(lied, row_kind::column, 7, "the column spent is "));
}

BOOST_AUTO_TEST_CASE(a_column_that_is_lacking_is_told_and_one_of_another_type_refused) {
    shipped log(20);
    log.change("alter view aiaudit.records rename column spent to charged");
    std::vector<std::string> uncompared;
    auto const found = log.audit({}, &uncompared).value();
    BOOST_TEST(found.sound());
    BOOST_TEST((uncompared == std::vector<std::string>{"charged", "spent"}));
    log.change(
        "alter view aiaudit.records rename column charged to spent;"
        "alter view aiaudit.records rename column leaf to leaf_;"
        "alter view aiaudit.records rename column user_name to leaf;"
        "alter view aiaudit.records rename column leaf_ to user_name");
    auto const refused = log.audit();
    BOOST_TEST_REQUIRE(!refused.has_value());
    BOOST_TEST((refused.error().code == errc::bad_response));
    BOOST_TEST(refused.error().where.find("has another type") != std::string::npos);
    BOOST_TEST((postgres_held_rows({log.url}, "another", {}).error().code == errc::not_found));
}

BOOST_AUTO_TEST_SUITE_END()
