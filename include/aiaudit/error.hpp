// SPDX-License-Identifier: MIT
//
// error.hpp: what can go wrong, and how it is handed back.
//
// Every operation that can fail returns result<T>; nothing is thrown unless the caller asks with
// value().
// Threads: plain values.
// Floor 1.
#ifndef AIAUDIT_ERROR_HPP
#define AIAUDIT_ERROR_HPP

#include <boost/system/result.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

// The reason for a failure. The numbers are stored in records: they are never changed or used
// again.
enum class errc : int {
    // 1xx: the log cannot be read or written.
    storage_failed = 100,      // the operating system or LMDB refused; the text names the call
    not_a_ledger = 101,        // the directory holds something else
    newer_format = 102,        // written by a newer release; this one must not touch it
    corrupt = 103,             // bytes do not match their checksum or cannot be decoded
    disk_full = 104,           // free space, then append again; nothing acknowledged was lost
    read_only = 105,           // the directory or its file system does not allow writing
    not_found = 106,           // the path names nothing
    closed = 107,              // the ledger was closed, or its process forked
    log_full = 108,            // the map or the sequence has no room
    already_open = 109,        // this process has that ledger open already
    unsafe_file_system = 110,  // network file systems break LMDB's locks
    no_thread = 111,           // the system gives the process no further thread
    // 2xx: an exchange cannot be understood.
    bad_json = 200,
    unknown_dialect = 201,  // no dialect is known for this provider and path
    no_usage = 202,         // the response reports no usage
    bad_usage = 203,        // the usage contradicts itself
    provider_error = 204,   // the provider answered with an error
    truncated = 205,        // a stream ended before its end
    not_billable = 206,     // the operation costs nothing and reports no usage (token counting)
    // 3xx: a price cannot be given.
    bad_price = 300,
    unknown_model = 301,   // the price book has no entry for this model
    unpriced_unit = 302,   // the entry has no rate for something the usage counts
    money_overflow = 303,  // the amount does not fit in 128 bits
    money_inexact = 304,   // the text has more digits than the unit holds
    // 4xx: what is claimed is not proved.
    verification_failed = 400,  // well-formed, but a signature, a hash or an origin does not match
    // 5xx: no whole answer came from the provider.
    connect_failed = 500,   // no connection: refused, unreachable, or the name is unknown
    tls_failed = 501,       // the certificate or the handshake
    timed_out = 502,        // the text says which limit: connect, first byte, between bytes, total
    connection_lost = 503,  // it ended in the middle of the request or of the response
    bad_response = 504,     // what came is no HTTP, or not what its head promises
    cancelled = 505,        // the caller wanted no more
    circuit_open = 506,     // too many failures lately; nothing was sent
    // 6xx: nothing was sent, since a budget or a rate limit does not allow it.
    budget_exceeded = 600,  // there is no room for the most that it may cost
    rate_limited = 601,     // too many in too short a time; the error says when to try again
    unbounded = 602,        // what it may cost has no bound, or no price, and a budget must hold
    // 9xx: the caller's input.
    bad_argument = 900,
    unknown_zone = 901,
    bad_time = 902,
    bad_input = 903,  // a file given by the user cannot be read as what it should be
    too_large = 904,  // over a maximum of limits.hpp
};

[[nodiscard]] constexpr std::string_view name_of(errc code) noexcept {
    switch (code) {
    case errc::storage_failed: return "storage_failed";
    case errc::not_a_ledger: return "not_a_ledger";
    case errc::newer_format: return "newer_format";
    case errc::corrupt: return "corrupt";
    case errc::disk_full: return "disk_full";
    case errc::read_only: return "read_only";
    case errc::not_found: return "not_found";
    case errc::closed: return "closed";
    case errc::log_full: return "log_full";
    case errc::already_open: return "already_open";
    case errc::unsafe_file_system: return "unsafe_file_system";
    case errc::no_thread: return "no_thread";
    case errc::bad_json: return "bad_json";
    case errc::unknown_dialect: return "unknown_dialect";
    case errc::no_usage: return "no_usage";
    case errc::bad_usage: return "bad_usage";
    case errc::provider_error: return "provider_error";
    case errc::truncated: return "truncated";
    case errc::not_billable: return "not_billable";
    case errc::bad_price: return "bad_price";
    case errc::unknown_model: return "unknown_model";
    case errc::unpriced_unit: return "unpriced_unit";
    case errc::money_overflow: return "money_overflow";
    case errc::money_inexact: return "money_inexact";
    case errc::verification_failed: return "verification_failed";
    case errc::connect_failed: return "connect_failed";
    case errc::tls_failed: return "tls_failed";
    case errc::timed_out: return "timed_out";
    case errc::connection_lost: return "connection_lost";
    case errc::bad_response: return "bad_response";
    case errc::cancelled: return "cancelled";
    case errc::circuit_open: return "circuit_open";
    case errc::budget_exceeded: return "budget_exceeded";
    case errc::rate_limited: return "rate_limited";
    case errc::unbounded: return "unbounded";
    case errc::bad_argument: return "bad_argument";
    case errc::unknown_zone: return "unknown_zone";
    case errc::bad_time: return "bad_time";
    case errc::bad_input: return "bad_input";
    case errc::too_large: return "too_large";
    }
    return "unknown";
}

// A failure: its reason, and in `where` our own words on what and where (safe to print, one line).
// `remote` is what a provider said: untrusted, may hold prompt text or secrets, never printed by
// default.
struct error {
    errc code{};
    std::string where{};
    std::string remote{};
    std::uint64_t retry_after_ms = 0;  // when trying again may help; 0: not known

    [[nodiscard]] std::string message() const {
        std::string text{name_of(code)};
        if (!where.empty()) text.append(": ").append(where);
        return text;
    }
};

// What result<T>::value() throws for those who prefer exceptions.
class exception : public std::runtime_error {
public:
    explicit exception(error reason)
        : std::runtime_error(reason.message()), reason_(std::move(reason)) {}
    [[nodiscard]] error const& reason() const noexcept { return reason_; }

private:
    error reason_;
};

// Found by argument-dependent look-up from boost::system::result<T>::value().
[[noreturn]] inline void throw_exception_from_error(error const& reason,
                                                    boost::source_location const&) {
    throw exception(reason);
}

template <class T>
using result = boost::system::result<T, error>;

[[nodiscard]] inline error fail(errc code, std::string where = {}) {
    return error{code, std::move(where), {}, 0};
}

namespace detail {

[[nodiscard]] constexpr bool is_control_byte(char c) noexcept {
    return static_cast<unsigned char>(c) < 0x20 || c == '\x7F';
}

// A stranger's text in a message of ours: short, and on one line.
[[nodiscard]] inline std::string printable(std::string_view text) {
    std::string line{text.substr(0, 80)};
    for (char& c : line) {
        if (is_control_byte(c)) c = '?';
    }
    return line;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ERROR_HPP
