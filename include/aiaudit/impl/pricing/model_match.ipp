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
