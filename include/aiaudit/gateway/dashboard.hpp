// SPDX-License-Identifier: MIT
//
// dashboard.hpp: the dashboard's pages, its login and its API: what each request is answered.
//
// It knows no server: whoever has one hands requests over, and polls the events for those who
// follow the log. What is answered holds no script or style but the library's own files, may be
// framed by nobody, and, but for those files, is kept by no cache.
// Threads: all members may be called from any thread at once.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_DASHBOARD_HPP
#define AIAUDIT_GATEWAY_DASHBOARD_HPP

#include <aiaudit/basic_ledger.hpp>                // basic_ledger
#include <aiaudit/gateway/dashboard_shipping.hpp>  // dashboard_shipping
#include <aiaudit/gateway/http_messages.hpp>       // gateway_request, gateway_response

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

struct api_operation;
struct token_answer;

struct dashboard_options {
    std::string token{};         // who has it may see all; at least 16 characters
    bool secure_cookie = false;  // the browser comes by TLS: the cookie never goes without
    dashboard_shipping shipping{};
};

template <class Ledger = ledger>
class basic_dashboard {
public:
    // It keeps the log open. Errors: bad_argument for a token that is too short.
    [[nodiscard]] static result<basic_dashboard> open(Ledger& of, dashboard_options options);

    basic_dashboard(basic_dashboard&&) noexcept;
    basic_dashboard& operator=(basic_dashboard&&) noexcept;
    ~basic_dashboard();

    // For every path: the pages, /login, /logout and /api/v1/. One to HEAD is as one to GET; its
    // body is for the server to leave out.
    [[nodiscard]] gateway_response answer(gateway_request const& to);

    // Whether it should be answered by a stream of events, which goes on until the client leaves or
    // this is no longer true: its session may end. A wrong token is not counted here: it is where
    // answer() refuses it.
    [[nodiscard]] bool is_event_stream(gateway_request const& of);
    // After which record such a stream begins: the last one that the client has seen, else the last
    // there is. Errors: those of reading.
    [[nodiscard]] result<sequence> events_begin(gateway_request const& of) const;
    // The headers of such a stream.
    [[nodiscard]] static gateway_response events_head();
    // Its text for the records after `last`, which is moved; "" where there is nothing new.
    [[nodiscard]] std::string events_after(sequence& last, std::size_t records_most = 200);

private:
    static constexpr std::string_view cookie_name = "aiaudit_session";
    static constexpr std::size_t target_most = 8'192;
    static constexpr std::size_t body_most = 4'096;

    struct state;

    explicit basic_dashboard(std::unique_ptr<state> opened) noexcept;

    [[nodiscard]] gateway_response route(gateway_request const& to);
    [[nodiscard]] gateway_response post(api_operation const& of, gateway_request const& to);
    [[nodiscard]] gateway_response get_api(std::string_view path, gateway_request const& to);
    [[nodiscard]] gateway_response events_so_far(gateway_request const& to);
    [[nodiscard]] gateway_response log_in(gateway_request const& to);
    [[nodiscard]] gateway_response log_out(gateway_request const& to);
    [[nodiscard]] std::string cookie(std::string_view name, std::int64_t seconds) const;

    [[nodiscard]] static std::optional<std::string_view> session_of(gateway_request const& from);
    [[nodiscard]] static bool is_same_origin(gateway_request const& from);
    [[nodiscard]] static gateway_response asset(std::string_view path, gateway_request const& to);
    [[nodiscard]] static gateway_response session_response(bool logged_in);
    [[nodiscard]] static gateway_response refused(token_answer const& why);
    [[nodiscard]] static gateway_response not_allowed(std::string_view path);
    [[nodiscard]] static gateway_response with_headers(gateway_response of);

    std::unique_ptr<state> state_;
};

using dashboard = basic_dashboard<>;

#ifdef AIAUDIT_SEPARATE
extern template class basic_dashboard<ledger>;
#endif

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/dashboard.tpp>
#endif

#endif  // AIAUDIT_GATEWAY_DASHBOARD_HPP
