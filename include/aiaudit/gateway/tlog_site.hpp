// SPDX-License-Identifier: MIT
//
// tlog_site.hpp: the log for those who audit it, as c2sp.org/tlog-tiles has it: the signed
// checkpoint and the tree's hashes for whoever reaches the address, the records for who has the
// token.
//
//     GET /tlog/checkpoint               the last one that was signed, with its cosignatures
//     GET /tlog/tile/0/x001/234          256 hashes
//     GET /tlog/tile/0/x001/234.p/17     the first 17
//     GET /tlog/tile/entries/x001/234    256 records; 403 without the token, 410 once dropped
//
// Threads: all members may be called from any thread at once.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_TLOG_SITE_HPP
#define AIAUDIT_GATEWAY_TLOG_SITE_HPP

#include <aiaudit/gateway/dashboard_session.hpp>  // dashboard_sessions
#include <aiaudit/gateway/gateway_site.hpp>       // gateway_site
#include <aiaudit/gateway/tlog_publisher.hpp>     // tlog_publisher, tlog_options

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

class tlog_site {
public:
    // It keeps the log open, signs in a thread of its own, and refuses a ledger that does not
    // continue what was signed before. Errors: those of tlog_publisher::open; bad_argument for a
    // token that is too short; no_thread.
    template <class Ledger>
    [[nodiscard]] static result<tlog_site> open(Ledger& of, note_signing_key key,
                                                tlog_options options) {
        return open(detail::tlog_log_of(of), std::move(key), std::move(options));
    }
    [[nodiscard]] static result<tlog_site> open(detail::tlog_log log, note_signing_key key,
                                                tlog_options options);

    [[nodiscard]] gateway_response answer(gateway_request const& to) const;
    // For basic_gateway::add_site(); it shares what this has.
    [[nodiscard]] gateway_site site() const;
    // What hinders it now, in one line; empty: nothing.
    [[nodiscard]] std::string trouble() const { return state_->publisher->trouble(); }

private:
    struct state {
        detail::tlog_log log;
        std::string prefix;
        std::unique_ptr<dashboard_sessions> token;  // null: nobody gets records
        std::unique_ptr<detail::tlog_publisher> publisher;
    };
    explicit tlog_site(std::shared_ptr<state> opened) : state_(std::move(opened)) {}

    [[nodiscard]] gateway_response tile(tile_place place) const;
    [[nodiscard]] gateway_response entries(tile_place place, gateway_request const& to) const;
    // Nothing where the token is right.
    [[nodiscard]] std::optional<gateway_response> refuse(gateway_request const& to) const;

    std::shared_ptr<state> state_;
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/tlog_site.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_TLOG_SITE_HPP
