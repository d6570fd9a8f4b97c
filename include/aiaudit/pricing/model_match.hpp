// SPDX-License-Identifier: MIT
//
// model_match.hpp: which names a price entry stands for.
//
// A rule is one of equals, dated, starts_with, ends_with, contains, regex, all_of, any_of. Names
// are compared without regard to the case of ASCII letters; a regex sees the name in lower case.
// Bounds: names to 256 bytes; longer ones match nothing. Regexes: model_expression.hpp, so that
// only price files that have some pay for <regex>.
// Threads: immutable once built; any number may match at once.
// Floor 4.
#ifndef AIAUDIT_PRICING_MODEL_MATCH_HPP
#define AIAUDIT_PRICING_MODEL_MATCH_HPP

#include <aiaudit/detail/ascii.hpp>  // lower_case

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::size_t model_name_bytes_max = 256;

[[nodiscard]] inline std::string lower(std::string_view text) { return lower_case(text); }

[[nodiscard]] constexpr bool all_digits(std::string_view text) noexcept {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Precondition: nothing but digits, of a number that fits.
[[nodiscard]] constexpr std::uint64_t value_of_digits(std::string_view digits) noexcept {
    std::uint64_t value = 0;
    for (char const c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
    return value;
}

// True for what providers put after a model's name to say which edition it is: "-latest",
// "-20250929", "@20250929", "-2025-04-14", "-05-2026", "-0613", "-001".
[[nodiscard]] constexpr bool is_edition(std::string_view suffix) noexcept {
    if (suffix.size() < 2 || (suffix[0] != '-' && suffix[0] != '@')) return false;
    std::string_view const rest = suffix.substr(1);
    if (rest == "latest") return true;
    if (rest.size() == 7) {
        return all_digits(rest.substr(0, 2)) && rest[2] == '-' && all_digits(rest.substr(3));
    }
    if (rest.size() == 10) {
        return all_digits(rest.substr(0, 4)) && rest[4] == '-' && all_digits(rest.substr(5, 2)) &&
               rest[7] == '-' && all_digits(rest.substr(8));
    }
    return (rest.size() == 8 || rest.size() == 4 || rest.size() == 3) && all_digits(rest);
}

// True for OpenAI's models that search in every call.
[[nodiscard]] constexpr bool searches_in_each_call(std::string_view model) noexcept {
    return model.find("-search-preview") != std::string_view::npos ||
           model.find("-search-api") != std::string_view::npos;
}

// True where the name is this text, but for an edition behind it, and for what Bedrock and routers
// put around it: "us.anthropic." before, "-v1:0" behind. An alias that moves ("-latest") is none.
// The text may be the beginning of an edition: "claude-sonnet-4-2025".
[[nodiscard]] bool names_edition(std::string_view name, std::string_view text) noexcept;

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
    [[nodiscard]] static model_match text(rule what, std::string_view pattern);
    // Matches where search(compiled.get(), name) returns true; `pattern` is its text.
    using search_function = bool (*)(void const* compiled, std::string_view name);
    [[nodiscard]] static model_match expression(std::string_view pattern,
                                                std::shared_ptr<void const> compiled,
                                                search_function search);
    [[nodiscard]] static model_match group(rule what, std::vector<model_match> parts);

    // Precondition: the name is in lower case.
    [[nodiscard]] bool matches(std::string_view name) const;

    // True where the name is said by the rule itself, or is an edition of what a rule for many
    // names (starts_with, contains, ...) or the entry's id says. False for a `dated` rule's
    // editions: the book does not list them. Preconditions: matches(name); both are in lower case.
    [[nodiscard]] bool lists(std::string_view name, std::string_view id) const;

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
    std::shared_ptr<void const> compiled_{};  // of a regex; shared: copies of a rule are common
    search_function search_ = nullptr;
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/pricing/model_match.ipp>
#endif

#endif  // AIAUDIT_PRICING_MODEL_MATCH_HPP
