// SPDX-License-Identifier: MIT
//
// usage_asked.hpp: makes a stream report its usage, and finds the chunk that does.
//
// OpenAI's chat streams count nothing unless stream_options.include_usage asks for it; then one
// more chunk comes, without choices. Other dialects always report.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_USAGE_ASKED_HPP
#define AIAUDIT_PROVIDERS_USAGE_ASKED_HPP

#include <aiaudit/error.hpp>              // result
#include <aiaudit/providers/dialect.hpp>  // dialect, vendor

#include <boost/json.hpp>

#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// Who refuses stream_options (Mistral, Cerebras and Cohere answer 422), or reports in every stream
// without it (these three, OpenRouter, Perplexity). A server that is not known is asked.
inline constexpr vendor_set no_stream_options_vendors = vendors(
    vendor::mistral, vendor::cerebras, vendor::cohere, vendor::openrouter, vendor::perplexity);

[[nodiscard]] constexpr bool must_ask_for_usage(dialect which, vendor who) noexcept {
    return which == dialect::openai_chat && !no_stream_options_vendors.has(who);
}

struct usage_asked {
    std::string body{};
    // The caller did not ask himself: the chunk for which is_usage_only holds is not for him.
    bool injected = false;
};

namespace detail {

// Sets it in a parsed body; true where it was not set before.
[[nodiscard]] bool ask_for_usage(boost::json::object& body);

}  // namespace detail

// The body of a request with stream_options.include_usage set where the stream would else not be
// counted, even over a `false`. Bytes that need not change do not: the field is put at the end of
// an object that lacks it. A body that asks for no stream is left as it is.
// Errors: bad_json where the body is not a JSON object.
[[nodiscard]] result<usage_asked> with_usage_asked(dialect which, vendor who,
                                                   std::string_view body);

// True for the chunk that comes for the usage alone: no choices, and a usage. Azure's first chunk
// has no choices either, but no usage.
[[nodiscard]] bool is_usage_only(dialect which, boost::json::value const& chunk) noexcept;

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/usage_asked.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_USAGE_ASKED_HPP
