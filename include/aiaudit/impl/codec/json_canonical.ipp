// SPDX-License-Identifier: MIT
//
// json_canonical.ipp: the definitions of json_canonical.hpp.
#ifndef AIAUDIT_IMPL_CODEC_JSON_CANONICAL_IPP
#define AIAUDIT_IMPL_CODEC_JSON_CANONICAL_IPP

#include <aiaudit/codec/json_canonical.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/limits.hpp>  // json_depth

#include <array>
#include <charconv>
#include <system_error>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE std::string_view canonical_document::value_of(std::string_view name) const noexcept {
    for (auto const& one : members_) {
        auto const text = std::string_view(text_).substr(one.begin, one.end - one.begin);
        bool const found = text.size() > name.size() + 3 && text.substr(1, name.size()) == name &&
                           text[name.size() + 1] == '"';
        if (found) return text.substr(name.size() + 3);
    }
    return {};
}
namespace detail {

AIAUDIT_INLINE void append_canonical_number(std::string& out, double value) {
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
AIAUDIT_INLINE std::string significant_digits(std::string_view number) {
    std::string digits;
    for (char const c : number.substr(0, number.find_first_of("eE"))) {
        bool const leading_zero = c == '0' && digits.empty();
        if (c >= '0' && c <= '9' && !leading_zero) digits.push_back(c);
    }
    digits.erase(digits.find_last_not_of('0') + 1);
    return digits;
}

// Text between quotes, with the escapes that RFC 8785 leaves. Of valid UTF-8.
AIAUDIT_INLINE void append_canonical_text(std::string& out, std::string_view text) {
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

AIAUDIT_INLINE bool utf16_less(std::string_view left, std::string_view right) noexcept {
    auto const [at, other] = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
    if (at == left.end() || other == right.end()) return left.size() < right.size();
    auto const rank = [](char c) {
        auto const byte = static_cast<std::uint8_t>(c);
        if (byte < 0xEE) return int{byte};
        return byte >= 0xF0 ? byte - 2 : byte + 5;
    };
    return rank(*at) < rank(*other);
}

AIAUDIT_INLINE canonical_writer::canonical_writer(std::size_t bytes,
                                                  std::span<std::string_view const> without)
    : without_(without) {
    document_.text_.reserve(bytes + 16);
    levels_.reserve(16);
    members_.reserve(64);
    names_.reserve(256);
}

AIAUDIT_INLINE bool canonical_writer::on_string(view part, std::size_t, code&) {
    append_text(part);
    in_text_ = false;
    text().push_back('"');
    end_value();
    return true;
}

AIAUDIT_INLINE bool canonical_writer::open(char bracket) {
    begin_value();
    text().push_back(bracket);
    levels_.push_back({bracket == '{', true, true, members_.size(), names_.size()});
    return true;
}

AIAUDIT_INLINE bool canonical_writer::close(char bracket) {
    levels_.pop_back();
    text().push_back(bracket);
    end_value();
    return true;
}

AIAUDIT_INLINE bool canonical_writer::append_word(std::string_view word) {
    begin_value();
    text().append(word);
    end_value();
    return true;
}

AIAUDIT_INLINE void canonical_writer::append_text(view part) {
    if (!in_text_) {
        begin_value();
        text().push_back('"');
        in_text_ = true;
    }
    append_canonical_text(text(), {part.data(), part.size()});
}

AIAUDIT_INLINE bool canonical_writer::on_key(view part, std::size_t bytes, code& failed) {
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

AIAUDIT_INLINE bool canonical_writer::on_int64(std::int64_t value, view part, code& failed) {
    if (value > exact_integer_max || value < -exact_integer_max) {
        return append_number(part, failed);
    }
    number_.clear();
    std::array<char, 24> digits;
    auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    return append_word({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

AIAUDIT_INLINE bool canonical_writer::append_number(view part, code& failed) {
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
AIAUDIT_INLINE bool canonical_writer::order_members(code& failed) {
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
AIAUDIT_INLINE void canonical_writer::rewrite(std::span<member> members, bool is_outermost) {
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

AIAUDIT_INLINE result<canonical_document> canonicalize(std::string_view json,
                                                       std::span<std::string_view const> without) {
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

AIAUDIT_INLINE result<std::string> canonical_json(std::string_view json,
                                                  std::span<std::string_view const> without) {
    auto document = canonicalize(json, without);
    if (!document) return document.error();
    return std::move(*document).text();
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CODEC_JSON_CANONICAL_IPP
