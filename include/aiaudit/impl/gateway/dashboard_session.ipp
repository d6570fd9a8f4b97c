// SPDX-License-Identifier: MIT
//
// dashboard_session.ipp: the definitions of dashboard_session.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_DASHBOARD_SESSION_IPP
#define AIAUDIT_IMPL_GATEWAY_DASHBOARD_SESSION_IPP

#include <aiaudit/config.hpp>       // AIAUDIT_INLINE
#include <aiaudit/core/digest.hpp>  // to_hex
#include <aiaudit/gateway/dashboard_session.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What tries are counted by: an address, of IPv6 its first 64 bits.
AIAUDIT_INLINE std::string network_of(std::string_view address) {
    std::string text(address.substr(0, address.find('%')));
    std::array<char, 16> bytes{};
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
    constexpr std::string_view of_ipv4{"\0\0\0\0\0\0\0\0\0\0\xFF\xFF", 12};
    if (std::string_view(bytes.data(), 12) == of_ipv4) return text;
    return to_hex(std::string_view(bytes.data(), 8));
}

}  // namespace detail

AIAUDIT_INLINE result<void> dashboard_sessions::check_token(std::string_view token) {
    bool const plain =
        std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
    if (token.size() >= token_least && token.size() <= token_most && plain) return {};
    return fail(errc::bad_argument,
                "the dashboard's token is 16 to 512 printable characters without spaces");
}

AIAUDIT_INLINE token_answer dashboard_sessions::try_token(std::string_view given,
                                                          std::string_view address, steady_time now,
                                                          token_use use) {
    hash const hashed = detail::sha256(given);
    if (CRYPTO_memcmp(hashed.data(), token_.data(), token_.size()) == 0) return {true, 0};
    std::string const network = detail::network_of(address);
    std::lock_guard const lock(mutex_);
    auto const failed = failures_.find(network);
    if (failed != failures_.end() && failed->second.size() == failures_most) {
        auto const again = failed->second.front() + failures_within;
        auto const wait = std::chrono::ceil<std::chrono::seconds>(again - now);
        if (again > now) return {false, static_cast<std::uint64_t>(wait.count())};
    }
    if (use == token_use::log_in) note_failure(network, now);
    return {};
}

AIAUDIT_INLINE void dashboard_sessions::note_failure(std::string const& network, steady_time now) {
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

AIAUDIT_INLINE result<std::string> dashboard_sessions::begin(steady_time now) {
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

AIAUDIT_INLINE bool dashboard_sessions::holds(std::string_view name, steady_time now) {
    hash const hashed = detail::sha256(name);
    std::lock_guard const lock(mutex_);
    auto const found = ends_.find(hashed);
    return found != ends_.end() && found->second > now;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_DASHBOARD_SESSION_IPP
