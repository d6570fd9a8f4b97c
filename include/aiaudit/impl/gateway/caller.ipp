// SPDX-License-Identifier: MIT
//
// caller.ipp: the definitions of caller.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_CALLER_IPP
#define AIAUDIT_IMPL_GATEWAY_CALLER_IPP

#include <aiaudit/config.hpp>               // AIAUDIT_INLINE
#include <aiaudit/detail/utf8.hpp>          // is_name_text
#include <aiaudit/gateway/asio_result.hpp>  // is_hop_by_hop
#include <aiaudit/gateway/caller.hpp>
#include <aiaudit/providers/json_fields.hpp>  // text_at

#include <algorithm>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// "00-<32 hexadecimal digits>-...": W3C's trace context. A broken one is none.
AIAUDIT_INLINE trace_id trace_of(header_list const& headers) {
    std::string_view const text = header_of(headers, "traceparent");
    if (text.size() < 55 || text[2] != '-' || text[35] != '-' || text.starts_with("ff")) return {};
    auto const found = trace_id::parse(text.substr(3, 32));
    return found ? *found : trace_id{};
}

// Texts of the body's "metadata" become tags beside those of the headers. It is the provider's
// field first, with wider limits than tags have: what does not fit is no mistake, and no tag.
AIAUDIT_INLINE void add_metadata_tags(boost::json::value const& body, call_options& who) {
    auto const* const members =
        body.is_object() ? body.get_object().if_contains("metadata") : nullptr;
    if (members == nullptr || !members->is_object()) return;
    for (auto const& member : members->get_object()) {
        std::string_view const name = member.key();
        if (name == "user_id" || name.empty() || !member.value().is_string()) continue;
        std::string_view const text = member.value().get_string();
        bool const fits = who.tags.size() < caller_tags_max &&
                          name.size() + text.size() <= caller_text_bytes_max &&
                          is_name_text(name) && is_name_text(text);
        bool const is_new = std::none_of(who.tags.begin(), who.tags.end(),
                                         [&](auto const& each) { return each.first == name; });
        if (fits && is_new) who.tags.emplace_back(name, text);
    }
}

// The part of "user_ID_account_ID_session_ID" that is behind `name`, up to the next; empty where it
// has another form.
AIAUDIT_INLINE std::string_view identity_part(std::string_view text, std::string_view name,
                                              std::string_view next) noexcept {
    auto const begin = text.find(name);
    if (begin == std::string_view::npos) return {};
    text.remove_prefix(begin + name.size());
    auto const end = text.find(next);
    return end == std::string_view::npos ? std::string_view{} : text.substr(0, end);
}

AIAUDIT_INLINE std::string stable_user(std::string_view text) {
    if (text.starts_with("user_") && text.find("_session_") != std::string_view::npos) {
        auto const account = identity_part(text, "_account_", "_session_");
        if (!account.empty()) return std::string(account);
        auto const user = identity_part(text, "user_", "_account_");
        return std::string(user.empty() ? text : user);
    }
    if (!text.starts_with('{') || text.size() > identity_bytes_max) return std::string(text);
    auto const parsed = parse_json(text, "the user", {});
    if (!parsed) return std::string(text);
    for (char const* const name : {"account_uuid", "device_id"}) {
        std::string_view const id = text_at(&*parsed, name);
        if (!id.empty()) return std::string(id);
    }
    return {};
}

AIAUDIT_INLINE result<void> check_client_name(std::string_view what, std::string_view name) {
    if (name.size() > caller_text_bytes_max)
        return fail(errc::bad_argument, std::string(what) + " of more than " +
                                            std::to_string(caller_text_bytes_max) + " bytes");
    if (!is_name_text(name))
        return fail(errc::bad_argument,
                    std::string(what) + " that is no UTF-8, or has control characters");
    return {};
}

AIAUDIT_INLINE std::string run_of(header_list const& headers, boost::json::value const& body) {
    for (std::string_view const name : run_header_names) {
        std::string_view const run = header_of(headers, name);
        if (!run.empty()) return std::string(run);
    }
    std::string_view const identity = text_at(&body, "metadata.user_id");
    constexpr std::string_view mark = "_session_";
    if (identity.starts_with("user_")) {
        auto const at = identity.rfind(mark);
        if (at != std::string_view::npos) return std::string(identity.substr(at + mark.size()));
    }
    if (!identity.starts_with('{') || identity.size() > identity_bytes_max) return {};
    auto const parsed = parse_json(identity, "the user", {});
    return parsed ? std::string(text_at(&*parsed, "session_id")) : std::string{};
}

// What the gateway itself says of a call, in place of what a client says under that name.
AIAUDIT_INLINE void set_tag(call_options& who, std::string_view name, std::string value) {
    if (value.empty()) return;
    std::erase_if(who.tags, [name](auto const& each) { return each.first == name; });
    who.tags.emplace_back(name, std::move(value));
}

AIAUDIT_INLINE result<void> set_own_tags(gateway_request const& request, gateway_key const& key,
                                         boost::json::value const& body, call_options& who) {
    std::string run = run_of(request.headers, body);
    if (auto const fit = check_client_name("a run", run); !fit) return fit;
    set_tag(who, "run", std::move(run));
    set_tag(who, "team", key.team);
    set_tag(who, "organisation", key.organisation);
    return {};
}

AIAUDIT_INLINE result<call_options> caller_of(gateway_request const& request,
                                              gateway_key const& key,
                                              boost::json::value const& body) {
    call_options who;
    who.user = key.user;
    who.project = key.project;
    who.trace_id = trace_of(request.headers);
    if (!key.names_users) {
        if (auto set = set_own_tags(request, key, body, who); !set) return set.error();
        return who;
    }
    std::string_view user = header_of(request.headers, "x-aiaudit-user");
    std::string in_body;
    for (char const* const path : {"user", "metadata.user_id"}) {
        if (user.empty() && in_body.empty()) in_body = stable_user(text_at(&body, path));
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
    if (auto const fit = check_client_name("a user", user); !fit) return fit.error();
    for (auto const& [name, value] : who.tags) {
        if (auto const fit = check_client_name("a tag", name + value); !fit) return fit.error();
    }
    add_metadata_tags(body, who);
    if (auto set = set_own_tags(request, key, body, who); !set) return set.error();
    return who;
}

AIAUDIT_INLINE std::vector<std::string> keys_in(header_list const& headers) {
    std::vector<std::string> found;
    for (auto const& [name, value] : headers) {
        for (std::string_view const each : key_header_names) {
            if (same_name(name, each)) found.push_back(value.substr(value.rfind(' ') + 1));
        }
    }
    return found;
}

AIAUDIT_INLINE header_list headers_for_upstream(gateway_request const& from,
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

AIAUDIT_INLINE header_list headers_for_client(header_list from, operation_id const& id,
                                              std::optional<std::uint64_t> output_limit) {
    std::erase_if(from, [](auto const& each) { return has_prefix(each.first, own_header_prefix); });
    from.emplace_back("x-aiaudit-operation", id.to_string());
    if (output_limit) from.emplace_back("x-aiaudit-output-limit", std::to_string(*output_limit));
    return from;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_CALLER_IPP
