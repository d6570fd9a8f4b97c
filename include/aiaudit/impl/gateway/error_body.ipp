// SPDX-License-Identifier: MIT
//
// error_body.ipp: the definitions of error_body.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_ERROR_BODY_IPP
#define AIAUDIT_IMPL_GATEWAY_ERROR_BODY_IPP

#include <aiaudit/budget/budget_text.hpp>  // refusal_text
#include <aiaudit/config.hpp>              // AIAUDIT_INLINE
#include <aiaudit/detail/utf8.hpp>         // clean_text
#include <aiaudit/gateway/error_body.hpp>

#include <algorithm>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// With the details that Google's own clients look for (google.rpc.ErrorInfo and RetryInfo).
AIAUDIT_INLINE std::string gemini_error(gateway_problem const& of, std::string const& said) {
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

AIAUDIT_INLINE std::string_view log_trouble_text(errc code) noexcept {
    switch (code) {
    case errc::moved:
        return "the gateway's ledger was moved, replaced or removed; no call is accepted until the "
               "gateway is started anew";
    case errc::disk_full:
    case errc::log_full:
        return "the disk of the gateway's ledger is full; no call is accepted until there is room";
    case errc::read_only:
        return "the gateway's ledger is on what can only be read; no call is accepted until it can "
               "be written";
    case errc::already_open:
        return "another process decides about the budgets of the gateway's ledger; no call is "
               "accepted until that one ends";
    case errc::timed_out:
        return "the gateway's ledger does not answer: its disk hangs, or a process that has its "
               "lock is stopped; calls wait for it";
    case errc::corrupt:
        return "the gateway's ledger is damaged; no call is accepted until it is mended";
    case errc::storage_failed:
    case errc::not_a_ledger:
    case errc::newer_format:
    case errc::closed:
    case errc::no_thread:
    case errc::not_found:
        return "the gateway's ledger cannot be written; no call is accepted until it can";
    default: return {};
    }
}

AIAUDIT_INLINE gateway_problem problem_without_wait(error const& reason,
                                                    std::optional<budget_refusal> const& refused) {
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
    default: break;
    }
    auto const text = log_trouble_text(reason.code);
    if (!text.empty()) return server_trouble(503, reason, text);
    return server_trouble(500, reason, "the gateway failed; its log has the reason");
}

}  // namespace detail

AIAUDIT_INLINE gateway_response error_response(api_family family, gateway_problem const& of) {
    std::string const said =
        detail::json_string(detail::clean_text(of.message, detail::problem_message_bytes));
    gateway_response made{of.status, {{"Content-Type", "application/json"}}, {}};
    if (of.retry_after_s) {
        made.headers.emplace_back("Retry-After", std::to_string(*of.retry_after_s));
    }
    if (of.code == detail::no_quota) made.headers.emplace_back("x-should-retry", "false");
    switch (family) {
    case api_family::openai: made.body = detail::openai_error(of, said); break;
    case api_family::anthropic: made.body = detail::anthropic_error(of, said); break;
    case api_family::gemini: made.body = detail::gemini_error(of, said); break;
    }
    return made;
}

AIAUDIT_INLINE std::string error_event(api_family family, gateway_problem const& of) {
    std::string event = family == api_family::anthropic ? "event: error\n" : "";
    return event.append("data: ").append(error_response(family, of).body).append("\n\n");
}

AIAUDIT_INLINE gateway_problem problem_of(error const& reason,
                                          std::optional<budget_refusal> const& refused) {
    gateway_problem problem = detail::problem_without_wait(reason, refused);
    std::uint64_t const wait_ms =
        (std::max)(reason.retry_after_ms, refused ? refused->retry_after_ms : 0);
    bool const may_pass = problem.status == 429 || problem.status == 503;
    if (may_pass && wait_ms != 0) problem.retry_after_s = detail::seconds_rounded_up(wait_ms);
    return problem;
}

AIAUDIT_INLINE gateway_problem log_problem_of(error const& reason) {
    // What a ledger does not find is a file of its own, and nothing that a client asked for.
    bool const is_file = reason.code == errc::not_found;
    return problem_of(is_file ? fail(errc::storage_failed, reason.where) : reason, {});
}

AIAUDIT_INLINE gateway_problem missing_key_problem(std::string_view authorization) {
    std::string said =
        "no API key was sent; the gateway wants one of its own, where the API has its key";
    bool const is_bearer = detail::same_name(authorization.substr(0, 6), "bearer");
    if (is_bearer)
        said = "no API key stands behind Bearer in the Authorization header";
    else if (authorization.find(' ') != std::string_view::npos)
        said = "the Authorization header has no Bearer; send \"Authorization: Bearer KEY\"";
    else if (!authorization.empty())
        said =
            "the Authorization header has a key without \"Bearer \" before it; send "
            "\"Authorization: Bearer KEY\"";
    return {401, "invalid_request_error", "missing_api_key", std::move(said), {}};
}

AIAUDIT_INLINE gateway_problem wrong_key_problem() {
    return {401,
            "invalid_request_error",
            "invalid_api_key",
            "the API key is none of this gateway, was revoked, or has expired",
            {}};
}

AIAUDIT_INLINE gateway_problem model_refused_problem(std::string_view model) {
    return {403,
            "invalid_request_error",
            "model_not_allowed",
            "the API key may not use model '" + detail::printable(model) + "'",
            {}};
}

AIAUDIT_INLINE gateway_problem member_problem(std::string_view member, std::string_view fault) {
    return {400, "invalid_request_error", "bad_member", std::string(fault),
            {},  std::string(member)};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_ERROR_BODY_IPP
