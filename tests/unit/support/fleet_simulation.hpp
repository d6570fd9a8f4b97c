// SPDX-License-Identifier: MIT
//
// fleet_simulation.hpp: nodes of a fleet with their gates and logs, a store, and what is between
// them: messages that are lost, late or twice, crashes, clocks that differ, a store that is away or
// back in time. One seed, one course.
#ifndef AIAUDIT_TESTS_UNIT_SUPPORT_FLEET_SIMULATION_HPP
#define AIAUDIT_TESTS_UNIT_SUPPORT_FLEET_SIMULATION_HPP

#include <aiaudit/fleet/memory_ceilings.hpp>
#include <aiaudit/fleet/node_plan.hpp>
#include "unit/support/gate_testing.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace aiaudit_tests {

// How often, of a thousand steps.
struct fleet_faults {
    int lost = 0;     // of a thousand messages
    int twice = 0;    // of a thousand messages
    int late = 0;     // of a thousand messages: up to a minute
    int crash = 0;    // of a node
    int away = 0;     // the store goes, or comes back
    int restart = 0;  // of the store
    int restore = 0;  // of the store, from an old copy
    std::int64_t clocks_apart_s = 0;
};

class fleet_simulation {
public:
    fleet_simulation(std::uint64_t seed, int nodes, aiaudit::budget const& limit,
                     fleet_faults faults, aiaudit::ceiling_rules rules = {})
        : random_(seed), limit_(limit), faults_(faults), now_(instant("2026-11-26T23:45:00Z")) {
        store_.rules = rules;
        store_.moment.now = now_;
        static_cast<void>(store_.set(limit).value());
        for (int i = 0; i < nodes; ++i) {
            node& made = nodes_.emplace_back();
            made.name = "n" + std::to_string(i);
            made.id.bytes[0] = static_cast<std::uint8_t>(i + 1);
            made.offset_ns = pick(-faults_.clocks_apart_s, faults_.clocks_apart_s) *
                             aiaudit::nanoseconds_per_second / 2;
            made.log.set(limit, local(made));
            join(made);
        }
    }

    // False, once a window has cost more than its limit.
    bool step() {
        now_.ns += pick(1, 200) * 1'000'000;
        store_.moment.now = now_;
        disturb();
        deliver();
        for (node& each : nodes_) {
            if (each.down > 0) {
                if (--each.down == 0) join(each);
                continue;
            }
            work(each);
            if (each.down == 0) tend(each);
        }
        aiaudit::int128 most = 0;
        for (auto const& window : spent_) most = (std::max)(most, window.second);
        return most <= limit_.limit + over_;
    }
    void allow_over(aiaudit::int128 amount) { over_ = amount; }
    void set_away(bool away) { store_.is_away = away; }
    [[nodiscard]] aiaudit::int128 spent_most() const {
        aiaudit::int128 most = 0;
        for (auto const& window : spent_) most = (std::max)(most, window.second);
        return most;
    }
    [[nodiscard]] std::size_t windows() const { return spent_.size(); }
    [[nodiscard]] std::uint64_t admitted() const { return calls_; }

private:
    struct call {
        aiaudit::record intent{};
        std::int64_t bound = 0;
    };
    struct node {
        std::string name{};
        aiaudit::operation_id id{};
        std::int64_t offset_ns = 0;
        logged_gate log{};
        aiaudit::node_plan plan{};
        std::vector<call> open{};
        std::uint64_t waits = 0;  // for the answer to this message
        std::int64_t asked_ns = 0;
        int down = 0;  // steps
    };
    struct copy {
        aiaudit::timestamp at{};
        aiaudit::ceiling_rows rows{};
    };
    struct message {
        std::int64_t at_ns = 0;
        std::size_t node = 0;
        aiaudit::sync_request request{};
        aiaudit::sync_reply reply{};
        bool back = false;
    };

    [[nodiscard]] std::int64_t pick(std::int64_t least, std::int64_t most) {
        return std::uniform_int_distribution<std::int64_t>(least, most)(random_);
    }
    [[nodiscard]] bool happens(int of_thousand) { return pick(1, 1'000) <= of_thousand; }
    [[nodiscard]] aiaudit::timestamp local(node const& of) const {
        return {now_.ns + of.offset_ns};
    }
    [[nodiscard]] aiaudit::node_plan::clock::time_point steady() const {
        return aiaudit::node_plan::clock::time_point(std::chrono::nanoseconds(now_.ns));
    }

    // A process begins: all that it knows is the log.
    void join(node& of) {
        logged_gate again;
        for (aiaudit::record const& each : of.log.log) again.append(each);
        of.log = std::move(again);
        of.plan = aiaudit::node_plan({}, of.log.gate.store_seen());
        of.waits = 0;
        auto const before = of.log.gate.node();
        of.log.append(aiaudit::to_record(
                          aiaudit::fleet_node{of.name, of.id, before.incarnation + 1}, local(of))
                          .value());
    }
    void crash(node& of) {
        of.open.clear();  // what these cost stays counted at their bounds
        of.down = static_cast<int>(pick(1, 300));
    }

    void disturb() {
        if (happens(faults_.away)) store_.is_away = !store_.is_away;
        if (happens(faults_.restart)) store_.moment.server = std::to_string(++serial_);
        // What a store never heard of, and nobody tells it, is lost with it.
        bool const knows_all = store_.rows.nodes.size() == nodes_.size();
        if (copies_.size() < 64 && knows_all && happens(5)) copies_.push_back({now_, store_.rows});
        if (!happens(faults_.restore) || copies_.empty()) return;
        auto const which =
            static_cast<std::size_t>(pick(0, static_cast<std::int64_t>(copies_.size()) - 1));
        store_.rows = copies_[which].rows;
        // Another timeline tells that of itself; else nodes do, that have asked since.
        bool const is_new = now_.ns - copies_[which].at.ns < 5'000'000'000;
        copies_.resize(which + 1);
        store_.moment.server = std::to_string(++serial_);
        if (is_new || happens(500)) store_.moment.system = std::to_string(++serial_);
    }

    void send(message what) {
        auto const once = [&] {
            what.at_ns = now_.ns + pick(1, 50) * 1'000'000;
            if (happens(faults_.late)) what.at_ns += pick(1, 60) * 1'000'000'000;
            if (!happens(faults_.lost)) messages_.push_back(what);
        };
        once();
        if (happens(faults_.twice)) once();
    }
    void deliver() {
        std::vector<message> due;
        std::erase_if(messages_, [&](message const& each) {
            if (each.at_ns > now_.ns) return false;
            due.push_back(each);
            return true;
        });
        for (message& each : due) {
            if (each.back) {
                answer(nodes_[each.node], each);
                continue;
            }
            auto reply = store_.sync(each.request);
            if (!reply) continue;
            each.reply = *reply;
            each.back = true;
            send(each);
        }
    }
    void answer(node& of, message const& with) {
        if (of.down != 0 || of.waits != with.request.number) return;
        of.waits = 0;
        for (aiaudit::budget_ceiling const& each : of.plan.take(with.reply, steady())) {
            if (happens(faults_.crash)) return crash(of);
            put(of, each);
        }
    }
    void put(node& of, aiaudit::budget_ceiling const& what) {
        if (of.log.gate.may_set(what)) of.log.append(aiaudit::to_record(what, local(of)).value());
    }
    void look(node& of) { of.plan.look(of.log.gate.take_fleet_states(local(of)), steady()); }

    void tend(node& of) {
        constexpr std::int64_t patience_ns = 2'000'000'000;
        look(of);
        if (of.waits != 0 && now_.ns - of.asked_ns > patience_ns) {
            of.waits = 0;
            of.plan.note_failure(steady());
        }
        for (aiaudit::budget_ceiling const& each : of.plan.go_on(steady())) put(of, each);
        if (of.waits != 0 || !of.plan.is_due(steady())) return;
        for (aiaudit::budget_ceiling const& each : of.plan.lowerings(steady())) {
            put(of, each);
            if (happens(faults_.crash)) return crash(of);
        }
        look(of);
        message next;
        next.node = static_cast<std::size_t>(&of - nodes_.data());
        next.request = of.plan.request(of.log.gate.node(), steady());
        of.waits = next.request.number;
        of.asked_ns = now_.ns;
        send(std::move(next));
    }
    void work(node& of) {
        if (happens(faults_.crash)) return crash(of);
        if (happens(600)) {
            std::int64_t const bound = pick(1, 400);
            auto const intent = intent_of(++calls_, bound, local(of));
            if (of.log.ask(intent)) {
                of.open.push_back({intent, bound});
                spent_[window_of(intent)] += bound;
            }
        }
        if (of.open.empty() || !happens(700)) return;
        auto const at =
            static_cast<std::ptrdiff_t>(pick(0, static_cast<std::int64_t>(of.open.size()) - 1));
        call const done = of.open[static_cast<std::size_t>(at)];
        of.open.erase(of.open.begin() + at);
        std::int64_t const cost = pick(0, done.bound);
        of.log.append(outcome_of(done.intent, cost));
        spent_[window_of(done.intent)] -= done.bound - cost;
    }
    [[nodiscard]] std::int64_t window_of(aiaudit::record const& intent) const {
        return aiaudit::detail::span_of(limit_.window, intent.started_at).number;
    }

    std::mt19937_64 random_;
    aiaudit::budget limit_;
    fleet_faults faults_;
    aiaudit::timestamp now_;
    aiaudit::memory_ceilings store_{};
    std::vector<node> nodes_{};
    std::vector<message> messages_{};
    std::vector<copy> copies_{};
    std::map<std::int64_t, aiaudit::int128> spent_{};
    aiaudit::int128 over_ = 0;
    std::uint64_t calls_ = 0;
    std::uint64_t serial_ = 1;
};

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_UNIT_SUPPORT_FLEET_SIMULATION_HPP
