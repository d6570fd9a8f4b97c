// SPDX-License-Identifier: MIT
//
// replay_transport.ipp: the definitions of replay_transport.hpp.
#ifndef AIAUDIT_IMPL_TRANSPORT_REPLAY_TRANSPORT_IPP
#define AIAUDIT_IMPL_TRANSPORT_REPLAY_TRANSPORT_IPP

#include <aiaudit/config.hpp>                 // AIAUDIT_INLINE
#include <aiaudit/providers/json_fields.hpp>  // parse_json
#include <aiaudit/transport/replay_transport.hpp>

#include <boost/json.hpp>

#include <mutex>

#include <chrono>

namespace aiaudit {
inline namespace v0_1_0 {

struct replay_transport::recorded {
    aiaudit::exchange answer{};
    std::optional<boost::json::value> request{};  // a text that is no JSON is kept as a string
    bool used = false;
};

struct replay_transport::shared {
    replay_options options{};
    std::vector<recorded> exchanges{};
    mutable std::mutex mutex{};
    std::vector<http_request> requests{};
};

namespace detail {

// A text that is no JSON is compared as a string.
AIAUDIT_INLINE boost::json::value comparable_body(std::string_view body) {
    auto parsed = parse_json(body, "request");
    if (parsed) return std::move(*parsed);
    return boost::json::string(body.data(), body.size());
}

}  // namespace detail

AIAUDIT_INLINE replay_transport::replay_transport()
    : replay_transport(std::vector<aiaudit::exchange>{}) {}
AIAUDIT_INLINE replay_transport::replay_transport(replay_transport&&) noexcept = default;
AIAUDIT_INLINE replay_transport& replay_transport::operator=(replay_transport&&) noexcept = default;
AIAUDIT_INLINE replay_transport::~replay_transport() = default;

AIAUDIT_INLINE std::size_t replay_transport::piece_bytes() const noexcept {
    auto const most = shared_->options.piece_bytes;
    return most == 0 ? std::string_view::npos : most;
}

AIAUDIT_INLINE std::vector<http_request> replay_transport::requests() const {
    std::lock_guard const lock(shared_->mutex);
    return shared_->requests;
}

AIAUDIT_INLINE replay_transport::replay_transport(std::vector<aiaudit::exchange> exchanges,
                                                  replay_options options)
    : shared_(std::make_unique<shared>()) {
    shared_->options = options;
    for (auto& each : exchanges) {
        recorded made;
        if (!each.request.empty()) made.request = detail::comparable_body(each.request);
        made.answer = std::move(each);
        shared_->exchanges.push_back(std::move(made));
    }
}

AIAUDIT_INLINE std::optional<error> replay_transport::ended(transfer_limits const& limits,
                                                            std::stop_token const& stop) {
    if (stop.stop_requested()) return fail(errc::cancelled, "stopped by the caller");
    if (limits.deadline && std::chrono::steady_clock::now() >= *limits.deadline)
        return fail(errc::timed_out, "total: the deadline has passed");
    return std::nullopt;
}

AIAUDIT_INLINE http_response_head replay_transport::head_of(aiaudit::exchange const& from) {
    http_response_head head{from.status, from.headers};
    if (!from.content_type.empty() && header_of(head.headers, "Content-Type").empty())
        head.headers.emplace_back("Content-Type", from.content_type);
    return head;
}

AIAUDIT_INLINE aiaudit::exchange const* replay_transport::answer_to(http_request const& request) {
    auto const asked = detail::comparable_body(request.body);
    std::string_view const target = request.target;
    std::string_view const path = target.substr(0, target.find('?'));
    http_request noted = request;
    for (auto& header : noted.headers) header.second.clear();
    std::lock_guard const lock(shared_->mutex);
    shared_->requests.push_back(std::move(noted));
    recorded* found = nullptr;
    for (auto& each : shared_->exchanges) {
        bool const same_path = each.answer.path == path || each.answer.path == target;
        bool const fits = same_path && (!each.request || *each.request == asked);
        if (!fits) continue;
        found = &each;
        if (!each.used) break;
    }
    if (found == nullptr) return nullptr;
    found->used = true;
    return &found->answer;  // constant from the constructor on
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_TRANSPORT_REPLAY_TRANSPORT_IPP
