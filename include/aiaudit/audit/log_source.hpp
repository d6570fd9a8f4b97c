// SPDX-License-Identifier: MIT
//
// log_source.hpp: where a log's checkpoint, tiles and records are read: what c2sp.org/tlog-tiles
// serves under a prefix.
//
// Threads: plain values; a source is for one thread at a time, unless it says otherwise.
// Floor 8.
#ifndef AIAUDIT_AUDIT_LOG_SOURCE_HPP
#define AIAUDIT_AUDIT_LOG_SOURCE_HPP

#include <aiaudit/core/http.hpp>  // http_request
#include <aiaudit/error.hpp>      // result

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

struct log_source {
    // For findings: never with what may be a secret.
    std::string name{};
    // The bytes at a path under the log's prefix, such as "checkpoint" or "tile/0/000". Errors:
    // not_found, where the log says that there is nothing; too_large, over that many bytes; those
    // of the transport.
    std::function<result<std::string>(std::string const& path, std::size_t bytes_max)> get{};
};

struct log_source_options {
    std::string token{};  // opens the records of a log that asks for one; never shown
    std::string ca_file{};
    std::chrono::milliseconds time_max{30'000};  // of a request
};

namespace detail {

struct log_url {
    std::string origin{};
    std::string prefix{};  // of the path, without a slash at its end
};

// "https://node1.example.com/tlog". Errors: bad_argument, without what may be a secret: a URL with
// a user, a query or a fragment is refused.
[[nodiscard]] result<log_url> parse_log_url(std::string_view url);

// What an HTTP server sent.
struct fetched {
    int status = 0;
    std::string type{};
    std::string body{};
};

// One request, its answer held to a length and a time. Errors: those of the transport; too_large.
using exchange_function =
    std::function<result<fetched>(http_request const& request, std::size_t bytes_max)>;
[[nodiscard]] exchange_function make_exchange(log_source_options const& options);

}  // namespace detail

// By HTTP; any number of threads may use one. Errors: bad_argument for a URL that is none.
[[nodiscard]] result<log_source> http_log_source(std::string_view url,
                                                 log_source_options const& options = {});
// Out of a directory with the same files, such as a mirror. Errors: none until it is read.
[[nodiscard]] log_source directory_log_source(std::string directory);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/audit/log_source.ipp>
#endif

#endif  // AIAUDIT_AUDIT_LOG_SOURCE_HPP
