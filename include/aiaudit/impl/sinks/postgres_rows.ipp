// SPDX-License-Identifier: MIT
//
// postgres_rows.ipp: the definitions of postgres_rows.hpp.
#ifndef AIAUDIT_IMPL_SINKS_POSTGRES_ROWS_IPP
#define AIAUDIT_IMPL_SINKS_POSTGRES_ROWS_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE, int128
#include <aiaudit/sinks/postgres_rows.hpp>

#include <array>
#include <cstddef>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

template <class Integer>
void append_big_endian(std::string& out, Integer value) {
    char bytes[sizeof(Integer)];
    auto const bits = static_cast<std::uint64_t>(value);
    for (std::size_t i = 0; i < sizeof(Integer); ++i)
        bytes[i] = static_cast<char>(bits >> (8 * (sizeof(Integer) - 1 - i)) & 0xFF);
    out.append(bytes, sizeof bytes);
}

// Digits of base 10,000, most significant first, without zeros at either end.
AIAUDIT_INLINE void append_numeric(std::string& out, money value) {
    constexpr std::size_t places = 10;          // 28 decimals before the point, 12 behind it
    constexpr std::size_t places_of_whole = 7;  // before the point
    bool const negative = value.pico() < 0;
    auto rest = static_cast<uint128>(value.pico());
    if (negative) rest = ~rest + 1;
    std::array<std::uint16_t, places> digits{};
    for (std::size_t i = places; i-- > 0; rest /= 10'000)
        digits[i] = static_cast<std::uint16_t>(rest % 10'000);
    std::size_t first = 0;
    std::size_t last = places;
    while (first < last && digits[first] == 0) ++first;
    while (last > first && digits[last - 1] == 0) --last;
    bool const zero = first == last;
    int const weight = zero ? 0 : static_cast<int>(places_of_whole) - 1 - static_cast<int>(first);
    append_big_endian(out, static_cast<std::uint16_t>(last - first));
    append_big_endian(out, static_cast<std::int16_t>(weight));
    append_big_endian(out, static_cast<std::uint16_t>(negative ? 0x4000 : 0));
    append_big_endian(out, std::uint16_t{money::scale});
    for (std::size_t i = first; i < last; ++i) append_big_endian(out, digits[i]);
}

AIAUDIT_INLINE std::string postgres_targets() {
    std::string targets = "aiaudit.record (";
    for (record_column const& column : record_columns) {
        if (&column != record_columns.data()) targets += ", ";
        targets += column.name == "origin" ? "log_id" : column.name;
        if (column.type == column_type::instant) targets += ", started_ns";
    }
    return targets + ")";
}

AIAUDIT_INLINE void postgres_rows::begin(std::int32_t log) {
    using namespace std::string_view_literals;
    log_ = log;
    bytes_.append("PGCOPY\n\xFF\r\n\0"sv);
    append_big_endian(bytes_, std::uint32_t{0});  // flags
    append_big_endian(bytes_, std::uint32_t{0});  // length of more header
}

AIAUDIT_INLINE void postgres_rows::add(sink_row const& row) {
    append_big_endian(bytes_, static_cast<std::int16_t>(record_columns.size() + 1));
    origin_next_ = true;
    write_columns("-", row, *this);
}

AIAUDIT_INLINE void postgres_rows::end() { append_big_endian(bytes_, std::int16_t{-1}); }

AIAUDIT_INLINE void postgres_rows::append_field(std::string_view value) {
    append_big_endian(bytes_, static_cast<std::uint32_t>(value.size()));
    bytes_.append(value);
}

AIAUDIT_INLINE void postgres_rows::text(std::string_view value) {
    if (!origin_next_) return append_field(value);
    origin_next_ = false;
    append_big_endian(bytes_, std::uint32_t{sizeof log_});
    append_big_endian(bytes_, log_);
}
AIAUDIT_INLINE void postgres_rows::bytes(std::string_view value) { append_field(value); }

AIAUDIT_INLINE void postgres_rows::whole(std::int64_t value) {
    append_big_endian(bytes_, std::uint32_t{sizeof value});
    append_big_endian(bytes_, value);
}

AIAUDIT_INLINE void postgres_rows::amount(money value) {
    number_.clear();
    append_numeric(number_, value);
    append_field(number_);
}

AIAUDIT_INLINE void postgres_rows::instant(timestamp value) {
    constexpr std::int64_t epoch = 946'684'800'000'000;  // 2000-01-01 in microseconds since 1970
    whole(floor_divide(value.ns, 1000) - epoch);
    whole(value.ns);
}

AIAUDIT_INLINE void postgres_rows::flag(bool value) {
    append_big_endian(bytes_, std::uint32_t{1});
    bytes_.push_back(value ? '\1' : '\0');
}

AIAUDIT_INLINE void postgres_rows::json(std::string_view value) {
    append_big_endian(bytes_, static_cast<std::uint32_t>(value.size() + 1));
    bytes_.push_back('\1');  // the version of jsonb
    bytes_.append(value);
}

AIAUDIT_INLINE void postgres_rows::absent() { append_big_endian(bytes_, std::int32_t{-1}); }

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_SINKS_POSTGRES_ROWS_IPP
