// SPDX-License-Identifier: MIT
//
// caller.hpp: who asks, and what of his request's head goes on to the provider.
//
// Threads: plain functions.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_CALLER_HPP
#define AIAUDIT_GATEWAY_CALLER_HPP

#include <aiaudit/client/options.hpp>            // call_options
#include <aiaudit/gateway/gateway_key.hpp>       // gateway_key
#include <aiaudit/gateway/http_messages.hpp>     // gateway_request
#include <aiaudit/providers/provider_table.hpp>  // auth_headers

#include <boost/json/value.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::string_view own_header_prefix = "x-aiaudit-";
inline constexpr std::string_view tag_header_prefix = "x-aiaudit-tag-";
inline constexpr std::size_t caller_tags_max = 16;
inline constexpr std::size_t caller_text_bytes_max = 256;
inline constexpr std::size_t identity_bytes_max = 4'096;  // of an agent, as JSON

// Those in which a key comes, whatever the API.
inline constexpr std::array<std::string_view, 4> key_header_names{"authorization", "x-api-key",
                                                                  "x-goog-api-key", "api-key"};

[[nodiscard]] inline bool has_prefix(std::string_view name, std::string_view prefix) noexcept {
    return name.size() > prefix.size() && same_name(name.substr(0, prefix.size()), prefix);
}

// What an agent sends as its user may be an identity with a session in it, so that each session
// would be a user of its own: a JSON text with account_uuid or device_id, or
// "user_ID_account_ID_session_ID". The account of it, else the device or user; another text as it
// is; empty for JSON that has neither.
[[nodiscard]] std::string stable_user(std::string_view text);

// Headers in which a run is named, the first that is there counts: ours, then those of agents'
// sessions: Claude Code, Codex (two spellings), opencode, Qwen Code.
inline constexpr std::array<std::string_view, 6> run_header_names{
    "x-aiaudit-run", "x-claude-code-session-id", "session_id",
    "session-id",    "x-opencode-session",       "x-qwen-code-session-id"};

// The run that a request is of: of a header, else the session in the body's metadata.user_id, as
// older Claude Codes send it; empty where it names none.
[[nodiscard]] std::string run_of(header_list const& headers, boost::json::value const& body);

// Errors: bad_argument for a name that a client gives, where it is over 256 bytes, no UTF-8, or has
// control characters: the log keeps it for ever, and whoever reads reports must see it.
[[nodiscard]] result<void> check_client_name(std::string_view what, std::string_view name);

// Errors: bad_argument for a name or a tag of a header that is too long, no UTF-8 or has control
// characters, or too many such tags.
[[nodiscard]] result<call_options> caller_of(gateway_request const& request, gateway_key const& key,
                                             boost::json::value const& body);

[[nodiscard]] inline bool has_gateway_secret(std::string_view value) noexcept {
    return id_in_secret(value.substr(value.rfind(' ') + 1)).has_value();
}

// What stands in the headers for keys, one each: "Bearer a b" has "b".
[[nodiscard]] std::vector<std::string> keys_in(header_list const& headers);

// Of the client's headers those that the provider is to see: neither cookies, nor what is ours, or
// of the one connection; his own key where it is passed on, but never a secret of the gateway's.
// The answer must not be compressed, since we read it.
[[nodiscard]] header_list headers_for_upstream(gateway_request const& from,
                                               provider_entry const& to,
                                               std::string_view provider_key, bool passes_own_key);

// Of an upstream's headers those that the client is to see. What one of the same kind says of
// itself is not ours.
[[nodiscard]] header_list headers_for_client(header_list from, operation_id const& id,
                                             std::optional<std::uint64_t> output_limit);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/caller.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_CALLER_HPP
