// SPDX-License-Identifier: MIT
//
// held_rows.ipp: the definitions of held_rows.hpp.
#ifndef AIAUDIT_IMPL_SINKS_HELD_ROWS_IPP
#define AIAUDIT_IMPL_SINKS_HELD_ROWS_IPP

#include <aiaudit/codec/record_codec.hpp>  // decode_record
#include <aiaudit/config.hpp>              // AIAUDIT_INLINE
#include <aiaudit/sinks/held_rows.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE held_range range_of(row_audit_options const& options, std::uint64_t size) noexcept {
    return {options.from, options.to == 0 ? size : options.to, size};
}

AIAUDIT_INLINE result<row_audit> audit_held_rows(
    verified_checkpoint const& state, std::function<result<std::string>(tile_place)> const& tiles,
    held_rows& rows, row_audit_options const& options) {
    row_audit_options with = options;
    with.columns = [&rows](audit_row const& row, std::vector<column_difference>& found) {
        return rows.compare(row, found);
    };
    return audit_rows(
        state, tiles, [&rows](audit_row& row) { return rows.next(row); }, with);
}

namespace detail {

AIAUDIT_INLINE result<sink_row> sink_row_of(audit_row const& row, record_view& entry) {
    entry = record_view{};
    if (!decode_record(row.record, entry))
        return fail(errc::newer_format,
                    "record " + std::to_string(row.sequence) +
                        " is as it was signed, but this version cannot decode it; compare with "
                        "the one that wrote it");
    return sink_row{sequence{row.sequence}, &entry, row.leaf, row.record};
}

// What is around a place, printable and in quotes.
[[nodiscard]] AIAUDIT_INLINE std::string text_around(std::string_view text, std::size_t place) {
    constexpr std::size_t shown = 60;
    constexpr std::size_t before = 20;
    std::size_t const begin = text.size() > shown && place > before ? place - before : 0;
    std::string_view const piece = text.substr(begin, shown);
    std::string words = "'" + std::string(begin == 0 ? "" : "...") + printable(piece);
    if (begin + piece.size() < text.size()) words += "...";
    words += "'";
    if (text.size() > shown) words += " (" + std::to_string(text.size()) + " bytes)";
    return words;
}

AIAUDIT_INLINE column_difference difference_of(std::string_view column,
                                               std::optional<std::string> const& held,
                                               std::optional<std::string> const& recorded) {
    std::size_t place = 0;
    if (held && recorded) {
        std::size_t const common = (std::min)(held->size(), recorded->size());
        while (place < common && (*held)[place] == (*recorded)[place]) ++place;
    }
    auto const text = [place](std::optional<std::string> const& value) {
        return value ? text_around(*value, place) : std::string("without a value");
    };
    return {std::string(column), text(held), recorded ? text(recorded) : "that it has none"};
}

AIAUDIT_INLINE bool is_same_json(std::string_view one, std::string_view other) {
    boost::json::error_code why;
    auto const first = boost::json::parse(one, why);
    if (why) return false;
    auto const second = boost::json::parse(other, why);
    return !why && first == second;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_SINKS_HELD_ROWS_IPP
