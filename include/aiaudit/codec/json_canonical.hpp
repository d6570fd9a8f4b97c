// SPDX-License-Identifier: MIT
//
// json_canonical.hpp: the one text of a JSON value: RFC 8785 (JCS). Two requests that mean the same
// have the same text, whatever the order of their members, their spaces, escapes and digits.
//
// Refused is what has no such text, or would share it with another value: members of the same name,
// text that is not UTF-8, half a surrogate pair, numbers that a double cannot hold, and numbers
// beyond 2^53 whose digits a double would change (RFC 8785 would round them).
// Boost.JSON reads the text, but not the fractions: its doubles are not rounded correctly.
// Threads: pure functions.
// Floor 3.
#ifndef AIAUDIT_CODEC_JSON_CANONICAL_HPP
#define AIAUDIT_CODEC_JSON_CANONICAL_HPP

#include <aiaudit/error.hpp>   // result
#include <aiaudit/limits.hpp>  // json_depth

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {
class canonical_writer;
}

// A canonical text, and where in it the members of the outermost object are.
class canonical_document {
public:
    [[nodiscard]] std::string const& text() const& noexcept { return text_; }
    [[nodiscard]] std::string text() && noexcept { return std::move(text_); }
    // The canonical text of a member of the outermost object: "0", "true", "\"auto\"", "{...}".
    // Empty where there is none of that name, or the document is no object. The name has no
    // character that JSON escapes. It lives as long as the document.
    [[nodiscard]] std::string_view value_of(std::string_view name) const noexcept {
        for (auto const& one : members_) {
            auto const text = std::string_view(text_).substr(one.begin, one.end - one.begin);
            bool const found = text.size() > name.size() + 3 &&
                               text.substr(1, name.size()) == name && text[name.size() + 1] == '"';
            if (found) return text.substr(name.size() + 3);
        }
        return {};
    }

private:
    friend class detail::canonical_writer;
    struct member {
        std::size_t begin;  // of its name's quote
        std::size_t end;    // behind its value
    };
    std::string text_{};
    std::vector<member> members_{};
};

namespace detail {

// The greatest integer up to which a double holds every one.
inline constexpr std::int64_t exact_integer_max = std::int64_t{1} << 53;

// What ECMAScript's Number.prototype.toString writes, which is what RFC 8785 asks for: the fewest
// digits that read back as the same double, with an exponent from 1e21 on and below 1e-6. Of a
// finite number.
inline void append_canonical_number(std::string& out, double value) {
    if (value == 0) {  // -0 too
        out.push_back('0');
        return;
    }
    std::array<char, 32> text;
    auto const end =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific)
            .ptr;
    std::string_view written(text.data(), static_cast<std::size_t>(end - text.data()));
    if (written.front() == '-') {
        out.push_back('-');
        written.remove_prefix(1);
    }
    auto const mark = written.find('e');
    int exponent = 0;
    char const* const from = written.data() + mark + (written[mark + 1] == '+' ? 2 : 1);
    std::from_chars(from, end, exponent);
    std::array<char, 24> room;
    std::size_t count = 0;
    for (char const c : written.substr(0, mark)) {
        if (c != '.') room[count++] = c;
    }
    std::string_view const digits(room.data(), count);
    int const point = exponent + 1;  // how many digits stand before the decimal point
    int const size = static_cast<int>(count);
    if (point > 21 || point <= -6) {
        out.push_back(digits.front());
        if (size > 1) out.append(1, '.').append(digits.substr(1));
        out.append(exponent < 0 ? "e-" : "e+");
        out.append(std::to_string(exponent < 0 ? -exponent : exponent));
    } else if (point <= 0) {
        out.append("0.").append(static_cast<std::size_t>(-point), '0').append(digits);
    } else if (size <= point) {
        out.append(digits).append(static_cast<std::size_t>(point - size), '0');
    } else {
        auto const whole = static_cast<std::size_t>(point);
        out.append(digits.substr(0, whole)).append(1, '.').append(digits.substr(whole));
    }
}

// The digits that carry a number's value: without sign, point, exponent, and zeros at either end.
[[nodiscard]] inline std::string significant_digits(std::string_view number) {
    std::string digits;
    for (char const c : number.substr(0, number.find_first_of("eE"))) {
        bool const leading_zero = c == '0' && digits.empty();
        if (c >= '0' && c <= '9' && !leading_zero) digits.push_back(c);
    }
    digits.erase(digits.find_last_not_of('0') + 1);
    return digits;
}

// Text between quotes, with the escapes that RFC 8785 leaves. Of valid UTF-8.
inline void append_canonical_text(std::string& out, std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    std::size_t done = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        auto const byte = static_cast<std::uint8_t>(c);
        if (byte >= 0x20 && c != '"' && c != '\\') continue;
        out.append(text, done, i - done);
        done = i + 1;
        constexpr std::string_view named = "\b\t\n\f\r\"\\";
        auto const at = named.find(c);
        if (at != std::string_view::npos) {
            out.push_back('\\');
            out.push_back("btnfr\"\\"[at]);
        } else {
            out.append("\\u00").append(1, hex[byte >> 4]).append(1, hex[byte & 15]);
        }
    }
    out.append(text, done);
}

// Whether one text of UTF-8 sorts before another by UTF-16 code units. Bytes sort as code points
// do; but what lies beyond U+FFFF (first byte F0 to F4) has surrogates, which sort before U+E000
// to U+FFFF (first byte EE or EF).
[[nodiscard]] inline bool utf16_less(std::string_view left, std::string_view right) noexcept {
    auto const [at, other] = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
    if (at == left.end() || other == right.end()) return left.size() < right.size();
    auto const rank = [](char c) {
        auto const byte = static_cast<std::uint8_t>(c);
        if (byte < 0xEE) return int{byte};
        return byte >= 0xF0 ? byte - 2 : byte + 5;
    };
    return rank(*at) < rank(*other);
}

// Writes the canonical text while Boost.JSON reads the other: its handler. Members are written as
// they come, and put in order at the end of their object where they are not.
class canonical_writer {
public:
    using code = boost::system::error_code;
    using view = boost::json::string_view;
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

    canonical_writer(std::size_t bytes, std::span<std::string_view const> without)
        : without_(without) {
        document_.text_.reserve(bytes + 16);
        levels_.reserve(16);
        members_.reserve(64);
        names_.reserve(256);
    }
    [[nodiscard]] canonical_document take() noexcept { return std::move(document_); }
    // Why it stopped the reading; null where it did not.
    [[nodiscard]] char const* reason() const noexcept { return reason_; }

    bool on_document_begin(code&) noexcept { return true; }
    bool on_document_end(code&) noexcept { return true; }
    bool on_object_begin(code&) { return open('{'); }
    bool on_object_end(std::size_t, code& failed) {
        if (!order_members(failed)) return false;
        return close('}');
    }
    bool on_array_begin(code&) { return open('['); }
    bool on_array_end(std::size_t, code&) { return close(']'); }
    bool on_key_part(view part, std::size_t, code&) {
        names_.append(part.data(), part.size());
        return true;
    }
    bool on_key(view part, std::size_t bytes, code& failed);
    bool on_string_part(view part, std::size_t, code&) {
        append_text(part);
        return true;
    }
    bool on_string(view part, std::size_t, code&) {
        append_text(part);
        in_text_ = false;
        text().push_back('"');
        end_value();
        return true;
    }
    bool on_number_part(view part, code&) {
        number_.append(part.data(), part.size());
        return true;
    }
    bool on_int64(std::int64_t value, view part, code& failed);
    bool on_uint64(std::uint64_t, view part, code& failed) { return append_number(part, failed); }
    bool on_double(double, view part, code& failed) { return append_number(part, failed); }
    bool on_bool(bool value, code&) { return append_word(value ? "true" : "false"); }
    bool on_null(code&) { return append_word("null"); }
    bool on_comment_part(view, code&) noexcept { return true; }
    bool on_comment(view, code&) noexcept { return true; }

private:
    struct member {
        std::size_t name;  // in names_
        std::size_t name_bytes;
        std::size_t begin;  // in the text
        std::size_t end;
    };
    struct level {
        bool is_object;
        bool is_empty = true;
        bool is_ordered = true;
        std::size_t members;  // where its own begin
        std::size_t names;
    };

    [[nodiscard]] std::string& text() noexcept { return document_.text_; }
    [[nodiscard]] std::string_view name_of(member const& one) const noexcept {
        return std::string_view(names_).substr(one.name, one.name_bytes);
    }
    bool refuse(char const* reason, code& failed) noexcept {
        reason_ = reason;
        failed = boost::json::make_error_code(boost::json::error::syntax);
        return false;
    }
    // In an object the name has written the comma.
    void begin_value() {
        if (levels_.empty() || levels_.back().is_object) return;
        if (!levels_.back().is_empty) text().push_back(',');
        levels_.back().is_empty = false;
    }
    void end_value() noexcept {
        if (!levels_.empty() && levels_.back().is_object) members_.back().end = text().size();
    }
    bool open(char bracket) {
        begin_value();
        text().push_back(bracket);
        levels_.push_back({bracket == '{', true, true, members_.size(), names_.size()});
        return true;
    }
    bool close(char bracket) {
        levels_.pop_back();
        text().push_back(bracket);
        end_value();
        return true;
    }
    bool append_word(std::string_view word) {
        begin_value();
        text().append(word);
        end_value();
        return true;
    }
    void append_text(view part) {
        if (!in_text_) {
            begin_value();
            text().push_back('"');
            in_text_ = true;
        }
        append_canonical_text(text(), {part.data(), part.size()});
    }
    bool append_number(view part, code& failed);
    bool order_members(code& failed);
    [[nodiscard]] bool is_left_out(member const& one) const noexcept {
        return std::find(without_.begin(), without_.end(), name_of(one)) != without_.end();
    }
    void rewrite(std::span<member> members, bool is_outermost);

    std::span<std::string_view const> without_;
    canonical_document document_{};
    std::vector<level> levels_{};
    std::vector<member> members_{};  // of the objects that are open, innermost last
    std::string names_{};            // theirs, without escapes
    std::string number_{};           // what came of one that comes in parts
    std::string spare_{};
    char const* reason_ = nullptr;
    bool in_text_ = false;
};

inline bool canonical_writer::on_key(view part, std::size_t bytes, code& failed) {
    names_.append(part.data(), part.size());
    auto& in = levels_.back();
    if (!in.is_empty) text().push_back(',');
    member const added{names_.size() - bytes, bytes, text().size(), 0};
    if (!in.is_empty && in.is_ordered) {
        auto const before = name_of(members_.back());
        if (before == name_of(added)) return refuse("a member name stands twice", failed);
        in.is_ordered = utf16_less(before, name_of(added));
    }
    in.is_empty = false;
    text().push_back('"');
    append_canonical_text(text(), name_of(added));
    text().append("\":");
    members_.push_back(added);
    return true;
}

inline bool canonical_writer::on_int64(std::int64_t value, view part, code& failed) {
    if (value > exact_integer_max || value < -exact_integer_max) {
        return append_number(part, failed);
    }
    number_.clear();
    std::array<char, 24> digits;
    auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    return append_word({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

inline bool canonical_writer::append_number(view part, code& failed) {
    number_.append(part.data(), part.size());
    double value = 0;
    char const* const end = number_.data() + number_.size();
    auto const read = std::from_chars(number_.data(), end, value);
    if (read.ec != std::errc{} || read.ptr != end) {
        return refuse("a number is out of range", failed);
    }
    begin_value();
    auto const at = text().size();
    append_canonical_number(text(), value);
    constexpr auto exact = static_cast<double>(exact_integer_max);
    if (value >= exact || value <= -exact) {  // what is written may lie between two doubles
        auto const written = std::string_view(text()).substr(at);
        if (significant_digits(number_) != significant_digits(written)) {
            return refuse("a number beyond 2^53 has no canonical form", failed);
        }
    }
    number_.clear();
    end_value();
    return true;
}

// At the end of an object: refuses names that stand twice, and brings the members into order.
inline bool canonical_writer::order_members(code& failed) {
    auto const ended = levels_.back();
    std::span<member> const members = std::span(members_).subspan(ended.members);
    bool const is_outermost = levels_.size() == 1;
    if (!ended.is_ordered) {
        std::sort(members.begin(), members.end(), [this](member const& a, member const& b) {
            return utf16_less(name_of(a), name_of(b));
        });
        auto const same = std::adjacent_find(
            members.begin(), members.end(),
            [this](member const& a, member const& b) { return name_of(a) == name_of(b); });
        if (same != members.end()) return refuse("a member name stands twice", failed);
    }
    if (!members.empty() && (!ended.is_ordered || is_outermost)) rewrite(members, is_outermost);
    members_.resize(ended.members);
    names_.resize(ended.names);
    return true;
}

// In their order; of the outermost object without those that are to be left out.
inline void canonical_writer::rewrite(std::span<member> members, bool is_outermost) {
    auto const least = [](member const& a, member const& b) { return a.begin < b.begin; };
    auto const begin = std::min_element(members.begin(), members.end(), least)->begin;
    spare_.clear();
    for (auto const& one : members) {
        if (is_outermost && is_left_out(one)) continue;
        if (!spare_.empty()) spare_.push_back(',');
        auto const to = begin + spare_.size();
        spare_.append(text(), one.begin, one.end - one.begin);
        if (is_outermost) document_.members_.push_back({to, begin + spare_.size()});
    }
    text().resize(begin);
    text().append(spare_);
}

}  // namespace detail

// The canonical text of a JSON text. `without` are names of members of the outermost object that
// are left out of it, though what they hold must be well-formed too. Errors: bad_json, which says
// why and quotes nothing.
[[nodiscard]] inline result<canonical_document> canonicalize(
    std::string_view json, std::span<std::string_view const> without = {}) {
    boost::json::parse_options options;
    options.max_depth = limits::json_depth;
    boost::json::basic_parser<detail::canonical_writer> parser(options, json.size(), without);
    boost::system::error_code failed;
    auto const read = parser.write_some(false, json.data(), json.size(), failed);
    if (auto const* const reason = parser.handler().reason(); reason != nullptr) {
        return fail(errc::bad_json, reason);
    }
    if (!failed && read < json.size()) failed = boost::json::error::extra_data;
    if (failed) return fail(errc::bad_json, failed.message());
    return parser.handler().take();
}

[[nodiscard]] inline result<std::string> canonical_json(
    std::string_view json, std::span<std::string_view const> without = {}) {
    auto document = canonicalize(json, without);
    if (!document) return document.error();
    return std::move(*document).text();
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CODEC_JSON_CANONICAL_HPP
