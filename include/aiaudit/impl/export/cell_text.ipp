// SPDX-License-Identifier: MIT
//
// cell_text.ipp: the definitions of cell_text.hpp.
#ifndef AIAUDIT_IMPL_EXPORT_CELL_TEXT_IPP
#define AIAUDIT_IMPL_EXPORT_CELL_TEXT_IPP

#include <aiaudit/config.hpp>              // AIAUDIT_INLINE
#include <aiaudit/detail/json_string.hpp>  // json_string
#include <aiaudit/detail/utf8.hpp>         // escaped_text
#include <aiaudit/error.hpp>               // is_control_byte
#include <aiaudit/export/cell_text.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string json_object(std::vector<report_cell> const& cells) {
    std::string out = "{";
    for (report_cell const& cell : cells) {
        if (out.size() > 1) out.push_back(',');
        out.append(json_string(cell.name)).push_back(':');
        out.append(cell.absent ? "null" : cell.number ? cell.text : json_string(cell.text));
    }
    out.push_back('}');
    return out;
}

// A spreadsheet takes what begins so for a formula, and the names are strangers' texts. Where it
// expects other separators than commas, it begins a cell, or a line, after these.
AIAUDIT_INLINE std::string disarmed(std::string_view name) {
    auto const is_one_of = [](std::string_view list, char c) {
        return list.find(c) != std::string_view::npos;
    };
    std::string made;
    made.reserve(name.size());
    // After blanks, and as wide signs, too.
    std::string_view const word = name.substr((std::min)(name.find_first_not_of(' '), name.size()));
    constexpr std::array<std::string_view, 4> wide{"\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D",
                                                   "\xEF\xBC\xA0"};
    bool const blank_first = word.size() != name.size() && !word.empty();
    if ((blank_first && is_one_of("=+-@", word.front())) ||
        std::any_of(wide.begin(), wide.end(),
                    [word](std::string_view sign) { return word.starts_with(sign); }))
        made.push_back('\'');
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (is_one_of("=+-@\t\r\n", name[i]) && (i == 0 || is_one_of(";\t\r\n", name[i - 1])))
            made.push_back('\'');
        made.push_back(name[i]);
    }
    return made;
}

// "-0.25": money may be below zero, and is no formula.
AIAUDIT_INLINE bool is_decimal(std::string_view text) noexcept {
    if (text.starts_with('-')) text.remove_prefix(1);
    return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

// What no text of ours has, and some readers of CSV stop at.
AIAUDIT_INLINE std::string without_controls(std::string text) {
    for (char& c : text) {
        if (is_control_byte(c) && c != '\t' && c != '\r' && c != '\n') c = '?';
    }
    return text;
}

AIAUDIT_INLINE std::string csv_cell(report_cell const& cell) {
    if (cell.number || (!cell.label && is_decimal(cell.text))) return cell.text;
    std::string const text = disarmed(without_controls(valid_text(cell.text)));
    if (text.find_first_of(",;\"\t\r\n") == std::string::npos) return text;
    std::string out = "\"";
    for (char const c : text) {
        if (c == '"') out.push_back('"');
        out.push_back(c);
    }
    out.push_back('"');
    return out;
}

// How many columns of a terminal the text takes: its code points.
AIAUDIT_INLINE std::size_t width_of(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<std::uint8_t>(c) & 0xC0U) != 0x80U;
    }));
}

AIAUDIT_INLINE void append_aligned(std::string& out, std::string_view text, std::size_t width,
                                   bool left) {
    std::size_t const have = width_of(text);
    std::size_t const gap = width > have ? width - have : 0;
    if (!left) out.append(gap, ' ');
    out.append(text);
    if (left) out.append(gap, ' ');
}

AIAUDIT_INLINE std::string aligned_text(std::vector<report_cell> const& names,
                                        std::vector<std::vector<report_cell>> const& lines,
                                        std::vector<std::string> const& bars) {
    std::vector<std::size_t> widths;
    for (std::size_t column = 0; column < names.size(); ++column) {
        std::size_t width = 0;
        for (auto const& line : lines)
            width = (std::max)(width, width_of(escaped_text(line[column].text)));
        if (width > 0) width = (std::max)(width, width_of(names[column].name));
        widths.push_back(width);
    }
    std::string out;
    auto const add_line = [&](std::vector<report_cell> const& cells, bool is_head,
                              std::string_view bar) {
        for (std::size_t column = 0; column < cells.size(); ++column) {
            if (widths[column] == 0) continue;
            if (column > 0) out.append("  ");
            append_aligned(out, is_head ? cells[column].name : escaped_text(cells[column].text),
                           widths[column], cells[column].label);
        }
        if (!bar.empty()) out.append("  ").append(bar);
        while (out.ends_with(' ')) out.pop_back();
        out.push_back('\n');
    };
    add_line(names, true, {});
    for (std::size_t i = 0; i < lines.size(); ++i)
        add_line(lines[i], false, i < bars.size() ? std::string_view(bars[i]) : std::string_view{});
    return out;
}

AIAUDIT_INLINE machine_writer::machine_writer(std::vector<report_cell> const& names,
                                              text_format format)
    : format_(format) {
    if (format == text_format::json) text_ = "[";
    if (format == text_format::csv) add_csv(names, true);
}

AIAUDIT_INLINE void machine_writer::add_csv(std::vector<report_cell> const& cells, bool is_head) {
    bool first_cell = true;
    for (report_cell const& cell : cells) {
        if (!std::exchange(first_cell, false)) text_.push_back(',');
        text_.append(is_head ? cell.name : csv_cell(cell));
    }
    text_.push_back('\n');
}

AIAUDIT_INLINE void machine_writer::add(std::vector<report_cell> const& line) {
    if (format_ == text_format::csv) return add_csv(line, false);
    if (format_ == text_format::json) text_.append(is_first_ ? "\n" : ",\n");
    is_first_ = false;
    text_.append(json_object(line));
    if (format_ == text_format::jsonl) text_.push_back('\n');
}

AIAUDIT_INLINE void machine_writer::finish() {
    if (format_ == text_format::json) text_.append(is_first_ ? "]\n" : "\n]\n");
}

AIAUDIT_INLINE std::string machine_text(std::vector<report_cell> const& names,
                                        std::vector<std::vector<report_cell>> const& lines,
                                        text_format format) {
    machine_writer out(names, format);
    for (auto const& line : lines) out.add(line);
    out.finish();
    return out.take();
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_EXPORT_CELL_TEXT_IPP
