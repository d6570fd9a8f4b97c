// SPDX-License-Identifier: MIT
//
// cache_key.ipp: the definitions of cache_key.hpp.
#ifndef AIAUDIT_IMPL_CACHE_CACHE_KEY_IPP
#define AIAUDIT_IMPL_CACHE_CACHE_KEY_IPP

#include <aiaudit/cache/cache_key.hpp>
#include <aiaudit/config.hpp>         // AIAUDIT_INLINE
#include <aiaudit/detail/bytes.hpp>   // lengths
#include <aiaudit/detail/sha256.hpp>  // the hash

#include <algorithm>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE std::string scope_text(cache_scope scope, std::string_view user,
                                      std::string_view project) {
    switch (scope) {
    case cache_scope::per_user: return std::string("user:").append(user);
    case cache_scope::per_project: return std::string("project:").append(project);
    case cache_scope::everyone: return "everyone";
    }
    return std::string("user:").append(user);
}
namespace detail {

// At the outermost level, or where Gemini, Bedrock and Ollama have it.
AIAUDIT_INLINE bool asks_for_likeliest(canonical_document const& body) {
    auto const outermost = sampling_of(body);
    if (is_given(outermost.temperature)) return is_likeliest(outermost);
    for (char const* const name : {"generationConfig", "inferenceConfig", "options"}) {
        auto const settings = body.value_of(name);
        if (!settings.starts_with('{')) continue;
        auto const inner = canonicalize(settings);
        return inner && is_likeliest(sampling_of(*inner));
    }
    return false;
}

// OpenAI's Responses API keeps conversations, background work and prompts. `prompt` is a text in
// other APIs.
AIAUDIT_INLINE bool is_stateful(canonical_document const& body) noexcept {
    return is_given(body.value_of("previous_response_id")) ||
           is_given(body.value_of("conversation")) || body.value_of("background") == "true" ||
           body.value_of("store") == "true" || body.value_of("prompt").starts_with('{');
}

}  // namespace detail

AIAUDIT_INLINE result<canonical_request> canonicalize_request(
    std::string_view body, operation what, std::span<std::string_view const> without) {
    auto document = canonicalize(body, without);
    if (!document) return document.error();
    if (!document->text().starts_with('{')) return fail(errc::bad_json, "a request is an object");
    canonical_request request;
    request.deterministic = what == operation::embeddings || detail::asks_for_likeliest(*document);
    request.stateful = detail::is_stateful(*document);
    request.stream = document->value_of("stream") == "true";
    request.text = std::move(*document).text();
    return request;
}

AIAUDIT_INLINE std::string variant_text(std::string_view origin, header_list const& entry,
                                        header_list const& call) {
    std::string text;
    detail::append_field(text, origin);
    for (header_list const* const headers : {&entry, &call}) {
        for (auto const& header : *headers) {
            std::string name = header.first;
            std::transform(name.begin(), name.end(), name.begin(), detail::ascii_lower);
            auto const& left_out = headers_about_the_call;
            if (std::find(left_out.begin(), left_out.end(), name) != left_out.end()) continue;
            detail::append_field(text, name);
            detail::append_field(text, header.second);
        }
    }
    return text;
}

AIAUDIT_INLINE result<cache_key> key_of(cache_request const& of) {
    if (of.provider.empty() || of.scope.empty() || of.request.empty()) {
        return fail(errc::bad_argument, "a cache key needs a provider, a scope and a request");
    }
    std::string head = "aiaudit cache key 1\n";
    for (auto const field : {of.provider, of.path, of.model, of.scope, of.variant})
        detail::append_field(head, field);
    // Its text is hashed where it lies.
    detail::append_little_endian(head, std::uint64_t{of.request.size()});
    return cache_key{detail::sha256_joined({head, of.request})};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CACHE_CACHE_KEY_IPP
