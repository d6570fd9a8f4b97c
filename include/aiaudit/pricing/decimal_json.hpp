// SPDX-License-Identifier: MIT
//
// decimal_json.hpp: JSON whose numbers are kept as the text that was written.
//
// Boost.JSON's own value holds numbers as binary floating point, which a price must never pass
// through; its parser hands on their digits, and this keeps them.
// Bounds: 32 levels deep, strings to 1 MiB, numbers to 400 bytes.
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_PRICING_DECIMAL_JSON_HPP
#define AIAUDIT_PRICING_DECIMAL_JSON_HPP

#include <aiaudit/core/usage.hpp>  // usage::count_max
#include <aiaudit/error.hpp>       // result

#include <boost/json/basic_parser_impl.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct decimal_json {
    enum class kind : std::uint8_t { null, boolean, number, string, array, object };

    kind type = kind::null;
    bool truth = false;                 // boolean
    std::string text{};                 // string, or the digits of a number
    std::vector<std::string> keys{};    // object: keys[i] names items[i]
    std::vector<decimal_json> items{};  // array or object

    [[nodiscard]] bool is(kind what) const noexcept { return type == what; }
    // Null where this is no object or has no such key; of a key given twice, the last, as in
    // other readers.
    [[nodiscard]] decimal_json const* find(std::string_view key) const noexcept;
};

// Builds a decimal_json from the parser's events.
class decimal_json_handler {
public:
    static constexpr std::size_t max_object_size = 1u << 20;
    static constexpr std::size_t max_array_size = 1u << 20;
    static constexpr std::size_t max_key_size = 1u << 12;
    static constexpr std::size_t max_string_size = 1u << 20;
    static constexpr std::size_t max_number_size = 400;

    using code = boost::system::error_code;
    using view = boost::json::string_view;

    decimal_json root{};

    bool on_document_begin(code&) {
        open_.assign(1, &root);
        return true;
    }
    bool on_document_end(code&) { return true; }
    bool on_object_begin(code&) { return open(decimal_json::kind::object); }
    bool on_object_end(std::size_t, code&) { return close(); }
    bool on_array_begin(code&) { return open(decimal_json::kind::array); }
    bool on_array_end(std::size_t, code&) { return close(); }
    bool on_key_part(view part, std::size_t, code&) { return append(part); }
    bool on_key(view part, std::size_t, code&);
    bool on_string_part(view part, std::size_t, code&) { return append(part); }
    bool on_string(view part, std::size_t, code&) { return leaf(decimal_json::kind::string, part); }
    bool on_number_part(view part, code& failure) { return fits(part, failure) && append(part); }
    bool on_int64(std::int64_t, view part, code& failure) { return number(part, failure); }
    bool on_uint64(std::uint64_t, view part, code& failure) { return number(part, failure); }
    // The parser's binary value is not used; the digits are.
    template <class Binary>
    bool on_double(Binary, view part, code& failure) {
        return number(part, failure);
    }
    bool on_bool(bool truth, code&) {
        next(decimal_json::kind::boolean).truth = truth;
        return true;
    }
    bool on_null(code&) {
        next(decimal_json::kind::null);
        return true;
    }
    bool on_comment_part(view, code&) { return true; }
    bool on_comment(view, code&) { return true; }

private:
    // The value that comes next: the root itself, or a new item of the innermost array or object.
    decimal_json& next(decimal_json::kind what);
    bool open(decimal_json::kind what) {
        open_.push_back(&next(what));
        return true;
    }
    bool close() {
        open_.pop_back();
        return true;
    }
    bool append(view part) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool leaf(decimal_json::kind what, view part);
    bool fits(view part, code& failure) const {
        if (text_.size() + part.size() <= max_number_size) return true;
        failure = boost::json::error::exponent_overflow;
        return false;
    }
    bool number(view part, code& failure) {
        return fits(part, failure) && leaf(decimal_json::kind::number, part);
    }

    // Pointers stay good: while a value is open, only its own items grow.
    std::vector<decimal_json*> open_{};
    std::string text_{};
};

// A whole number of tokens, from 1 to usage::count_max; 0 where nothing else stands under the key.
[[nodiscard]] std::uint64_t token_count(decimal_json const& node, std::string_view key);

// Errors: bad_json, with the line.
[[nodiscard]] result<decimal_json> parse_decimal_json(std::string_view text);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/pricing/decimal_json.ipp>
#endif

#endif  // AIAUDIT_PRICING_DECIMAL_JSON_HPP
