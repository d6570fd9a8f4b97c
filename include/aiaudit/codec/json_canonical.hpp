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

#include <aiaudit/error.hpp>  // result

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
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
    [[nodiscard]] std::string_view value_of(std::string_view name) const noexcept;

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
void append_canonical_number(std::string& out, double value);

// Whether one text of UTF-8 sorts before another by UTF-16 code units. Bytes sort as code points
// do; but what lies beyond U+FFFF (first byte F0 to F4) has surrogates, which sort before U+E000
// to U+FFFF (first byte EE or EF).
[[nodiscard]] bool utf16_less(std::string_view left, std::string_view right) noexcept;

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

    canonical_writer(std::size_t bytes, std::span<std::string_view const> without);
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
    bool on_string(view part, std::size_t, code&);
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
    bool open(char bracket);
    bool close(char bracket);
    bool append_word(std::string_view word);
    void append_text(view part);
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

}  // namespace detail

// The canonical text of a JSON text. `without` are names of members of the outermost object that
// are left out of it, though what they hold must be well-formed too. Errors: bad_json, which says
// why and quotes nothing.
[[nodiscard]] result<canonical_document> canonicalize(
    std::string_view json, std::span<std::string_view const> without = {});

[[nodiscard]] result<std::string> canonical_json(std::string_view json,
                                                 std::span<std::string_view const> without = {});

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/codec/json_canonical.ipp>
#endif

#endif  // AIAUDIT_CODEC_JSON_CANONICAL_HPP
