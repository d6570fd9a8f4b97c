// SPDX-License-Identifier: MIT
//
// circuit_breaker.hpp: stops calls to a provider that is down, and finds out when it is up again.
//
// closed: calls pass and are counted. open: none passes for a while. half_open: one passes, the
// probe, and its result closes or opens. A result counts only for the state in which its call was
// admitted: what was on its way when the circuit opened says nothing about what came after.
// Threads: circuit_breaker is a plain value, of constant size; breaker_board is for any thread.
// Floor 4.
#ifndef AIAUDIT_RESILIENCE_CIRCUIT_BREAKER_HPP
#define AIAUDIT_RESILIENCE_CIRCUIT_BREAKER_HPP

#include <aiaudit/resilience/retry.hpp>  // error_class, steady_time

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

enum class breaker_state : std::uint8_t { closed, open, half_open };

[[nodiscard]] constexpr std::string_view name_of(breaker_state state) noexcept {
    switch (state) {
    case breaker_state::closed: return "closed";
    case breaker_state::open: return "open";
    case breaker_state::half_open: return "half_open";
    }
    return "unknown";
}

enum class breaker_outcome : std::uint8_t {
    success,
    failure,
    ignored,  // says nothing about the provider's health
};

// A provider that refuses a request is well; one that is slowed by its own limits may be, so it is
// not counted unless `count_rate_limits`.
[[nodiscard]] constexpr breaker_outcome outcome_of(error_class of,
                                                   bool count_rate_limits = false) noexcept {
    switch (of) {
    case error_class::none:
    case error_class::conflict:
    case error_class::client: return breaker_outcome::success;
    case error_class::connection:
    case error_class::timeout:
    case error_class::server:
    case error_class::request_timeout: return breaker_outcome::failure;
    case error_class::rate_limit:
        return count_rate_limits ? breaker_outcome::failure : breaker_outcome::ignored;
    default: return breaker_outcome::ignored;
    }
}

struct breaker_options {
    bool enabled = true;
    std::chrono::milliseconds window{60'000};  // how far back calls are counted
    std::uint32_t failure_percent = 50;        // of the window's calls: opens at or above
    std::uint32_t calls_min = 10;              // fewer in the window never open
    std::chrono::milliseconds open_for{30'000};
    // How far a failure's Retry-After may lengthen that.
    std::chrono::milliseconds open_max{300'000};
    // A probe without a result for so long is taken for lost, and another is let through.
    std::chrono::milliseconds probe_lease{60'000};
};

struct breaker_change {
    breaker_state from{};
    breaker_state to{};
    std::uint32_t failures = 0;  // in the window that opened it; zero for other changes
    std::uint32_t calls = 0;
    steady_time until{};  // of `open`: nothing passes before

    friend bool operator==(breaker_change const&, breaker_change const&) noexcept = default;
};

// What a call that was let through hands back with its result.
struct breaker_ticket {
    std::uint64_t generation = 0;  // 0: not counted
    std::uint64_t probe = 0;       // 0: no probe
};

struct breaker_admission {
    bool allowed = true;
    // Where it is not: after this long it is worth asking again. While a probe is out that is the
    // longest that it can take.
    std::chrono::nanoseconds wait{0};
    breaker_ticket ticket{};
    std::optional<breaker_change> change{};

    [[nodiscard]] bool is_probe() const noexcept { return ticket.probe != 0; }
};

class circuit_breaker {
public:
    struct counts {
        std::uint32_t failures = 0;
        std::uint32_t calls = 0;
    };

    // `first_generation`, not 0: tickets of another breaker with other numbers mean nothing here.
    explicit circuit_breaker(breaker_options const& options = {},
                             std::uint64_t first_generation = 1) noexcept
        : options_(bounded(options)), generation_(first_generation) {}

    // Whether a call may be made. One that may must be followed by settle() with its ticket.
    [[nodiscard]] breaker_admission admit(steady_time now) noexcept;

    // How a call that was let through ended. `retry_after`: what a failure's response asked for.
    std::optional<breaker_change> settle(
        steady_time now, breaker_ticket ticket, breaker_outcome outcome,
        std::optional<std::chrono::milliseconds> retry_after = {}) noexcept;

    [[nodiscard]] breaker_state state() const noexcept { return state_; }
    // Of the last opening.
    [[nodiscard]] steady_time until() const noexcept { return until_; }
    [[nodiscard]] counts counted_at(steady_time now) const noexcept {
        return counted((std::max)(slot_number(now), newest_));
    }

private:
    // The window moves on by a slot at a time.
    static constexpr std::int64_t slots = 10;

    struct slot {
        std::int64_t number = 0;
        counts seen{};
    };

    // Keeps additions of these to a time from overflowing, and the width of a slot from zero.
    [[nodiscard]] static breaker_options bounded(breaker_options options) noexcept;
    [[nodiscard]] std::chrono::milliseconds within_open_max(
        std::chrono::milliseconds asked) const noexcept {
        return std::clamp(asked, std::chrono::milliseconds{0}, options_.open_max);
    }
    [[nodiscard]] std::int64_t slot_number(steady_time at) const noexcept {
        return at.time_since_epoch() / (std::chrono::nanoseconds{options_.window} / slots);
    }
    [[nodiscard]] static std::size_t place_of(std::int64_t number) noexcept {
        return static_cast<std::size_t>(static_cast<std::uint64_t>(number) % slots);
    }
    void count(steady_time now, bool failed) noexcept;
    [[nodiscard]] counts counted(std::int64_t newest) const noexcept;
    [[nodiscard]] std::optional<breaker_change> settle_probe(
        steady_time now, breaker_ticket ticket, breaker_outcome outcome,
        std::optional<std::chrono::milliseconds> retry_after) noexcept;
    [[nodiscard]] breaker_change open(steady_time now,
                                      std::optional<std::chrono::milliseconds> retry_after,
                                      counts seen) noexcept;
    breaker_change change_to(breaker_state to) noexcept;

    breaker_options options_;  // constant
    std::uint64_t generation_;
    std::uint64_t probe_ = 0;  // the number of the last one
    std::array<slot, slots> slots_{};
    std::int64_t newest_ = 0;
    steady_time until_{};
    steady_time lease_end_{};
    breaker_state state_ = breaker_state::closed;
    bool probe_out_ = false;
};

// What a board shows of one breaker.
struct breaker_report {
    std::string provider{};
    std::string model{};
    breaker_state state{};
    circuit_breaker::counts counted{};
    steady_time until{};  // of the last opening
};

// A breaker for each provider and model. At most `breakers_max`, so that names which a stranger
// chooses cannot fill the memory: the one that was not asked for longest goes, unless it is open.
// What is over that, or has a longer name than `name_bytes_max`, is let through and not counted.
class breaker_board {
public:
    static constexpr std::size_t breakers_max = 1024;   // models that one program calls: some tens
    static constexpr std::size_t name_bytes_max = 256;  // longer than any name of a model

    explicit breaker_board(breaker_options const& options = {},
                           std::size_t most = breakers_max) noexcept
        : options_(options), most_(most) {}

    [[nodiscard]] breaker_admission admit(std::string_view provider, std::string_view model,
                                          steady_time now);
    std::optional<breaker_change> settle(std::string_view provider, std::string_view model,
                                         steady_time now, breaker_ticket ticket,
                                         breaker_outcome outcome,
                                         std::optional<std::chrono::milliseconds> retry_after = {});
    // The most recently asked first.
    [[nodiscard]] std::vector<breaker_report> report(steady_time now) const;

private:
    struct names {
        std::string_view provider;
        std::string_view model;
        friend bool operator==(names const&, names const&) noexcept = default;
    };
    struct names_hash {
        std::size_t operator()(names const& of) const noexcept {
            std::hash<std::string_view> const hash;
            return hash(of.provider) * 31 + hash(of.model);
        }
    };
    struct entry {
        std::string provider;
        std::string model;
        circuit_breaker breaker;
    };

    // All under mutex_.
    [[nodiscard]] circuit_breaker* find_or_add(names of, steady_time now);
    [[nodiscard]] bool make_room(steady_time now);

    // An open breaker that nobody has asked for since it could let a probe through.
    static constexpr std::chrono::minutes forgotten_after{10};

    breaker_options const options_;
    std::size_t const most_;

    mutable std::mutex mutex_{};
    // Under mutex_.
    std::list<entry> breakers_{};  // the most recently asked first
    std::unordered_map<names, std::list<entry>::iterator, names_hash> by_name_{};
    std::uint64_t generation_ = 1;
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/resilience/circuit_breaker.ipp>
#endif

#endif  // AIAUDIT_RESILIENCE_CIRCUIT_BREAKER_HPP
