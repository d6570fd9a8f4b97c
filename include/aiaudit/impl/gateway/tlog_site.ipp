// SPDX-License-Identifier: MIT
//
// tlog_site.ipp: the definitions of tlog_site.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_TLOG_SITE_IPP
#define AIAUDIT_IMPL_GATEWAY_TLOG_SITE_IPP

#include <aiaudit/config.hpp>                  // AIAUDIT_INLINE
#include <aiaudit/gateway/request_target.hpp>  // path_of
#include <aiaudit/gateway/tlog_site.hpp>

#include <chrono>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE gateway_response tlog_response(int status, std::string_view type, std::string body,
                                              std::string_view cache) {
    gateway_response made{status, {}, std::move(body)};
    made.headers.emplace_back("Content-Type", type);
    made.headers.emplace_back("Cache-Control", cache);
    made.headers.emplace_back("X-Content-Type-Options", "nosniff");
    return made;
}
AIAUDIT_INLINE gateway_response tlog_text(int status, std::string words,
                                          std::string_view cache = "no-store") {
    return tlog_response(status, "text/plain; charset=utf-8", std::move(words), cache);
}

// What failed is said to the log's owner (trouble(), the ledger's own checks), not to strangers.
AIAUDIT_INLINE gateway_response tlog_failure(error const& why) {
    if (why.code == errc::not_found) return tlog_text(404, "there is no such tile\n");
    return tlog_text(500, "the log cannot be read: " + std::string(name_of(why.code)) + "\n");
}

inline constexpr std::string_view for_ever = "public, max-age=31536000, immutable";
inline constexpr std::string_view for_ever_privately = "private, max-age=31536000, immutable";

}  // namespace detail

AIAUDIT_INLINE result<tlog_site> tlog_site::open(detail::tlog_log log, note_signing_key key,
                                                 tlog_options options) {
    auto made = std::make_shared<state>();
    if (!options.token.empty()) {
        if (auto ok = dashboard_sessions::check_token(options.token); !ok) return ok.error();
        made->token = std::make_unique<dashboard_sessions>(options.token);
        detail::wipe(options.token);  // its hash is kept
    }
    made->log = log;
    made->prefix = options.prefix;
    auto publisher = detail::tlog_publisher::open(std::move(log), std::move(key), options);
    if (!publisher) return publisher.error();
    made->publisher = std::move(*publisher);
    if (auto ok = made->publisher->start(); !ok) return ok.error();
    return tlog_site{std::move(made)};
}

AIAUDIT_INLINE gateway_site tlog_site::site() const {
    gateway_site made;
    made.answer = [shared = *this](gateway_request const& to) { return shared.answer(to); };
    return made;
}

AIAUDIT_INLINE gateway_response tlog_site::answer(gateway_request const& to) const {
    if (to.method != "GET" && to.method != "HEAD") {
        auto made = detail::tlog_text(405, "the log is read by GET\n");
        made.headers.emplace_back("Allow", "GET, HEAD");
        return made;
    }
    std::string_view path = detail::path_of(to.target);
    if (!path.starts_with(state_->prefix) || !path.substr(state_->prefix.size()).starts_with('/'))
        return detail::tlog_text(404, "the log is under " + state_->prefix + "/\n");
    path.remove_prefix(state_->prefix.size() + 1);
    if (path == "checkpoint")
        return detail::tlog_text(200, state_->publisher->published().first, "no-cache");
    auto const place = tile_place::parse(path);
    if (!place) return detail::tlog_text(404, "there is no such tile\n");
    return place->entries ? entries(*place, to) : tile(*place);
}

AIAUDIT_INLINE gateway_response tlog_site::tile(tile_place place) const {
    auto const tree = state_->log.tree();
    if (!tree) return detail::tlog_failure(tree.error());
    if (tile_width_of(place.level, place.index, tree->size()) < place.width)
        return detail::tlog_text(404, "the log has not so many records\n");
    auto bytes = state_->log.hashes(place);
    if (!bytes) return detail::tlog_failure(bytes.error());
    return detail::tlog_response(200, "application/octet-stream", std::move(*bytes),
                                 detail::for_ever);
}

AIAUDIT_INLINE std::optional<gateway_response> tlog_site::refuse(gateway_request const& to) const {
    if (!state_->token)
        return detail::tlog_text(403, "this log serves its hashes, and no records\n");
    std::string_view const given = header_of(to.headers, "authorization");
    constexpr std::string_view scheme = "Bearer ";
    token_answer said;
    if (detail::same_name(given.substr(0, scheme.size()), scheme))
        said = state_->token->try_token(given.substr(scheme.size()), to.remote,
                                        std::chrono::steady_clock::now());
    if (said.right) return std::nullopt;
    if (said.retry_after_s != 0) {
        auto made = detail::tlog_text(429, "a wrong token, after too many others\n");
        made.headers.emplace_back("Retry-After", std::to_string(said.retry_after_s));
        made.delay = dashboard_sessions::wrong_delay;
        return made;
    }
    auto made =
        detail::tlog_text(given.empty() ? 401 : 403,
                          "records are for who has the log's token (Authorization: Bearer)\n");
    made.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"aiaudit-tlog\"");
    return made;
}

AIAUDIT_INLINE gateway_response tlog_site::entries(tile_place place,
                                                   gateway_request const& to) const {
    if (auto refused = refuse(to)) return std::move(*refused);
    auto const tree = state_->log.tree();
    auto const first = state_->log.first();
    if (!tree) return detail::tlog_failure(tree.error());
    if (!first) return detail::tlog_failure(first.error());
    if (tile_width_of(0, place.index, tree->size()) < place.width)
        return detail::tlog_text(404, "the log has not so many records\n");
    std::uint64_t const begin = place.index * tile_width + 1;
    if (begin < *first)
        return detail::tlog_text(
            410, "records " + std::to_string(begin) + " to " +
                     std::to_string((std::min)(begin + place.width, *first) - 1) +
                     " were dropped by retention; their hashes are at " + state_->prefix + '/' +
                     tile_place{0, place.index, place.width, false}.path() + "\n");
    auto bytes = state_->log.entries(place);
    if (!bytes) return detail::tlog_failure(bytes.error());
    return detail::tlog_response(200, "application/octet-stream", std::move(*bytes),
                                 detail::for_ever_privately);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_TLOG_SITE_IPP
