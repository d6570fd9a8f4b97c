// SPDX-License-Identifier: MIT
//
// ceiling_rows.hpp: the policy of a store of ceilings, as a function of its rows and a message.
//
// It is what every store does: that of memory and that of etcd by these very functions, PostgreSQL
// in SQL, which a test compares with them.
// Threads: plain values.
// Floor 8.
#ifndef AIAUDIT_FLEET_CEILING_ROWS_HPP
#define AIAUDIT_FLEET_CEILING_ROWS_HPP

#include <aiaudit/fleet/ceiling_store.hpp>

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

// How sure a store is of what it has.
enum class store_trust : std::uint8_t {
    whole = 0,
    restarted = 1,  // nothing need be lost: it waits for all nodes, or for a time
    lost = 2,       // it has gone back: it waits for all nodes, and for a time
};

struct window_key {
    std::string budget{};
    std::int64_t window = 0;
    friend auto operator<=>(window_key const&, window_key const&) = default;
};

struct window_row {
    timestamp begins{};
    timestamp ends{};
    int128 sum = 0;  // of the ceilings
};
struct ceiling_row {
    int128 ceiling = 0;
    int128 used = 0;
};
struct node_row {
    operation_id id{};
    std::uint64_t number = 0;    // of its last message
    std::uint64_t recovery = 0;  // the last in which it has said what it holds
    timestamp seen{};
    bool written_off = false;
};

// Rules that a test may leave out, to see that it finds that.
struct ceiling_rules {
    bool heeds_numbers = true;  // of messages
    bool notices_loss = true;   // of what the store once said
    bool waits_for_all = true;  // after a loss, and not for a time alone
};

struct ceiling_rows {
    std::uint64_t version = 0;
    std::string system{};  // which copy of the data this is
    std::string server{};  // which run of the server
    store_trust trust = store_trust::whole;
    std::uint64_t recovery = 0;  // the version at which it was in doubt last
    timestamp doubts_until{};
    std::map<std::string, stored_budget> budgets{};
    std::map<std::string, node_row> nodes{};
    std::map<window_key, window_row> windows{};
    std::map<std::pair<window_key, std::string>, ceiling_row> ceilings{};  // by node
};

// Where and when a message is taken.
struct store_moment {
    timestamp now{};
    std::string system{};
    std::string server{};
    std::int64_t quarantine_ns = 15 * nanoseconds_per_second;
};

[[nodiscard]] sync_reply take_sync(ceiling_rows& rows, sync_request const& request,
                                   store_moment const& at, ceiling_rules const& rules = {});
// As ceiling_store::set(), remove(), ceilings() and write_off().
[[nodiscard]] result<void> set_budget_row(ceiling_rows& rows, budget const& wanted);
[[nodiscard]] result<void> remove_budget_row(ceiling_rows& rows, std::string_view name);
[[nodiscard]] std::vector<stored_ceiling> ceilings_of(ceiling_rows const& rows);
[[nodiscard]] result<void> write_off_node(ceiling_rows& rows, node_write_off const& of);

namespace detail {

// Whether one may take the other's place, and what was counted stays true. Errors: bad_argument.
[[nodiscard]] result<void> check_replaced(budget const& there, budget const& wanted);
[[nodiscard]] result<void> check_write_off(node_write_off const& of);
// Whether anything of a window is given at an instant: from the last tenth of the one before to the
// end of the one behind, since a node's clock may be slow.
[[nodiscard]] bool is_given_at(timestamp begins, timestamp ends, timestamp now) noexcept;

}  // namespace detail

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/fleet/ceiling_rows.ipp>
#endif

#endif  // AIAUDIT_FLEET_CEILING_ROWS_HPP
