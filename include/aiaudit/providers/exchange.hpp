// SPDX-License-Identifier: MIT
//
// exchange.hpp: one recorded HTTP exchange with an AI API, and how to read it from JSON Lines.
//
// A line is an object {"id", "provider", "path", "request", "status", "content_type", "response",
// "headers"?} and, where the recorder knew them, who asked and how long it took. Members that are
// not named here are ignored.
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_EXCHANGE_HPP
#define AIAUDIT_PROVIDERS_EXCHANGE_HPP

#include <aiaudit/core/http.hpp>       // header_list
#include <aiaudit/core/timestamp.hpp>  // timestamp
#include <aiaudit/error.hpp>           // result

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// What the recorder knew beside the exchange itself. Empty where the line does not say.
struct exchange_context {
    std::optional<aiaudit::timestamp> timestamp{};
    std::string user{};  // the line's, else the user that the request names to the provider
    std::string project{};
    std::string key{};  // an id of the key, never the key
    std::optional<std::uint64_t> duration_ms{};
    std::optional<std::uint64_t> ttft_ms{};  // time to the first token
    std::string trace_id{};
    std::string operation_id{};
    std::optional<std::uint64_t> attempt{};
    std::vector<std::pair<std::string, std::string>> tags{};
};

struct exchange {
    std::string id{};
    std::string provider{};
    std::string path{};
    std::string request{};  // raw JSON text; empty where there was no body
    int status = 0;         // 0 where it is not known
    std::string content_type{};
    std::string response{};  // the raw body
    header_list headers{};
    exchange_context context{};
};

// The value of the first header of that name, whatever its letter case; empty where there is none.
[[nodiscard]] inline std::string_view header_of(exchange const& from,
                                                std::string_view name) noexcept {
    return header_of(from.headers, name);
}

// Reads one line. bad_json where it is no JSON, bad_input where a member has the wrong type or
// `provider`, `path` or `response` is missing, bad_time for a timestamp that is none.
[[nodiscard]] result<exchange> parse_exchange(std::string_view json_line);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/exchange.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_EXCHANGE_HPP
