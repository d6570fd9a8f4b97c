// SPDX-License-Identifier: MIT
//
// dashboard_session.hpp: who may see the dashboard: whoever has its token, for as long as a session
// lasts.
//
// Neither the token nor the names of sessions are kept, only their hashes: looking one up then
// tells nothing by the time that it takes. A token has at least 16 characters, which nobody guesses
// at ten tries a minute; the limit is by address, or by a network of IPv6 (whoever has one address
// of it has 2^64), so that a stranger's tries do not lock out who has the token, unless both come
// through one proxy.
// Threads: all members may be called from any thread at once.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_DASHBOARD_SESSION_HPP
#define AIAUDIT_GATEWAY_DASHBOARD_SESSION_HPP

#include <aiaudit/core/digest.hpp>     // to_hex
#include <aiaudit/core/timestamp.hpp>  // steady_time
#include <aiaudit/detail/sha256.hpp>   // sha256

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
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
    // Where there were too many wrong ones lately: when to try again. This one was not looked at.
    std::uint64_t retry_after_s = 0;
};

enum class token_use : std::uint8_t {
    log_in,  // a wrong one counts against its network
    look,    // it does not, because the same one comes again to log in
};

namespace detail {

// What tries are counted by: an address, of IPv6 its first 64 bits.
[[nodiscard]] inline std::string network_of(std::string_view address) {
    std::string text(address.substr(0, address.find('%')));
    std::array<char, 16> bytes{};
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
    constexpr std::string_view of_ipv4{"\0\0\0\0\0\0\0\0\0\0\xFF\xFF", 12};
    if (std::string_view(bytes.data(), 12) == of_ipv4) return text;
    return to_hex(std::string_view(bytes.data(), 8));
}

}  // namespace detail

class dashboard_sessions {
public:
    static constexpr std::chrono::hours lasts{12};
    static constexpr std::size_t sessions_most = 256;
    static constexpr std::size_t failures_most = 10;  // of an address, in a minute
    static constexpr std::chrono::seconds failures_within{60};
    static constexpr std::size_t addresses_most = 1'024;
    static constexpr std::size_t token_least = 16;
    static constexpr std::size_t token_most = 512;

    // Errors: bad_argument for a token that is too short, or could not stand in a header.
    [[nodiscard]] static result<void> check_token(std::string_view token) {
        bool const plain =
            std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
        if (token.size() >= token_least && token.size() <= token_most && plain) return {};
        return fail(errc::bad_argument,
                    "the dashboard's token is 16 to 512 printable characters without spaces");
    }

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

inline token_answer dashboard_sessions::try_token(std::string_view given, std::string_view address,
                                                  steady_time now, token_use use) {
    hash const hashed = detail::sha256(given);
    std::string const network = detail::network_of(address);
    std::lock_guard const lock(mutex_);
    auto const failed = failures_.find(network);
    if (failed != failures_.end() && failed->second.size() == failures_most) {
        auto const again = failed->second.front() + failures_within;
        auto const wait = std::chrono::ceil<std::chrono::seconds>(again - now);
        if (again > now) return {false, static_cast<std::uint64_t>(wait.count())};
    }
    if (CRYPTO_memcmp(hashed.data(), token_.data(), token_.size()) == 0) return {true, 0};
    if (use == token_use::log_in) note_failure(network, now);
    return {};
}

inline void dashboard_sessions::note_failure(std::string const& network, steady_time now) {
    if (!failures_.contains(network) && failures_.size() == addresses_most) {
        // The one that has been quiet for longest.
        auto const quiet = std::min_element(
            failures_.begin(), failures_.end(),
            [](auto const& a, auto const& b) { return a.second.back() < b.second.back(); });
        failures_.erase(quiet);
    }
    failure_times& last = failures_[network];
    last.push_back(now);
    if (last.size() > failures_most) last.pop_front();
}

inline result<std::string> dashboard_sessions::begin(steady_time now) {
    std::array<unsigned char, 32> bits{};
    if (RAND_bytes(bits.data(), static_cast<int>(bits.size())) != 1)
        return fail(errc::closed, "there are no random bytes for a session");
    std::string name = detail::to_hex(bits);
    std::lock_guard const lock(mutex_);
    std::erase_if(ends_, [now](auto const& each) { return each.second <= now; });
    if (ends_.size() == sessions_most) {
        ends_.erase(std::min_element(ends_.begin(), ends_.end(), [](auto const& a, auto const& b) {
            return a.second < b.second;
        }));
    }
    ends_.insert_or_assign(detail::sha256(name), now + lasts);
    return name;
}

inline bool dashboard_sessions::holds(std::string_view name, steady_time now) {
    hash const hashed = detail::sha256(name);
    std::lock_guard const lock(mutex_);
    auto const found = ends_.find(hashed);
    return found != ends_.end() && found->second > now;
}

inline void dashboard_sessions::end(std::string_view name) {
    hash const hashed = detail::sha256(name);
    std::lock_guard const lock(mutex_);
    ends_.erase(hashed);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_DASHBOARD_SESSION_HPP
