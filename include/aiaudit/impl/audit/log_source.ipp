// SPDX-License-Identifier: MIT
//
// log_source.ipp: the definitions of log_source.hpp.
#ifndef AIAUDIT_IMPL_AUDIT_LOG_SOURCE_IPP
#define AIAUDIT_IMPL_AUDIT_LOG_SOURCE_IPP

#include <aiaudit/audit/log_source.hpp>
#include <aiaudit/config.hpp>              // AIAUDIT_INLINE
#include <aiaudit/storage/posix_file.hpp>  // file_handle
#include <aiaudit/transport/httplib_transport.hpp>
#include <aiaudit/transport/origin.hpp>  // parse_origin

#include <cerrno>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<log_url> parse_log_url(std::string_view url) {
    auto const wrong = [] {
        return fail(errc::bad_argument,
                    "the URL of a log or witness is https://HOST[:PORT][/PATH] (or http://), "
                    "without a user, a query or a fragment");
    };
    std::size_t const host = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
    if (host == 0) return wrong();
    for (char const c : url)
        if (c <= ' ' || c == '\x7F' || c == '@' || c == '?' || c == '#') return wrong();
    std::size_t const slash = (std::min)(url.find('/', host), url.size());
    log_url made{std::string(url.substr(0, slash)), std::string(url.substr(slash))};
    while (made.prefix.ends_with('/')) made.prefix.pop_back();
    if (auto const place = parse_origin(made.origin); !place) return wrong();
    return made;
}

AIAUDIT_INLINE exchange_function make_exchange(log_source_options const& options) {
    httplib_options with;
    with.ca_file = options.ca_file;
    auto const by = std::make_shared<httplib_transport>(std::move(with));
    return [by, time_max = options.time_max](http_request const& request,
                                             std::size_t bytes_max) -> result<fetched> {
        transfer_limits limits;
        limits.connect = time_max;
        limits.deadline = std::chrono::steady_clock::now() + time_max;
        limits.response_bytes_max = bytes_max;
        fetched answer;
        auto const sent = by->exchange(
            request, limits, std::stop_token{},
            [&answer](http_response_head const& head) {
                answer.status = head.status;
                answer.type = header_of(head.headers, "content-type");
                return true;
            },
            [&answer](std::string_view piece) {
                answer.body += piece;
                return true;
            });
        if (!sent) return sent.error();
        return answer;
    };
}

}  // namespace detail

AIAUDIT_INLINE result<log_source> http_log_source(std::string_view url,
                                                  log_source_options const& options) {
    auto at = detail::parse_log_url(url);
    if (!at) return at.error();
    http_request request{"GET", at->origin, {}, {}, {}};
    if (!options.token.empty())
        request.headers.emplace_back("Authorization", "Bearer " + options.token);
    if (auto ok = check_request(http_request{"GET", at->origin, "/", request.headers, {}}); !ok)
        return ok.error();
    log_source made;
    made.name = at->origin + at->prefix;
    made.get = [exchange = detail::make_exchange(options), request, prefix = at->prefix](
                   std::string const& path, std::size_t bytes_max) -> result<std::string> {
        http_request each = request;
        each.target = prefix + '/' + path;
        // A server may say much about what it has not.
        auto answer = exchange(each, (std::max)(bytes_max, std::size_t{64} << 10));
        if (!answer) return answer.error();
        if (answer->status == 404 || answer->status == 410)
            return fail(errc::not_found, path + ": the log answers " +
                                             std::to_string(answer->status) +
                                             (answer->status == 410 ? ", it is dropped" : ""));
        if (answer->status != 200)
            return fail(errc::bad_response,
                        path + ": the log answers " + std::to_string(answer->status));
        if (answer->body.size() > bytes_max)
            return fail(errc::too_large,
                        path + ": over " + std::to_string(bytes_max) + " bytes came");
        return std::move(answer->body);
    };
    return made;
}

AIAUDIT_INLINE log_source directory_log_source(std::string directory) {
    log_source made;
    made.name = directory;
    made.get = [directory = std::move(directory)](std::string const& path,
                                                  std::size_t bytes_max) -> result<std::string> {
        std::string const at = directory + '/' + path;
        auto const file = detail::file_handle::open(at, O_RDONLY);
        if (!file) return detail::posix_error(errno, "open", at);
        struct stat status {};
        if (::fstat(file.get(), &status) != 0) return detail::posix_error(errno, "fstat", at);
        if (status.st_size < 0 || static_cast<std::uint64_t>(status.st_size) > bytes_max)
            return fail(errc::too_large, at + ": over " + std::to_string(bytes_max) + " bytes");
        std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
        auto const got = detail::read_at(file.get(), bytes.data(), bytes.size(), 0);
        if (got < 0) return detail::posix_error(errno, "read", at);
        if (static_cast<std::size_t>(got) != bytes.size())
            return fail(errc::storage_failed, at + ": it became shorter while it was read");
        return bytes;
    };
    return made;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_AUDIT_LOG_SOURCE_IPP
