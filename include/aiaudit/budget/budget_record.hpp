// SPDX-License-Identifier: MIT
//
// budget_record.hpp: a budget that was set or removed, and an attempt that was refused, as records
// of the log.
//
// A definition carries the changes of its zone's clock, so that whoever folds the log needs no zone
// database, and two that have different ones agree.
// Threads: functions without state.
// Floor 4.
#ifndef AIAUDIT_BUDGET_BUDGET_RECORD_HPP
#define AIAUDIT_BUDGET_BUDGET_RECORD_HPP

#include <aiaudit/budget/budget_text.hpp>    // validate, texts
#include <aiaudit/budget/decision.hpp>       // future_state
#include <aiaudit/budget/open_attempts.hpp>  // holder_of
#include <aiaudit/core/record.hpp>           // record

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::string_view change_forget_future = "forget-future";
inline constexpr std::string_view change_join = "join";

// What a record of all budgets has in place of a name.
inline constexpr std::string_view all_budgets = "*";

[[nodiscard]] record budget_record_base(timestamp at, std::string_view change,
                                        std::string_view name);

// A number with an optional sign, at the front of `text`, which moves past it.
template <class Integer>
[[nodiscard]] bool take_number(std::string_view& text, Integer& value) noexcept {
    auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{}) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

[[nodiscard]] std::optional<time_zone> parse_offsets(std::string_view name, std::string_view text);

}  // namespace detail

// Errors: bad_argument where validate() has one; too_large where the zone's changes do not fit.
[[nodiscard]] result<record> to_record(budget const& of, timestamp at);

[[nodiscard]] inline record to_removal_record(std::string_view name, timestamp at) {
    return detail::budget_record_base(at, "remove", name);
}

namespace detail {

// Who frees a budget, and why. Errors: bad_argument.
[[nodiscard]] result<void> check_pardon(std::string_view by, std::string_view why);
// Whether it can be added to that budget. Errors: bad_argument.
[[nodiscard]] result<void> check_top_up(budget const& to, budget_top_up const& of);

}  // namespace detail

// Errors: bad_argument for a name or an amount that cannot be.
[[nodiscard]] result<record> to_record(budget_top_up const& of, timestamp at);

// Errors: bad_argument where nobody says so, or not why, or the instant is before that of the
// record.
[[nodiscard]] result<record> to_record(future_pardon const& of, timestamp at);
// Errors: bad_argument for a name or an amount that cannot be.
[[nodiscard]] result<record> to_record(budget_advance const& of, timestamp at);
// Errors: bad_argument where nobody says so, or not why.
[[nodiscard]] result<record> to_record(advance_pardon const& of, timestamp at);

// Errors: bad_argument for a name or an amount that cannot be.
[[nodiscard]] result<record> to_record(budget_ceiling const& of, timestamp at);
[[nodiscard]] result<record> to_record(fleet_node const& of, timestamp at);

// How all advances of somebody end.
enum class advance_end : std::uint8_t {
    returned,     // of a holder: it will draw from them no more
    abandoned,    // of the holder before: it is dead, and may have used them
    written_off,  // of all who are dead: they are free again
};
[[nodiscard]] record end_record(advance_end how, std::uint64_t holder, timestamp at);

// What these are: "0.5 USD of 'daily'", one after the other; subjects are counted.
[[nodiscard]] std::string advance_text(std::vector<budget_advance> const& all);
// What these windows hold: "2 windows of 'daily' with 1.5 USD", one after the other.
[[nodiscard]] std::string future_text(std::vector<future_state> const& all);

namespace detail {

[[nodiscard]] std::optional<advance_end> advance_end_named(std::string_view change) noexcept;

}  // namespace detail

// What a record of the kind budget says: one of these.
struct budget_change {
    std::optional<budget> set{};
    std::optional<budget_top_up> added{};
    // What windows hold that begin after this, or after the record, is forgotten.
    std::optional<timestamp> forgets_after{};
    std::optional<budget_advance> advanced{};
    std::optional<budget_ceiling> ceiling{};
    std::optional<fleet_node> joined{};
    std::optional<advance_end> ended{};  // of `holder`
    std::uint64_t holder = 0;
    std::string removed{};  // the name of what was removed
};

namespace detail {

// Reads the tags of a record of a budget. Errors: `where` is what cannot be read.
template <class String>
class budget_change_reader {
public:
    explicit budget_change_reader(basic_record<String> const& entry) : entry_(&entry) {}

    [[nodiscard]] result<void> read(budget_change& target) const {
        if (entry_->kind != record_kind::budget) return bad("it is of another kind");
        std::string_view const change = find("change");
        if (change == change_forget_future) return read_forgetting(target);
        target.holder = holder_of(entry_->operation_id);
        std::string_view const name = find("budget");
        if (name == all_budgets) target.ended = advance_end_named(change);
        if (target.ended) return {};
        if (change == change_join && name == all_budgets) return read_join(target.joined.emplace());
        if (!is_budget_name(name)) return bad("its name");
        if (change == "advance" || change == "return") return read_advance(target);
        if (change == "top-up") return read_amount(target.added.emplace());
        if (change == "ceiling") return read_ceiling(target.ceiling.emplace());
        if (change == "set") return read_budget(target.set.emplace());
        if (change != "remove") return bad("what it changes");
        target.removed = name;
        return {};
    }

private:
    [[nodiscard]] static result<void> bad(std::string_view why) {
        return fail(errc::corrupt, std::string(why));
    }
    [[nodiscard]] std::string_view find(std::string_view key) const { return tag_of(*entry_, key); }

    [[nodiscard]] result<void> read_forgetting(budget_change& target) const {
        auto const after = timestamp::parse(find("after"));
        if (!after) return bad("since when it forgets");
        target.forgets_after = *after;
        return {};
    }

    [[nodiscard]] result<void> read_advance(budget_change& target) const {
        budget_advance& advance = target.advanced.emplace();
        advance.holder = target.holder;
        advance.back = find("change") == "return";
        if (advance.holder == 0) return bad("its holder");
        if (auto ok = read_amount(advance); !ok) return ok;
        auto const all = parse_budget_limit(find("limit"), advance.unit);
        if (!all) return all.error();
        advance.limit = *all;
        return {};
    }

    // Of an advance or a top-up.
    template <class Change>
    [[nodiscard]] result<void> read_amount(Change& target) const {
        target.budget = find("budget");
        target.subject = find("subject");
        auto const unit = parse_budget_unit(find("unit"));
        if (!unit) return unit.error();
        target.unit = *unit;
        auto const amount = parse_budget_limit(find("amount"), target.unit);
        if (!amount || *amount == 0) return bad("its amount");
        target.amount = *amount;
        return {};
    }

    [[nodiscard]] result<void> read_ceiling(budget_ceiling& target) const {
        target.budget = find("budget");
        auto const unit = parse_budget_unit(find("unit"));
        if (!unit) return unit.error();
        target.unit = *unit;
        auto const amount = parse_budget_limit(find("amount"), target.unit);
        if (!amount) return bad("its amount");
        target.amount = *amount;
        std::string_view const beyond = find("beyond");
        if (!beyond.empty()) {
            auto const part = parse_budget_limit(beyond, target.unit);
            if (!part || *part > target.amount) return bad("its amount beyond");
            target.beyond = *part;
        }
        std::string_view window = find("window");
        if (!take_number(window, target.window) || !window.empty()) return bad("its window");
        std::string_view version = find("version");
        if (!take_number(version, target.version) || !version.empty()) return bad("its version");
        target.why = find("why");
        return {};
    }
    [[nodiscard]] result<void> read_join(fleet_node& target) const {
        target.name = find("node");
        target.id = entry_->operation_id;
        std::string_view number = find("incarnation");
        bool const good = take_number(number, target.incarnation) && number.empty() &&
                          target.incarnation != 0 && is_budget_name(target.name) &&
                          !target.id.is_zero();
        return good ? result<void>{} : bad("which node joins");
    }

    [[nodiscard]] result<void> read_budget(budget& target) const {
        target.name = find("budget");
        auto const unit = parse_budget_unit(find("unit"));
        if (!unit) return unit.error();
        target.unit = *unit;
        auto const limit = parse_budget_limit(find("limit"), target.unit);
        if (!limit) return limit.error();
        target.limit = *limit;
        auto scope = parse_budget_scope(find("scope"));
        if (!scope) return scope.error();
        target.scope = std::move(*scope);
        auto window = parse_budget_window(find("window"));
        if (!window) return window.error();
        target.window = std::move(*window);
        if (is_calendar(target.window.period)) {
            auto zone = parse_offsets(find("zone"), find("offsets"));
            if (!zone) return bad("its zone");
            target.window.zone = std::move(*zone);
        }
        if (auto ok = parse_budget_action(find("then"), target); !ok) return ok;
        auto percents = parse_alert_percents(find("alerts"));
        if (!percents) return percents.error();
        target.alert_percents = std::move(*percents);
        return validate(target);
    }

    basic_record<String> const* entry_;
};

}  // namespace detail

// Errors: corrupt, for a record that to_record() and to_removal_record() do not make.
template <class String>
[[nodiscard]] result<budget_change> read_budget_change(basic_record<String> const& entry) {
    budget_change change;
    if (auto ok = detail::budget_change_reader<String>(entry).read(change); !ok)
        return fail(errc::corrupt, "a record of a budget cannot be read: " + ok.error().where);
    return change;
}

// What a refusal is as an error.
[[nodiscard]] constexpr errc code_of(budget_refusal const& refused) noexcept {
    switch (refused.reason) {
    case refusal_reason::unbounded:
    case refusal_reason::unpriced: return errc::unbounded;
    case refusal_reason::full:
    case refusal_reason::clock_behind: break;
    }
    return refused.period == budget_period::minute ? errc::rate_limited : errc::budget_exceeded;
}

// What the log says of an attempt that was not let through.
[[nodiscard]] record refusal_record(record intent, budget_refusal const& refused);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/budget/budget_record.ipp>
#endif

#endif  // AIAUDIT_BUDGET_BUDGET_RECORD_HPP
