// SPDX-License-Identifier: MIT
//
// postgres_sink.hpp: records as rows of PostgreSQL, by libpq. Opt-in: aiaudit.hpp does not include
// it, and only who does needs libpq (-lpq).
//
// Rows and cursor are written in one transaction, under a lock of the cursor's row: so each record
// is there once, whoever else ships the log, and whatever breaks. A batch goes by COPY in binary
// form straight into the table. Money is numeric(38,12), so that sums are exact.
// Memory: some hundred kilobytes, beside the batch.
// Threads: one at a time.
// Floor 9.
#ifndef AIAUDIT_SINKS_POSTGRES_SINK_HPP
#define AIAUDIT_SINKS_POSTGRES_SINK_HPP

#include <aiaudit/sinks/postgres_rows.hpp>    // postgres_rows
#include <aiaudit/sinks/postgres_schema.hpp>  // make_postgres_schema
#include <aiaudit/sinks/record_sink.hpp>      // record_sink

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// To a URL such as postgresql://USER:PASSWORD@HOST/DATABASE; it connects in open(). Its name has
// neither user nor password.
[[nodiscard]] std::unique_ptr<record_sink> postgres_sink(std::string url);

namespace detail {

class postgres_record_sink final : public record_sink {
public:
    explicit postgres_record_sink(std::string url) : url_(std::move(url)) {}

    [[nodiscard]] std::string name() const override;
    [[nodiscard]] result<sink_cursor> open(std::string_view origin) override;
    [[nodiscard]] result<void> write(sink_batch const& batch) override;
    [[nodiscard]] result<void> beat(std::uint64_t log_size) override;
    void note_other(sink_cursor const& here) override;

private:
    [[nodiscard]] result<sink_cursor> find_log(std::string_view origin);
    [[nodiscard]] result<void> make_partitions(sink_batch const& batch);
    // Inside a transaction, which holds the lock of the cursor.
    [[nodiscard]] result<void> lock(sink_cursor const& wanted);
    [[nodiscard]] result<void> move_cursor(sink_batch const& batch);
    [[nodiscard]] result<void> copy_rows(sink_batch const& batch);
    [[nodiscard]] result<void> write_all(sink_batch const& batch);
    [[nodiscard]] result<void> commit();

    std::string url_;
    std::optional<pq_connection> connection_{};
    std::string begin_{};  // the statements that begin a transaction
    std::int32_t log_ = 0;
    std::set<std::int64_t> months_{};  // that have a partition, or cannot have one
    postgres_rows rows_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/sinks/postgres_sink.ipp>
#endif

#endif  // AIAUDIT_SINKS_POSTGRES_SINK_HPP
