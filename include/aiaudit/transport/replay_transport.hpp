// SPDX-License-Identifier: MIT
//
// replay_transport.hpp: answers requests from recorded exchanges, without a network.
//
// An exchange answers a request of the same path, whatever its query unless it was recorded with
// one; one that was recorded with a request body only
// the same JSON (the order of members does not matter). Of several that fit the next in their
// order answers, and after the last the last again.
//
// Threads: all members may be called from any thread at once.
// Floor 5.
#ifndef AIAUDIT_TRANSPORT_REPLAY_TRANSPORT_HPP
#define AIAUDIT_TRANSPORT_REPLAY_TRANSPORT_HPP

#include <aiaudit/core/http.hpp>            // http_request
#include <aiaudit/error.hpp>                // result
#include <aiaudit/providers/exchange.hpp>   // exchange
#include <aiaudit/transport/transport.hpp>  // transport_policy

#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

struct replay_options {
    std::size_t piece_bytes = 0;  // how much on_body gets at most; 0: the whole body at once
};

class replay_transport {
public:
    replay_transport();
    explicit replay_transport(std::vector<aiaudit::exchange> exchanges,
                              replay_options options = {});

    replay_transport(replay_transport&&) noexcept;
    replay_transport& operator=(replay_transport&&) noexcept;
    ~replay_transport();

    // As transport_policy promises; not_found too, where no exchange fits. A recorded status of 0
    // is connection_lost: that call got no answer. A response takes no time, so of the limits only
    // the deadline and the size can be passed.
    template <class OnHead, class OnBody>
    [[nodiscard]] result<void> exchange(http_request const& request, transfer_limits const& limits,
                                        std::stop_token const& stop, OnHead&& on_head,
                                        OnBody&& on_body) {
        if (auto const checked = check_request(request); !checked) return checked;
        if (auto why = ended(limits, stop)) return unsent(std::move(*why));
        auto const* found = answer_to(request);
        if (found == nullptr) return unsent(fail(errc::not_found, "no recorded exchange fits"));
        if (found->status == 0)
            return fail(errc::connection_lost, "it ended without a response, as recorded");
        if (found->response.size() > limits.response_bytes_max)
            return fail(errc::too_large, "the response has more than " +
                                             std::to_string(limits.response_bytes_max) + " bytes");
        if (!on_head(head_of(*found)))
            return fail(errc::cancelled, "the caller wanted no more than the head");
        std::string_view rest = found->response;
        while (!rest.empty()) {
            if (auto why = ended(limits, stop)) return *why;
            auto const piece = rest.substr(0, piece_bytes());
            if (!on_body(piece))
                return fail(errc::cancelled, "the caller wanted no more of the body");
            rest.remove_prefix(piece.size());
        }
        return {};
    }

    // What was asked, in order, whether it was answered or not. The values of headers are left out:
    // one may be a key.
    [[nodiscard]] std::vector<http_request> requests() const;

private:
    struct recorded;
    struct shared;

    // How much on_body gets at most.
    [[nodiscard]] std::size_t piece_bytes() const noexcept;
    [[nodiscard]] static std::optional<error> ended(transfer_limits const& limits,
                                                    std::stop_token const& stop);
    [[nodiscard]] static http_response_head head_of(aiaudit::exchange const& from);
    [[nodiscard]] aiaudit::exchange const* answer_to(http_request const& request);

    std::unique_ptr<shared> shared_;
};
static_assert(transport_policy<replay_transport>);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/transport/replay_transport.ipp>
#endif

#endif  // AIAUDIT_TRANSPORT_REPLAY_TRANSPORT_HPP
