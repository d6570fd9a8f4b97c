// SPDX-License-Identifier: MIT
//
// cache_key.hpp: which requests have the same answer, and who may be given it.
//
// Two requests have the same key when they go to the same place for the same model with canonical
// bodies that are equal, and their callers share a scope.
// Threads: pure functions.
// Floor 6.
#ifndef AIAUDIT_CACHE_CACHE_KEY_HPP
#define AIAUDIT_CACHE_CACHE_KEY_HPP

#include <aiaudit/cache/response_cache.hpp>  // cache_key
#include <aiaudit/codec/json_canonical.hpp>  // the one text of a request
#include <aiaudit/core/call.hpp>             // operation
#include <aiaudit/core/http.hpp>             // header_list
#include <aiaudit/error.hpp>                 // result

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// Callers without a user share one scope, and so do those without a project.
[[nodiscard]] std::string scope_text(cache_scope scope, std::string_view user,
                                     std::string_view project);

// What a cache asks of the body of a request.
struct canonical_request {
    std::string text{};          // RFC 8785
    bool deterministic = false;  // asks for the likeliest answer, one of it: temperature 0
    bool stateful = false;       // reads or changes what the provider keeps: never cached
    bool stream = false;         // the answer comes in parts

    [[nodiscard]] bool may_be_cached() const noexcept { return deterministic && !stateful; }
};

// Members that name who asks, and change no answer.
inline constexpr std::array<std::string_view, 4> members_about_the_caller{
    "user", "metadata", "safety_identifier", "prompt_cache_key"};

// Headers that name a call, or the trace that it is in, and change no answer.
inline constexpr std::array<std::string_view, 6> headers_about_the_call{
    "idempotency-key", "x-request-id", "x-client-request-id",
    "traceparent",     "tracestate",   "baggage"};

namespace detail {

[[nodiscard]] inline bool is_given(std::string_view value) noexcept {
    return !value.empty() && value != "null";
}

// An object's temperature and number of answers, as the providers call them.
struct sampling {
    std::string_view temperature;
    std::string_view choices;
};
[[nodiscard]] inline sampling sampling_of(canonical_document const& body) noexcept {
    auto const n = body.value_of("n");
    return {body.value_of("temperature"), is_given(n) ? n : body.value_of("candidateCount")};
}
[[nodiscard]] inline bool is_likeliest(sampling asked) noexcept {
    return asked.temperature == "0" && (!is_given(asked.choices) || asked.choices == "1");
}

}  // namespace detail

// Of a body as it is sent. `without` are members of the outermost object that make no difference;
// members that were asked about here must not be among them. Errors: bad_json, also where the body
// has no canonical text: such a request is not cached.
[[nodiscard]] result<canonical_request> canonicalize_request(
    std::string_view body, operation what,
    std::span<std::string_view const> without = members_about_the_caller);

struct cache_request {
    std::string_view provider;
    std::string_view path;
    std::string_view model;    // where the body or the path does not say it; may be empty
    std::string_view scope;    // scope_text
    std::string_view request;  // canonical_request::text
    // What else decides the answer: another origin, the API's version and beta headers
    // (variant_text).
    std::string_view variant{};
};

// Of where a request goes, and of all headers that a provider's entry or its caller adds, since any
// of them may change the answer; but for headers_about_the_call.
[[nodiscard]] std::string variant_text(std::string_view origin, header_list const& entry,
                                       header_list const& call);

// SHA-256 over a label and the fields, each behind its length. Errors: bad_argument, where a field
// is empty that never is.
[[nodiscard]] result<cache_key> key_of(cache_request const& of);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/cache/cache_key.ipp>
#endif

#endif  // AIAUDIT_CACHE_CACHE_KEY_HPP
