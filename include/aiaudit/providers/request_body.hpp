// SPDX-License-Identifier: MIT
//
// request_body.hpp: a question in the words of the API that it goes to.
//
// What an API has no word for is refused rather than dropped, so that an answer is never to another
// question than the caller asked; `extra` reaches what has no member. Roles are turned into those
// of the API, and consecutive results of tools into one message where the API wants that.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_REQUEST_BODY_HPP
#define AIAUDIT_PROVIDERS_REQUEST_BODY_HPP

#include <aiaudit/error.hpp>                     // result
#include <aiaudit/providers/chat_request.hpp>    // chat_request
#include <aiaudit/providers/dialect.hpp>         // dialect
#include <aiaudit/providers/provider_table.hpp>  // provider_entry
#include <aiaudit/providers/request_facts.hpp>   // request_facts
#include <aiaudit/providers/request_parts.hpp>   // the parts of a body

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// Anthropic wants a limit in every request; this one stands where the caller gives none.
inline constexpr std::uint64_t anthropic_max_tokens_default = 4096;

struct prepared_request {
    std::string target{};  // path and query
    std::string body{};    // JSON text
    aiaudit::dialect dialect = dialect::openai_chat;
    bool usage_injected = false;                      // see usage_asked
    request_facts facts{};                            // of the body
    std::optional<std::uint64_t> output_limit_set{};  // by us, in place of the caller's own
};

namespace detail {

// --- OpenAI ---

// OpenAI's newer models refuse the old name; most who are compatible know only that.
[[nodiscard]] inline std::string_view chat_limit_name(vendor who) noexcept {
    return vendors(vendor::openai, vendor::azure).has(who) ? "max_completion_tokens" : "max_tokens";
}

// --- Anthropic ---

// --- Gemini ---

}  // namespace detail

// The request for a question. bad_argument where a member is missing, has no word in the API, or is
// not what it should be; bad_json where JSON text in it is none (the text names the member).
[[nodiscard]] result<prepared_request> prepare(chat_request const& from, provider_entry const& to,
                                               bool stream);

// The request for embeddings. Errors as above; Anthropic has none.
[[nodiscard]] result<prepared_request> prepare(embedding_request const& from,
                                               provider_entry const& to);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/request_body.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_REQUEST_BODY_HPP
