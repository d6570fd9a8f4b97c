// SPDX-License-Identifier: MIT
//
// cost_headers.hpp: how an answer says what its call has cost: in its head where it is held until
// its end, else in a trailer, for clients that take one.
//
// Threads: plain values and functions.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_COST_HEADERS_HPP
#define AIAUDIT_GATEWAY_COST_HEADERS_HPP

#include <aiaudit/core/http.hpp>                  // header_list
#include <aiaudit/core/record.hpp>                // record
#include <aiaudit/gateway/client_connection.hpp>  // client_connection

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::string_view cost_header = "x-aiaudit-cost";  // dollars, an exact decimal
inline constexpr std::string_view cost_status_header = "x-aiaudit-cost-status";

// Without the amount where it is not known.
[[nodiscard]] header_list cost_headers(record const& outcome);

// Whether a client says that it takes trailers (RFC 9110, section 10.1.4).
[[nodiscard]] bool takes_trailers(header_list const& headers);

// An answer that waits for its end, so that its head can tell the cost. What grows larger is handed
// on without.
struct held_answer {
    static constexpr std::size_t bytes_most = std::size_t{1} << 20;

    int status = 200;
    header_list headers{};
    std::optional<std::uint64_t> length{};  // as the upstream said it
    std::string body{};

    // False: it does not fit, and is as it was.
    [[nodiscard]] bool add(std::string_view piece);
    // It has ended, and this is what it has cost.
    void complete(header_list const& cost);
};

// Begins an answer that was held, and returns what is to be sent of it; empty where none was.
[[nodiscard]] std::string begin_held(std::optional<held_answer>& held, client_connection& client);

// Whether an answer of that type is of no use before its end.
[[nodiscard]] bool is_whole_type(std::string_view content_type);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/cost_headers.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_COST_HEADERS_HPP
