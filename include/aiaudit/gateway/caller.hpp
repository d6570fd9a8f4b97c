// SPDX-License-Identifier: MIT
//
// caller.hpp: who asks, and what of his request's head goes on to the provider.
//
// Threads: plain functions.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_CALLER_HPP
#define AIAUDIT_GATEWAY_CALLER_HPP

#include <aiaudit/client/options.hpp>            // call_options
#include <aiaudit/gateway/api_surface.hpp>       // api_surface
#include <aiaudit/gateway/asio_result.hpp>       // is_hop_by_hop
#include <aiaudit/gateway/gateway_key.hpp>       // gateway_key
#include <aiaudit/gateway/http_messages.hpp>     // gateway_request
#include <aiaudit/providers/json_fields.hpp>     // text_at
#include <aiaudit/providers/provider_table.hpp>  // auth_headers

#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::string_view own_header_prefix = "x-aiaudit-";
inline constexpr std::string_view tag_header_prefix = "x-aiaudit-tag-";
inline constexpr std::size_t caller_tags_max = 16;
inline constexpr std::size_t caller_text_bytes_max = 256;

// Those in which a key comes, whatever the API.
inline constexpr std::array<std::string_view, 4> key_header_names{"authorization", "x-api-key",
                                                                  "x-goog-api-key", "api-key"};

[[nodiscard]] inline bool has_prefix(std::string_view name, std::string_view prefix) noexcept {
    return name.size() > prefix.size() && same_name(name.substr(0, prefix.size()), prefix);
}

// "00-<32 hexadecimal digits>-...": W3C's trace context. A broken one is none.
[[nodiscard]] inline trace_id trace_of(header_list const& headers) {
    std::string_view const text = header_of(headers, "traceparent");
    if (text.size() < 55 || text[2] != '-' || text[35] != '-' || text.starts_with("ff")) return {};
    auto const found = trace_id::parse(text.substr(3, 32));
    return found ? *found : trace_id{};
}

// Texts of the body's "metadata" become tags beside those of the headers. It is the provider's
// field first, with wider limits than tags have: what does not fit is no mistake, and no tag.
inline void add_metadata_tags(boost::json::value const& body, call_options& who) {
    auto const* const members =
        body.is_object() ? body.get_object().if_contains("metadata") : nullptr;
    if (members == nullptr || !members->is_object()) return;
    for (auto const& member : members->get_object()) {
        std::string_view const name = member.key();
        if (name == "user_id" || name.empty() || !member.value().is_string()) continue;
        std::string_view const text = member.value().get_string();
        bool const fits =
            who.tags.size() < caller_tags_max && name.size() + text.size() <= caller_text_bytes_max;
        bool const is_new = std::none_of(who.tags.begin(), who.tags.end(),
                                         [&](auto const& each) { return each.first == name; });
        if (fits && is_new) who.tags.emplace_back(name, text);
    }
}

// Errors: bad_argument for a name or a tag of a header that is too long, or too many such tags.
[[nodiscard]] inline result<call_options> caller_of(gateway_request const& request,
                                                    gateway_key const& key,
                                                    boost::json::value const& body) {
    call_options who;
    who.user = key.user;
    who.project = key.project;
    who.trace_id = trace_of(request.headers);
    if (!key.names_users) return who;
    std::string_view user = header_of(request.headers, "x-aiaudit-user");
    std::string in_body;
    for (char const* const path : {"user", "metadata.user_id"}) {
        if (user.empty() && in_body.empty()) in_body = text_at(&body, path);
    }
    if (user.empty()) user = in_body;
    if (!user.empty()) who.user = user;
    for (auto const& [name, value] : request.headers) {
        if (!has_prefix(name, tag_header_prefix)) continue;
        std::string tag = name.substr(tag_header_prefix.size());
        for (char& c : tag) c = ascii_lower(c);
        who.tags.emplace_back(std::move(tag), value);
    }
    if (who.tags.size() > caller_tags_max)
        return fail(errc::bad_argument,
                    "more than " + std::to_string(caller_tags_max) + " x-aiaudit-tag- headers");
    bool fits = who.user.size() <= caller_text_bytes_max;
    for (auto const& [name, value] : who.tags)
        fits = fits && name.size() + value.size() <= caller_text_bytes_max;
    if (!fits)
        return fail(errc::bad_argument, "a user or a tag of more than " +
                                            std::to_string(caller_text_bytes_max) + " bytes");
    add_metadata_tags(body, who);
    return who;
}

[[nodiscard]] inline bool has_gateway_secret(std::string_view value) noexcept {
    return id_in_secret(value.substr(value.rfind(' ') + 1)).has_value();
}

// What stands in the headers for keys, one each: "Bearer a b" has "b".
[[nodiscard]] inline std::vector<std::string> keys_in(header_list const& headers) {
    std::vector<std::string> found;
    for (auto const& [name, value] : headers) {
        for (std::string_view const each : key_header_names) {
            if (same_name(name, each)) found.push_back(value.substr(value.rfind(' ') + 1));
        }
    }
    return found;
}

// Of the client's headers those that the provider is to see: neither cookies, nor what is ours, or
// of the one connection; his own key where it is passed on, but never a secret of the gateway's.
// The answer must not be compressed, since we read it.
[[nodiscard]] inline header_list headers_for_upstream(gateway_request const& from,
                                                      provider_entry const& to,
                                                      std::string_view provider_key,
                                                      bool passes_own_key) {
    header_list headers;
    bool const drops_keys = !passes_own_key || !provider_key.empty();
    for (auto const& [name, value] : from.headers) {
        bool dropped = is_hop_by_hop(name) || has_prefix(name, own_header_prefix) ||
                       has_prefix(name, "x-forwarded-");
        for (std::string_view const each :
             {"host", "content-length", "accept-encoding", "expect", "cookie", "forwarded"})
            dropped = dropped || same_name(name, each);
        for (std::string_view const each : key_header_names)
            dropped =
                dropped || (same_name(name, each) && (drops_keys || has_gateway_secret(value)));
        // What Connection names is of the one connection, too.
        dropped = dropped || header_names(header_of(from.headers, "connection"), name);
        if (!dropped) headers.emplace_back(name, value);
    }
    for (auto& [name, value] : auth_headers(to, provider_key)) {
        bool const version = same_name(name, "anthropic-version");
        if (!version || header_of(headers, name).empty())
            headers.emplace_back(std::move(name), std::move(value));
    }
    headers.emplace_back("Accept-Encoding", "identity");
    return headers;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_CALLER_HPP
