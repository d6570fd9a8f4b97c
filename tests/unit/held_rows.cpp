// SPDX-License-Identifier: MIT
//
// held_rows.cpp: each column that a sink holds is compared with its record. The columns come from
// the sinks' own tables, so one that is new and not compared fails here.
#include <aiaudit/codec/record_codec.hpp>
#include <aiaudit/detail/bytes.hpp>
#include <aiaudit/integrity/merkle.hpp>
#include <aiaudit/sinks/clickhouse_held_rows.hpp>
#include <aiaudit/sinks/json_lines_sink.hpp>
#include <aiaudit/sinks/line_rows.hpp>
#include <aiaudit/sinks/postgres_held_rows.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(held_rows)

using namespace aiaudit;

namespace {

constexpr char origin[] = "example.com/log";

// A call with a value in about every column, and one with almost none.
record full_call() {
    record entry;
    entry.user = "ana \xC3\xA9";
    entry.project = "p";
    entry.key_id = "k";
    entry.provider = "openai";
    entry.model_requested = "gpt-x";
    entry.model_served = "gpt-x-2";
    entry.started_at = timestamp::parse("2026-08-15T12:00:00.123456789Z").value();
    entry.duration_ns = 1'500'000'000;
    entry.http_status = 200;
    entry.parameters.stream = true;
    entry.usage.set(unit::input_tokens, 1200);
    entry.iterations.push_back({"message", "a-model", {}});
    entry.cost_status = cost_status::priced;
    entry.cost = money::parse("0.004425000001").value();
    entry.operation_id.bytes[3] = 9;
    entry.tags = {{"team", "red"}, {"run", "r1"}};
    return entry;
}

struct encoded_row {
    std::string bytes;
    record_view entry{};
    sink_row row{};

    explicit encoded_row(record const& of) : bytes(encode_record(of)) {
        decode_record(bytes, entry).value();
        row = {sequence{7}, &entry, leaf_hash(bytes), bytes};
    }
    encoded_row(encoded_row const&) = delete;
    encoded_row& operator=(encoded_row const&) = delete;
    [[nodiscard]] audit_row audited() const { return {7, row.leaf, bytes}; }
};

struct compared {
    std::vector<column_difference> found{};
    std::vector<std::string> uncompared{};
};
compared compare_line(std::string const& line) {
    std::istringstream in(line);
    auto const rows = line_rows(in, origin);
    audit_row row;
    BOOST_REQUIRE(rows->next(row).value());
    compared made;
    BOOST_REQUIRE(rows->compare(row, made.found).has_value());
    made.uncompared = rows->uncompared();
    return made;
}
boost::json::object line_of(encoded_row const& of) {
    return boost::json::parse(json_line(origin, of.row)).as_object();
}
compared compare_line(boost::json::object const& line) {
    return compare_line(boost::json::serialize(line) + "\n");
}
bool is_audited(std::string_view name) {
    return name == "origin" || name == "seq" || name == "leaf" || name == "encoded";
}
bool has(std::vector<std::string> const& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}
void found_one(std::vector<column_difference> const& found, std::string_view column) {
    BOOST_TEST_REQUIRE(found.size() == 1U, column << ": " << found.size());
    BOOST_TEST(found.front().column == column);
    BOOST_TEST(found.front().held != found.front().recorded);
}

// What PostgreSQL holds, as its shipper sent it.
struct pq_row {
    std::string bytes{};
    std::vector<detail::pq_held_column> columns = detail::pq_held_columns();
    std::vector<detail::pq_value> values{};

    explicit pq_row(encoded_row const& of) {
        detail::postgres_rows encoder;
        encoder.add(of.row);
        bytes = encoder.encoded();
        values = detail::pq_values_of(bytes);
        BOOST_TEST_REQUIRE(values.size() == columns.size());
    }
};
std::string pq_number(money value) {
    std::string bytes;
    detail::append_numeric(bytes, value);
    return bytes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_line_as_it_was_shipped_is_its_record) {
    for (record const& each : {full_call(), record{}}) {
        encoded_row const row(each);
        auto const whole = compare_line(line_of(row));
        BOOST_TEST(whole.found.empty());
        BOOST_TEST(whole.uncompared.empty());
    }
}

BOOST_AUTO_TEST_CASE(each_column_of_a_line_that_was_changed_is_named) {
    for (record const& each : {full_call(), record{}}) {
        encoded_row const row(each);
        for (record_column const& column : record_columns) {
            if (is_audited(column.name)) continue;
            auto line = line_of(row);
            bool const had = line.contains(column.name);
            line[column.name] = "another";
            found_one(compare_line(line).found, column.name);
            line[column.name] = 1'234'567;
            found_one(compare_line(line).found, column.name);
            line.erase(column.name);
            auto const without = compare_line(line);
            BOOST_TEST(without.uncompared.empty());
            bool const zero = line_of(row).contains(column.name) &&
                              column.absence == column_absence::zero &&
                              line_of(row)[column.name] == 0;
            if (had && !zero) found_one(without.found, column.name);
            if (!had) BOOST_TEST(without.found.empty());
        }
    }
}

BOOST_AUTO_TEST_CASE(zero_is_no_value_where_a_store_may_keep_either) {
    encoded_row const row(record{});
    auto line = line_of(row);
    line["user_name"] = "";
    line["spent"] = "0.000000000000";
    line["errors"] = 0;
    line["cost"] = nullptr;
    BOOST_TEST(compare_line(line).found.empty());
    line["http_status"] = 0;  // of this column zero is a value
    found_one(compare_line(line).found, "http_status");
}

BOOST_AUTO_TEST_CASE(a_column_that_was_not_exported_is_told_and_not_passed) {
    encoded_row const row(full_call());
    auto line = line_of(row);
    line.erase("encoded");
    line["record"] = detail::base64_encode(row.bytes);
    line.erase("spent");
    line["colour"] = "red";
    auto const some = compare_line(line);
    BOOST_TEST(some.found.empty());
    BOOST_TEST(some.uncompared.size() == 2U);
    BOOST_TEST(has(some.uncompared, "spent"));
    BOOST_TEST(has(some.uncompared, "colour"));
    line["user_name"] = "nobody";
    found_one(compare_line(line).found, "user_name");
    boost::json::object bare;
    for (char const* const name : {"origin", "seq", "leaf", "record"}) bare[name] = line[name];
    auto const none = compare_line(bare);
    BOOST_TEST(none.found.empty());
    BOOST_TEST_REQUIRE(none.uncompared.size() == 1U);
    BOOST_TEST(none.uncompared.front() == "all columns of rows that have none");
}

BOOST_AUTO_TEST_CASE(what_this_version_cannot_decode_ends_the_audit) {
    audit_row const row{7, leaf_hash("x"), "x"};
    record_view entry;
    auto const made = detail::sink_row_of(row, entry);
    BOOST_REQUIRE(!made);
    BOOST_TEST((made.error().code == errc::newer_format));
}

BOOST_AUTO_TEST_CASE(each_column_of_clickhouse_that_was_changed_is_named) {
    for (record const& each : {full_call(), record{}}) {
        encoded_row const row(each);
        std::string bytes;
        BOOST_REQUIRE(detail::append_clickhouse_row(origin, row.row, bytes).has_value());
        auto const columns = detail::clickhouse_columns();
        std::vector<std::optional<std::string_view>> held;
        std::string_view rest = bytes;
        for (auto const& column : columns)
            held.push_back(detail::take_clickhouse_value(rest, column.type));
        BOOST_TEST(rest.empty());
        std::vector<column_difference> found;
        detail::compare_clickhouse_values(columns, held, bytes, found);
        BOOST_TEST(found.empty());
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (is_audited(columns[i].name) || columns[i].name == "ver") continue;
            std::string changed(held[i].value());
            if (columns[i].type.starts_with("Nullable("))
                changed = changed.front() == 1 ? std::string(40, '\0') : std::string(1, '\1');
            else if (columns[i].type == "String")
                changed = "\x01?";
            else if (columns[i].type == "Array(String)")
                changed = std::string("\x01\x01?", 3);
            else
                changed.front() = static_cast<char>(changed.front() ^ 1);
            auto other = held;
            std::string_view whole = changed;
            other[i] = detail::take_clickhouse_value(whole, columns[i].type);
            BOOST_TEST_REQUIRE(other[i].has_value(), columns[i].name);
            found.clear();
            detail::compare_clickhouse_values(columns, other, bytes, found);
            found_one(found, columns[i].name);
            other[i].reset();  // the table has it not
            found.clear();
            detail::compare_clickhouse_values(columns, other, bytes, found);
            BOOST_TEST(found.empty());
        }
    }
}

BOOST_AUTO_TEST_CASE(bytes_of_clickhouse_that_are_cut_are_no_value) {
    encoded_row const row(full_call());
    std::string bytes;
    BOOST_REQUIRE(detail::append_clickhouse_row(origin, row.row, bytes).has_value());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        std::string_view rest = std::string_view(bytes).substr(0, size);
        bool whole = true;
        for (auto const& column : detail::clickhouse_columns())
            whole = whole && detail::take_clickhouse_value(rest, column.type).has_value();
        BOOST_TEST_REQUIRE(!whole, size);
    }
}

BOOST_AUTO_TEST_CASE(each_column_of_postgresql_that_was_changed_is_named) {
    for (record const& each : {full_call(), record{}}) {
        encoded_row const row(each);
        pq_row const sent(row);
        for (std::size_t i = 1; i < sent.columns.size(); ++i) {
            auto const& column = sent.columns[i];
            BOOST_TEST(detail::is_same_pq_value(column, sent.values[i], sent.values[i]));
            std::string changed(sent.values[i].value_or(std::string_view{}));
            switch (column.type) {
            case column_type::amount:
                changed = pq_number(money::parse("0.000000000777").value());
                break;
            case column_type::json: changed = "\1[1]"; break;
            case column_type::flag: changed = changed == "\1" ? std::string(1, '\0') : "\1"; break;
            case column_type::whole:
            case column_type::instant: changed = std::string("\0\0\0\0\0\0\7\7", 8); break;
            default: changed += "x";
            }
            BOOST_TEST(!detail::is_same_pq_value(column, changed, sent.values[i]), column.name);
            auto const text = detail::pq_value_text(column.type, changed);
            BOOST_TEST((text != detail::pq_value_text(column.type, sent.values[i])), column.name);
            if (sent.values[i]) {
                BOOST_TEST(!detail::is_same_pq_value(column, std::nullopt, sent.values[i]),
                           column.name);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(numbers_of_postgresql_are_compared_by_value) {
    detail::pq_held_column const spent{"spent", column_type::amount, column_absence::zero, 0};
    detail::pq_held_column const cost{"cost", column_type::amount, column_absence::null, 0};
    std::string const zero = pq_number({});
    BOOST_TEST(detail::is_same_pq_value(spent, zero, std::nullopt));
    BOOST_TEST(!detail::is_same_pq_value(cost, zero, std::nullopt));
    std::string not_a_number = zero;
    not_a_number[4] = '\xC0';
    BOOST_TEST(!detail::is_same_pq_value(spent, not_a_number, std::nullopt));
    BOOST_TEST(detail::pq_value_text(column_type::amount, not_a_number).value() ==
               "no finite number");
    std::string const some = pq_number(money::parse("-12345.670000000001").value());
    std::string shown = some;
    shown[7] = 14;  // decimals
    BOOST_TEST(detail::is_same_pq_value(cost, shown, some));
    for (char const* const text :
         {"0.000000000000", "-12345.670000000001", "1.500000000000", "100000000.000000000000",
          "0.000000000001", "10000.000100000000"})
        BOOST_TEST(detail::pq_value_text(column_type::amount, pq_number(money::parse(text).value()))
                       .value() == text);
    detail::pq_held_column const tags{"tags", column_type::json, column_absence::null, 0};
    std::string_view const one = "\1{\"a\": 1, \"b\": [\"\\u00e9\"]}";
    BOOST_TEST(detail::is_same_pq_value(tags, one, "\1{\"b\":[\"\xC3\xA9\"],\"a\":1}"));
    BOOST_TEST(!detail::is_same_pq_value(tags, one, "\1{\"b\":[\"\xC3\xA9\"],\"a\":2}"));
}

BOOST_AUTO_TEST_CASE(a_difference_is_short_and_printable_and_shows_where_it_is) {
    auto const made =
        detail::difference_of("tags", std::string(200, 'x') + "\n1", std::string(200, 'x') + "\n2");
    BOOST_TEST(made.held.find("?1'") != std::string::npos, made.held);
    BOOST_TEST(made.recorded.find("?2'") != std::string::npos, made.recorded);
    BOOST_TEST(made.held.size() < 100U);
    auto const absent = detail::difference_of("user_name", std::nullopt, "ana");
    BOOST_TEST(absent.held == "without a value");
    BOOST_TEST(absent.recorded == "'ana'");
}

BOOST_AUTO_TEST_SUITE_END()
