// SPDX-License-Identifier: MIT
//
// ceiling_store.hpp: what the nodes of a fleet and the store of their ceilings say to each other.
//
// One limit over any number of ledgers. For each budget and window the store keeps a ceiling for
// each node, up to which that node may go by itself; the sum of the ceilings is at most the limit.
// All numbers are absolute and each message has a number of its own, so that any of them may be
// lost, come late or come twice. No clock decides: a ceiling ends when its node lowers it.
// Threads: plain values; a store is for one thread at a time.
// Floor 8.
#ifndef AIAUDIT_FLEET_CEILING_STORE_HPP
#define AIAUDIT_FLEET_CEILING_STORE_HPP

#include <aiaudit/budget/budget.hpp>  // budget, fleet_node
#include <aiaudit/error.hpp>          // result

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// What one node says of a budget in a window. Amounts are in the budget's unit.
struct ceiling_request {
    std::string budget{};
    std::int64_t window = 0;
    timestamp begins{};
    timestamp ends{};
    // The most that it may come to there, whatever it is told from now on: its ceiling, or what is
    // used, if that is more. What it holds is the truth about it.
    int128 claim = 0;
    int128 given = 0;  // of its ceiling, what it has from a store
    int128 used = 0;   // spent, for who reads it
    int128 want = 0;   // which ceiling it would like; less than `claim` is as much
};

struct sync_request {
    fleet_node node{};
    std::uint64_t number = 0;    // of the message: incarnation * 2^32 and a counter
    std::uint64_t seen = 0;      // the highest version of the store that it knows
    std::uint64_t recovery = 0;  // the last that the store has told it
    // All windows in which it has a ceiling, by budget and window.
    std::vector<ceiling_request> parts{};
};

// In which the number of a message has its counter.
inline constexpr unsigned sync_counter_bits = 32;

struct ceiling_reply {
    std::string budget{};
    std::int64_t window = 0;
    bool known = false;  // the store has such a budget; else the rest says nothing
    int128 ceiling = 0;  // from now on, once it is on disk at the node
    int128 limit = 0;    // the fleet's
    int128 sum = 0;      // of all ceilings
};

enum class sync_state : std::uint8_t {
    taken,
    stale,       // a later message of the node has come: nothing was changed
    other_node,  // another ledger has this name: nothing was changed
};

struct sync_reply {
    sync_state state = sync_state::taken;
    // The store may have lost what it once said: it grants nothing until it has heard all nodes.
    bool recovering = false;
    std::uint64_t recovery = 0;  // which; whose message says the same number has been heard
    std::uint64_t version = 0;   // grows with each message
    timestamp now{};             // by the store's clock
    std::uint32_t nodes = 1;     // that share the limits
    std::vector<ceiling_reply> parts{};
};

// A budget as the store has it.
struct stored_budget {
    aiaudit::budget budget{};
    std::uint64_t revision = 0;
    bool removed = false;
};

// What one node has in a window.
struct stored_ceiling {
    std::string budget{};
    std::int64_t window = 0;
    timestamp begins{};
    timestamp ends{};
    std::string node{};
    int128 ceiling = 0;
    int128 used = 0;
    timestamp seen{};          // when it last wrote, by the store's clock
    bool written_off = false;  // its node was given up
};

// What becomes of a node that will not come back.
struct node_write_off {
    std::string node{};
    std::string by{};                     // who says so, 1 to 128 bytes on one line
    std::string why{};                    // and why, 1 to 1,024
    std::vector<stored_ceiling> known{};  // from its ledger: what it has used, exactly
};

class ceiling_store {
public:
    ceiling_store() = default;
    ceiling_store(ceiling_store const&) = delete;
    ceiling_store& operator=(ceiling_store const&) = delete;
    virtual ~ceiling_store() = default;

    // All parts are taken, or none. Errors: those of reaching the store; then nobody knows whether
    // the message was taken.
    [[nodiscard]] virtual result<sync_reply> sync(sync_request const& request) = 0;
    // By name, removed ones too.
    [[nodiscard]] virtual result<std::vector<stored_budget>> budgets() = 0;
    // New, or in place of one with the same unit, scope and window. Errors: bad_argument.
    [[nodiscard]] virtual result<void> set(budget const& wanted) = 0;
    // Its name stays taken. Errors: not_found.
    [[nodiscard]] virtual result<void> remove(std::string_view name) = 0;
    // By budget, window and node: of windows that are not long over.
    [[nodiscard]] virtual result<std::vector<stored_ceiling>> ceilings() = 0;
    // A node's ceilings become what it has used, where that is known; else they count as used, all
    // of them. Its name is free again for the same ledger. Errors: not_found; bad_argument.
    [[nodiscard]] virtual result<void> write_off(node_write_off const& of) = 0;
};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_FLEET_CEILING_STORE_HPP
