// SPDX-License-Identifier: MIT
//
// cell_text.hpp: rows of named cells as an aligned table, JSON, JSON Lines or CSV: what every
// report's texts are made of.
//
// Threads: plain functions.
// Floor 8.
#ifndef AIAUDIT_EXPORT_CELL_TEXT_HPP
#define AIAUDIT_EXPORT_CELL_TEXT_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

enum class text_format : std::uint8_t { table, json, csv, jsonl };

[[nodiscard]] constexpr std::optional<text_format> text_format_named(
    std::string_view name) noexcept {
    if (name == "table") return text_format::table;
    if (name == "json") return text_format::json;
    if (name == "csv") return text_format::csv;
    if (name == "jsonl") return text_format::jsonl;
    return std::nullopt;
}

namespace detail {

struct report_cell {
    std::string name{};
    std::string text{};
    bool number = true;   // else a string in JSON
    bool label = false;   // names the row; left-aligned in a table
    bool absent = false;  // there is nothing to say: null in JSON
};

[[nodiscard]] std::string json_object(std::vector<report_cell> const& cells);

// Lines of the same columns under their names. A bar, where there is one, follows its line. A
// column in which no line has anything is left out. What a terminal would obey is escaped.
[[nodiscard]] std::string aligned_text(std::vector<report_cell> const& names,
                                       std::vector<std::vector<report_cell>> const& lines,
                                       std::vector<std::string> const& bars = {});

// Writes lines for machines as they come: csv, json, or jsonl; valid UTF-8, whatever the records
// have. In CSV a text that a spreadsheet would take for a formula begins with an apostrophe.
class machine_writer {
public:
    // `names`: of the columns.
    machine_writer(std::vector<report_cell> const& names, text_format format);
    void add(std::vector<report_cell> const& line);
    // What was written since the last call; after finish(), the end too.
    [[nodiscard]] std::string take() { return std::exchange(text_, {}); }
    void finish();

private:
    void add_csv(std::vector<report_cell> const& cells, bool is_head);

    text_format format_;
    std::string text_{};
    bool is_first_ = true;
};

// All lines at once.
[[nodiscard]] std::string machine_text(std::vector<report_cell> const& names,
                                       std::vector<std::vector<report_cell>> const& lines,
                                       text_format format);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/export/cell_text.ipp>
#endif

#endif  // AIAUDIT_EXPORT_CELL_TEXT_HPP
