// SPDX-License-Identifier: MIT
//
// postgres_held_rows.ipp: the definitions of postgres_held_rows.hpp.
#ifndef AIAUDIT_IMPL_SINKS_POSTGRES_HELD_ROWS_IPP
#define AIAUDIT_IMPL_SINKS_POSTGRES_HELD_ROWS_IPP

#include <aiaudit/config.hpp>       // AIAUDIT_INLINE
#include <aiaudit/core/digest.hpp>  // to_hex
#include <aiaudit/sinks/postgres_held_rows.hpp>
#include <aiaudit/sinks/postgres_schema.hpp>  // open_shipped, postgres_error

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

template <class Integer>
[[nodiscard]] Integer load_big_endian(std::string_view bytes) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Integer) && i < bytes.size(); ++i)
        value = value << 8U | static_cast<std::uint8_t>(bytes[i]);
    return static_cast<Integer>(value);
}

AIAUDIT_INLINE std::vector<pq_held_column> pq_held_columns() {
    std::vector<pq_held_column> columns;
    for (record_column const& column : record_columns) {
        columns.push_back({std::string(column.name), column.type, column.absence, -1});
        if (column.type == column_type::instant)
            columns.push_back({"started_ns", column_type::whole, column.absence, -1});
    }
    return columns;
}

AIAUDIT_INLINE std::vector<pq_value> pq_values_of(std::string_view row) {
    std::vector<pq_value> values;
    row.remove_prefix((std::min)(row.size(), sizeof(std::int16_t)));  // how many there are
    while (row.size() >= sizeof(std::int32_t)) {
        auto const size = load_big_endian<std::int32_t>(row);
        row.remove_prefix(sizeof size);
        if (size < 0) {
            values.emplace_back(std::nullopt);
            continue;
        }
        values.emplace_back(row.substr(0, static_cast<std::size_t>(size)));
        row.remove_prefix(values.back()->size());
    }
    return values;
}

// What stands before the digits of base 10,000: how many, the first one's weight, sign, decimals.
inline constexpr std::size_t pq_numeric_head = 8;
inline constexpr std::size_t pq_numeric_sign = 4;

[[nodiscard]] AIAUDIT_INLINE bool is_pq_zero(column_type type, pq_value value) {
    if (!value || value->empty()) return true;
    if (type == column_type::whole) return load_big_endian<std::int64_t>(*value) == 0;
    if (type != column_type::amount || value->size() < pq_numeric_head) return false;
    return load_big_endian<std::uint16_t>(*value) == 0 &&
           load_big_endian<std::uint16_t>(value->substr(pq_numeric_sign)) == 0;  // or NaN
}

AIAUDIT_INLINE bool is_same_pq_value(pq_held_column const& column, pq_value held,
                                     pq_value recorded) {
    if (held == recorded) return true;
    if (column.absence == column_absence::zero && is_pq_zero(column.type, held) &&
        is_pq_zero(column.type, recorded))
        return true;
    if (!held || !recorded) return false;
    // A version, and the text as the server writes it.
    if (column.type == column_type::json)
        return !held->empty() && is_same_json(held->substr(1), recorded->substr(1));
    // How many decimals are shown is not compared.
    constexpr std::size_t decimals = 6;
    return column.type == column_type::amount && held->size() >= pq_numeric_head &&
           held->substr(0, decimals) == recorded->substr(0, decimals) &&
           held->substr(pq_numeric_head) == recorded->substr(pq_numeric_head);
}

[[nodiscard]] AIAUDIT_INLINE std::string pq_numeric_text(std::string_view value) {
    constexpr int digits_max = 64;
    constexpr std::uint16_t negative = 0x4000;
    if (value.size() < pq_numeric_head) return "no number";
    auto const count = load_big_endian<std::int16_t>(value);
    auto const weight = load_big_endian<std::int16_t>(value.substr(2));
    auto const sign = load_big_endian<std::uint16_t>(value.substr(pq_numeric_sign));
    if (sign != 0 && sign != negative) return "no finite number";
    if (count > digits_max || weight > digits_max || weight < -digits_max) return "a long number";
    std::string whole;
    std::string rest;
    for (int place = (std::max)(int{weight}, 0); place >= (std::min)(weight - count + 1, -3);
         --place) {
        std::size_t const at = pq_numeric_head + 2 * static_cast<std::size_t>(weight - place);
        bool const there = place <= weight && weight - place < count && at + 2 <= value.size();
        auto const digit = there ? load_big_endian<std::uint16_t>(value.substr(at)) : 0;
        std::string four = std::to_string(digit);
        four.insert(0, four.size() < 4 ? 4 - four.size() : 0, '0');
        (place < 0 ? rest : whole) += four;
    }
    whole.erase(0, (std::min)(whole.find_first_not_of('0'), whole.size() - 1));
    return (sign == negative ? "-" : "") + whole + "." + rest;
}

AIAUDIT_INLINE std::optional<std::string> pq_value_text(column_type type, pq_value value) {
    if (!value) return std::nullopt;
    switch (type) {
    case column_type::text: return std::string(*value);
    case column_type::whole: return std::to_string(load_big_endian<std::int64_t>(*value));
    case column_type::amount: return pq_numeric_text(*value);
    case column_type::bytes: return to_hex(*value);
    case column_type::flag: return *value == std::string_view("\1", 1) ? "true" : "false";
    case column_type::json:
        return std::string(value->substr((std::min)(value->size(), std::size_t{1})));
    case column_type::instant: break;
    }
    constexpr std::int64_t epoch = 946'684'800'000'000;  // 2000-01-01 in microseconds since 1970
    constexpr std::int64_t micros_max = 9'000'000'000'000'000;
    auto const micros = load_big_endian<std::int64_t>(*value);
    if (micros > micros_max - epoch || micros < -micros_max) return "out of range";
    return timestamp{(micros + epoch) * 1000}.to_string();
}

// What the server calls the types, by number, in its binary form.
[[nodiscard]] constexpr unsigned pq_type_number(column_type type) noexcept {
    switch (type) {
    case column_type::text: return 25;
    case column_type::whole: return 20;
    case column_type::amount: return 1700;
    case column_type::instant: return 1184;
    case column_type::bytes: return 17;
    case column_type::flag: return 16;
    case column_type::json: return 3802;
    }
    return 0;
}

class postgres_view_rows final : public held_rows {
public:
    postgres_view_rows(pq_connection connection, std::string origin, held_range range)
        : connection_(std::move(connection)),
          origin_(std::move(origin)),
          range_(range),
          next_(range.from),
          newest_(range.size) {}

    // Begins the snapshot.
    [[nodiscard]] result<void> begin();
    [[nodiscard]] result<bool> next(audit_row& row) override;
    [[nodiscard]] result<void> compare(audit_row const& row,
                                       std::vector<column_difference>& found) override;
    [[nodiscard]] std::vector<std::string> uncompared() const override { return told_.all(); }

private:
    static constexpr std::uint64_t page_rows = 2'048;
    static constexpr int newer_rows = 65'536;

    [[nodiscard]] error unreadable(std::string const& what) const {
        return fail(errc::bad_response, "PostgreSQL at " + connection_.place() + ": " + what +
                                            ": nothing was compared");
    }
    [[nodiscard]] result<pq_rows> ask(std::string const& statement,
                                      std::vector<pq_connection::parameter> const& values = {});
    // Which columns the view has.
    [[nodiscard]] result<void> look_at_view();
    // False behind the last page.
    [[nodiscard]] result<bool> turn_page();
    [[nodiscard]] pq_value value_at(int column) const noexcept {
        if (column < 0 || page_.is_null(row_, column)) return std::nullopt;
        return page_.text(row_, column);
    }
    [[nodiscard]] std::string_view bytes_at(int column) const noexcept {
        return value_at(column).value_or(std::string_view{});
    }

    pq_connection connection_;
    std::string origin_;
    held_range range_;
    std::uint64_t next_;    // the first record of the next page
    std::uint64_t newest_;  // of the rows past the log's end that were read
    std::int64_t low_ = 0;  // rows with a sequence that no record has
    bool is_newer_ = false;
    std::vector<pq_held_column> columns_ = pq_held_columns();
    int leaf_ = -1;
    int record_ = -1;
    std::string statement_{};
    pq_rows page_{};
    int row_ = -1;
    postgres_rows encoder_{};
    told_names told_{};
};

AIAUDIT_INLINE result<pq_rows> postgres_view_rows::ask(
    std::string const& statement, std::vector<pq_connection::parameter> const& values) {
    auto rows = connection_.query(statement, values, pq_form::binary);
    if (!rows) return postgres_error(connection_, rows.error());
    return rows;
}

AIAUDIT_INLINE result<void> postgres_view_rows::begin() {
    if (auto ok = connection_.run("begin transaction isolation level repeatable read read only");
        !ok)
        return postgres_error(connection_, ok.error());
    if (auto ok = look_at_view(); !ok) return ok;
    auto const low =
        ask("select count(*) from aiaudit.records where origin = $1 and seq < 1", {origin_});
    if (!low) return low.error();
    low_ = load_big_endian<std::int64_t>(low->text(0, 0));
    return {};
}

AIAUDIT_INLINE result<void> postgres_view_rows::look_at_view() {
    auto const view = ask("select * from aiaudit.records limit 0");
    if (!view) return view.error();
    std::string names;
    int places = 0;
    for (int at = 0; at < PQnfields(view->handle()); ++at) {
        std::string const name = PQfname(view->handle(), at);
        auto const found =
            std::find_if(columns_.begin(), columns_.end(),
                         [&name](pq_held_column const& each) { return each.name == name; });
        if (found == columns_.end()) {
            told_.add(printable(name));
            continue;
        }
        if (PQftype(view->handle(), at) != pq_type_number(found->type))
            return unreadable("the column " + name + " of aiaudit.records has another type");
        if (name == "origin") continue;
        found->place = places++;
        names += (names.empty() ? "" : ", ") + name;
        if (name == "leaf") leaf_ = found->place;
        if (name == "encoded") record_ = found->place;
    }
    for (pq_held_column const& column : columns_)
        if (column.place < 0 && column.name != "origin") told_.add(column.name);
    if (leaf_ < 0 || record_ < 0 || columns_[1].place < 0)
        return unreadable("aiaudit.records has not the columns seq, leaf and encoded");
    statement_ = "select " + names +
                 " from aiaudit.records where origin = $1 and seq >= $2 and seq <= $3 order by seq";
    return {};
}

AIAUDIT_INLINE result<bool> postgres_view_rows::turn_page() {
    row_ = -1;
    while (!is_newer_ && next_ <= range_.to) {
        std::uint64_t const last = (std::min)(next_ + page_rows - 1, range_.to);
        auto page = ask(statement_, {origin_, std::to_string(next_), std::to_string(last)});
        if (!page) return page.error();
        page_ = std::move(*page);
        next_ = last + 1;
        if (page_.size() > 0) return true;
    }
    is_newer_ = true;
    auto page =
        ask("select seq from aiaudit.records where origin = $1 and seq > $2 order by seq limit $3",
            {origin_, std::to_string(newest_), std::to_string(newer_rows)});
    if (!page) return page.error();
    page_ = std::move(*page);
    return page_.size() > 0;
}

AIAUDIT_INLINE result<bool> postgres_view_rows::next(audit_row& row) {
    row = {};
    if (low_ > 0) {
        --low_;
        return true;
    }
    if (row_ + 1 >= page_.size()) {
        auto const more = turn_page();
        if (!more || !*more) return more;
    }
    ++row_;
    row.sequence = load_big_endian<std::uint64_t>(bytes_at(is_newer_ ? 0 : columns_[1].place));
    newest_ = (std::max)(newest_, row.sequence);
    if (is_newer_) return true;
    std::string_view const leaf = bytes_at(leaf_);
    if (leaf.size() == row.leaf.bytes.size())
        std::memcpy(row.leaf.bytes.data(), leaf.data(), leaf.size());
    row.record = bytes_at(record_);
    return true;
}

AIAUDIT_INLINE result<void> postgres_view_rows::compare(audit_row const& row,
                                                        std::vector<column_difference>& found) {
    record_view entry;
    auto const expected = sink_row_of(row, entry);
    if (!expected) return expected.error();
    encoder_.clear();
    encoder_.add(*expected);
    auto const recorded = pq_values_of(encoder_.encoded());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        pq_held_column const& column = columns_[i];
        if (column.place < 0 || column.place == leaf_ || column.place == record_) continue;
        pq_value const held = value_at(column.place);
        if (is_same_pq_value(column, held, recorded[i])) continue;
        found.push_back(difference_of(column.name, pq_value_text(column.type, held),
                                      pq_value_text(column.type, recorded[i])));
    }
    return {};
}

}  // namespace detail

AIAUDIT_INLINE result<std::unique_ptr<held_rows>> postgres_held_rows(pq_options options,
                                                                     std::string origin,
                                                                     held_range range) {
    auto connection = detail::open_shipped(std::move(options), origin);
    if (!connection) return connection.error();
    auto rows = std::make_unique<detail::postgres_view_rows>(std::move(*connection),
                                                             std::move(origin), range);
    if (auto ok = rows->begin(); !ok) return ok.error();
    return std::unique_ptr<held_rows>(std::move(rows));
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_SINKS_POSTGRES_HELD_ROWS_IPP
