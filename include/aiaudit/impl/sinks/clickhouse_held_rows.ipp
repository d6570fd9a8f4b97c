// SPDX-License-Identifier: MIT
//
// clickhouse_held_rows.ipp: the definitions of clickhouse_held_rows.hpp.
#ifndef AIAUDIT_IMPL_SINKS_CLICKHOUSE_HELD_ROWS_IPP
#define AIAUDIT_IMPL_SINKS_CLICKHOUSE_HELD_ROWS_IPP

#include <aiaudit/config.hpp>                   // AIAUDIT_INLINE, uint128
#include <aiaudit/core/digest.hpp>              // to_hex
#include <aiaudit/detail/bytes.hpp>             // byte_reader
#include <aiaudit/sinks/clickhouse_client.hpp>  // clickhouse_client, tab_separated, plain_type
#include <aiaudit/sinks/clickhouse_held_rows.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::string_view clickhouse_nullable = "Nullable(";
inline constexpr std::string_view clickhouse_fixed = "FixedString(";

// What stands in the brackets of a type.
[[nodiscard]] constexpr std::string_view clickhouse_inner(std::string_view type) noexcept {
    std::size_t const begin = type.find('(') + 1;
    return type.substr(begin, type.size() - begin - 1);
}

// Of a value that is always as long; 0 for another.
[[nodiscard]] AIAUDIT_INLINE std::size_t clickhouse_size(std::string_view type) {
    if (type == "UInt8") return 1;
    if (type == "Date") return 2;
    if (type == "DateTime('UTC')") return 4;
    if (type == "Int64" || type == "UInt64") return 8;
    if (type == "Decimal(38, 12)") return 16;
    std::size_t size = 0;
    bool const fixed = type.starts_with(clickhouse_fixed);
    return fixed && parse_integer(clickhouse_inner(type), size) ? size : 0;
}

AIAUDIT_INLINE std::optional<std::string_view> take_clickhouse_value(std::string_view& bytes,
                                                                     std::string_view type) {
    std::string_view const all = bytes;
    byte_reader reader(bytes);
    bool null = false;
    if (type.starts_with(clickhouse_nullable)) {
        null = reader.take(1) != std::string_view("\0", 1);
        type = clickhouse_inner(type);
    }
    if (std::size_t const size = null ? 0 : clickhouse_size(type); size != 0) {
        reader.take(size);
    } else if (!null && type == "String") {
        reader.take(reader.varint());
    } else if (!null) {  // Array(String)
        for (std::uint64_t left = reader.varint(); left > 0 && reader.ok(); --left)
            reader.take(reader.varint());
    }
    if (!reader.ok()) return std::nullopt;
    bytes = reader.rest();
    return all.substr(0, all.size() - bytes.size());
}

AIAUDIT_INLINE std::optional<std::string> clickhouse_value_text(std::string_view type,
                                                                std::string_view value) {
    byte_reader reader(value);
    if (type.starts_with(clickhouse_nullable)) {
        if (reader.take(1) != std::string_view("\0", 1)) return std::nullopt;
        type = clickhouse_inner(type);
    }
    if (type == "String") return std::string(reader.take(reader.varint()));
    if (type == "UInt8") return std::to_string(reader.little_endian<std::uint8_t>());
    if (type == "Int64") return std::to_string(reader.little_endian<std::int64_t>());
    if (type == "UInt64") return std::to_string(reader.little_endian<std::uint64_t>());
    if (type == "DateTime('UTC')")
        return timestamp::from_seconds(reader.little_endian<std::uint32_t>()).to_string();
    if (type == "Date")
        return timestamp::from_seconds(reader.little_endian<std::uint16_t>() * seconds_per_day)
            .to_string()
            .substr(0, 10);
    if (type == "Decimal(38, 12)") {
        uint128 const low = reader.little_endian<std::uint64_t>();
        uint128 const high = reader.little_endian<std::uint64_t>();
        return money::from_pico(static_cast<int128>(high << 64U | low)).to_string();
    }
    if (type.starts_with(clickhouse_fixed)) return to_hex(reader.rest());
    std::string list;
    for (std::uint64_t left = reader.varint(); left > 0 && reader.ok(); --left)
        list.append(list.empty() ? "" : ", ").append(reader.take(reader.varint()));
    return "[" + list + "]";
}

AIAUDIT_INLINE void compare_clickhouse_values(
    std::vector<clickhouse_column> const& columns,
    std::vector<std::optional<std::string_view>> const& held, std::string_view recorded,
    std::vector<column_difference>& found) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
        clickhouse_column const& column = columns[i];
        auto const wanted = take_clickhouse_value(recorded, column.type);
        bool const audited = column.name == "leaf" || column.name == "encoded";
        if (audited || !is_of_record(column) || !held[i] || held[i] == wanted) continue;
        found.push_back(difference_of(column.name, clickhouse_value_text(column.type, *held[i]),
                                      clickhouse_value_text(column.type, wanted.value_or(""))));
    }
}

class clickhouse_table_rows final : public held_rows {
public:
    clickhouse_table_rows(clickhouse_place place, std::string origin, held_range range)
        : client_(std::move(place)),
          origin_(std::move(origin)),
          where_(" from aiaudit_record final where origin = " + clickhouse_literal(origin_)),
          range_(range),
          next_(range.from),
          newest_(range.size) {}

    // Finds the log, and which columns the table has.
    [[nodiscard]] result<void> begin();
    [[nodiscard]] result<bool> next(audit_row& row) override;
    [[nodiscard]] result<void> compare(audit_row const& row,
                                       std::vector<column_difference>& found) override;
    [[nodiscard]] std::vector<std::string> uncompared() const override { return told_.all(); }

private:
    static constexpr std::uint64_t page_rows = 8'192;
    static constexpr std::uint64_t newer_rows = 65'536;

    [[nodiscard]] error unreadable(std::string const& what) const {
        return fail(errc::bad_response,
                    client_.place().shown + ": " + what + ": nothing was compared");
    }
    [[nodiscard]] result<std::uint64_t> count(std::string text);
    [[nodiscard]] result<void> look_at_table();
    // False behind the last page.
    [[nodiscard]] result<bool> turn_page();
    [[nodiscard]] std::string_view value_of_column(std::size_t column) const {
        return values_[column].value_or(std::string_view{});
    }

    clickhouse_client client_;
    std::string origin_;
    std::string where_;
    held_range range_;
    std::uint64_t next_;     // the first record of the next page
    std::uint64_t newest_;   // of the rows past the log's end that were read
    std::uint64_t low_ = 0;  // rows with a sequence that no record has
    bool is_newer_ = false;
    std::vector<clickhouse_column> columns_ = clickhouse_columns();
    std::vector<bool> there_ = std::vector<bool>(columns_.size());
    std::size_t seq_ = 0;
    std::size_t leaf_ = 0;
    std::size_t record_ = 0;
    std::string names_{};
    std::string page_{};
    std::string_view rest_{};  // of the page
    std::vector<std::optional<std::string_view>> values_ =
        std::vector<std::optional<std::string_view>>(columns_.size());  // of the row
    std::string recorded_{};
    told_names told_{};
};

AIAUDIT_INLINE result<std::uint64_t> clickhouse_table_rows::count(std::string text) {
    auto const answer = client_.query(std::move(text));
    if (!answer) return answer.error();
    std::uint64_t number = 0;
    if (!parse_integer(std::string_view(*answer).substr(0, answer->find('\n')), number))
        return unreadable("a count cannot be read");
    return number;
}

AIAUDIT_INLINE result<void> clickhouse_table_rows::begin() {
    std::string const& database = client_.place().database;
    auto const tables = client_.query(
        "select name from system.tables where database = " + clickhouse_literal(database) +
            " and name in ('aiaudit_record', 'aiaudit_log')",
        false);
    if (!tables) return tables.error();
    if (tab_separated(*tables).size() != 2)
        return fail(errc::not_found, client_.place().shown + " has no logs; ship one there first");
    auto const logs =
        count("select count() from aiaudit_log where origin = " + clickhouse_literal(origin_));
    if (!logs) return logs.error();
    if (*logs == 0)
        return fail(errc::not_found, client_.place().shown + " has no log of that name");
    if (auto ok = look_at_table(); !ok) return ok;
    auto const low = count("select count()" + where_ + " and seq < 1");
    if (!low) return low.error();
    low_ = *low;
    return {};
}

AIAUDIT_INLINE result<void> clickhouse_table_rows::look_at_table() {
    auto const answer = client_.query(
        "select name, type from system.columns where database = currentDatabase() and "
        "table = 'aiaudit_record'");
    if (!answer) return answer.error();
    for (auto const& fields : tab_separated(*answer)) {
        if (fields.size() != 2) return unreadable("the list of columns cannot be read");
        auto const found = std::find_if(
            columns_.begin(), columns_.end(),
            [&fields](clickhouse_column const& each) { return each.name == fields[0]; });
        if (found == columns_.end()) {
            told_.add(printable(fields[0]));
            continue;
        }
        if (plain_type(fields[1]) != plain_type(found->type))
            return unreadable("the column " + found->name + " of aiaudit_record has another type");
        there_[static_cast<std::size_t>(found - columns_.begin())] = is_of_record(*found);
    }
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::string const& name = columns_[i].name;
        if (there_[i]) names_ += (names_.empty() ? "" : ", ") + name;
        if (!there_[i] && is_of_record(columns_[i])) told_.add(name);
        if (name == "seq") seq_ = i;
        if (name == "leaf") leaf_ = i;
        if (name == "encoded") record_ = i;
    }
    if (!there_[seq_] || !there_[leaf_] || !there_[record_])
        return unreadable("aiaudit_record has not the columns seq, leaf and encoded");
    return {};
}

AIAUDIT_INLINE result<bool> clickhouse_table_rows::turn_page() {
    auto const read = [this](std::string const& text) -> result<bool> {
        auto answer = client_.query(text + " format RowBinary");
        if (!answer) return answer.error();
        page_ = std::move(*answer);
        rest_ = page_;
        return !rest_.empty();
    };
    while (!is_newer_ && next_ <= range_.to) {
        std::uint64_t const last = (std::min)(next_ + page_rows - 1, range_.to);
        auto const some =
            read("select " + names_ + where_ + " and seq >= " + std::to_string(next_) +
                 " and seq <= " + std::to_string(last) + " order by seq");
        if (!some) return some;
        next_ = last + 1;
        if (*some) return true;
    }
    is_newer_ = true;
    return read("select seq" + where_ + " and seq > " + std::to_string(newest_) +
                " order by seq limit " + std::to_string(newer_rows));
}

AIAUDIT_INLINE result<bool> clickhouse_table_rows::next(audit_row& row) {
    row = {};
    if (low_ > 0) {
        --low_;
        return true;
    }
    if (rest_.empty()) {
        auto const more = turn_page();
        if (!more || !*more) return more;
    }
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        values_[i].reset();
        if (is_newer_ ? i != seq_ : !there_[i]) continue;
        values_[i] = take_clickhouse_value(rest_, columns_[i].type);
        if (!values_[i]) return unreadable("a row cannot be read");
    }
    row.sequence = load_little_endian<std::uint64_t>(value_of_column(seq_).data());
    newest_ = (std::max)(newest_, row.sequence);
    if (is_newer_) return true;
    std::memcpy(row.leaf.bytes.data(), value_of_column(leaf_).data(), row.leaf.bytes.size());
    byte_reader record(value_of_column(record_));
    row.record = record.take(record.varint());
    return true;
}

AIAUDIT_INLINE result<void> clickhouse_table_rows::compare(audit_row const& row,
                                                           std::vector<column_difference>& found) {
    record_view entry;
    auto const expected = sink_row_of(row, entry);
    if (!expected) return expected.error();
    recorded_.clear();
    if (auto ok = append_clickhouse_row(origin_, *expected, recorded_); !ok) return ok;
    compare_clickhouse_values(columns_, values_, recorded_, found);
    return {};
}

}  // namespace detail

AIAUDIT_INLINE result<std::unique_ptr<held_rows>> clickhouse_held_rows(std::string_view address,
                                                                       std::string origin,
                                                                       held_range range) {
    auto place = detail::parse_clickhouse_address(address);
    if (!place) return place.error();
    auto rows = std::make_unique<detail::clickhouse_table_rows>(std::move(*place),
                                                                std::move(origin), range);
    if (auto ok = rows->begin(); !ok) return ok.error();
    return std::unique_ptr<held_rows>(std::move(rows));
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_SINKS_CLICKHOUSE_HELD_ROWS_IPP
