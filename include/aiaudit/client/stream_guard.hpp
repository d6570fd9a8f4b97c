// SPDX-License-Identifier: MIT
//
// stream_guard.hpp: watches that a stream costs no more than is held for it, and holds more in time
// where budgets reserve stepwise.
//
// A provider that keeps to its limit never gets there. One that does not, or a place that was held
// by an estimate, does: then more is held, or the stream is cut.
// Threads: one.
// Floor 7.
#ifndef AIAUDIT_CLIENT_STREAM_GUARD_HPP
#define AIAUDIT_CLIENT_STREAM_GUARD_HPP

#include <aiaudit/client/intent.hpp>             // larger_intent
#include <aiaudit/client/options.hpp>            // stream_overrun
#include <aiaudit/client/response_follower.hpp>  // used_so_far
#include <aiaudit/client/stream_meter.hpp>       // stream_meter

#include <cstdint>
#include <optional>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// `admit(record const&)` asks the budgets for a larger intent of the same attempt and gives an
// error where it may not be held.
template <class Admit, pricing_policy Prices>
class stream_guard {
public:
    // `held`: the intent that was admitted; none where no budget holds anything. `meter`: of the
    // stream, where its intent goes in steps; it outlives the guard.
    stream_guard(std::optional<record> held, stream_overrun then, attempt_plan const& plan,
                 Prices const& prices, Admit admit, stream_meter const* meter = nullptr)
        : held_(std::move(held)),
          then_(then),
          plan_(plan),
          prices_(prices),
          admit_(std::move(admit)),
          meter_(meter) {
        if (held_ && held_->cost_status != cost_status::estimated) held_.reset();
    }

    // Whether more is to be held in time, without a piece that came.
    [[nodiscard]] bool has_steps() const {
        return meter_ != nullptr && held_ && step_output(*held_).has_value();
    }
    // Whether more is used than is held, or soon will be, so that operator() would ask for more, or
    // end it.
    [[nodiscard]] bool outruns(response_follower const& follower) const {
        return held_ && (needs_step() || overruns(follower));
    }
    [[nodiscard]] std::optional<error> operator()(response_follower const& follower) {
        if (held_ && needs_step()) {
            if (auto refused = take_step()) return refused;
        }
        if (!held_ || !overruns(follower)) return std::nullopt;
        usage const used = follower.used_so_far();
        if (then_ == stream_overrun::cut)
            return fail(errc::budget_exceeded, "the stream has used up what was held for it");
        auto larger = larger_intent(*held_, used, plan_, prices_);
        if (!larger) return fail(errc::unbounded, "the stream outran its limit");
        if (auto refused = admit_(*larger)) return refused;
        held_ = std::move(larger);
        return std::nullopt;
    }

private:
    [[nodiscard]] bool overruns(response_follower const& follower) const {
        return then_ != stream_overrun::ignore && is_over(follower.used_so_far());
    }
    [[nodiscard]] bool needs_step() const {
        if (meter_ == nullptr) return false;
        auto const held = step_output(*held_);
        return held && meter_->bound() + step_margin_tokens > *held;
    }
    // Twice what is needed, or, where that is refused, no more than that.
    [[nodiscard]] std::optional<error> take_step() {
        std::uint64_t const need = meter_->bound() + step_margin_tokens;
        std::optional<error> refused;
        for (std::uint64_t const wanted : {2 * need, need}) {
            record next = *held_;
            if (!set_step(next, wanted, plan_, prices_))
                return fail(errc::unbounded, "the stream's next step has no price");
            refused = admit_(next);
            if (refused) continue;
            held_ = std::move(next);
            return std::nullopt;
        }
        return refused;
    }
    // Its cost, or its tokens. Input that was not reported counts as what was held for it.
    [[nodiscard]] bool is_over(usage const& used) const {
        auto const& held = held_->usage;
        bool const more = used.count(unit::output_tokens) > held.count(unit::output_tokens) ||
                          used.count(unit::input_tokens) > held.count(unit::input_tokens);
        if (!more) return false;
        record running = *held_;
        running.usage = {};
        running.usage.set(unit::input_tokens, used.has(unit::input_tokens)
                                                  ? used.count(unit::input_tokens)
                                                  : held.count(unit::input_tokens));
        running.usage.set(unit::output_tokens, used.count(unit::output_tokens));
        if (running.usage.total_tokens() > held.total_tokens()) return true;
        return !set_most(running, plan_, prices_) || running.cost > held_->cost;
    }

    std::optional<record> held_;
    stream_overrun const then_;
    attempt_plan const& plan_;
    Prices const& prices_;
    Admit admit_;
    stream_meter const* const meter_;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CLIENT_STREAM_GUARD_HPP
