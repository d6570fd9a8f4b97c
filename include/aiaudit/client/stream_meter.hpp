// SPDX-License-Identifier: MIT
//
// stream_meter.hpp: how much output a stream can have had by now, by what came of it and by how
// long nothing came.
//
// A model thinks unseen, and what it writes is under way for a moment: what came is less than what
// is billed. Time bounds the rest.
// Threads: one.
// Floor 7.
#ifndef AIAUDIT_CLIENT_STREAM_METER_HPP
#define AIAUDIT_CLIENT_STREAM_METER_HPP

#include <aiaudit/client/response_follower.hpp>  // seen_output
#include <aiaudit/clock/timer.hpp>               // steady_time

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// The most that a model writes, or thinks, in a second.
inline constexpr std::uint64_t written_tokens_a_second = 250;
// What is under way when a stream is left: what comes in half a second at its pace, no more than
// came in all, and from so many tokens to so many.
inline constexpr std::uint64_t way_tokens_least = 32;
inline constexpr std::uint64_t way_tokens_most = 512;

class stream_meter {
public:
    // `begun`: when the request is sent; `thinks`: the model may, and not show it.
    stream_meter(steady_time begun, bool thinks) : last_(begun), now_(begun), thinks_(thinks) {}

    // After each piece, or when none came. Summaries of thoughts end no silence.
    void note(steady_time now, response_follower const& follower) {
        now_ = (std::max)(now_, now);
        bool const told = !told_ && follower.input_told();
        seen_output const& seen = follower.seen();
        bool const came = seen.whole_pieces != seen_.whole_pieces;
        if (seen.pieces != 0 && seen_.pieces == 0) first_ = now_;
        seen_ = seen;
        if (!told && !came) return;
        // Who tells the input first begins to write then.
        if (!told) {
            quiet_ += beyond(silence(), quiet_allowed);
            pauses_ += silence() > pause_least ? silence() : std::chrono::nanoseconds{0};
        }
        told_ = told_ || told;
        last_ = now_;
    }
    // Since the last note() nothing was read, whatever came: who it is for took his time.
    void note_unread(steady_time now) {
        now = (std::max)(now_, now);
        unread_ += now - now_;
        last_ = now_ = now;
    }
    [[nodiscard]] steady_time now() const noexcept { return now_; }
    [[nodiscard]] bool thinks() const noexcept { return thinks_; }

    // What a stream that is left now is charged for: what came, counted high, what was thought in
    // silence, what was not read, and what is under way.
    [[nodiscard]] std::uint64_t charged() const noexcept {
        auto const thought = thinks_ ? quiet_ + beyond(silence(), quiet_allowed) : span{0};
        return seen_.tokens + tokens_in(thought + unread_) + under_way();
    }
    // The most that it has had up to the last piece: a token a byte, and all pauses.
    [[nodiscard]] std::uint64_t bound() const noexcept {
        auto const thought = thinks_ ? pauses_ + beyond(silence(), pause_least) : span{0};
        return seen_.bytes + tokens_in(thought + unread_);
    }

private:
    using span = std::chrono::nanoseconds;
    static constexpr span quiet_allowed = std::chrono::seconds{1};
    static constexpr span pause_least = std::chrono::milliseconds{250};
    static constexpr span way_time = std::chrono::milliseconds{500};

    [[nodiscard]] span silence() const noexcept { return now_ - last_; }
    [[nodiscard]] static span beyond(span time, span allowed) noexcept {
        return time > allowed ? time - allowed : span{0};
    }
    [[nodiscard]] static std::uint64_t tokens_in(span time) noexcept {
        auto const ms = std::chrono::ceil<std::chrono::milliseconds>(time).count();
        return static_cast<std::uint64_t>(ms) * written_tokens_a_second / 1000;
    }
    [[nodiscard]] std::uint64_t under_way() const noexcept {
        auto const passed = std::chrono::duration<double>((std::max)(now_ - first_, way_time));
        auto const at_pace = static_cast<std::uint64_t>(
            static_cast<double>(seen_.tokens) * (std::chrono::duration<double>(way_time) / passed));
        return std::clamp(at_pace, way_tokens_least, way_tokens_most);
    }

    steady_time last_;     // when something was heard
    steady_time now_;      // when note() was called
    steady_time first_{};  // when the first piece came
    span quiet_{};         // of silences, what is beyond those that are allowed
    span pauses_{};        // all silences but the shortest
    span unread_{};        // of all note_unread()
    seen_output seen_{};
    bool told_ = false;
    bool const thinks_;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CLIENT_STREAM_METER_HPP
