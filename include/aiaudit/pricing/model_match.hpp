// SPDX-License-Identifier: MIT
//
// model_match.hpp: which names a price entry stands for.
//
// A rule is one of equals, dated, starts_with, ends_with, contains, regex, all_of, any_of. Names
// are compared without regard to the case of ASCII letters; a regex sees the name in lower case.
// Bounds: names to 256 bytes (longer ones match nothing), regexes to 200.
// Threads: immutable once built; any number may match at once.
// Floor 4.
#ifndef AIAUDIT_PRICING_MODEL_MATCH_HPP
#define AIAUDIT_PRICING_MODEL_MATCH_HPP

#include <aiaudit/error.hpp>  // result

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <regex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::size_t model_name_bytes_max = 256;
inline constexpr std::size_t regex_bytes_max = 200;

[[nodiscard]] inline std::string lower(std::string_view text) {
    std::string folded{text};
    for (char& c : folded) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return folded;
}

[[nodiscard]] constexpr bool all_digits(std::string_view text) noexcept {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// True for what providers put after a model's name to say which edition it is: "-latest",
// "-20250929", "@20250929", "-2025-04-14", "-0613", "-001".
[[nodiscard]] constexpr bool is_edition(std::string_view suffix) noexcept {
    if (suffix.size() < 2 || (suffix[0] != '-' && suffix[0] != '@')) return false;
    std::string_view const rest = suffix.substr(1);
    if (rest == "latest") return true;
    if (rest.size() == 10) {
        return all_digits(rest.substr(0, 4)) && rest[4] == '-' && all_digits(rest.substr(5, 2)) &&
               rest[7] == '-' && all_digits(rest.substr(8));
    }
    return (rest.size() == 8 || rest.size() == 4 || rest.size() == 3) && all_digits(rest);
}

}  // namespace detail

class model_match {
public:
    enum class rule : std::uint8_t {
        never = 0,
        equals = 1,
        dated = 2,  // equals, or equals followed by an edition: "-2025-04-14", "-latest"
        starts_with = 3,
        ends_with = 4,
        contains = 5,
        regex = 6,
        all_of = 7,
        any_of = 8,
    };

    model_match() = default;  // matches nothing
    // Precondition: what is not regex, all_of or any_of.
    [[nodiscard]] static model_match text(rule what, std::string_view pattern) {
        model_match made;
        made.rule_ = what;
        made.text_ = detail::lower(pattern);
        return made;
    }
    // ECMAScript syntax, found anywhere in the name. Errors: bad_price.
    [[nodiscard]] static result<model_match> expression(std::string_view pattern);
    [[nodiscard]] static model_match group(rule what, std::vector<model_match> parts) {
        model_match made;
        made.rule_ = what;
        made.parts_ = std::move(parts);
        return made;
    }

    // Precondition: the name is in lower case.
    [[nodiscard]] bool matches(std::string_view name) const;

    [[nodiscard]] bool is_never() const noexcept { return rule_ == rule::never; }
    [[nodiscard]] rule kind() const noexcept { return rule_; }
    [[nodiscard]] std::string const& pattern() const noexcept { return text_; }
    [[nodiscard]] std::vector<model_match> const& parts() const noexcept { return parts_; }
    // One text for each rule, for the digest of a book.
    void append_canonical(std::string& out) const;

private:
    rule rule_ = rule::never;
    std::string text_{};
    std::vector<model_match> parts_{};
    std::shared_ptr<std::regex const> expression_{};  // shared: copies of a rule are common
};

inline result<model_match> model_match::expression(std::string_view pattern) {
    auto const bad = [&](std::string_view why) {
        return fail(errc::bad_price,
                    "regex '" + std::string(pattern.substr(0, 40)) + "': " + std::string(why));
    };
    if (pattern.size() > detail::regex_bytes_max) return bad("too long");
    model_match made;
    made.rule_ = rule::regex;
    made.text_ = pattern;
    try {
        made.expression_ = std::make_shared<std::regex const>(
            made.text_, std::regex::ECMAScript | std::regex::optimize);
    } catch (std::regex_error const&) {
        return bad("not one");
    }
    return made;
}

inline bool model_match::matches(std::string_view name) const {
    if (name.size() > detail::model_name_bytes_max) return false;
    auto const hit = [name](model_match const& part) { return part.matches(name); };
    switch (rule_) {
    case rule::never: return false;
    case rule::equals: return name == text_;
    case rule::dated:
        return name.starts_with(text_) &&
               (name.size() == text_.size() || detail::is_edition(name.substr(text_.size())));
    case rule::starts_with: return name.starts_with(text_);
    case rule::ends_with: return name.ends_with(text_);
    case rule::contains: return name.find(text_) != std::string_view::npos;
    case rule::regex: try { return std::regex_search(name.begin(), name.end(), *expression_);
        } catch (std::regex_error const&) {
            return false;  // too costly on this name: no match, so an error and never a wrong price
        }
    case rule::all_of: return std::all_of(parts_.begin(), parts_.end(), hit);
    case rule::any_of: return std::any_of(parts_.begin(), parts_.end(), hit);
    }
    return false;
}

inline void model_match::append_canonical(std::string& out) const {
    out.append(std::to_string(static_cast<int>(rule_))).append(" ");
    out.append(std::to_string(text_.size())).append(":").append(text_);
    out.append("(");
    for (model_match const& part : parts_) part.append_canonical(out);
    out.append(")");
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_PRICING_MODEL_MATCH_HPP
