// SPDX-License-Identifier: MIT
//
// stream_listener.hpp: the callbacks that are given a stream while it comes.
//
// Threads: the callbacks run in the caller's thread.
// Floor 7.
#ifndef AIAUDIT_CLIENT_STREAM_LISTENER_HPP
#define AIAUDIT_CLIENT_STREAM_LISTENER_HPP

#include <aiaudit/providers/answer.hpp>  // answer_delta

#include <functional>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What the caller of a stream hears. False ends the stream. Each may be empty.
struct stream_listener {
    std::function<bool(answer_delta const&)> on_delta{};
    std::function<bool(std::string_view)> on_event{};  // JSON text of one event

    [[nodiscard]] bool hears() const noexcept { return on_delta || on_event; }
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CLIENT_STREAM_LISTENER_HPP
