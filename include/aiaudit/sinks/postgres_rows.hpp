// SPDX-License-Identifier: MIT
//
// postgres_rows.hpp: rows in the binary form of PostgreSQL's COPY.
//
// Amounts go as numeric, digit by digit, so that none is rounded. Instants go as microseconds,
// which is what the server has, and once more as a whole number of nanoseconds (started_ns).
// Threads: one at a time.
// Floor 9.
#ifndef AIAUDIT_SINKS_POSTGRES_ROWS_HPP
#define AIAUDIT_SINKS_POSTGRES_ROWS_HPP

#include <aiaudit/sinks/record_columns.hpp>  // column_writer

#include <cstdint>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// A value of numeric(38,12) in its binary form, without its length.
void append_numeric(std::string& out, money value);

// "aiaudit.record (log_id, seq, ...)": where the values go, in their order.
[[nodiscard]] std::string postgres_targets();

// What COPY ... (format binary) reads, in a string that keeps its memory.
class postgres_rows final : public column_writer {
public:
    // The bytes before the first row. `log` stands for the origin in those that come.
    void begin(std::int32_t log);
    void add(sink_row const& row);
    // The bytes behind the last row.
    void end();
    // What came since clear().
    [[nodiscard]] std::string_view encoded() const noexcept { return bytes_; }
    void clear() noexcept { bytes_.clear(); }

    void text(std::string_view value) override;
    void whole(std::int64_t value) override;
    void amount(money value) override;
    void instant(timestamp value) override;
    void bytes(std::string_view value) override;
    void flag(bool value) override;
    void json(std::string_view value) override;
    void absent() override;

private:
    void append_field(std::string_view value);

    std::string bytes_{};
    std::string number_{};
    std::int32_t log_ = 0;
    bool origin_next_ = false;  // the next text is the origin, for which the log's number goes
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/sinks/postgres_rows.ipp>
#endif

#endif  // AIAUDIT_SINKS_POSTGRES_ROWS_HPP
