// SPDX-License-Identifier: MIT
//
// model_match.ipp: the definitions of model_match.hpp.
#ifndef AIAUDIT_IMPL_PRICING_MODEL_MATCH_IPP
#define AIAUDIT_IMPL_PRICING_MODEL_MATCH_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/pricing/model_match.hpp>

#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// "-v1:0", "-v2", ":0": what Bedrock puts behind a name.
AIAUDIT_INLINE bool is_bedrock_version(std::string_view text) noexcept {
    if (text.starts_with("-v") && text.size() > 2) {
        std::size_t const end = (std::min)(text.find(':'), text.size());
        if (!all_digits(text.substr(2, end - 2))) return false;
        text.remove_prefix(end);
    }
    return text.empty() || (text.front() == ':' && all_digits(text.substr(1)));
}

AIAUDIT_INLINE bool names_edition(std::string_view name, std::string_view text) noexcept {
    // "claude-sonnet-4-2025", "claude-opus-5@": the edition begins within the text.
    if (auto const cut = text.find_last_of("-@"); cut != std::string_view::npos) {
        std::string_view const begun = text.substr(cut + 1);
        bool const year = begun.size() == 4 && begun.starts_with("20") && all_digits(begun);
        if (begun.empty() || year) text = text.substr(0, cut);
        if (begun.empty() && text.size() > 5 && text[text.size() - 5] == '-' &&
            text.substr(text.size() - 4).starts_with("20")) {
            text = text.substr(0, text.size() - 5);
        }
    }
    auto const place = text.empty() ? std::string_view::npos : name.rfind(text);
    if (place == std::string_view::npos) return false;
    if (place != 0 && name[place - 1] != '.' && name[place - 1] != '/') return false;
    std::string_view rest = name.substr(place + text.size());
    std::size_t const version = (std::min)(rest.find("-v"), rest.find(':'));
    if (version != std::string_view::npos && is_bedrock_version(rest.substr(version))) {
        rest = rest.substr(0, version);
    }
    return rest.empty() || (is_edition(rest) && !rest.ends_with("latest"));
}

}  // namespace detail

AIAUDIT_INLINE bool model_match::lists(std::string_view name, std::string_view id) const {
    auto const said = [&](model_match const& part) {
        return part.matches(name) && part.lists(name, id);
    };
    switch (rule_) {
    case rule::never: return false;
    case rule::equals:
    case rule::dated: return name == text_;
    case rule::starts_with:
    case rule::ends_with:
    case rule::contains:
        return detail::names_edition(name, text_) || detail::names_edition(name, id);
    case rule::regex: return detail::names_edition(name, id);
    case rule::all_of:
    case rule::any_of: return std::any_of(parts_.begin(), parts_.end(), said);
    }
    return false;
}

AIAUDIT_INLINE model_match model_match::text(rule what, std::string_view pattern) {
    model_match made;
    made.rule_ = what;
    made.text_ = detail::lower(pattern);
    return made;
}

AIAUDIT_INLINE model_match model_match::group(rule what, std::vector<model_match> parts) {
    model_match made;
    made.rule_ = what;
    made.parts_ = std::move(parts);
    return made;
}

AIAUDIT_INLINE model_match model_match::expression(std::string_view pattern,
                                                   std::shared_ptr<void const> compiled,
                                                   search_function search) {
    model_match made;
    made.rule_ = rule::regex;
    made.text_ = pattern;
    made.compiled_ = std::move(compiled);
    made.search_ = search;
    return made;
}

AIAUDIT_INLINE bool model_match::matches(std::string_view name) const {
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
    case rule::regex: return search_(compiled_.get(), name);
    case rule::all_of: return std::all_of(parts_.begin(), parts_.end(), hit);
    case rule::any_of: return std::any_of(parts_.begin(), parts_.end(), hit);
    }
    return false;
}

AIAUDIT_INLINE void model_match::append_canonical(std::string& out) const {
    out.append(std::to_string(static_cast<int>(rule_))).append(" ");
    out.append(std::to_string(text_.size())).append(":").append(text_);
    out.append("(");
    for (model_match const& part : parts_) part.append_canonical(out);
    out.append(")");
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PRICING_MODEL_MATCH_IPP
