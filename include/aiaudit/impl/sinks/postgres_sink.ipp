// SPDX-License-Identifier: MIT
//
// postgres_sink.ipp: the definitions of postgres_sink.hpp.
#ifndef AIAUDIT_IMPL_SINKS_POSTGRES_SINK_IPP
#define AIAUDIT_IMPL_SINKS_POSTGRES_SINK_IPP

#include <aiaudit/config.hpp>         // AIAUDIT_INLINE
#include <aiaudit/core/calendar.hpp>  // month_of
#include <aiaudit/core/digest.hpp>    // to_hex
#include <aiaudit/sinks/postgres_sink.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Of a bigint's text, which the server wrote.
template <class Number>
[[nodiscard]] Number pq_number(std::string_view text) noexcept {
    Number number{};
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// Of a row that begins with size, root in hexadecimal digits, first.
[[nodiscard]] AIAUDIT_INLINE result<sink_cursor> pq_cursor(pq_rows const& rows,
                                                           std::string const& place) {
    sink_cursor cursor;
    cursor.size = pq_number<std::uint64_t>(rows.text(0, 0));
    cursor.first = pq_number<std::uint64_t>(rows.text(0, 2));
    std::string_view const digits = rows.text(0, 1);
    bool read = digits.size() == 2 * cursor.root.bytes.size();
    for (std::size_t i = 0; read && i < cursor.root.bytes.size(); ++i) {
        char const* const at = digits.data() + 2 * i;
        read = std::from_chars(at, at + 2, cursor.root.bytes[i], 16).ptr == at + 2;
    }
    if (!read)
        return fail(errc::verification_failed,
                    "PostgreSQL at " + place + ": the root of the cursor is no hash");
    return cursor;
}

AIAUDIT_INLINE std::string postgres_record_sink::name() const {
    return "postgresql://" + pq_place(url_).value_or("?");
}

AIAUDIT_INLINE result<sink_cursor> postgres_record_sink::open(std::string_view origin) {
    connection_.reset();
    months_.clear();
    pq_options options;
    options.url = url_;
    options.application = "aiaudit ship";
    options.answer_max = std::chrono::seconds(60);
    auto made = pq_connection::open(std::move(options));
    if (!made) return made.error();
    connection_ = std::move(*made);
    auto const settings = connection_->query(
        "select current_setting('server_encoding'), current_setting('client_encoding'),"
        " current_setting('synchronous_commit')");
    if (!settings) return settings.error();
    if (settings->text(0, 0) != "UTF8" || settings->text(0, 1) != "UTF8")
        return fail(errc::bad_argument, "PostgreSQL at " + connection_->place() +
                                            ": the database's encoding is not UTF8");
    // A dead peer's lock goes away; what was committed is on disk, whatever the server's default.
    begin_ = "begin; set local idle_in_transaction_session_timeout = '60s';";
    if (settings->text(0, 2) == "off") begin_ += "set local synchronous_commit = on;";
    if (auto ok = make_postgres_schema(*connection_); !ok) return ok.error();
    return find_log(origin);
}

AIAUDIT_INLINE result<sink_cursor> postgres_record_sink::find_log(std::string_view origin) {
    std::string const name(origin);
    for (int round = 0; round < 2; ++round) {
        auto const found = connection_->query(
            "select size, encode(root, 'hex'), first, log_id from aiaudit.log where origin = $1",
            {name});
        if (!found) return postgres_error(*connection_, found.error());
        if (found->size() == 1) {
            log_ = pq_number<std::int32_t>(found->text(0, 3));
            return pq_cursor(*found, connection_->place());
        }
        sink_cursor const none;
        auto const added = connection_->query(
            "insert into aiaudit.log (origin, size, root, first, log_size)"
            " values ($1, 0, decode($2, 'hex'), 1, 0) on conflict do nothing",
            {name, none.root.to_string()});
        if (!added) return postgres_error(*connection_, added.error());
    }
    return fail(errc::storage_failed,
                "PostgreSQL at " + connection_->place() + ": the log's row is not there");
}

// In transactions of their own, since they lock more than a batch does.
AIAUDIT_INLINE result<void> postgres_record_sink::make_partitions(sink_batch const& batch) {
    constexpr std::size_t made_max = 24;  // of one batch
    std::set<std::int64_t> missing;
    for (sink_row const& row : batch.rows) {
        std::int64_t const month = month_of(time_zone{}.day_of(row.entry->started_at));
        if (!months_.contains(month)) missing.insert(month);
        if (missing.size() == made_max) break;
    }
    for (std::int64_t const month : missing) {
        if (auto ok = make_partition(*connection_, month); !ok) return ok;
        months_.insert(month);
    }
    return {};
}

AIAUDIT_INLINE result<void> postgres_record_sink::lock(sink_cursor const& wanted) {
    auto const row = connection_->query(
        "select size, encode(root, 'hex'), first from aiaudit.log where log_id = $1 for update",
        {std::to_string(log_)});
    if (!row) return row.error();
    if (row->size() != 1)
        return fail(errc::storage_failed,
                    "PostgreSQL at " + connection_->place() + ": the log's row is gone");
    auto const cursor = pq_cursor(*row, connection_->place());
    if (!cursor) return cursor.error();
    if (*cursor != wanted)
        return fail(errc::already_open, "PostgreSQL at " + connection_->place() +
                                            ": another shipper wrote " +
                                            std::to_string(cursor->size) + " records meanwhile");
    return {};
}

AIAUDIT_INLINE result<void> postgres_record_sink::move_cursor(sink_batch const& batch) {
    auto const [oldest, newest] = std::minmax_element(
        batch.rows.begin(), batch.rows.end(),
        [](auto const& a, auto const& b) { return a.entry->started_at < b.entry->started_at; });
    std::vector<pq_connection::parameter> const values{
        std::to_string(log_),
        std::to_string(batch.after.size),
        batch.after.root.to_string(),
        std::to_string(batch.after.first),
        batch.checkpoint.empty() ? std::nullopt
                                 : pq_connection::parameter(std::string(batch.checkpoint)),
        std::to_string(oldest->entry->started_at.ns),
        std::to_string(newest->entry->started_at.ns)};
    // What is noted for good, once a minute, is where the log stood then.
    auto const moved = connection_->query(
        "with moved as (update aiaudit.log set size = $2, root = decode($3, 'hex'), first = $4,"
        " checkpoint = coalesce($5, checkpoint), log_size = greatest(log_size, $2),"
        " oldest_ns = least(oldest_ns, $6), newest_ns = greatest(newest_ns, $7),"
        " noted_at = case when noted_at > now() - interval '1 minute' then noted_at else now() end,"
        " updated_at = now() where log_id = $1 returning log_id, size, root, noted_at)"
        " insert into aiaudit.checkpoint (log_id, size, root, note)"
        " select log_id, size, root, $5 from moved where noted_at = now() on conflict do nothing",
        values);
    if (!moved) return moved.error();
    return {};
}

AIAUDIT_INLINE result<void> postgres_record_sink::commit() {
    auto const done = connection_->query("commit");
    if (!done) return done.error();
    // A transaction that failed before answers ROLLBACK, and calls it no error.
    if (std::string_view(PQcmdStatus(done->handle())) != "COMMIT")
        return fail(errc::storage_failed,
                    "PostgreSQL at " + connection_->place() + ": the batch was rolled back");
    return {};
}

// Piece by piece, so that the server takes rows in while others are encoded.
AIAUDIT_INLINE result<void> postgres_record_sink::copy_rows(sink_batch const& batch) {
    constexpr std::size_t piece_bytes = std::size_t{1} << 16;
    static std::string const statement =
        "copy " + postgres_targets() + " from stdin (format binary)";
    rows_.clear();
    rows_.begin(log_);
    auto next = batch.rows.begin();
    bool ended = false;
    return connection_->copy(statement, [&]() -> std::string_view {
        if (ended) return {};
        if (next != batch.rows.begin()) rows_.clear();
        while (next != batch.rows.end() && rows_.encoded().size() < piece_bytes) rows_.add(*next++);
        ended = next == batch.rows.end();
        if (ended) rows_.end();
        return rows_.encoded();
    });
}

AIAUDIT_INLINE result<void> postgres_record_sink::write_all(sink_batch const& batch) {
    if (auto ok = connection_->run(begin_); !ok) return ok;
    if (auto ok = lock(batch.before); !ok) return ok;
    if (auto ok = copy_rows(batch); !ok) return ok;
    if (auto ok = move_cursor(batch); !ok) return ok;
    return commit();
}

AIAUDIT_INLINE result<void> postgres_record_sink::write(sink_batch const& batch) {
    if (!connection_ || !connection_->is_open())
        return fail(errc::connection_lost, name() + ": the connection is closed");
    if (auto ok = make_partitions(batch); !ok) return ok;
    auto written = write_all(batch);
    if (written) return {};
    error const reason = postgres_error(*connection_, written.error());
    connection_.reset();  // which rolls back what was not committed
    return reason;
}

AIAUDIT_INLINE result<void> postgres_record_sink::beat(std::uint64_t log_size) {
    if (!connection_ || !connection_->is_open())
        return fail(errc::connection_lost, name() + ": the connection is closed");
    auto const done = connection_->query(
        "update aiaudit.log set log_size = greatest(log_size, $2), updated_at = now()"
        " where log_id = $1",
        {std::to_string(log_), std::to_string(log_size)});
    if (done) return {};
    error const reason = postgres_error(*connection_, done.error());
    connection_.reset();
    return reason;
}

AIAUDIT_INLINE void postgres_record_sink::note_other(sink_cursor const& here) {
    if (!connection_ || !connection_->is_open()) return;
    (void)connection_->query(
        "insert into aiaudit.checkpoint (log_id, size, root, note)"
        " select log_id, size, root, checkpoint from aiaudit.log where log_id = $1"
        " on conflict do nothing",
        {std::to_string(log_)});
    if (!connection_->is_open()) return;
    (void)connection_->query(
        "insert into aiaudit.checkpoint (log_id, size, root) values ($1, $2, decode($3, 'hex'))"
        " on conflict do nothing",
        {std::to_string(log_), std::to_string(here.size), here.root.to_string()});
}

}  // namespace detail

AIAUDIT_INLINE std::unique_ptr<record_sink> postgres_sink(std::string url) {
    return std::make_unique<detail::postgres_record_sink>(std::move(url));
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_SINKS_POSTGRES_SINK_IPP
