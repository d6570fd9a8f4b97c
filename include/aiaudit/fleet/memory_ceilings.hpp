// SPDX-License-Identifier: MIT
//
// memory_ceilings.hpp: a store of ceilings in memory, for tests and simulations.
//
// Threads: one at a time.
// Floor 8.
#ifndef AIAUDIT_FLEET_MEMORY_CEILINGS_HPP
#define AIAUDIT_FLEET_MEMORY_CEILINGS_HPP

#include <aiaudit/fleet/ceiling_rows.hpp>  // take_sync

#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

class memory_ceilings final : public ceiling_store {
public:
    // What the next messages meet: the caller's clock, and which copy and run of it this is.
    store_moment moment{{}, "1", "1"};
    ceiling_rules rules{};
    ceiling_rows rows{};
    bool is_away = false;

    [[nodiscard]] result<sync_reply> sync(sync_request const& request) override {
        if (is_away) return away();
        return take_sync(rows, request, moment, rules);
    }
    [[nodiscard]] result<std::vector<stored_budget>> budgets() override {
        if (is_away) return away();
        std::vector<stored_budget> all;
        for (auto const& each : rows.budgets) all.push_back(each.second);
        return all;
    }
    [[nodiscard]] result<void> set(budget const& wanted) override {
        return is_away ? result<void>(away()) : set_budget_row(rows, wanted);
    }
    [[nodiscard]] result<void> remove(std::string_view name) override {
        return is_away ? result<void>(away()) : remove_budget_row(rows, name);
    }
    [[nodiscard]] result<std::vector<stored_ceiling>> ceilings() override {
        if (is_away) return away();
        return ceilings_of(rows);
    }
    [[nodiscard]] result<void> write_off(node_write_off const& of) override {
        return is_away ? result<void>(away()) : write_off_node(rows, of);
    }

private:
    [[nodiscard]] static error away() {
        return fail(errc::connect_failed, "the store of ceilings is away");
    }
};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_FLEET_MEMORY_CEILINGS_HPP
