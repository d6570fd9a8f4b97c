// SPDX-License-Identifier: MIT
//
// held_rows.hpp: what a sink holds of one log, for an audit: its rows in order, and whether their
// columns say what their records say.
//
// A record that is as it was signed is decoded, and its columns are made anew by the encoder that
// the sink is written with: what the sink holds otherwise is a difference. So a new column is
// compared from the day on that it is written.
// Threads: one at a time. Memory: a page of rows.
// Floor 9.
#ifndef AIAUDIT_SINKS_HELD_ROWS_HPP
#define AIAUDIT_SINKS_HELD_ROWS_HPP

#include <aiaudit/audit/row_audit.hpp>       // audit_row, column_difference
#include <aiaudit/sinks/record_columns.hpp>  // sink_row

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// Which records of a log are read: from..to, then what is numbered past `size`, where the log ends.
struct held_range {
    std::uint64_t from = 1;
    std::uint64_t to = 0;
    std::uint64_t size = 0;
};
[[nodiscard]] held_range range_of(row_audit_options const& options, std::uint64_t size) noexcept;

class held_rows {
public:
    held_rows() = default;
    held_rows(held_rows const&) = delete;
    held_rows& operator=(held_rows const&) = delete;
    virtual ~held_rows() = default;

    // As a row_source. Of rows outside of the log, 1 to `size`, only the sequence is read.
    [[nodiscard]] virtual result<bool> next(audit_row& row) = 0;
    // As a column_check, of the row that came last.
    [[nodiscard]] virtual result<void> compare(audit_row const& row,
                                               std::vector<column_difference>& found) = 0;
    // What compare() has passed over: columns that the sink lacks, and others that no record has.
    [[nodiscard]] virtual std::vector<std::string> uncompared() const = 0;
};

// audit_rows() with the columns. `options.columns` is not looked at. Errors: those of audit_rows()
// and of the sink; newer_format for a record that this version cannot decode.
[[nodiscard]] result<row_audit> audit_held_rows(
    verified_checkpoint const& state, std::function<result<std::string>(tile_place)> const& tiles,
    held_rows& rows, row_audit_options const& options = {});

namespace detail {

// Names that are told once, a bounded number of them.
class told_names {
public:
    void add(std::string_view name) {
        if (names_.size() < names_max) names_.emplace(name);
    }
    [[nodiscard]] std::vector<std::string> all() const { return {names_.begin(), names_.end()}; }

private:
    static constexpr std::size_t names_max = 200;
    std::set<std::string, std::less<>> names_{};
};

// The row that a shipper makes of a record. `entry` lives in the row's bytes.
[[nodiscard]] result<sink_row> sink_row_of(audit_row const& row, record_view& entry);

// None: no value. Long texts are cut to where they differ.
[[nodiscard]] column_difference difference_of(std::string_view column,
                                              std::optional<std::string> const& held,
                                              std::optional<std::string> const& recorded);

// Whether two texts are the same JSON: order of members, spaces and escapes aside.
[[nodiscard]] bool is_same_json(std::string_view one, std::string_view other);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/sinks/held_rows.ipp>
#endif

#endif  // AIAUDIT_SINKS_HELD_ROWS_HPP
