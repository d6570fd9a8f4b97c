// SPDX-License-Identifier: MIT
//
// line_rows.ipp: the definitions of line_rows.hpp.
#ifndef AIAUDIT_IMPL_SINKS_LINE_ROWS_IPP
#define AIAUDIT_IMPL_SINKS_LINE_ROWS_IPP

#include <aiaudit/audit/row_lines.hpp>        // row_lines
#include <aiaudit/config.hpp>                 // AIAUDIT_INLINE
#include <aiaudit/sinks/json_lines_sink.hpp>  // json_line
#include <aiaudit/sinks/line_rows.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class json_line_rows final : public held_rows {
public:
    json_line_rows(std::istream& in, std::string origin)
        : origin_(origin),
          lines_(row_lines(in, std::move(origin),
                           [this](boost::json::object const& of) { members_ = &of; })) {}

    [[nodiscard]] result<bool> next(audit_row& row) override { return lines_(row); }
    [[nodiscard]] result<void> compare(audit_row const& row,
                                       std::vector<column_difference>& found) override;
    [[nodiscard]] std::vector<std::string> uncompared() const override { return told_.all(); }

private:
    // What the audit itself compares.
    [[nodiscard]] static bool is_audited(std::string_view name) noexcept {
        return name == "origin" || name == "seq" || name == "leaf" || name == "encoded" ||
               name == "record";
    }
    // Tells of members that are no columns. Whether there are columns.
    [[nodiscard]] bool look_at_names();

    std::string origin_;
    row_source lines_;
    boost::json::object const* members_ = nullptr;  // of the row that came last
    told_names told_{};
};

[[nodiscard]] AIAUDIT_INLINE std::optional<std::string> json_value_text(
    boost::json::value const* value) {
    if (value == nullptr) return std::nullopt;
    if (value->is_string()) return std::string(value->get_string());
    return boost::json::serialize(*value);
}

[[nodiscard]] AIAUDIT_INLINE bool is_json_zero(record_column const& column,
                                               boost::json::value const& value) {
    if (column.type == column_type::whole) return value == boost::json::value(0);
    if (!value.is_string()) return false;
    if (column.type == column_type::text) return value.get_string().empty();
    auto const amount = money::parse(std::string(value.get_string()));
    return column.type == column_type::amount && amount && *amount == money{};
}

// Null: no value.
[[nodiscard]] AIAUDIT_INLINE bool is_same_value(record_column const& column,
                                                boost::json::value const* held,
                                                boost::json::value const* recorded) {
    if (held == nullptr && recorded == nullptr) return true;
    if (held == nullptr || recorded == nullptr)
        return column.absence == column_absence::zero &&
               is_json_zero(column, held == nullptr ? *recorded : *held);
    return *held == *recorded;
}

AIAUDIT_INLINE bool json_line_rows::look_at_names() {
    bool any = false;
    for (auto const& member : *members_) {
        std::string_view const name(member.key().data(), member.key().size());
        bool known = is_audited(name);
        for (record_column const& column : record_columns) {
            if (known || column.name != name) continue;
            known = true;
            any = true;
        }
        if (!known) told_.add(printable(name));
    }
    return any;
}

AIAUDIT_INLINE result<void> json_line_rows::compare(audit_row const& row,
                                                    std::vector<column_difference>& found) {
    bool const shipped = members_->contains("encoded");
    if (!look_at_names() && !shipped) {
        told_.add("all columns of rows that have none");
        return {};
    }
    record_view entry;
    auto const expected = sink_row_of(row, entry);
    if (!expected) return expected.error();
    auto const line = boost::json::parse(json_line(origin_, *expected));
    auto const& recorded = line.get_object();
    for (record_column const& column : record_columns) {
        if (is_audited(column.name)) continue;
        boost::json::value const* held = members_->if_contains(column.name);
        boost::json::value const* const wanted = recorded.if_contains(column.name);
        if (held != nullptr && held->is_null()) held = nullptr;
        if (is_same_value(column, held, wanted)) continue;
        if (!shipped && !members_->contains(column.name)) {
            told_.add(column.name);
            continue;
        }
        found.push_back(difference_of(column.name, json_value_text(held), json_value_text(wanted)));
    }
    return {};
}

}  // namespace detail

AIAUDIT_INLINE std::unique_ptr<held_rows> line_rows(std::istream& in, std::string origin) {
    return std::make_unique<detail::json_line_rows>(in, std::move(origin));
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_SINKS_LINE_ROWS_IPP
