// SPDX-License-Identifier: MIT
//
// record_columns.hpp: a record as one row, the same for every sink: its columns in one table, and
// their values one after the other.
//
// The columns from `requests` on are what the record adds to a report (rollup/totals.hpp): a report
// over rows is their sums, and is equal to the ledger's own.
// Threads: plain functions.
// Floor 9.
#ifndef AIAUDIT_SINKS_RECORD_COLUMNS_HPP
#define AIAUDIT_SINKS_RECORD_COLUMNS_HPP

#include <aiaudit/core/record.hpp>    // record_view
#include <aiaudit/rollup/totals.hpp>  // totals

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

enum class column_type : std::uint8_t {
    text,     // valid UTF-8 without U+0000; other bytes stand as \xNN
    whole,    // 64 bits with a sign
    amount,   // USD with 12 decimals
    instant,  // nanoseconds since 1970
    bytes,
    flag,
    json,  // an object or a list
};

// What it means that a row has no value in a column.
enum class column_absence : std::uint8_t {
    never,  // there is always one
    null,   // not known, or does not apply: not the same as zero
    zero,   // zero, or an empty text: a store may keep either
};

struct record_column {
    std::string_view name;
    column_type type;
    column_absence absence;
};

// A record on its way to a sink. The views live as long as the batch.
struct sink_row {
    sequence number{};
    record_view const* entry = nullptr;
    digest leaf{};               // of the log's tree: leaf_hash(bytes)
    std::string_view encoded{};  // the record in its canonical bytes
};

// In the order of write_columns(). New ones come at the end; none is renamed.
inline constexpr std::array record_columns{
    record_column{"origin", column_type::text, column_absence::never},
    record_column{"seq", column_type::whole, column_absence::never},
    record_column{"leaf", column_type::bytes, column_absence::never},     // 32 bytes
    record_column{"encoded", column_type::bytes, column_absence::never},  // what the leaf hashes
    record_column{"started_at", column_type::instant, column_absence::never},
    record_column{"kind", column_type::text, column_absence::never},
    record_column{"user_name", column_type::text, column_absence::zero},
    record_column{"project", column_type::text, column_absence::zero},
    record_column{"key_id", column_type::text, column_absence::zero},
    record_column{"provider", column_type::text, column_absence::zero},
    record_column{"model", column_type::text, column_absence::zero},    // which is billed
    record_column{"status", column_type::text, column_absence::never},  // as in `report statuses`
    record_column{"model_requested", column_type::text, column_absence::zero},
    record_column{"model_served", column_type::text, column_absence::zero},
    record_column{"operation", column_type::text, column_absence::never},
    record_column{"path", column_type::text, column_absence::zero},
    record_column{"service_tier", column_type::text, column_absence::zero},
    record_column{"region", column_type::text, column_absence::zero},
    record_column{"speed", column_type::text, column_absence::zero},
    record_column{"max_output_tokens", column_type::whole, column_absence::null},
    record_column{"choices", column_type::whole, column_absence::null},
    record_column{"stream", column_type::flag, column_absence::never},
    record_column{"batch", column_type::flag, column_absence::never},
    record_column{"duration_ns", column_type::whole, column_absence::null},
    record_column{"time_to_first_token_ns", column_type::whole, column_absence::null},
    record_column{"http_status", column_type::whole, column_absence::null},
    record_column{"finish_reason", column_type::text, column_absence::zero},
    record_column{"error_type", column_type::text, column_absence::zero},
    record_column{"complete", column_type::flag, column_absence::never},
    record_column{"usage", column_type::json, column_absence::null},  // {"input_tokens":1,...}
    record_column{"iterations", column_type::json, column_absence::null},
    record_column{"cost_status", column_type::text, column_absence::never},
    record_column{"cost", column_type::amount, column_absence::null},
    record_column{"cost_low", column_type::amount, column_absence::null},
    record_column{"saved", column_type::amount, column_absence::null},
    record_column{"provider_cost", column_type::amount, column_absence::null},
    record_column{"upstream_cost", column_type::amount, column_absence::null},
    record_column{"computed_cost", column_type::amount, column_absence::null},
    record_column{"price_entry", column_type::text, column_absence::zero},
    record_column{"price_book", column_type::bytes, column_absence::null},  // 32 bytes
    record_column{"price_basis", column_type::text, column_absence::never},
    record_column{"unread", column_type::text, column_absence::zero},
    record_column{"operation_id", column_type::bytes, column_absence::null},  // 16 bytes
    record_column{"attempt", column_type::whole, column_absence::never},
    record_column{"provider_request_id", column_type::text, column_absence::zero},
    record_column{"trace_id", column_type::bytes, column_absence::null},  // 16 bytes
    record_column{"tags", column_type::json, column_absence::null},       // [["key","value"],...]
    // What it adds to a report. All zero but for outcomes and corrections.
    record_column{"requests", column_type::whole, column_absence::zero},
    record_column{"attempts", column_type::whole, column_absence::zero},
    record_column{"errors", column_type::whole, column_absence::zero},
    record_column{"uncosted", column_type::whole, column_absence::zero},
    record_column{"timed", column_type::whole, column_absence::zero},
    record_column{"latency_ns", column_type::whole, column_absence::zero},
    record_column{"latency_bucket", column_type::whole, column_absence::null},
    record_column{"input_tokens", column_type::whole, column_absence::zero},
    record_column{"cache_read_tokens", column_type::whole, column_absence::zero},
    record_column{"cache_write_tokens", column_type::whole, column_absence::zero},
    record_column{"cache_write_5m_tokens", column_type::whole, column_absence::zero},
    record_column{"cache_write_1h_tokens", column_type::whole, column_absence::zero},
    record_column{"output_tokens", column_type::whole, column_absence::zero},
    record_column{"output_reasoning_tokens", column_type::whole, column_absence::zero},
    record_column{"input_audio_tokens", column_type::whole, column_absence::zero},
    record_column{"output_audio_tokens", column_type::whole, column_absence::zero},
    record_column{"output_image_tokens", column_type::whole, column_absence::zero},
    record_column{"web_searches", column_type::whole, column_absence::zero},
    record_column{"spent", column_type::amount, column_absence::zero},  // the report's cost
    record_column{"unsure", column_type::whole, column_absence::zero},
    record_column{"estimated", column_type::amount, column_absence::zero},
    record_column{"margin", column_type::amount, column_absence::zero},
    record_column{"corrections", column_type::whole, column_absence::zero},
    record_column{"corrected", column_type::amount, column_absence::zero},
    record_column{"made_costed", column_type::whole, column_absence::zero},
    record_column{"made_sure", column_type::whole, column_absence::zero},
    record_column{"made_exact", column_type::amount, column_absence::zero},
    record_column{"made_narrow", column_type::amount, column_absence::zero},
};

// Takes the values of a row, one call a column in their order, each by the call of its type, or
// absent(). Views are valid during the call.
class column_writer {
public:
    column_writer() = default;
    column_writer(column_writer const&) = delete;
    column_writer& operator=(column_writer const&) = delete;
    virtual ~column_writer() = default;

    virtual void text(std::string_view value) = 0;
    virtual void whole(std::int64_t value) = 0;
    virtual void amount(money value) = 0;
    virtual void instant(timestamp value) = 0;
    virtual void bytes(std::string_view value) = 0;
    virtual void flag(bool value) = 0;
    virtual void json(std::string_view value) = 0;
    virtual void absent() = 0;
};

namespace detail {

// A name as columns of text have it: what JSON would write as U+FFFD stands as \xNN, so that two
// names stay two.
[[nodiscard]] std::string column_text(std::string_view value);

}  // namespace detail

// A count past 2^63 wraps, as sums of reports do.
void write_columns(std::string_view origin, sink_row const& row, column_writer& out);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/sinks/record_columns.ipp>
#endif

#endif  // AIAUDIT_SINKS_RECORD_COLUMNS_HPP
