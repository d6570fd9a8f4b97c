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

AIAUDIT_INLINE request_facts facts_of_request(boost::json::value const& body) {
    request_facts facts;
    request_parameters& asked = facts.parameters;
    facts.model = detail::text_at(&body, "model");
    asked.stream = detail::true_at(&body, "stream");
    asked.batch = detail::text_at(&body, "service_tier") == "batch";
    for (char const* path : {"max_completion_tokens", "max_output_tokens", "max_tokens",
                             "generationConfig.maxOutputTokens",
                             "generation_config.max_output_tokens", "inferenceConfig.maxTokens"}) {
        // Of several the largest: an API looks at its own word alone.
        auto const* value = detail::at_path(&body, path);
        auto const limit = value == nullptr ? std::nullopt : detail::whole_number(*value);
        if (limit)
            asked.max_output_tokens = (std::max)(asked.max_output_tokens.value_or(0), *limit);
    }
    // The older completions write `best_of` answers, of which `n` are shown.
    for (char const* path : {"n", "best_of", "generationConfig.candidateCount"}) {
        auto const* value = detail::at_path(&body, path);
        auto const count = value == nullptr ? std::nullopt : detail::whole_number(*value);
        if (!count || *count > 0xFFFFFFFFU) continue;
        asked.choices = (std::max)(asked.choices.value_or(0), static_cast<std::uint32_t>(*count));
    }
    facts.shape = shape_of(body);
    return facts;
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
