// SPDX-License-Identifier: MIT
//
// audit_site.ipp: the definitions of audit_site.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_AUDIT_SITE_IPP
#define AIAUDIT_IMPL_GATEWAY_AUDIT_SITE_IPP

#include <aiaudit/audit/log_source.hpp>  // directory_log_source
#include <aiaudit/config.hpp>            // AIAUDIT_INLINE
#include <aiaudit/gateway/audit_site.hpp>
#include <aiaudit/gateway/request_target.hpp>  // path_of
#include <aiaudit/integrity/tile.hpp>          // tile_place
#include <aiaudit/limits.hpp>                  // note_bytes

#include <algorithm>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE gateway_response audit_says(witness_answer of) {
    gateway_response made{of.status, {}, std::move(of.body)};
    made.headers.emplace_back("Content-Type", std::move(of.type));
    made.headers.emplace_back("Cache-Control", "no-store");
    made.headers.emplace_back("X-Content-Type-Options", "nosniff");
    return made;
}

AIAUDIT_INLINE bool is_origin_hash(std::string_view text) {
    return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

// Which files a mirror shows: its checkpoint and its tiles; a tile beyond its checkpoint is for who
// verifies it.
AIAUDIT_INLINE gateway_response mirrored_file(std::string const& mirrors, std::string_view path) {
    witness_answer none{404, "text/plain; charset=utf-8", "there is no such file of a mirror\n"};
    std::string_view const hash = path.substr(0, 64);
    if (mirrors.empty() || !is_origin_hash(hash) || !path.substr(64).starts_with('/'))
        return audit_says(std::move(none));
    std::string_view const file = path.substr(65);
    bool const is_tile = tile_place::parse(file).has_value();
    if (file != "checkpoint" && !is_tile) return audit_says(std::move(none));
    auto bytes = directory_log_source(mirrors + '/' + std::string(hash))
                     .get(std::string(file), limits::note_bytes);
    if (!bytes) return audit_says(std::move(none));
    auto made =
        audit_says({200, is_tile ? "application/octet-stream" : none.type, std::move(*bytes)});
    if (is_tile) made.headers[1].second = "public, max-age=31536000, immutable";
    return made;
}

}  // namespace detail

AIAUDIT_INLINE gateway_site audit_site(std::shared_ptr<witness> by, std::string mirrors) {
    gateway_site made;
    made.answer = [by = std::move(by),
                   mirrors = std::move(mirrors)](gateway_request const& to) -> gateway_response {
        using detail::audit_says;
        constexpr std::string_view text = "text/plain; charset=utf-8";
        constexpr std::string_view mirror = "/mirror/";
        std::string_view const path = detail::path_of(to.target);
        bool const reads = to.method == "GET" || to.method == "HEAD";
        if (path == add_checkpoint_body::path && by) {
            if (to.method == "POST") return audit_says(by->add_checkpoint(to.body));
            auto refused = audit_says({405, std::string(text), "checkpoints come by POST\n"});
            refused.headers.emplace_back("Allow", "POST");
            return refused;
        }
        if (reads && path.starts_with(mirror))
            return detail::mirrored_file(mirrors, path.substr(mirror.size()));
        constexpr std::string_view end = "/checkpoint";
        if (reads && by && path.size() == 1 + 64 + end.size() && path.ends_with(end))
            return audit_says(by->checkpoint_at(path.substr(1, 64)));
        return audit_says({404, std::string(text), "there is nothing here\n"});
    };
    return made;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_AUDIT_SITE_IPP
