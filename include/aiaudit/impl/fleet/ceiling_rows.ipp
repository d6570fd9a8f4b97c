// SPDX-License-Identifier: MIT
//
// ceiling_rows.ipp: the definitions of ceiling_rows.hpp.
#ifndef AIAUDIT_IMPL_FLEET_CEILING_ROWS_IPP
#define AIAUDIT_IMPL_FLEET_CEILING_ROWS_IPP

#include <aiaudit/budget/budget_record.hpp>  // check_pardon
#include <aiaudit/config.hpp>                // AIAUDIT_INLINE
#include <aiaudit/fleet/ceiling_rows.hpp>

#include <algorithm>
#include <limits>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE bool is_given_at(timestamp begins, timestamp ends, timestamp now) noexcept {
    if (begins.ns == (std::numeric_limits<std::int64_t>::min)()) return true;  // of total
    std::int64_t const length = ends.ns - begins.ns;
    return begins.ns - length / 10 <= now.ns && now.ns - length < ends.ns;
}

// What the store said may be forgotten: the sums are those of the rows that are there.
AIAUDIT_INLINE void begin_doubt(ceiling_rows& rows, store_trust trust, store_moment const& at) {
    rows.trust = (std::max)(rows.trust, trust);
    rows.recovery = rows.version;
    rows.doubts_until = {at.now.ns + at.quarantine_ns};
    for (auto& each : rows.windows) each.second.sum = 0;
    for (auto const& each : rows.ceilings)
        rows.windows[each.first.first].sum += each.second.ceiling;
}

AIAUDIT_INLINE void look_for_loss(ceiling_rows& rows, std::uint64_t seen, store_moment const& at,
                                  ceiling_rules const& rules) {
    auto const differs = [](std::string const& there, std::string const& here) {
        return !there.empty() && !here.empty() && there != here;
    };
    bool const other = differs(rows.system, at.system);
    bool const restarted = differs(rows.server, at.server);
    bool const lost = other || seen > rows.version;
    rows.system = at.system;
    rows.server = at.server;
    rows.version = (std::max)(rows.version, seen) + 1;
    if (rules.notices_loss && (lost || restarted))
        begin_doubt(rows, lost ? store_trust::lost : store_trust::restarted, at);
}

AIAUDIT_INLINE void look_for_trust(ceiling_rows& rows, timestamp now, ceiling_rules const& rules) {
    if (rows.trust == store_trust::whole) return;
    bool const heard = std::all_of(rows.nodes.begin(), rows.nodes.end(), [&](auto const& each) {
        return each.second.written_off || each.second.recovery == rows.recovery;
    });
    bool const waited = now >= rows.doubts_until;
    bool const lost = rows.trust == store_trust::lost && rules.waits_for_all;
    if (lost ? heard && waited : heard || waited) rows.trust = store_trust::whole;
}

AIAUDIT_INLINE ceiling_reply take_part(ceiling_rows& rows, std::string const& node,
                                       ceiling_request const& part, store_moment const& at,
                                       ceiling_rules const& rules) {
    ceiling_reply reply;
    reply.budget = part.budget;
    reply.window = part.window;
    auto const of = rows.budgets.find(part.budget);
    if (of == rows.budgets.end()) return reply;
    window_key const key{part.budget, part.window};
    window_row& window = rows.windows[key];
    window.begins = part.begins;
    window.ends = part.ends;
    ceiling_row& row = rows.ceilings[{key, node}];
    // It has more from a store than this one knows of.
    if (rules.notices_loss && part.given > row.ceiling) begin_doubt(rows, store_trust::lost, at);
    // What the node holds is the truth about it.
    window.sum += part.claim - row.ceiling;
    row.ceiling = part.claim;
    row.used = part.used;
    int128 const limit = of->second.budget.limit;
    bool const gives = !of->second.removed && rows.trust == store_trust::whole &&
                       is_given_at(part.begins, part.ends, at.now);
    if (gives && part.want > row.ceiling && window.sum < limit) {
        int128 const more = (std::min)(part.want - row.ceiling, limit - window.sum);
        row.ceiling += more;
        window.sum += more;
    }
    reply.known = true;
    reply.ceiling = row.ceiling;
    reply.limit = of->second.removed ? int128{0} : limit;
    reply.sum = window.sum;
    return reply;
}

AIAUDIT_INLINE result<void> check_replaced(budget const& there, budget const& wanted) {
    bool const same = there.unit == wanted.unit && there.scope == wanted.scope &&
                      there.window.period == wanted.window.period &&
                      there.window.anchor == wanted.window.anchor &&
                      there.window.zone.name() == wanted.window.zone.name();
    if (same) return {};
    return fail(errc::bad_argument, "the fleet's budget '" + wanted.name +
                                        "' has another unit, scope or window, in which its nodes "
                                        "have ceilings: set one with another name");
}

AIAUDIT_INLINE result<void> check_write_off(node_write_off const& of) {
    return check_pardon(of.by, of.why);
}

}  // namespace detail

AIAUDIT_INLINE sync_reply take_sync(ceiling_rows& rows, sync_request const& request,
                                    store_moment const& at, ceiling_rules const& rules) {
    detail::look_for_loss(rows, request.seen, at, rules);
    sync_reply reply;
    reply.version = rows.version;
    reply.now = at.now;
    auto& node = rows.nodes[request.node.name];
    bool const is_new = node.id.is_zero();
    if (is_new) node.id = request.node.id;
    if (node.id != request.node.id)
        reply.state = sync_state::other_node;
    else if (rules.heeds_numbers && request.number <= node.number)
        reply.state = sync_state::stale;
    if (reply.state == sync_state::taken) {
        node.number = (std::max)(node.number, request.number);
        node.seen = at.now;
        node.written_off = false;
        for (ceiling_request const& each : request.parts)
            reply.parts.push_back(detail::take_part(rows, request.node.name, each, at, rules));
        // One that was made before the doubt may be older than what the node holds.
        if (request.recovery == rows.recovery) node.recovery = rows.recovery;
        detail::look_for_trust(rows, at.now, rules);
    }
    reply.recovering = rows.trust != store_trust::whole;
    reply.recovery = rows.recovery;
    reply.nodes = static_cast<std::uint32_t>(
        std::count_if(rows.nodes.begin(), rows.nodes.end(),
                      [](auto const& each) { return !each.second.written_off; }));
    return reply;
}

AIAUDIT_INLINE result<void> set_budget_row(ceiling_rows& rows, budget const& wanted) {
    if (auto ok = validate(wanted); !ok) return ok;
    if (wanted.fleet == fleet_rule::none)
        return fail(errc::bad_argument, "budget '" + wanted.name + "' is not of a fleet");
    stored_budget& row = rows.budgets[wanted.name];
    if (row.revision != 0) {
        if (auto ok = detail::check_replaced(row.budget, wanted); !ok) return ok;
    }
    row.budget = wanted;
    row.removed = false;
    ++row.revision;
    return {};
}

AIAUDIT_INLINE result<void> remove_budget_row(ceiling_rows& rows, std::string_view name) {
    auto const of = rows.budgets.find(std::string(name));
    if (of == rows.budgets.end() || of->second.removed)
        return fail(errc::not_found, "the fleet has no budget '" + std::string(name) + "'");
    of->second.removed = true;
    ++of->second.revision;
    return {};
}

AIAUDIT_INLINE std::vector<stored_ceiling> ceilings_of(ceiling_rows const& rows) {
    std::vector<stored_ceiling> all;
    for (auto const& each : rows.ceilings) {
        window_key const& key = each.first.first;
        window_row const& window = rows.windows.at(key);
        node_row const& node = rows.nodes.at(each.first.second);
        all.push_back({key.budget, key.window, window.begins, window.ends, each.first.second,
                       each.second.ceiling, each.second.used, node.seen, node.written_off});
    }
    return all;
}

AIAUDIT_INLINE result<void> write_off_node(ceiling_rows& rows, node_write_off const& of) {
    if (auto ok = detail::check_write_off(of); !ok) return ok;
    auto const node = rows.nodes.find(of.node);
    if (node == rows.nodes.end())
        return fail(errc::not_found, "the fleet has no node '" + of.node + "'");
    for (auto& each : rows.ceilings) {
        if (each.first.second != of.node) continue;
        window_key const& key = each.first.first;
        ceiling_row& row = each.second;
        int128 rest = row.ceiling;
        for (stored_ceiling const& known : of.known)
            if (known.budget == key.budget && known.window == key.window) rest = known.ceiling;
        rows.windows[key].sum += rest - row.ceiling;
        row.ceiling = rest;
        row.used = rest;
    }
    node->second.written_off = true;
    return {};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_FLEET_CEILING_ROWS_IPP
