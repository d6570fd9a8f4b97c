// SPDX-License-Identifier: MIT
//
// fleet_agent.tpp: the members of fleet_agent.hpp, for any policies.
#ifndef AIAUDIT_IMPL_FLEET_FLEET_AGENT_TPP
#define AIAUDIT_IMPL_FLEET_FLEET_AGENT_TPP

#include <aiaudit/budget/gate.hpp>          // budget_gate
#include <aiaudit/clock/thread.hpp>         // thread
#include <aiaudit/config.hpp>               // AIAUDIT_INLINE
#include <aiaudit/engine/ledger_share.hpp>  // ledger_share
#include <aiaudit/fleet/ceiling_text.hpp>   // budget_lines
#include <aiaudit/fleet/fleet_agent.hpp>
#include <aiaudit/impl/basic_ledger.tpp>     // basic_ledger
#include <aiaudit/storage/memory_guard.hpp>  // try_with_memory

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

template <class Ledger>
struct basic_fleet_agent<Ledger>::state {
    using clock = node_plan::clock;

    state(Ledger& of, std::unique_ptr<ceiling_store> to, fleet_agent_options wanted)
        : log(of), store(std::move(to)), options(std::move(wanted)) {}
    ~state() {
        {
            std::lock_guard const lock(mutex);
            stopped = true;
        }
        changed.notify_all();
        worker.join();
    }

    [[nodiscard]] result<void> join();
    void run() noexcept;
    void tick();
    [[nodiscard]] bool look();
    // Whether the log has it now.
    bool put(budget_ceiling const& what);
    [[nodiscard]] result<void> take_budgets();
    [[nodiscard]] result<void> take_budget(stored_budget const& of,
                                           std::vector<budget> const& here);
    [[nodiscard]] result<void> ask();
    void give_back();
    void note(clock::time_point now);

    detail::ledger_share<Ledger> log;
    std::unique_ptr<ceiling_store> store;
    fleet_agent_options options;

    mutable std::mutex mutex{};
    std::condition_variable changed{};
    // Under the mutex.
    bool stopped = false;
    bool started = false;  // there was an answer, or none in time
    fleet_status now_status{};
    std::optional<clock::time_point> answered{};

    // The worker's.
    fleet_node node{};
    node_plan plan{};
    std::chrono::milliseconds wait{0};  // after a failure
    clock::time_point next_try{};
    std::optional<clock::time_point> budgets_at{};
    std::map<std::string, std::uint64_t> revisions{};
    bool refused = false;
    std::string trouble{};
    std::string conflict{};  // of a budget that cannot be taken over
    std::uint64_t messages = 0;
    std::uint64_t failures = 0;
    std::optional<std::chrono::milliseconds> ahead{};
    detail::thread worker{};
};

template <class Ledger>
result<void> basic_fleet_agent<Ledger>::state::join() {
    std::uint64_t seen = 0;
    auto const before = log->look_at_gate([&seen](budget_gate& gate) {
        seen = gate.store_seen();
        return gate.node();
    });
    if (!before) return before.error();
    node = *before;
    if (node.incarnation != 0 && node.name != options.node)
        return fail(errc::bad_argument, "this ledger is node '" + node.name +
                                            "' of its fleet, and keeps that name: --node " +
                                            node.name);
    node.name = options.node;
    auto const now = log->time().now();
    if (node.id.is_zero()) node.id = make_operation_id(now);
    ++node.incarnation;
    if (node.incarnation >> (63 - sync_counter_bits) != 0)
        return fail(errc::log_full, "the node has begun too often");
    auto const entry = to_record(node, now);
    if (!entry) return entry.error();
    auto const written = log->append_once(*entry);
    if (!written) return written.error();
    plan = node_plan(options.plan, seen);
    return {};
}

template <class Ledger>
bool basic_fleet_agent<Ledger>::state::look() {
    auto const now = log->time().now();
    auto states =
        log->look_at_gate([now](budget_gate& gate) { return gate.take_fleet_states(now); });
    if (!states) {
        trouble = states.error().message();
        return false;
    }
    plan.look(std::move(*states), clock::now());
    return true;
}

template <class Ledger>
bool basic_fleet_agent<Ledger>::state::put(budget_ceiling const& what) {
    auto const entry = to_record(what, log->time().now());
    if (!entry) {
        trouble = entry.error().message();
        return false;
    }
    auto const written = log->append_once(*entry);
    if (!written) trouble = written.error().message();
    return written && *written;
}

template <class Ledger>
result<void> basic_fleet_agent<Ledger>::state::take_budget(stored_budget const& of,
                                                           std::vector<budget> const& here) {
    budget const* there = nullptr;
    for (budget const& each : here)
        if (each.name == of.budget.name) there = &each;
    if (there != nullptr && there->fleet == fleet_rule::none)
        return fail(errc::bad_argument, "budget '" + there->name +
                                            "' is this ledger's alone, and the fleet has one of "
                                            "that name: remove it here");
    if (of.removed) {
        if (there == nullptr) return {};
        auto const removed = log->remove_budget(there->name);
        return removed ? result<void>{} : removed.error();
    }
    auto const now = log->time().now();
    auto const wanted = detail::budget_lines(of.budget, now);
    if (!wanted) return wanted.error();
    if (there != nullptr) {
        auto const lines = detail::budget_lines(*there, now);
        if (lines && *lines == *wanted) return {};
    }
    auto const set = log->set_budget(of.budget);
    return set ? result<void>{} : set.error();
}

template <class Ledger>
result<void> basic_fleet_agent<Ledger>::state::take_budgets() {
    auto const now = clock::now();
    if (budgets_at && now - *budgets_at < options.budgets_every) return {};
    auto const all = store->budgets();
    if (!all) return all.error();
    budgets_at = now;
    bool any = false;
    for (stored_budget const& each : *all)
        any = any || revisions[each.budget.name] != each.revision;
    if (!any) return {};
    auto const here = log->budgets();
    if (!here) return here.error();
    conflict.clear();
    for (stored_budget const& each : *all) {
        if (auto const taken = take_budget(each, *here); !taken)
            conflict = taken.error().message();
        else
            revisions[each.budget.name] = each.revision;
    }
    static_cast<void>(look());
    return {};
}

template <class Ledger>
result<void> basic_fleet_agent<Ledger>::state::ask() {
    if (auto ok = take_budgets(); !ok) return ok;
    auto const lower = plan.lowerings(clock::now());
    for (budget_ceiling const& each : lower) put(each);
    if (!lower.empty() && !look()) return {};
    ++messages;
    auto const request = plan.request(node, clock::now());
    auto const reply = store->sync(request);
    if (!reply) return reply.error();
    auto const at = clock::now();
    auto const mine = log->time().now();
    ahead = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::nanoseconds(mine.ns - reply->now.ns));
    refused = reply->state != sync_state::taken;
    if (reply->state == sync_state::other_node)
        trouble = "another ledger is node '" + node.name +
                  "' of the fleet: give this one a name "
                  "of its own";
    else if (reply->state == sync_state::stale)
        trouble = "the store knows later messages of node '" + node.name +
                  "': this ledger is an older copy of it, or another process is that node";
    else
        trouble.clear();
    for (budget_ceiling const& each : plan.take(*reply, at)) put(each);
    return {};
}

template <class Ledger>
void basic_fleet_agent<Ledger>::state::note(clock::time_point now) {
    fleet_status status;
    status.node = node.name;
    status.reachable = plan.has_answer();
    status.clock_ahead = ahead;
    status.messages = messages;
    status.failures = failures;
    status.trouble = trouble.empty() ? conflict : trouble;
    if (refused)
        status.health = fleet_health::refused;
    else if (!plan.last_answer())
        status.health = plan.is_away(now) ? fleet_health::away : fleet_health::starting;
    else if (plan.is_away(now))
        status.health = fleet_health::away;
    else
        status.health = plan.is_recovering() ? fleet_health::recovering : fleet_health::connected;
    for (fleet_state const& of : plan.states()) {
        fleet_budget_status& made = status.budgets.emplace_back();
        made.budget = of.budget.name;
        made.unit = of.budget.unit;
        made.limit = of.budget.limit;
        made.window = of.window;
        if (auto const view = plan.view_of(of.budget.name)) made.fleet_ceilings = view->sum;
        for (fleet_window_state const& each : of.windows) {
            if (each.number != of.window) continue;
            made.ceiling = each.ceiling;
            made.beyond = each.beyond;
            made.spent = each.spent;
            made.reserved = each.reserved;
        }
    }
    std::lock_guard const lock(mutex);
    now_status = std::move(status);
    answered = plan.last_answer();
}

template <class Ledger>
void basic_fleet_agent<Ledger>::state::tick() {
    if (!look()) return note(clock::now());
    for (budget_ceiling const& each : plan.go_on(clock::now())) put(each);
    auto const now = clock::now();
    bool const due = now >= next_try && plan.is_due(now);
    if (due) {
        auto const asked = ask();
        if (!asked) {
            ++failures;
            trouble = asked.error().message();
            plan.note_failure(clock::now());
            wait = std::clamp(wait * 2, options.retry_first, options.retry_most);
            next_try = clock::now() + wait;
        } else {
            wait = std::chrono::milliseconds{0};
        }
    }
    if (due) static_cast<void>(look());
    note(clock::now());
}

// As far as it goes: what is not given back stays this node's until it comes again.
template <class Ledger>
void basic_fleet_agent<Ledger>::state::give_back() {
    if (!plan.has_answer() || !look()) return;
    for (fleet_state const& of : plan.states()) {
        for (fleet_window_state const& each : of.windows) {
            int128 const used = detail::all_used(each);
            if (used >= each.ceiling) continue;
            put({of.budget.name, of.budget.unit, used, (std::min)(each.beyond, used), each.number,
                 0, "the node stops"});
        }
    }
    if (!look()) return;
    auto request = plan.request(node, clock::now());
    for (ceiling_request& each : request.parts) each.want = each.claim;
    static_cast<void>(store->sync(request));
}

template <class Ledger>
void basic_fleet_agent<Ledger>::state::run() noexcept {
    for (;;) {
        detail::try_with_memory([this] { tick(); });
        std::unique_lock lock(mutex);
        if (!started && (plan.has_answer() || failures != 0)) {
            started = true;
            changed.notify_all();
        }
        if (changed.wait_for(lock, options.look, [this] { return stopped; })) break;
    }
    detail::try_with_memory([this] { give_back(); });
}

template <class Ledger>
basic_fleet_agent<Ledger>::basic_fleet_agent(std::unique_ptr<state> opened) noexcept
    : state_(std::move(opened)) {}
template <class Ledger>
basic_fleet_agent<Ledger>::basic_fleet_agent(basic_fleet_agent&&) noexcept = default;
template <class Ledger>
basic_fleet_agent<Ledger>& basic_fleet_agent<Ledger>::operator=(basic_fleet_agent&&) noexcept =
    default;
template <class Ledger>
basic_fleet_agent<Ledger>::~basic_fleet_agent() = default;

template <class Ledger>
result<basic_fleet_agent<Ledger>> basic_fleet_agent<Ledger>::open(
    Ledger& of, std::unique_ptr<ceiling_store> store, fleet_agent_options options) {
    auto made = std::make_unique<state>(of, std::move(store), std::move(options));
    if (auto ok = made->join(); !ok) return ok.error();
    auto* const shared = made.get();
    auto thread = detail::thread::start("the fleet's agent", [shared] { shared->run(); });
    if (!thread) return thread.error();
    made->worker = std::move(*thread);
    {
        std::unique_lock lock(made->mutex);
        made->changed.wait_for(lock, made->options.start_most,
                               [shared] { return shared->started; });
    }
    return basic_fleet_agent(std::move(made));
}

template <class Ledger>
fleet_status basic_fleet_agent<Ledger>::status() const {
    std::lock_guard const lock(state_->mutex);
    fleet_status now = state_->now_status;
    if (state_->answered)
        now.since_answer = std::chrono::duration_cast<std::chrono::milliseconds>(
            node_plan::clock::now() - *state_->answered);
    return now;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_FLEET_FLEET_AGENT_TPP
