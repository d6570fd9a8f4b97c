// SPDX-License-Identifier: MIT
//
// clickhouse_sink.ipp: the definitions of clickhouse_sink.hpp.
#ifndef AIAUDIT_IMPL_SINKS_CLICKHOUSE_SINK_IPP
#define AIAUDIT_IMPL_SINKS_CLICKHOUSE_SINK_IPP

#include <aiaudit/config.hpp>                   // AIAUDIT_INLINE, uint128
#include <aiaudit/sinks/clickhouse_client.hpp>  // clickhouse_client
#include <aiaudit/sinks/clickhouse_rows.hpp>    // append_clickhouse_row
#include <aiaudit/sinks/clickhouse_sink.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class clickhouse_tables final : public record_sink {
public:
    explicit clickhouse_tables(clickhouse_place place) : client_(std::move(place)) {}

    [[nodiscard]] std::string name() const override { return client_.place().shown; }
    // Each write makes a part with a file or two for each column.
    [[nodiscard]] std::uint64_t batch_records() const override { return 20'000; }
    [[nodiscard]] result<sink_cursor> open(std::string_view origin) override;
    [[nodiscard]] result<void> write(sink_batch const& batch) override;

private:
    [[nodiscard]] result<void> find_version();
    [[nodiscard]] result<void> make_tables();
    // Whether there are new ones.
    [[nodiscard]] result<bool> add_columns();
    // The smallest first.
    [[nodiscard]] result<std::vector<sink_cursor>> read_cursors(std::string_view origin);
    // The first slot that lacks a row; nothing's number where all are there.
    [[nodiscard]] result<std::uint64_t> find_hole(std::string_view origin);
    // Whether the cursor is where it was, on a server that has run since.
    [[nodiscard]] result<void> look_again(std::string_view origin);
    [[nodiscard]] std::string settings_of(sink_batch const& batch) const;
    [[nodiscard]] error unexpected(std::string_view what) const {
        return fail(errc::bad_response, name() + ": " + std::string(what) + " cannot be read");
    }

    static constexpr std::uint64_t no_hole = ~std::uint64_t{0};

    clickhouse_client client_;
    int version_ = 0;  // its year
    std::string insert_rows_{};
    std::string body_{};
    sink_cursor newest_{};                           // as the table has it
    std::uint64_t hole_end_ = 0;                     // records up to here are sent again; 0: none
    std::map<std::string, std::int64_t> started_{};  // each host's server
};

AIAUDIT_INLINE result<void> clickhouse_tables::find_version() {
    auto const answer = client_.query("select version()", false);
    if (!answer) return answer.error();
    if (!parse_integer(std::string_view(*answer).substr(0, answer->find('.')), version_))
        return unexpected("the server's version");
    return {};
}

// Adds the columns that this version knows and the table does not.
AIAUDIT_INLINE result<bool> clickhouse_tables::add_columns() {
    auto const answer = client_.query(
        "select name, type from system.columns where database = currentDatabase() and "
        "table = 'aiaudit_record' and default_kind = ''");
    if (!answer) return answer.error();
    std::map<std::string_view, std::string> known;
    for (auto const& fields : tab_separated(*answer)) {
        if (fields.size() != 2) return unexpected("the list of columns");
        known.emplace(fields[0], plain_type(fields[1]));
    }
    std::string add;
    std::string_view before;
    auto const columns = clickhouse_columns();
    for (clickhouse_column const& column : columns) {
        auto const found = known.find(column.name);
        if (found == known.end()) {
            add += add.empty() ? "alter table aiaudit_record " : ", ";
            add += "add column " + column.name + " " + column.type;
            if (!before.empty()) add += " after " + std::string(before);
        } else if (found->second != plain_type(column.type)) {
            return fail(errc::bad_argument, name() + ": the column " + column.name +
                                                " of aiaudit_record is " + found->second +
                                                ", not " + column.type);
        } else {
            known.erase(found);
        }
        before = column.name;
    }
    if (!known.empty())
        return fail(errc::newer_format,
                    name() + ": aiaudit_record has a column '" + std::string(known.begin()->first) +
                        "' that this version does not know; ship with a newer one");
    if (add.empty()) return false;
    if (auto const done = client_.query(std::move(add)); !done) return done.error();
    return true;
}

AIAUDIT_INLINE result<void> clickhouse_tables::make_tables() {
    std::string const& database = client_.place().database;
    std::string const listing =
        "select name from system.tables where database = " + clickhouse_literal(database) +
        " and name like 'aiaudit%'";
    auto const answer = client_.query(listing, false);
    if (!answer) return answer.error();
    std::map<std::string_view, bool> there;
    for (auto const& fields : tab_separated(*answer)) there[fields.front()] = true;
    if (there.empty() && database != "default") {
        auto const made = client_.query("create database if not exists `" + database + "`", false);
        if (!made) return made.error();
    }
    bool changed = false;
    if (there["aiaudit_record"]) {
        auto const added = add_columns();
        if (!added) return added.error();
        changed = *added;
    }
    for (clickhouse_object const& object : clickhouse_objects()) {
        bool const stale = object.is_view && changed;
        if (there[object.name] && !stale) continue;
        if (stale) {
            auto const gone = client_.query("drop table if exists " + std::string(object.name));
            if (!gone) return gone.error();
        }
        if (auto const made = client_.query(object.statement); !made) return made.error();
    }
    return {};
}

AIAUDIT_INLINE result<std::vector<sink_cursor>> clickhouse_tables::read_cursors(
    std::string_view origin) {
    auto const answer = client_.query(
        "select size, lower(hex(root)), first from aiaudit_log final where origin = " +
        clickhouse_literal(origin) + " order by size");
    if (!answer) return answer.error();
    std::vector<sink_cursor> cursors;
    for (auto const& fields : tab_separated(*answer)) {
        sink_cursor cursor;
        auto const root = digest::parse(fields.size() == 3 ? fields[1] : "");
        if (!root || !parse_integer(fields[0], cursor.size) ||
            !parse_integer(fields[2], cursor.first))
            return unexpected("aiaudit_log");
        cursor.root = *root;
        cursors.push_back(cursor);
    }
    return cursors;
}

// In each slot there are as many rows as records, and their numbers come to the same sum. More of
// them means that two records of one number were shipped, on two days.
AIAUDIT_INLINE result<std::uint64_t> clickhouse_tables::find_hole(std::string_view origin) {
    std::string const width = std::to_string(clickhouse_slot);
    auto const answer = client_.query(
        "select intDiv(seq - 1, " + width +
        ") as slot, count(), sum(seq) from aiaudit_record final where origin = " +
        clickhouse_literal(origin) + " and seq >= " + std::to_string(newest_.first) +
        " and seq <= " + std::to_string(newest_.size) + " group by slot order by slot");
    if (!answer) return answer.error();
    auto const lines = tab_separated(*answer);
    std::size_t line = 0;
    std::uint64_t const last = (newest_.size - 1) / clickhouse_slot;
    for (std::uint64_t slot = (newest_.first - 1) / clickhouse_slot; slot <= last; ++slot) {
        std::uint64_t const low = (std::max)(slot * clickhouse_slot + 1, newest_.first);
        std::uint64_t const high = (std::min)((slot + 1) * clickhouse_slot, newest_.size);
        auto const sum =
            static_cast<std::uint64_t>(uint128{high - low + 1} * (uint128{low} + high) / 2);
        std::uint64_t found = no_hole;
        std::uint64_t count = 0;
        std::uint64_t numbers = 0;
        if (line >= lines.size()) return slot;
        auto const& fields = lines[line];
        if (fields.size() != 3 || !parse_integer(fields[0], found) ||
            !parse_integer(fields[1], count) || !parse_integer(fields[2], numbers))
            return unexpected("the count of rows");
        if (found != slot || count < high - low + 1) return slot;
        if (count > high - low + 1 || numbers != sum)
            return fail(errc::verification_failed,
                        name() + " has records of '" + std::string(origin) +
                            "' that are not this log's, between " + std::to_string(low) + " and " +
                            std::to_string(high) + ": two logs were shipped under one name");
        ++line;
    }
    return no_hole;
}

AIAUDIT_INLINE result<sink_cursor> clickhouse_tables::open(std::string_view origin) {
    if (auto ok = find_version(); !ok) return ok.error();
    if (auto ok = make_tables(); !ok) return ok.error();
    insert_rows_ = "insert into aiaudit_record (" + clickhouse_names(clickhouse_columns()) +
                   ") format RowBinary";
    newest_ = {};
    hole_end_ = 0;
    auto const cursors = read_cursors(origin);
    if (!cursors) return cursors.error();
    if (!cursors->empty()) newest_ = cursors->back();
    if (newest_.size > 0) {
        auto const slot = find_hole(origin);
        if (!slot) return slot.error();
        if (*slot != no_hole) {
            hole_end_ = (std::min)((*slot + 1) * clickhouse_slot, newest_.size);
            sink_cursor before;
            for (sink_cursor const& cursor : *cursors)
                if (cursor.size <= *slot * clickhouse_slot) before = cursor;
            started_.clear();
            if (auto ok = look_again(origin); !ok) return ok.error();
            return before;
        }
    }
    started_.clear();
    if (auto ok = look_again(origin); !ok) return ok.error();
    return newest_;
}

AIAUDIT_INLINE result<void> clickhouse_tables::look_again(std::string_view origin) {
    constexpr std::int64_t clock_play = 2;  // seconds that a clock may be set by
    constexpr std::size_t hosts_max = 64;   // of one cluster
    std::uint64_t const slot = newest_.size == 0 ? 0 : (newest_.size - 1) / clickhouse_slot;
    auto const answer = client_.query(
        "select hostName(), toUnixTimestamp(now()) - uptime(), max(size), "
        "lower(hex(argMax(root, size))) from aiaudit_log where origin = " +
        clickhouse_literal(origin) + " and slot >= " + std::to_string(slot));
    if (!answer) return answer.error();
    auto const lines = tab_separated(*answer);
    std::int64_t started = 0;
    std::uint64_t size = 0;
    if (lines.size() != 1 || lines[0].size() != 4 || !parse_integer(lines[0][1], started) ||
        !parse_integer(lines[0][2], size))
        return unexpected("the cursor");
    if (started_.size() >= hosts_max) started_.clear();
    auto const known = started_.try_emplace(std::string(lines[0][0]), started).first;
    if (std::abs(known->second - started) > clock_play)
        return fail(errc::storage_failed,
                    name() + " was started anew; looking whether all is there");
    bool const same = size == newest_.size &&
                      (size == 0 || lines[0][3] == std::string_view(newest_.root.to_string()));
    if (!same)
        return fail(errc::already_open, name() + " has " + std::to_string(size) + " records of '" +
                                            std::string(origin) + "', not " +
                                            std::to_string(newest_.size) +
                                            ": another shipper is at work");
    return {};
}

// A part that is sent again to fill a hole must not be taken for one that is there.
AIAUDIT_INLINE std::string clickhouse_tables::settings_of(sink_batch const& batch) const {
    constexpr int with_token = 23;
    std::string settings;
    if (hole_end_ > 0) settings += "&insert_deduplicate=0";
    if (version_ < with_token) return settings;
    settings += "&async_insert=0&max_partitions_per_insert_block=0";
    if (hole_end_ == 0)
        settings += "&insert_deduplication_token=" +
                    percent_encoded(std::string(batch.origin) + ":" +
                                    std::to_string(value_of(batch.rows.front().number)) + "-" +
                                    std::to_string(batch.after.size));
    return settings;
}

AIAUDIT_INLINE result<void> clickhouse_tables::write(sink_batch const& batch) {
    if (auto ok = look_again(batch.origin); !ok) return ok;
    if (hole_end_ > 0 && batch.before.size == 0 && batch.after.first > newest_.first)
        return fail(errc::verification_failed,
                    name() + " lacks records before " + std::to_string(hole_end_) +
                        ", and retention dropped them here, so the hole cannot be filled");
    body_.clear();
    for (sink_row const& row : batch.rows)
        if (auto ok = append_clickhouse_row(batch.origin, row, body_); !ok) return ok;
    if (auto ok = client_.insert(insert_rows_, settings_of(batch), body_); !ok) return ok;
    std::string cursor;
    append_clickhouse_cursor(batch.origin, batch.after, batch.checkpoint, cursor);
    auto const kept = client_.insert(
        "insert into aiaudit_log (" + std::string(clickhouse_cursor_names) + ") format RowBinary",
        hole_end_ > 0 ? "&insert_deduplicate=0" : "", cursor);
    if (!kept) return kept;
    if (batch.after.size >= newest_.size) {
        newest_ = batch.after;
        hole_end_ = 0;
    } else if (batch.after.size >= hole_end_) {
        return fail(errc::already_open, name() + ": a hole before record " +
                                            std::to_string(hole_end_ + 1) + " is filled");
    }
    return {};
}

}  // namespace detail

AIAUDIT_INLINE result<std::unique_ptr<record_sink>> clickhouse_sink(std::string_view address) {
    auto place = detail::parse_clickhouse_address(address);
    if (!place) return place.error();
    return std::unique_ptr<record_sink>(
        std::make_unique<detail::clickhouse_tables>(std::move(*place)));
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_SINKS_CLICKHOUSE_SINK_IPP
