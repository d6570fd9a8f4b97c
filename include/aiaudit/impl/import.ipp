// SPDX-License-Identifier: MIT
//
// import.ipp: the definitions of import.hpp.
#ifndef AIAUDIT_IMPL_IMPORT_IPP
#define AIAUDIT_IMPL_IMPORT_IPP

#include <aiaudit/config.hpp>       // AIAUDIT_INLINE
#include <aiaudit/detail/utf8.hpp>  // make_name_text
#include <aiaudit/import.hpp>
#include <aiaudit/providers/reader.hpp>  // describe_exchange

#include <algorithm>
#include <charconv>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::size_t import_name_bytes = 1'024;  // as keys of the gateway have them

AIAUDIT_INLINE result<void> set_context(record& entry, exchange_context const& from, timestamp at) {
    entry.user = from.user;
    entry.project = from.project;
    entry.key_id = from.key;
    entry.started_at = from.timestamp.value_or(at);
    constexpr std::uint64_t ns_per_ms = 1'000'000;
    constexpr std::uint64_t ms_max = (std::uint64_t{1} << 62) / ns_per_ms;
    if (from.duration_ms.value_or(0) > ms_max || from.ttft_ms.value_or(0) > ms_max) {
        return fail(errc::bad_input, "a duration is too large");
    }
    if (from.duration_ms) entry.duration_ns = *from.duration_ms * ns_per_ms;
    if (from.ttft_ms) entry.time_to_first_token_ns = *from.ttft_ms * ns_per_ms;
    if (from.attempt.value_or(1) - 1 >= 0xFFFF'FFFF)
        return fail(errc::bad_input, "attempt is not from 1 on");
    entry.attempt = static_cast<std::uint32_t>(from.attempt.value_or(1));
    entry.tags = from.tags;
    for (std::string* const name : {&entry.user, &entry.project, &entry.key_id})
        make_name_text(*name, import_name_bytes);
    for (auto& [name, value] : entry.tags) {
        make_name_text(name, import_name_bytes);
        make_name_text(value, import_name_bytes);
    }
    if (from.operation_id.empty()) {
        entry.operation_id = make_operation_id(entry.started_at);
    } else if (auto const id = operation_id::parse(from.operation_id); id) {
        entry.operation_id = *id;
    } else {
        return fail(errc::bad_input, "operation_id: " + id.error().where);
    }
    if (from.trace_id.empty()) return {};
    auto const id = trace_id::parse(from.trace_id);
    if (!id) return fail(errc::bad_input, "trace_id: " + id.error().where);
    entry.trace_id = *id;
    return {};
}

}  // namespace detail

AIAUDIT_INLINE result<void> split_csv_line(std::string_view line, std::vector<std::string>& cells) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    std::size_t count = 0;
    std::size_t at = 0;
    for (;;) {
        if (cells.size() == count) cells.emplace_back();
        std::string& cell = cells[count++];
        cell.clear();
        if (at < line.size() && line[at] == '"') {
            for (++at;; ++at) {
                if (at >= line.size()) return fail(errc::bad_input, "a quoted cell does not end");
                if (line[at] != '"') {
                    cell.push_back(line[at]);
                } else if (at + 1 < line.size() && line[at + 1] == '"') {
                    cell.push_back(line[++at]);
                } else {
                    break;
                }
            }
            ++at;
            if (at < line.size() && line[at] != ',')
                return fail(errc::bad_input, "text follows a quoted cell");
        } else {
            std::size_t const end = (std::min)(line.find(',', at), line.size());
            cell.assign(line.substr(at, end - at));
            at = end;
        }
        if (at >= line.size()) break;
        ++at;
    }
    cells.resize(count);
    return {};
}

AIAUDIT_INLINE std::string csv_importer::fields() {
    std::string list;
    for (std::string_view const name : field_names) {
        if (!list.empty()) list.append(", ");
        list.append(name);
    }
    return list;
}
namespace detail {

AIAUDIT_INLINE result<std::uint64_t> parse_count(std::string_view text, std::uint64_t maximum) {
    std::uint64_t value = 0;
    auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size() || value > maximum) {
        return fail(errc::bad_input,
                    "not a whole number in range: '" + std::string(text.substr(0, 40)) + "'");
    }
    return value;
}

// "12.5" milliseconds in nanoseconds.
AIAUDIT_INLINE result<std::uint64_t> parse_milliseconds(std::string_view text) {
    auto const ns = parse_scaled_decimal(text, 6);
    if (!ns || *ns < 0 || *ns > int128{std::uint64_t{1} << 62}) {
        return fail(errc::bad_input,
                    "not a duration in milliseconds: '" + std::string(text.substr(0, 40)) + "'");
    }
    return static_cast<std::uint64_t>(*ns);
}

}  // namespace detail

AIAUDIT_INLINE result<csv_importer> csv_importer::make(std::string_view map,
                                                       std::string_view header) {
    csv_importer made;
    std::vector<std::string> columns;
    if (auto const split = split_csv_line(header, columns); !split) return split.error();
    made.columns_ = columns.size();
    while (!map.empty()) {
        std::string_view const item = map.substr(0, map.find(','));
        map.remove_prefix((std::min)(item.size() + 1, map.size()));
        std::size_t const equals = item.find('=');
        if (equals == std::string_view::npos) {
            return fail(errc::bad_argument,
                        "'" + std::string(item) + "' is not field=COLUMN or field==constant");
        }
        source from;
        from.name = std::string(item.substr(0, equals));
        from.counts = unit_named(from.name);
        if (!from.counts) {
            auto const name = std::find(field_names.begin(), field_names.end(), from.name);
            if (name == field_names.end()) {
                return fail(errc::bad_argument,
                            "no field '" + from.name + "'; there are: " + fields() +
                                ", and the units of usage such as input_tokens");
            }
            from.to = static_cast<field>(name - field_names.begin());
        }
        if (item.substr(equals).starts_with("==")) {
            from.constant = std::string(item.substr(equals + 2));
        } else {
            auto const column = std::find(columns.begin(), columns.end(), item.substr(equals + 1));
            if (column == columns.end()) {
                return fail(
                    errc::bad_argument,
                    "no column '" + std::string(item.substr(equals + 1)) + "' in the first line");
            }
            from.column = static_cast<std::size_t>(column - columns.begin());
        }
        made.sources_.push_back(std::move(from));
    }
    auto const has = [&made](field wanted) {
        return std::any_of(made.sources_.begin(), made.sources_.end(),
                           [wanted](source const& s) { return !s.counts && s.to == wanted; });
    };
    if (!has(field::timestamp) || !has(field::model)) {
        return fail(errc::bad_argument, "the map needs at least timestamp and model");
    }
    return made;
}

AIAUDIT_INLINE result<void> csv_importer::fill(record& entry, attempt_facts& facts,
                                               source const& from, std::string const& text) {
    if (text.empty()) return {};
    if (from.counts) {
        auto const count = detail::parse_count(text, usage::count_max);
        if (!count) return count.error();
        facts.usage.set(*from.counts, *count);
        return {};
    }
    auto const assign = [](auto& to, auto&& parsed) -> result<void> {
        if (!parsed) return parsed.error();
        to = *parsed;
        return {};
    };
    std::string name = text;
    detail::make_name_text(name, detail::import_name_bytes);
    switch (from.to) {
    case field::timestamp: return assign(entry.started_at, timestamp::parse(text));
    case field::user: entry.user = name; return {};
    case field::project: entry.project = name; return {};
    case field::key: entry.key_id = name; return {};
    case field::provider: entry.provider = name; return {};
    case field::model: facts.model_requested = name; return {};
    case field::operation_id: return assign(entry.operation_id, operation_id::parse(text));
    case field::request_id: entry.provider_request_id = name; return {};
    case field::status: {
        auto const status = detail::parse_count(text, 999);
        if (!status) return status.error();
        entry.http_status = static_cast<std::uint16_t>(*status);
        return {};
    }
    case field::error: entry.error_type = name; return {};
    case field::finish_reason: entry.finish_reason = name; return {};
    case field::duration_ms: return assign(entry.duration_ns, detail::parse_milliseconds(text));
    case field::ttft_ms:
        return assign(entry.time_to_first_token_ns, detail::parse_milliseconds(text));
    case field::cost_usd: return assign(entry.provider_cost, money::parse(text));
    case field::path: entry.path = name; return {};
    }
    return {};
}

AIAUDIT_INLINE result<void> csv_importer::read_row(record& entry, attempt_facts& facts,
                                                   std::string_view line) {
    if (auto const split = split_csv_line(line, cells_); !split) return split.error();
    if (cells_.size() != columns_) {
        return fail(errc::bad_input, std::to_string(cells_.size()) +
                                         " cells where the first line has " +
                                         std::to_string(columns_));
    }
    for (source const& from : sources_) {
        auto const filled =
            fill(entry, facts, from, from.constant ? *from.constant : cells_[from.column]);
        if (!filled) return fail(errc::bad_input, from.name + ": " + filled.error().where);
    }
    entry.model_requested = facts.model_requested;
    entry.usage = facts.usage;
    if (entry.operation_id.is_zero()) entry.operation_id = make_operation_id(entry.started_at);
    return {};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_IMPORT_IPP
