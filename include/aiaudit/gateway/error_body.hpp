// SPDX-License-Identifier: MIT
//
// error_body.hpp: what the gateway itself refuses, said in the words of the API that was asked, so
// that any SDK reads it.
//
// Threads: pure functions.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_ERROR_BODY_HPP
#define AIAUDIT_GATEWAY_ERROR_BODY_HPP

#include <aiaudit/budget/budget_text.hpp>     // refusal_text
#include <aiaudit/budget/decision.hpp>        // budget_refusal
#include <aiaudit/detail/json_string.hpp>     // json_string
#include <aiaudit/error.hpp>                  // error
#include <aiaudit/gateway/api_surface.hpp>    // api_surface
#include <aiaudit/gateway/clean_text.hpp>     // clean_text
#include <aiaudit/gateway/http_messages.hpp>  // gateway_response

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

struct gateway_problem {
    int status = 500;
    std::string type{};     // OpenAI's word for the kind; the other APIs' follow from the status
    std::string code{};     // what a program compares
    std::string message{};  // safe to show: no secret, nothing of other users, no address of ours
    std::optional<std::uint64_t> retry_after_s{};
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
           R"(,"param":null,"code":)" + json_string(of.code) + "}}";
}
// "code" is ours: that API has none, and its clients pass over what they do not know.
[[nodiscard]] inline std::string anthropic_error(gateway_problem const& of,
                                                 std::string const& said) {
    return R"({"type":"error","error":{"type":)" + json_string(anthropic_type(of.status)) +
           R"(,"message":)" + said + R"(,"code":)" + json_string(of.code) + "}}";
}
// With the details that Google's own clients look for (google.rpc.ErrorInfo and RetryInfo).
[[nodiscard]] inline std::string gemini_error(gateway_problem const& of, std::string const& said) {
    std::string details = R"({"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":)" +
                          json_string(of.code) + R"(,"domain":"aiaudit"})";
    if (of.retry_after_s) {
        details += R"(,{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":")" +
                   std::to_string(*of.retry_after_s) + R"(s"})";
    }
    return R"({"error":{"code":)" + std::to_string(of.status) + R"(,"message":)" + said +
           R"(,"status":)" + json_string(google_status(of.status)) + R"(,"details":[)" + details +
           "]}}";
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

[[nodiscard]] inline gateway_problem problem_without_wait(
    error const& reason, std::optional<budget_refusal> const& refused) {
    auto const words = [&](std::string_view otherwise) {
        if (refused) return refusal_text(*refused);
        return reason.where.empty() ? std::string(otherwise) : reason.where;
    };
    switch (reason.code) {
    case errc::budget_exceeded:
        return {
            429, std::string(no_quota), std::string(no_quota), words("the budget is used up"), {}};
    case errc::rate_limited:
        return {429, "requests", "rate_limit_exceeded", words("too many requests"), {}};
    case errc::unbounded:
        return {400,
                "invalid_request_error",
                "unbounded",
                words("what the call may cost has no bound, and a budget must hold"),
                {}};
    case errc::bad_json:
    case errc::bad_argument: return bad_request(400, reason);
    case errc::too_large: return bad_request(413, reason);
    case errc::not_found:
    case errc::unknown_dialect: return bad_request(404, reason);
    case errc::cancelled: return bad_request(499, reason);
    case errc::timed_out: return server_trouble(504, reason, "the upstream did not answer in time");
    case errc::connect_failed:
    case errc::tls_failed: return server_trouble(502, reason, "the upstream cannot be reached");
    case errc::connection_lost:
    case errc::truncated:
        return server_trouble(502, reason, "the upstream ended its answer in the middle");
    case errc::bad_response:
        return server_trouble(502, reason, "the upstream's answer cannot be understood");
    case errc::circuit_open:
        return server_trouble(503, reason,
                              "the upstream failed too often lately; nothing was sent");
    default: return server_trouble(500, reason, "the gateway failed; its log has the reason");
    }
}

}  // namespace detail

// An answer in the shape of that API. The message is cut to 1 KiB and made valid UTF-8. A client
// that knows the header "x-should-retry" does not ask again for what a budget refuses: it would
// wait days, or be refused again at once.
[[nodiscard]] inline gateway_response error_response(api_surface surface,
                                                     gateway_problem const& of) {
    std::string const said =
        detail::json_string(detail::clean_text(of.message, detail::problem_message_bytes));
    gateway_response made{of.status, {{"Content-Type", "application/json"}}, {}};
    if (of.retry_after_s) {
        made.headers.emplace_back("Retry-After", std::to_string(*of.retry_after_s));
    }
    if (of.code == detail::no_quota) made.headers.emplace_back("x-should-retry", "false");
    switch (surface) {
    case api_surface::openai: made.body = detail::openai_error(of, said); break;
    case api_surface::anthropic: made.body = detail::anthropic_error(of, said); break;
    case api_surface::gemini: made.body = detail::gemini_error(of, said); break;
    }
    return made;
}

// What our errors are to a client of the gateway. The refusal, where there is one, says why in
// figures, and when there will be room.
[[nodiscard]] inline gateway_problem problem_of(error const& reason,
                                                std::optional<budget_refusal> const& refused) {
    gateway_problem problem = detail::problem_without_wait(reason, refused);
    std::uint64_t const wait_ms =
        (std::max)(reason.retry_after_ms, refused ? refused->retry_after_ms : 0);
    bool const may_pass = problem.status == 429 || problem.status == 503;
    if (may_pass && wait_ms != 0) problem.retry_after_s = detail::seconds_rounded_up(wait_ms);
    return problem;
}

// No key came, or none that opens anything: which of the two is said, and nothing else.
[[nodiscard]] inline gateway_problem missing_key_problem() {
    return {401,
            "invalid_request_error",
            "missing_api_key",
            "no API key was sent; the gateway wants one of its own, where the API has its key",
            {}};
}
[[nodiscard]] inline gateway_problem wrong_key_problem() {
    return {401,
            "invalid_request_error",
            "invalid_api_key",
            "the API key is none of this gateway, or was revoked",
            {}};
}
[[nodiscard]] inline gateway_problem model_refused_problem(std::string_view model) {
    return {403,
            "invalid_request_error",
            "model_not_allowed",
            "the API key may not use model '" + detail::printable(model) + "'",
            {}};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_ERROR_BODY_HPP
