// SPDX-License-Identifier: MIT
//
// record_columns.ipp: the definitions of record_columns.hpp.
#ifndef AIAUDIT_IMPL_SINKS_RECORD_COLUMNS_IPP
#define AIAUDIT_IMPL_SINKS_RECORD_COLUMNS_IPP

#include <aiaudit/config.hpp>              // AIAUDIT_INLINE
#include <aiaudit/detail/bytes.hpp>        // view_of
#include <aiaudit/detail/json_string.hpp>  // json_string
#include <aiaudit/detail/utf8.hpp>         // take_code_point
#include <aiaudit/export/record_text.hpp>  // to_json of usage
#include <aiaudit/rollup/series.hpp>       // status_text
#include <aiaudit/sinks/record_columns.hpp>

#include <optional>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string column_text(std::string_view value) {
    std::string clean;
    while (!value.empty()) {
        std::string_view rest = value;
        auto const point = take_code_point(rest);
        std::size_t const size = point ? value.size() - rest.size() : 1;
        if (point && *point != 0) {
            clean.append(value.substr(0, size));
        } else {
            static constexpr char digits[] = "0123456789abcdef";
            auto const byte = static_cast<unsigned char>(value.front());
            clean.append("\\x").push_back(digits[byte >> 4U]);
            clean.push_back(digits[byte & 15U]);
        }
        value.remove_prefix(size);
    }
    return clean;
}

// Writes the parts of a row, each in the order of record_columns.
class row_writer {
public:
    row_writer(std::string_view origin, sink_row const& row, column_writer& out)
        : origin_(origin), row_(row), entry_(*row.entry), out_(out) {}

    void write() {
        write_identity();
        write_call();
        write_end();
        write_money();
        write_references();
        write_report();
    }

private:
    void write_identity() {
        text(origin_);
        out_.whole(static_cast<std::int64_t>(value_of(row_.number)));
        out_.bytes(view_of(row_.leaf.bytes));
        out_.bytes(row_.encoded);
        out_.instant(entry_.started_at);
        out_.text(name_of(entry_.kind));
    }
    void write_call() {
        for (std::string_view const name :
             {entry_.user, entry_.project, entry_.key_id, entry_.provider, entry_.model()})
            text(name);
        text(status_text(entry_).text());
        text(entry_.model_requested);
        text(entry_.model_served);
        out_.text(name_of(entry_.operation));
        for (std::string_view const name :
             {entry_.path, entry_.service_tier, entry_.region, entry_.speed})
            text(name);
        whole_if(entry_.parameters.max_output_tokens);
        whole_if(entry_.parameters.choices);
        out_.flag(entry_.parameters.stream);
        out_.flag(entry_.parameters.batch);
    }
    void write_end() {
        whole_if(entry_.duration_ns);
        whole_if(entry_.time_to_first_token_ns);
        whole_if(entry_.http_status == 0 ? std::nullopt : std::optional(entry_.http_status));
        text(entry_.finish_reason);
        text(entry_.error_type);
        out_.flag(entry_.complete);
        if (entry_.usage.empty())
            out_.absent();
        else
            out_.json(to_json(entry_.usage));
        write_iterations();
    }
    void write_iterations() {
        if (entry_.iterations.empty()) return out_.absent();
        std::vector<std::string> list;
        for (auto const& run : entry_.iterations)
            list.push_back("{\"kind\":" + json_text(run.kind) + ",\"model\":" +
                           json_text(run.model) + ",\"usage\":" + to_json(run.usage) + "}");
        out_.json(json_list_of(list));
    }
    void write_money() {
        out_.text(name_of(entry_.cost_status));
        bool const known = entry_.cost_status != cost_status::unpriced &&
                           entry_.cost_status != cost_status::unknown;
        amount_if(known ? std::optional(entry_.cost) : std::nullopt);
        for (auto const& sum : {entry_.cost_low, entry_.saved, entry_.provider_cost,
                                entry_.upstream_cost, entry_.computed_cost})
            amount_if(sum);
        text(entry_.price_entry);
        bytes_if(entry_.price_book);
        out_.text(name_of(entry_.price_basis));
        text(entry_.unread);
    }
    void write_references() {
        bytes_if(entry_.operation_id);
        out_.whole(entry_.attempt);
        text(entry_.provider_request_id);
        bytes_if(entry_.trace_id);
        if (entry_.tags.empty()) return out_.absent();
        std::vector<std::string> list;
        for (auto const& [key, value] : entry_.tags)
            list.push_back("[" + json_text(key) + "," + json_text(value) + "]");
        out_.json(json_list_of(list));
    }
    void write_report() {
        bool const counts =
            entry_.kind == record_kind::outcome || entry_.kind == record_kind::correction;
        totals const sum = counts ? totals::of(entry_) : totals{};
        for (std::uint64_t const count :
             {sum.requests, sum.attempts, sum.errors, sum.uncosted, sum.timed, sum.latency_ns})
            count_if(count);
        if (counts && entry_.duration_ns)
            out_.whole(latency_histogram::bucket_of(*entry_.duration_ns));
        else
            out_.absent();
        for (std::uint64_t const count : sum.counts) count_if(count);
        amount_if_any(sum.cost);
        count_if(sum.unsure);
        amount_if_any(sum.estimated.value());
        amount_if_any(sum.margin.value());
        count_if(sum.corrections);
        amount_if_any(sum.corrected.value());
        count_if(sum.made_costed);
        count_if(sum.made_sure);
        amount_if_any(sum.made_exact.value());
        amount_if_any(sum.made_narrow.value());
    }

    [[nodiscard]] static std::string json_text(std::string_view value) {
        return json_string(column_text(value));
    }
    void text(std::string_view value) {
        if (value.empty()) return out_.absent();
        bool plain = true;
        for (char const c : value) plain &= c > 0 && c < 0x7F;
        if (plain) return out_.text(value);
        out_.text(column_text(value));
    }
    template <class Number>
    void whole_if(std::optional<Number> const& value) {
        if (!value) return out_.absent();
        out_.whole(static_cast<std::int64_t>(*value));
    }
    void count_if(std::uint64_t count) {
        if (count == 0) return out_.absent();
        out_.whole(static_cast<std::int64_t>(count));
    }
    void amount_if(std::optional<money> const& value) {
        if (!value) return out_.absent();
        out_.amount(*value);
    }
    void amount_if_any(money value) {
        if (value == money{}) return out_.absent();
        out_.amount(value);
    }
    template <class Id>
    void bytes_if(Id const& id) {
        if (id.is_zero()) return out_.absent();
        out_.bytes(view_of(id.bytes));
    }

    std::string_view origin_;
    sink_row const& row_;
    record_view const& entry_;
    column_writer& out_;
};

}  // namespace detail

AIAUDIT_INLINE void write_columns(std::string_view origin, sink_row const& row,
                                  column_writer& out) {
    detail::row_writer(origin, row, out).write();
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_SINKS_RECORD_COLUMNS_IPP
