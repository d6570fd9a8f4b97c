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

#include <aiaudit/error.hpp>                  // result
#include <aiaudit/providers/dialect.hpp>      // dialect, vendor
#include <aiaudit/providers/json_fields.hpp>  // parse_json

#include <boost/json.hpp>

#include <string>
#include <string_view>
#include <utility>

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
[[nodiscard]] inline bool ask_for_usage(boost::json::object& body) {
    auto& options = body["stream_options"];
    if (!options.is_object()) options = boost::json::object{};
    auto& flag = options.get_object()["include_usage"];
    bool const asked = flag.is_bool() && flag.get_bool();
    flag = true;
    return !asked;
}

}  // namespace detail

// The body of a request with stream_options.include_usage set where the stream would else not be
// counted, even over a `false`. Bytes that need not change do not: the field is put at the end of
// an object that lacks it. A body that asks for no stream is left as it is.
// Errors: bad_json where the body is not a JSON object.
[[nodiscard]] inline result<usage_asked> with_usage_asked(dialect which, vendor who,
                                                          std::string_view body) {
    boost::json::monotonic_resource memory;
    auto parsed = detail::parse_json(body, "request", &memory);
    if (!parsed) return parsed.error();
    auto* object = parsed->if_object();
    if (object == nullptr) return fail(errc::bad_json, "request: not a JSON object");
    if (!must_ask_for_usage(which, who) || !detail::true_at(&*parsed, "stream")) {
        return usage_asked{std::string(body), false};
    }
    if (object->if_contains("stream_options") == nullptr) {
        std::string longer{body};
        // The last brace closes the object, which has a member: "stream".
        longer.insert(longer.rfind('}'), R"(,"stream_options":{"include_usage":true})");
        return usage_asked{std::move(longer), true};
    }
    bool const injected = detail::ask_for_usage(*object);
    return usage_asked{injected ? boost::json::serialize(*parsed) : std::string(body), injected};
}

// True for the chunk that comes for the usage alone: no choices, and a usage. Azure's first chunk
// has no choices either, but no usage.
[[nodiscard]] inline bool is_usage_only(dialect which, boost::json::value const& chunk) noexcept {
    if (which != dialect::openai_chat) return false;
    auto const* choices = detail::at_path(&chunk, "choices");
    auto const* list = choices == nullptr ? nullptr : choices->if_array();
    auto const* usage = detail::at_path(&chunk, "usage");
    return list != nullptr && list->empty() && usage != nullptr && usage->is_object();
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_PROVIDERS_USAGE_ASKED_HPP
