// SPDX-License-Identifier: MIT
//
// dialect.ipp: the definitions of dialect.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_DIALECT_IPP
#define AIAUDIT_IMPL_PROVIDERS_DIALECT_IPP

#include <aiaudit/config.hpp>        // AIAUDIT_INLINE
#include <aiaudit/detail/ascii.hpp>  // lower_case
#include <aiaudit/providers/dialect.hpp>

#include <cstddef>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {

AIAUDIT_INLINE std::string percent_decoded(std::string_view text) {
    auto const digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    std::string decoded;
    for (std::size_t at = 0; at < text.size(); ++at) {
        int const high = text[at] == '%' && at + 2 < text.size() ? digit(text[at + 1]) : -1;
        int const low = high >= 0 ? digit(text[at + 2]) : -1;
        decoded.push_back(low >= 0 ? static_cast<char>(high * 16 + low) : text[at]);
        if (low >= 0) at += 2;
    }
    return decoded;
}

// The segment after `before` in a path, as far as the next of `stops`; empty where there is none.
AIAUDIT_INLINE std::string_view segment_after(std::string_view path, std::string_view before,
                                              std::string_view stops) noexcept {
    auto const at = path.rfind(before);
    if (at == std::string_view::npos) return {};
    std::string_view const rest = path.substr(at + before.size());
    return rest.substr(0, rest.find_first_of(stops));
}

// InvokeModel hands the model's own API through: its name tells which.
AIAUDIT_INLINE dialect dialect_of_invoked(std::string_view model) noexcept {
    auto const has = [model](std::string_view part) {
        return model.find(part) != std::string_view::npos;
    };
    if (has("anthropic.")) return dialect::anthropic_messages;
    if (has("amazon.nova")) return dialect::bedrock_converse;
    if (has("cohere.")) return dialect::cohere;
    if (has("openai.") || has("qwen.") || has("deepseek.") || has("mistral.")) {
        return dialect::openai_chat;
    }
    return dialect::bedrock_invoke;
}

AIAUDIT_INLINE std::string model_in_path(std::string_view path, dialect which) {
    std::string model;
    if (which == dialect::bedrock_converse || which == dialect::bedrock_invoke) {
        model = percent_decoded(segment_after(path, "/model/", "/"));
        // An ARN of an inference profile ends in the name that a price list knows.
        if (model.starts_with("arn:")) model = model.substr(model.rfind('/') + 1);
    } else if (which == dialect::gemini || path.find(':') != std::string_view::npos) {
        model = percent_decoded(segment_after(path, "/models/", "/:"));
    } else {
        model = percent_decoded(segment_after(path, "/deployments/", "/"));
    }
    return model;
}

// "/v1/projects/p/locations/us-east5/publishers/...": Vertex charges more in a region than at its
// global endpoint.
AIAUDIT_INLINE std::string region_in_path(std::string_view path) {
    if (path.find("/publishers/") == std::string_view::npos) return {};
    std::string_view const place = segment_after(path, "/locations/", "/");
    return place == "global" ? std::string{} : lower_case(place);
}

}  // namespace detail

AIAUDIT_INLINE result<endpoint> endpoint_of(std::string_view provider, std::string_view path) {
    path = path.substr(0, path.find_first_of("?#"));
    while (path.ends_with('/')) path.remove_suffix(1);
    endpoint found;
    found.vendor = vendor_of(provider);
    for (detail::path_rule const& rule : detail::path_rules) {
        if (!path.ends_with(rule.ending)) continue;
        found.dialect = rule.dialect;
        found.operation = rule.operation;
        found.billable = rule.billable;
        found.stream = rule.stream;
        found.model = detail::model_in_path(path, rule.dialect);
        found.region = detail::region_in_path(path);
        if (found.dialect == dialect::bedrock_invoke) {
            found.dialect = detail::dialect_of_invoked(found.model);
        }
        bool const raw = rule.ending == ":rawPredict" || rule.ending == ":streamRawPredict";
        if (raw && path.find("/publishers/anthropic/") == std::string_view::npos) {
            found.dialect = dialect::openai_chat;
        }
        return found;
    }
    // A stored response, fetched again: "/v1/responses/resp_123", or its cancellation.
    if (path.find("/responses/") != std::string_view::npos) {
        found.dialect = dialect::openai_responses;
        found.operation = operation::responses;
        return found;
    }
    // A path without its query holds no secret.
    return fail(errc::unknown_dialect, "no API is known for provider '" +
                                           detail::printable(provider) + "', path '" +
                                           detail::printable(path) + "'");
}

AIAUDIT_INLINE result<dialect> dialect_of(std::string_view provider, std::string_view path) {
    auto found = endpoint_of(provider, path);
    if (!found) return found.error();
    return found->dialect;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_DIALECT_IPP
