// SPDX-License-Identifier: MIT
//
// request_facts.ipp: the definitions of request_facts.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_REQUEST_FACTS_IPP
#define AIAUDIT_IMPL_PROVIDERS_REQUEST_FACTS_IPP

#include <aiaudit/config.hpp>                 // AIAUDIT_INLINE
#include <aiaudit/providers/json_fields.hpp>  // text_at
#include <aiaudit/providers/request_facts.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {

// The older completions answer each text, or each list of tokens, of a list of prompts.
AIAUDIT_INLINE std::uint64_t prompts_in(boost::json::value const& body) noexcept {
    auto const* prompt = at_path(&body, "prompt");
    auto const* list = prompt == nullptr ? nullptr : prompt->if_array();
    if (list == nullptr || list->empty() || list->front().is_number()) return 1;
    return list->size();
}

AIAUDIT_INLINE request_facts facts_by_table(boost::json::value const& body, unsigned api) {
    request_facts facts;
    request_parameters& asked = facts.parameters;
    facts.model = text_at(&body, "model");
    asked.stream = true_at(&body, "stream");
    for (deciding_member const& each : deciding_members) {
        bool const read = each.role == member_role::output_limit ||
                          each.role == member_role::choices || each.role == member_role::thinking ||
                          each.role == member_role::service_tier;
        if (!read || (each.apis & api) == 0) continue;
        auto const* value = value_of(body, each.path, api);
        if (value == nullptr) continue;
        // Of several the largest: who knows which of them a server looks at.
        switch (each.role) {
        case member_role::output_limit:
            if (auto const limit = whole_number(*value))
                asked.max_output_tokens = (std::max)(asked.max_output_tokens.value_or(0), *limit);
            break;
        case member_role::choices: {
            // The older completions write `best_of` answers, of which `n` are shown.
            auto const count = whole_number(*value);
            if (count && *count <= 0xFFFFFFFFU)
                asked.choices =
                    (std::max)(asked.choices.value_or(0), static_cast<std::uint32_t>(*count));
            break;
        }
        case member_role::thinking:
            if (auto const tokens = whole_number(*value))
                facts.thinking_tokens = (std::max)(facts.thinking_tokens.value_or(0), *tokens);
            break;
        case member_role::service_tier:
            if (value->is_string()) facts.service_tier = text_of(value->get_string());
            break;
        default: break;
        }
    }
    if (std::uint64_t const prompts = (api & apis::chat) != 0 ? prompts_in(body) : 1; prompts > 1) {
        std::uint64_t const answers = prompts * asked.choices.value_or(1);
        asked.choices = static_cast<std::uint32_t>((std::min<std::uint64_t>)(answers, 0xFFFFFFFFU));
    }
    facts.newer_limit_alone = at_path(&body, "max_completion_tokens") != nullptr &&
                              at_path(&body, "max_tokens") == nullptr;
    facts.background = true_at(&body, "background");
    // Anthropic's models think where they are asked to.
    if (api == apis::messages) {
        auto const* thinking = member(&body, "thinking");
        facts.region = text_at(&body, "inference_geo");
        facts.speed = text_at(&body, "speed");
        facts.may_think = thinking != nullptr && text_at(thinking, "type") != "disabled";
    }
    asked.batch = facts.service_tier == "batch";
    facts.shape = shape_of(body, api);
    if ((api & apis::pictures) != 0) facts.picture = picture_wish_of(body);
    return facts;
}

}  // namespace detail

AIAUDIT_INLINE request_facts facts_of_request(boost::json::value const& body) {
    return detail::facts_by_table(body, apis::all);
}

AIAUDIT_INLINE request_facts facts_of_request(boost::json::value const& body, dialect which) {
    return detail::facts_by_table(body, api_of(which));
}

AIAUDIT_INLINE request_facts facts_of_request(std::string_view body) {
    if (body.empty()) return {};
    boost::json::monotonic_resource memory;
    auto const parsed = detail::parse_json(body, "request", &memory);
    return parsed ? facts_of_request(*parsed) : request_facts{};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_REQUEST_FACTS_IPP
