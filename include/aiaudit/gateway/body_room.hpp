// SPDX-License-Identifier: MIT
//
// body_room.hpp: how much memory the bodies of all requests take at one time, within a bound.
//
// Threads: any; a share belongs to one at a time.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_BODY_ROOM_HPP
#define AIAUDIT_GATEWAY_BODY_ROOM_HPP

#include <aiaudit/config.hpp>

#include <atomic>
#include <cstddef>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class body_room {
public:
    explicit body_room(std::size_t bytes_most) noexcept : most_(bytes_most) {}

    [[nodiscard]] std::size_t held() const noexcept {
        return held_.load(std::memory_order_relaxed);
    }

    // What one connection holds; given back when it ends.
    class share {
    public:
        explicit share(body_room& of) noexcept : of_(of) {}
        ~share() { give_back(); }
        share(share const&) = delete;
        share& operator=(share const&) = delete;

        // Holds that many bytes in place of those before. False: there is no room for more, and
        // nothing has changed.
        [[nodiscard]] bool hold(std::size_t bytes) noexcept {
            if (bytes > bytes_ && !of_.take(bytes - bytes_)) return false;
            if (bytes < bytes_) of_.held_.fetch_sub(bytes_ - bytes, std::memory_order_relaxed);
            bytes_ = bytes;
            return true;
        }
        void give_back() noexcept { static_cast<void>(hold(0)); }

    private:
        body_room& of_;
        std::size_t bytes_ = 0;
    };

private:
    [[nodiscard]] bool take(std::size_t bytes) noexcept {
        auto held = held_.load(std::memory_order_relaxed);
        do {
            if (bytes > most_ || held > most_ - bytes) return false;
        } while (!held_.compare_exchange_weak(held, held + bytes, std::memory_order_relaxed));
        return true;
    }

    std::atomic<std::size_t> held_{0};
    std::size_t const most_;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_BODY_ROOM_HPP
