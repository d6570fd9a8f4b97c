// SPDX-License-Identifier: MIT
//
// dashboard_session.hpp: who may see the dashboard: whoever has its token, for as long as a session
// lasts.
//
// Neither the token nor the names of sessions are kept, only their hashes: looking one up then
// tells nothing by the time that it takes. The right token opens whatever was tried before:
// nobody's wrong ones lock out who has it, also where both come through one proxy. Wrong ones are
// slowed: of an address, or of a network of IPv6 (whoever has one address of it has 2^64), ten a
// minute are answered at once, and each further one after wrong_delay. A token has at least 16
// characters, and nobody guesses random ones at a few thousand a second, which is what all
// connections together come to.
// Threads: all members may be called from any thread at once.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_DASHBOARD_SESSION_HPP
#define AIAUDIT_GATEWAY_DASHBOARD_SESSION_HPP

#include <aiaudit/core/timestamp.hpp>  // steady_time
#include <aiaudit/detail/sha256.hpp>   // sha256

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// Whether a token was the right one.
struct token_answer {
    bool right = false;
    // Where there were too many wrong ones lately: when another is answered at once again.
    std::uint64_t retry_after_s = 0;
};

enum class token_use : std::uint8_t {
    log_in,  // a wrong one counts against its network
    look,    // it does not, because the same one comes again to log in
};

class dashboard_sessions {
public:
    static constexpr std::chrono::hours lasts{12};
    static constexpr std::size_t sessions_most = 256;
    static constexpr std::size_t failures_most = 10;  // of an address, in a minute
    static constexpr std::chrono::seconds failures_within{60};
    static constexpr std::chrono::milliseconds wrong_delay{1'000};  // of one more than these
    static constexpr std::size_t addresses_most = 1'024;
    static constexpr std::size_t token_least = 16;
    static constexpr std::size_t token_most = 512;

    // Errors: bad_argument for a token that is too short, or could not stand in a header.
    [[nodiscard]] static result<void> check_token(std::string_view token);

    explicit dashboard_sessions(std::string_view token) : token_(detail::sha256(token)) {}
    dashboard_sessions(dashboard_sessions const&) = delete;
    dashboard_sessions& operator=(dashboard_sessions const&) = delete;

    [[nodiscard]] token_answer try_token(std::string_view given, std::string_view address,
                                         steady_time now, token_use use = token_use::log_in);
    // The name of a new session, 256 random bits. Where there are too many, the oldest ends.
    // Errors: closed, where libcrypto has no random bytes.
    [[nodiscard]] result<std::string> begin(steady_time now);
    [[nodiscard]] bool holds(std::string_view name, steady_time now);
    void end(std::string_view name);

private:
    using hash = detail::sha256_value;
    using failure_times = std::deque<steady_time>;  // the last of them, at most failures_most

    void note_failure(std::string const& network, steady_time now);

    hash const token_;
    std::mutex mutex_{};
    std::map<hash, steady_time> ends_{};               // when each session ends
    std::map<std::string, failure_times> failures_{};  // by network_of an address
};

inline void dashboard_sessions::end(std::string_view name) {
    hash const hashed = detail::sha256(name);
    std::lock_guard const lock(mutex_);
    ends_.erase(hashed);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/dashboard_session.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_DASHBOARD_SESSION_HPP
