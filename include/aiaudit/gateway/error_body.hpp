// SPDX-License-Identifier: MIT
//
// error_body.hpp: what the gateway itself refuses, said in the words of the API that was asked, so
// that any SDK reads it.
//
// Threads: pure functions.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_ERROR_BODY_HPP
#define AIAUDIT_GATEWAY_ERROR_BODY_HPP

#include <aiaudit/budget/decision.hpp>           // budget_refusal
#include <aiaudit/detail/json_string.hpp>        // json_string
#include <aiaudit/error.hpp>                     // error
#include <aiaudit/gateway/http_messages.hpp>     // gateway_response
#include <aiaudit/providers/provider_table.hpp>  // api_family

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

struct gateway_problem {
    int status = 500;
    std::string type{};     // OpenAI's word for the kind; the other APIs' follow from the status
    std::string code{};     // what a program compares
    std::string message{};  // safe to show: no secret, nothing of other users, no address of ours
    std::optional<std::uint64_t> retry_after_s{};
    std::string param{};  // the member of the body that it is about
};

namespace detail {

inline constexpr std::size_t problem_message_bytes = 1'024;
inline constexpr std::string_view no_quota = "insufficient_quota";

// Anthropic's word for a status.
[[nodiscard]] constexpr std::string_view anthropic_type(int status) noexcept {
    switch (status) {
    case 401: return "authentication_error";
    case 402: return "billing_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 413: return "request_too_large";
    case 429: return "rate_limit_error";
    case 503:
    case 529: return "overloaded_error";
    case 504: return "timeout_error";
    default: return status < 500 ? "invalid_request_error" : "api_error";
    }
}

// Google's word for a status.
[[nodiscard]] constexpr std::string_view google_status(int status) noexcept {
    switch (status) {
    case 401: return "UNAUTHENTICATED";
    case 403: return "PERMISSION_DENIED";
    case 404: return "NOT_FOUND";
    case 409: return "ABORTED";
    case 429: return "RESOURCE_EXHAUSTED";
    case 499: return "CANCELLED";
    case 502:
    case 503: return "UNAVAILABLE";
    case 504: return "DEADLINE_EXCEEDED";
    default: return status < 500 ? "INVALID_ARGUMENT" : "INTERNAL";
    }
}

[[nodiscard]] inline std::string openai_error(gateway_problem const& of, std::string const& said) {
    return R"({"error":{"message":)" + said + R"(,"type":)" + json_string(of.type) +
           R"(,"param":)" + (of.param.empty() ? std::string("null") : json_string(of.param)) +
           R"(,"code":)" + json_string(of.code) + "}}";
}
// "code" is ours: that API has none, and its clients pass over what they do not know.
[[nodiscard]] inline std::string anthropic_error(gateway_problem const& of,
                                                 std::string const& said) {
    return R"({"type":"error","error":{"type":)" + json_string(anthropic_type(of.status)) +
           R"(,"message":)" + said + R"(,"code":)" + json_string(of.code) + "}}";
}

[[nodiscard]] constexpr std::uint64_t seconds_rounded_up(std::uint64_t wait_ms) noexcept {
    return wait_ms / 1000 + (wait_ms % 1000 != 0 ? 1U : 0U);
}

// A problem that is the client's to mend, in the words that came with it.
[[nodiscard]] inline gateway_problem bad_request(int status, error const& reason) {
    std::string const code(name_of(reason.code));
    return {status, "invalid_request_error", code, reason.where.empty() ? code : reason.where, {}};
}
// A problem behind the gateway. What came with it may name addresses and paths of ours, so that it
// is for the log alone.
[[nodiscard]] inline gateway_problem server_trouble(int status, error const& reason,
                                                    std::string_view said) {
    return {status, "server_error", std::string(name_of(reason.code)), std::string(said), {}};
}

// Why the log takes nothing, and what to do, in words for anybody; empty where it is no trouble of
// the log.
[[nodiscard]] std::string_view log_trouble_text(errc code) noexcept;

}  // namespace detail

// An answer in the shape of that API. The message is cut to 1 KiB and made valid UTF-8. A client
// that knows the header "x-should-retry" does not ask again for what a budget refuses: it would
// wait days, or be refused again at once.
[[nodiscard]] gateway_response error_response(api_family family, gateway_problem const& of);
// The same as the last event of a stream.
[[nodiscard]] std::string error_event(api_family family, gateway_problem const& of);

// What our errors are to a client of the gateway. The refusal, where there is one, says why in
// figures, and when there will be room.
[[nodiscard]] gateway_problem problem_of(error const& reason,
                                         std::optional<budget_refusal> const& refused);

// The same of what asking the log came to. One that cannot be written, or is gone, is 503.
[[nodiscard]] gateway_problem log_problem_of(error const& reason);

// No key came, or none that opens anything: which of the two is said, and, of an Authorization that
// has no key where one belongs, what is missing there.
[[nodiscard]] gateway_problem missing_key_problem(std::string_view authorization = {});
[[nodiscard]] gateway_problem wrong_key_problem();
[[nodiscard]] gateway_problem model_refused_problem(std::string_view model);
// A member that decides is not what it must be; `fault` says why, and where it stands.
[[nodiscard]] gateway_problem member_problem(std::string_view member, std::string_view fault);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/error_body.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_ERROR_BODY_HPP
