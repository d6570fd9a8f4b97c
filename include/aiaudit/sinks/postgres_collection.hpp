// SPDX-License-Identifier: MIT
//
// postgres_collection.hpp: what many machines shipped into one database: reports over all of their
// logs, and how each log stands. Opt-in: it needs libpq (-lpq).
//
// A report is the ledger's own (rollup/report.hpp), with the same rows, order and exact sums; the
// server adds up, and nothing is rounded. Two things are otherwise: names are as column_writer has
// them, and models that a ledger counts as "other" (rollup/model_limit.hpp) have their own names.
// Threads: one at a time.
// Floor 9.
#ifndef AIAUDIT_SINKS_POSTGRES_COLLECTION_HPP
#define AIAUDIT_SINKS_POSTGRES_COLLECTION_HPP

#include <aiaudit/rollup/report.hpp>            // report
#include <aiaudit/transport/pq_connection.hpp>  // pq_connection

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// One log, as the database has it.
struct shipped_log {
    std::string origin{};
    std::uint64_t size = 0;      // records that are there
    std::uint64_t log_size = 0;  // that the log had when its shipper last spoke
    std::uint64_t first = 1;     // the oldest that came
    std::string root{};          // of the log's tree over `size` records, in hexadecimal digits
    std::optional<timestamp> newest{};  // the latest started_at of its records
    timestamp updated{};                // when its shipper last spoke, by the database's clock
    std::chrono::seconds silent{0};     // since then
    // At which size two roots were told: the log was forked, or is another under the same name.
    std::optional<std::uint64_t> forked_at{};
};

// Beside what the price book says: what providers charged, for the same calls.
struct shipped_drift {
    std::string provider{};
    std::string model{};
    std::uint64_t records = 0;
    money charged{};
    money computed{};
};

struct tag_sum {
    std::string value{};
    totals sum{};
};

namespace detail {

// Consecutive slots that count with the same day.
struct day_run {
    std::int64_t begin = 0;  // a slot
    std::int64_t end = 0;    // the slot behind them
    civil_day day{};
};
// Of the slots between two instants, those of the range, ascending.
[[nodiscard]] std::vector<day_run> day_runs(time_zone const& zone, day_range days, timestamp oldest,
                                            timestamp newest);

// A text[] of PostgreSQL.
[[nodiscard]] std::string pq_array(std::vector<std::string_view> const& texts);

// What a statement asks of the rows, and its parameters.
struct pq_condition {
    std::string text{};
    std::vector<pq_connection::parameter> values{};

    // The place of a further value: "$3".
    [[nodiscard]] std::string add(std::string value) {
        values.emplace_back(std::move(value));
        return "$" + std::to_string(values.size());
    }
};

}  // namespace detail

class postgres_collection {
public:
    // `log`: only that one; empty: all. Errors: connect_failed; not_found, where the database has
    // no such log, or none at all; newer_format.
    [[nodiscard]] static result<postgres_collection> open(pq_options options, std::string log = {});

    // Errors: too_large, as the ledger's; storage_failed, connection_lost, timed_out.
    [[nodiscard]] result<aiaudit::report> report(report_query const& query);
    // By the value of a tag, dearest first, then by value. Of the query, zone and days count.
    [[nodiscard]] result<std::vector<tag_sum>> tag_sums(std::string_view tag,
                                                        report_query const& query);
    // By provider and model.
    [[nodiscard]] result<std::vector<shipped_drift>> drift(report_query const& query);
    // By name.
    [[nodiscard]] result<std::vector<shipped_log>> logs();

private:
    postgres_collection(pq_connection connection, std::string log)
        : connection_(std::move(connection)), log_(std::move(log)) {}

    struct span {
        timestamp oldest{};
        timestamp newest{};
    };
    [[nodiscard]] result<void> begin();
    [[nodiscard]] result<void> end();
    [[nodiscard]] result<pq_rows> ask(std::string const& statement,
                                      detail::pq_condition const& condition);
    // Of all rows; nothing where there are none.
    [[nodiscard]] result<std::optional<span>> find_span();
    [[nodiscard]] result<detail::pq_condition> condition_of(report_query const& query);
    [[nodiscard]] result<aiaudit::report> daily(report_query const& query);
    [[nodiscard]] result<void> set_day_latencies(aiaudit::report& of, std::string const& day,
                                                 detail::pq_condition const& condition,
                                                 std::vector<detail::day_run> const& runs);
    [[nodiscard]] result<aiaudit::report> groups(report_query const& query);
    [[nodiscard]] result<void> set_model_latencies(aiaudit::report& of,
                                                   detail::pq_condition condition);
    template <class Function>
    [[nodiscard]] auto in_snapshot(Function&& function) -> decltype(function());

    pq_connection connection_;
    std::string log_;
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/sinks/postgres_collection.ipp>
#endif

#endif  // AIAUDIT_SINKS_POSTGRES_COLLECTION_HPP
