// SPDX-License-Identifier: MIT
//
// fleet_agent.hpp: keeps a ledger's ceilings in step with its fleet's store, in a thread of its
// own. No call waits for it: the gate has what the log has.
//
// Threads: all members may be called from any thread at once.
// Processes: one agent a ledger; a forked child's copy has no thread.
// Floor 8.
#ifndef AIAUDIT_FLEET_FLEET_AGENT_HPP
#define AIAUDIT_FLEET_FLEET_AGENT_HPP

#include <aiaudit/basic_ledger.hpp>         // ledger
#include <aiaudit/fleet/ceiling_store.hpp>  // ceiling_store
#include <aiaudit/fleet/node_plan.hpp>      // node_plan_options

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

struct fleet_agent_options {
    std::string node{};  // 1 to 64 of A-Z a-z 0-9 . _ -; one a ledger, for its life
    node_plan_options plan{};
    std::chrono::milliseconds look{25};              // between looks at what is used
    std::chrono::milliseconds retry_first{100};      // after a failure, doubled after each further
    std::chrono::milliseconds retry_most{3'000};     // shorter than the store's quarantine
    std::chrono::milliseconds budgets_every{2'000};  // between looks at which budgets there are
    std::chrono::milliseconds start_most{5'000};     // how long open() waits for a first answer
};

// How a budget of the fleet stands here.
struct fleet_budget_status {
    std::string budget{};
    budget_unit unit = budget_unit::usd;
    int128 limit = 0;                        // the fleet's, as this ledger has it
    std::optional<int128> fleet_ceilings{};  // the sum of all nodes', by the last answer
    std::int64_t window = 0;
    int128 ceiling = 0;
    int128 beyond = 0;
    int128 spent = 0;
    int128 reserved = 0;
};

enum class fleet_health : std::uint8_t {
    starting,    // no answer yet
    connected,   // the last message had an answer
    recovering,  // the store was restarted or restored, and hears all nodes before it gives
    away,        // no answer for a while: budgets go on by their rule
    refused,     // the store does not take this ledger as that node: `trouble` says why
};

[[nodiscard]] constexpr std::string_view name_of(fleet_health of) noexcept {
    switch (of) {
    case fleet_health::starting: return "starting";
    case fleet_health::connected: return "connected";
    case fleet_health::recovering: return "recovering";
    case fleet_health::away: return "away";
    case fleet_health::refused: return "refused";
    }
    return "unknown";
}

struct fleet_status {
    std::string node{};
    fleet_health health = fleet_health::starting;
    bool reachable = false;
    std::optional<std::chrono::milliseconds> since_answer{};
    // How far this machine's clock is ahead of the store's, by the last answer.
    std::optional<std::chrono::milliseconds> clock_ahead{};
    std::uint64_t messages = 0;
    std::uint64_t failures = 0;
    std::string trouble{};  // the last; empty once it is over
    std::vector<fleet_budget_status> budgets{};
};

// As Prometheus reads it.
[[nodiscard]] std::string metrics_text(fleet_status const& of);

template <class Ledger = ledger>
class basic_fleet_agent {
public:
    // Writes down that the ledger is that node, takes the fleet's budgets over, and waits a while
    // for the first ceilings; where the store is away it goes on without. Errors: bad_argument for
    // another name than the ledger has; no_thread; those of the log.
    [[nodiscard]] static result<basic_fleet_agent> open(Ledger& of,
                                                        std::unique_ptr<ceiling_store> store,
                                                        fleet_agent_options options);
    basic_fleet_agent(basic_fleet_agent&&) noexcept;
    basic_fleet_agent& operator=(basic_fleet_agent&&) noexcept;
    // Gives back what is not used, if the store answers.
    ~basic_fleet_agent();

    [[nodiscard]] fleet_status status() const;

private:
    struct state;
    explicit basic_fleet_agent(std::unique_ptr<state> opened) noexcept;
    std::unique_ptr<state> state_;
};

using fleet_agent = basic_fleet_agent<>;

#ifdef AIAUDIT_SEPARATE
extern template class basic_fleet_agent<ledger>;
#endif

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/fleet/fleet_agent.ipp>
#include <aiaudit/impl/fleet/fleet_agent.tpp>
#endif

#endif  // AIAUDIT_FLEET_FLEET_AGENT_HPP
