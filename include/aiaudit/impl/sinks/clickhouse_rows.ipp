// SPDX-License-Identifier: MIT
//
// clickhouse_rows.ipp: the definitions of clickhouse_rows.hpp.
#ifndef AIAUDIT_IMPL_SINKS_CLICKHOUSE_ROWS_IPP
#define AIAUDIT_IMPL_SINKS_CLICKHOUSE_ROWS_IPP

#include <aiaudit/config.hpp>        // AIAUDIT_INLINE, int128
#include <aiaudit/detail/bytes.hpp>  // append_text, append_little_endian
#include <aiaudit/sinks/clickhouse_rows.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Of a FixedString; 0 for a String.
[[nodiscard]] constexpr std::size_t clickhouse_width(record_column const& column) noexcept {
    if (column.name == "leaf" || column.name == "price_book") return 32;
    if (column.name == "operation_id" || column.name == "trace_id") return 16;
    return 0;
}

// What the encoder needs to know of each column, without looking at its name for each row.
struct clickhouse_shape {
    column_type type{};
    bool nullable = false;
    bool is_tags = false;
    bool is_day = false;  // it gives the day of the partition too
    std::size_t width = 0;
};

[[nodiscard]] constexpr auto make_clickhouse_shapes() noexcept {
    std::array<clickhouse_shape, record_columns.size()> shapes{};
    for (std::size_t i = 0; i < shapes.size(); ++i) {
        record_column const& column = record_columns[i];
        bool const tags = column.name == "tags";
        shapes[i] = {column.type, column.absence == column_absence::null && !tags, tags,
                     column.name == "started_at", clickhouse_width(column)};
    }
    return shapes;
}
inline constexpr auto clickhouse_shapes = make_clickhouse_shapes();

// A newer one replaces the row of an older version of this program.
inline constexpr char clickhouse_row_version = 1;

[[nodiscard]] AIAUDIT_INLINE std::string clickhouse_type(record_column const& column) {
    switch (column.type) {
    case column_type::text:
    case column_type::json: return "String";
    case column_type::whole: return column.name == "seq" ? "UInt64" : "Int64";
    case column_type::amount: return "Decimal(38, 12)";
    case column_type::instant: return "DateTime('UTC')";
    case column_type::flag: return "UInt8";
    case column_type::bytes: break;
    }
    std::size_t const width = clickhouse_width(column);
    return width == 0 ? "String" : "FixedString(" + std::to_string(width) + ")";
}

AIAUDIT_INLINE std::vector<clickhouse_column> clickhouse_columns() {
    std::vector<clickhouse_column> columns;
    for (std::size_t i = 0; i < record_columns.size(); ++i) {
        clickhouse_shape const& shape = clickhouse_shapes[i];
        std::string const name(record_columns[i].name);
        if (shape.is_tags) {
            columns.push_back({"tag_k", "Array(String)"});
            columns.push_back({"tag_v", "Array(String)"});
            continue;
        }
        if (shape.is_day) columns.push_back({"day", "Date"});
        std::string type = clickhouse_type(record_columns[i]);
        columns.push_back({name, shape.nullable ? "Nullable(" + type + ")" : type});
        if (shape.type == column_type::instant) columns.push_back({name + "_ns", "Int64"});
    }
    columns.push_back({"ver", "UInt8"});
    return columns;
}

AIAUDIT_INLINE std::string clickhouse_names(std::vector<clickhouse_column> const& columns) {
    std::string names;
    for (clickhouse_column const& column : columns) {
        if (!names.empty()) names += ", ";
        names += column.name;
    }
    return names;
}

// Sums of the columns that a record adds to a report, by what stands in `by`.
[[nodiscard]] AIAUDIT_INLINE std::string clickhouse_report(std::string_view by) {
    std::string text = "select " + std::string(by);
    bool sums = false;
    for (record_column const& column : record_columns) {
        sums = sums || column.name == "requests";
        if (!sums || column.absence == column_absence::null) continue;
        text.append(", sum(").append(column.name).append(") as ").append(column.name);
    }
    return text.append(" from aiaudit_record final group by ").append(by);
}

AIAUDIT_INLINE std::vector<clickhouse_object> clickhouse_objects() {
    std::string record = "create table if not exists aiaudit_record (";
    bool begun = false;
    for (clickhouse_column const& column : clickhouse_columns()) {
        record.append(begun ? ", " : "").append(column.name).append(" ").append(column.type);
        begun = true;
    }
    record +=
        ") engine = ReplacingMergeTree(ver) partition by toYYYYMM(day) order by (origin, day, seq)";
    std::vector<clickhouse_object> objects{
        {"aiaudit_record", false, std::move(record)},
        {"aiaudit_log", false,
         "create table if not exists aiaudit_log (origin String, slot UInt64, size UInt64, "
         "root FixedString(32), first UInt64, checkpoint String, "
         "written_at DateTime('UTC') default now()) "
         "engine = ReplacingMergeTree(size) order by (origin, slot)"},
        {"aiaudit_records", true, "select * from aiaudit_record final"},
        {"aiaudit_spend_by_day", true,
         clickhouse_report("origin, day, user_name, project, key_id, provider, model, status")},
        {"aiaudit_spend_by_month", true,
         clickhouse_report("origin, toStartOfMonth(day) as month, project, provider, model")},
    };
    for (clickhouse_object& object : objects)
        if (object.is_view)
            object.statement =
                "create view if not exists " + std::string(object.name) + " as " + object.statement;
    return objects;
}

// Appends the values of a row. An absent one is NULL where the column has it, else zero or empty.
class clickhouse_row final : public column_writer {
public:
    clickhouse_row(record_view const& entry, std::string& out) : entry_(entry), out_(out) {}

    void text(std::string_view value) override {
        begin();
        append_text(out_, value);
    }
    void whole(std::int64_t value) override {
        begin();
        append_little_endian(out_, value);
    }
    void amount(money value) override {
        begin();
        append_amount(value.pico());
    }
    void instant(timestamp value) override {
        bool const day = clickhouse_shapes[column_].is_day;
        begin();
        // Outside of 1970 to 2106 seconds and day stand at the border; the nanoseconds are exact.
        std::int64_t const seconds =
            std::clamp(value.seconds(), std::int64_t{0}, std::int64_t{0xFFFF'FFFF});
        if (day) append_little_endian(out_, static_cast<std::uint16_t>(seconds / seconds_per_day));
        append_little_endian(out_, static_cast<std::uint32_t>(seconds));
        append_little_endian(out_, value.ns);
    }
    void bytes(std::string_view value) override {
        std::size_t const width = clickhouse_shapes[column_].width;
        begin();
        if (width == 0)
            append_text(out_, value);
        else
            out_.append(value.substr(0, width)).append(width - (std::min)(width, value.size()), 0);
    }
    void flag(bool value) override {
        begin();
        out_.push_back(value ? 1 : 0);
    }
    void json(std::string_view value) override {
        if (!clickhouse_shapes[column_].is_tags) return text(value);
        begin();
        append_tags();
    }
    void absent() override {
        clickhouse_shape const& shape = clickhouse_shapes[column_++];
        if (shape.nullable)
            out_.push_back(1);
        else if (shape.is_tags)
            out_.append(2, '\0');
        else
            out_.append(zero_bytes(shape), '\0');
    }

    [[nodiscard]] bool is_whole() const noexcept {
        return !overflow_ && column_ == clickhouse_shapes.size();
    }

private:
    void begin() {
        if (clickhouse_shapes[column_].nullable) out_.push_back(0);
        ++column_;
    }
    [[nodiscard]] static std::size_t zero_bytes(clickhouse_shape const& shape) noexcept {
        switch (shape.type) {
        case column_type::whole: return 8;
        case column_type::amount: return 16;
        case column_type::instant: return shape.is_day ? 14 : 12;
        case column_type::bytes: return shape.width == 0 ? 1 : shape.width;
        default: return 1;  // an empty text's length, or a flag
        }
    }
    void append_amount(int128 pico) {
        constexpr int128 ten_19 = 10'000'000'000'000'000'000U;
        overflow_ = overflow_ || pico >= ten_19 * ten_19 || pico <= -(ten_19 * ten_19);
        auto const bits = static_cast<uint128>(pico);
        append_little_endian(out_, static_cast<std::uint64_t>(bits));
        append_little_endian(out_, static_cast<std::uint64_t>(bits >> 64U));
    }
    void append_tags() {
        append_varint(out_, entry_.tags.size());
        for (auto const& tag : entry_.tags) append_text(out_, column_text(tag.first));
        append_varint(out_, entry_.tags.size());
        for (auto const& tag : entry_.tags) append_text(out_, column_text(tag.second));
    }

    record_view const& entry_;
    std::string& out_;
    std::size_t column_ = 0;
    bool overflow_ = false;
};

AIAUDIT_INLINE result<void> append_clickhouse_row(std::string_view origin, sink_row const& row,
                                                  std::string& out) {
    clickhouse_row values(*row.entry, out);
    write_columns(origin, row, values);
    out.push_back(clickhouse_row_version);
    if (!values.is_whole())
        return fail(errc::too_large, "record " + std::to_string(value_of(row.number)) +
                                         " has an amount that Decimal(38, 12) cannot hold");
    return {};
}

AIAUDIT_INLINE void append_clickhouse_cursor(std::string_view origin, sink_cursor const& cursor,
                                             std::string_view checkpoint, std::string& out) {
    append_text(out, origin);
    append_little_endian(out, (cursor.size - 1) / clickhouse_slot);
    append_little_endian(out, cursor.size);
    out.append(view_of(cursor.root.bytes));
    append_little_endian(out, cursor.first);
    append_text(out, checkpoint);
}

AIAUDIT_INLINE std::string clickhouse_literal(std::string_view text) {
    std::string literal = "'";
    for (char const c : text) {
        if (c == '\'' || c == '\\') literal.push_back('\\');
        literal.push_back(c);
    }
    return literal + "'";
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_SINKS_CLICKHOUSE_ROWS_IPP
