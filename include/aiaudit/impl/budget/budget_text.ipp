// SPDX-License-Identifier: MIT
//
// budget_text.ipp: the definitions of budget_text.hpp.
#ifndef AIAUDIT_IMPL_BUDGET_BUDGET_TEXT_IPP
#define AIAUDIT_IMPL_BUDGET_BUDGET_TEXT_IPP

#include <aiaudit/budget/budget_text.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE bool is_budget_name(std::string_view name) noexcept {
    auto const fits = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= budget_name_bytes &&
           std::all_of(name.begin(), name.end(), fits);
}

}  // namespace detail

AIAUDIT_INLINE result<budget_unit> parse_budget_unit(std::string_view text) {
    if (auto const unit = detail::enum_named<budget_unit>(detail::budget_unit_names, text))
        return *unit;
    return detail::bad_budget("unknown unit '" + detail::printable(text) +
                              "'; use usd, tokens or requests");
}

AIAUDIT_INLINE result<budget_scope> parse_budget_scope(std::string_view text) {
    auto const bad = [text] {
        return detail::bad_budget("unknown scope '" + detail::printable(text) +
                                  "'; use everyone, each-user or user=NAME (as well model, "
                                  "provider, project, key, run, team, organisation), each-tag:KEY "
                                  "or tag:KEY=VALUE");
    };
    if (text == "everyone") return budget_scope{};
    budget_scope scope;
    std::string_view rest = text;
    constexpr std::string_view each = "each-";
    scope.each = rest.starts_with(each);
    if (scope.each) rest.remove_prefix(each.size());
    std::string_view const word = rest.substr(0, rest.find_first_of(":="));
    auto const of = detail::enum_named<budget_dimension>(detail::budget_dimension_names, word);
    if (!of || *of == budget_dimension::everyone) return bad();
    scope.of = *of;
    rest.remove_prefix(word.size());
    if (scope.of == budget_dimension::tag) {
        if (!rest.starts_with(':')) return bad();
        rest.remove_prefix(1);
        std::string_view const key = rest.substr(0, rest.find('='));
        if (!detail::is_subject_name(key)) return bad();
        scope.tag = key;
        rest.remove_prefix(key.size());
    }
    if (scope.each) return rest.empty() ? result<budget_scope>(std::move(scope)) : bad();
    if (!rest.starts_with('=') || !detail::is_subject_name(rest.substr(1))) return bad();
    scope.name = rest.substr(1);
    return scope;
}

namespace detail {

// "15" or "04", from 1 to `most`.
AIAUDIT_INLINE std::optional<std::uint32_t> anchor_part(std::string_view text, std::uint32_t most) {
    auto const number = whole_number<std::uint32_t>(text);
    if (text.size() > 2 || !number || *number < 1 || *number > most) return std::nullopt;
    return number;
}

// When windows of the calendar begin. None where the text is wrong.
AIAUDIT_INLINE std::optional<std::uint32_t> parse_anchor(std::string_view text,
                                                         budget_period period) {
    if (period == budget_period::week) {
        auto const day = std::find(week_beginnings.begin(), week_beginnings.end(), text);
        if (day == week_beginnings.end()) return std::nullopt;
        return static_cast<std::uint32_t>(day - week_beginnings.begin());
    }
    if (period == budget_period::month) {
        auto const day = anchor_part(text, anchor_day_most);
        return day == 1 ? 0 : day;
    }
    if (period != budget_period::quarter && period != budget_period::year) return std::nullopt;
    auto const dash = text.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    auto month = anchor_part(text.substr(0, dash), 12);
    auto const day = anchor_part(text.substr(dash + 1), anchor_day_most);
    if (!month || !day) return std::nullopt;
    // Of a quarter, that month and each third from it.
    if (period == budget_period::quarter) month = (*month - 1) % 3 + 1;
    std::uint32_t const anchor = *month * 100 + *day;
    return anchor == 101 ? 0 : anchor;
}

AIAUDIT_INLINE std::string anchor_text(budget_window const& window) {
    auto const two_digits = [](std::uint32_t number) {
        return std::string(number < 10 ? "0" : "").append(std::to_string(number));
    };
    if (window.anchor == 0) return {};
    if (window.period == budget_period::week)
        return std::string("@").append(week_beginnings[window.anchor % week_beginnings.size()]);
    if (window.period == budget_period::month) return "@" + two_digits(window.anchor);
    return "@" + two_digits(window.anchor / 100) + "-" + two_digits(window.anchor % 100);
}

}  // namespace detail

AIAUDIT_INLINE result<budget_window> parse_budget_window(std::string_view text, time_zone zone) {
    std::string_view const word = text.substr(0, text.find('@'));
    for (auto const& [name, period] : detail::calendar_windows) {
        if (word != name) continue;
        budget_window window{period, 0, std::move(zone)};
        if (word.size() == text.size()) return window;
        auto const anchor = detail::parse_anchor(text.substr(word.size() + 1), period);
        if (anchor) {
            window.anchor = *anchor;
            return window;
        }
        return detail::bad_budget("unknown window '" + detail::printable(text) +
                                  "'; it begins on a day: week@sunday, month@15, quarter@02-01 or "
                                  "year@04-06 (days of months from 1 to 28)");
    }
    if (text.starts_with("total@") && text.ends_with('h')) {
        auto const idle = detail::whole_number<std::uint32_t>(text.substr(6, text.size() - 7));
        if (idle && *idle >= 1 && *idle <= detail::rolling_hours_most)
            return budget_window{budget_period::total, *idle, {}};
    }
    if (text == "total") return budget_window{budget_period::total, 0, {}};
    if (text == "minute") return budget_window{budget_period::minute, 0, {}};
    if (text.ends_with('h')) {
        auto const hours = detail::whole_number<std::uint32_t>(text.substr(0, text.size() - 1));
        if (hours && *hours >= 1 && *hours <= detail::rolling_hours_most)
            return budget_window{budget_period::rolling, *hours, {}};
    }
    return detail::bad_budget("unknown window '" + detail::printable(text) +
                              "'; use day, week, month, quarter, year, total, minute or hours "
                              "from 1h to 8784h");
}

AIAUDIT_INLINE result<int128> parse_budget_limit(std::string_view text, budget_unit unit) {
    auto const bad = [text](std::string_view why) {
        return detail::bad_budget("limit '" + detail::printable(text) + "' " + std::string(why));
    };
    auto const value =
        detail::parse_scaled_decimal(text, unit == budget_unit::usd ? money::scale : 0);
    if (!value && value.error().code == errc::money_inexact)
        return bad(unit == budget_unit::usd ? "has more than 12 decimal places"
                                            : "is not a whole number");
    if (!value && value.error().code == errc::money_overflow) return bad("is too large");
    if (!value) return bad("is not a number");
    if (*value < 0) return bad("is negative");
    if (*value > detail::budget_amount_most) return bad("is too large");
    return *value;
}

AIAUDIT_INLINE result<budget_reserve> parse_budget_reserve(std::string_view text) {
    if (auto const way = detail::enum_named<budget_reserve>(detail::budget_reserve_names, text))
        return *way;
    return detail::bad_budget("unknown way to reserve '" + detail::printable(text) +
                              "'; use full or stepwise");
}

namespace detail {

// What stands behind an action.
struct action_options {
    int128 unbounded_hold = 0;
    int128 roll_over = 0;
    budget_reserve reserve = budget_reserve::full;
    fleet_rule fleet = fleet_rule::none;
    int128 fleet_safe = 0;
};

AIAUDIT_INLINE result<void> take_fleet_rule(std::string_view text, budget_unit unit,
                                            action_options& found) {
    constexpr std::string_view safe = "safe:";
    found.fleet = text == "open" ? fleet_rule::open : fleet_rule::closed;
    if (text == "closed" || text == "open") return {};
    if (!text.starts_with(safe))
        return bad_budget("unknown rule of a fleet '" + printable(text) +
                          "'; use closed, open or safe:AMOUNT");
    auto const amount = parse_budget_limit(text.substr(safe.size()), unit);
    if (!amount) return amount.error();
    if (*amount == 0) return bad_budget("what is safe without the store is more than 0");
    found.fleet = fleet_rule::safe;
    found.fleet_safe = *amount;
    return {};
}

// Takes them off the text.
AIAUDIT_INLINE result<action_options> take_action_options(std::string_view& text,
                                                          budget_unit unit) {
    action_options found;
    auto const take = [&text](std::string_view word) {
        auto const at = text.rfind(word);
        bool const is_there = at != std::string_view::npos;
        std::string_view const rest = is_there ? text.substr(at + word.size()) : text.substr(0, 0);
        if (is_there) text = text.substr(0, at);
        return is_there ? std::optional(rest) : std::nullopt;
    };
    if (auto const rule = take(";fleet=")) {
        if (auto ok = take_fleet_rule(*rule, unit, found); !ok) return ok.error();
    }
    if (auto const roll = take(";roll=")) {
        auto const amount = parse_budget_limit(*roll, unit);
        if (!amount) return amount.error();
        if (*amount == 0) return bad_budget("what rolls over is more than 0");
        found.roll_over = *amount;
    }
    if (auto const reserve = take(";reserve=")) {
        auto const way = parse_budget_reserve(*reserve);
        if (!way) return way.error();
        found.reserve = *way;
    }
    if (auto const hold = take(";hold=")) {
        auto const amount = parse_budget_limit(*hold, unit);
        if (!amount) return amount.error();
        if (*amount == 0) return bad_budget("what is held for a call is more than 0");
        found.unbounded_hold = *amount;
    }
    return found;
}

}  // namespace detail

AIAUDIT_INLINE result<void> parse_budget_action(std::string_view text, budget& into) {
    auto const options = detail::take_action_options(text, into.unit);
    if (!options) return options.error();
    auto const bad = [text] {
        return detail::bad_budget("unknown action '" + detail::printable(text) +
                                  "'; use refuse, warn, downgrade=MODEL,... (1 to 16) or "
                                  "wait=MILLISECONDS (1 to 3600000)");
    };
    auto then = budget_action::refuse;
    std::vector<std::string> models;
    std::uint64_t wait_ms_most = 0;
    constexpr std::string_view downgrade = "downgrade=";
    constexpr std::string_view wait = "wait=";
    if (text == "warn") {
        then = budget_action::warn;
    } else if (text.starts_with(downgrade)) {
        then = budget_action::downgrade;
        bool const fit =
            detail::all_of_list(text.substr(downgrade.size()), [&](std::string_view model) {
                models.emplace_back(model);
                return detail::is_subject_name(model) &&
                       models.size() <= detail::downgrade_models_most;
            });
        if (!fit) return bad();
    } else if (text.starts_with(wait)) {
        then = budget_action::wait;
        auto const most = detail::whole_number<std::uint64_t>(text.substr(wait.size()));
        if (!most || *most == 0 || *most > detail::budget_wait_ms_most) return bad();
        wait_ms_most = *most;
    } else if (text != "refuse") {
        return bad();
    }
    into.then = then;
    into.models = std::move(models);
    into.wait_ms_most = wait_ms_most;
    into.unbounded_hold = options->unbounded_hold;
    into.reserve = options->reserve;
    into.roll_over = options->roll_over;
    into.fleet = options->fleet;
    into.fleet_safe = options->fleet_safe;
    return {};
}

AIAUDIT_INLINE result<std::vector<std::uint32_t>> parse_alert_percents(std::string_view text) {
    std::vector<std::uint32_t> percents;
    if (text.empty()) return percents;
    bool const fit = detail::all_of_list(text, [&percents](std::string_view part) {
        auto const percent = detail::whole_number<std::uint32_t>(part);
        bool const good = percent && *percent >= 1 && *percent <= detail::alert_percent_most &&
                          (percents.empty() || percents.back() < *percent) &&
                          percents.size() < detail::alert_percents_most;
        if (good) percents.push_back(*percent);
        return good;
    });
    if (fit) return percents;
    return detail::bad_budget("alerts '" + detail::printable(text) +
                              "' are not at most 8 ascending percents from 1 to 1000");
}
namespace detail {

AIAUDIT_INLINE std::string percents_text(std::vector<std::uint32_t> const& percents) {
    std::string text;
    for (std::uint32_t const percent : percents)
        text.append(text.empty() ? "" : ",").append(std::to_string(percent));
    return text;
}

// "user", "tag:team".
AIAUDIT_INLINE std::string dimension_text(budget_scope const& scope) {
    std::string text{budget_dimension_names[static_cast<std::size_t>(scope.of)]};
    if (scope.of == budget_dimension::tag) text.append(":").append(scope.tag);
    return text;
}

AIAUDIT_INLINE result<void> check_scope(budget_scope const& scope, std::string const& where) {
    if (scope.of > budget_dimension::organisation) return bad_budget(where + "unknown scope");
    bool const is_tag = scope.of == budget_dimension::tag;
    if (is_tag && (!is_subject_name(scope.tag) || scope.tag.find('=') != std::string::npos))
        return bad_budget(where + "a scope by a tag needs its key, which has no '='");
    if (!is_tag && !scope.tag.empty())
        return bad_budget(where + "a tag's key belongs to a scope by a tag alone");
    bool const named = scope.of != budget_dimension::everyone && !scope.each;
    if (scope.of == budget_dimension::everyone && scope.each)
        return bad_budget(where + "everyone together has one limit; use each-user");
    if (named && !is_subject_name(scope.name))
        return bad_budget(where + "the scope " + dimension_text(scope) +
                          " needs a name of 1 to 1024 bytes, without control characters");
    if (!named && !scope.name.empty())
        return bad_budget(where + "a name belongs to a scope of one alone");
    return {};
}

AIAUDIT_INLINE result<void> check_anchor(budget_window const& window, std::string const& where) {
    if (window.anchor == 0) return {};
    std::string const text = anchor_text(window);
    bool const good =
        is_calendar(window.period) && window.period != budget_period::day &&
        parse_anchor(std::string_view(text).substr(1), window.period) == window.anchor;
    if (good) return {};
    return bad_budget(where + "no window of that kind begins on such a day");
}

AIAUDIT_INLINE result<void> check_zone(time_zone const& zone, std::string const& where) {
    auto const fits = [](std::int32_t offset) {
        return offset > -seconds_per_day && offset < seconds_per_day;
    };
    bool good = is_subject_name(zone.name()) && fits(zone.first_offset_seconds());
    auto const& changes = zone.transitions();
    for (std::size_t i = 0; i < changes.size(); ++i) {
        good = good && fits(changes[i].offset_seconds) &&
               (i == 0 || changes[i - 1].from_seconds < changes[i].from_seconds);
    }
    if (good) return {};
    return bad_budget(where + "the zone has no name, an offset of a day, or changes out of order");
}

AIAUDIT_INLINE result<void> check_action(budget const& of, std::string const& where) {
    if (of.then > budget_action::wait) return bad_budget(where + "unknown action");
    bool const lists = of.then == budget_action::downgrade;
    if (lists != !of.models.empty() || of.models.size() > downgrade_models_most)
        return bad_budget(where + "a downgrade, and nothing else, has 1 to 16 models");
    for (std::string const& model : of.models) {
        if (!is_subject_name(model) || model.find(',') != std::string::npos)
            return bad_budget(where + "a model of the downgrade has no name, or one with a comma");
    }
    bool const waits = of.then == budget_action::wait;
    if (waits && of.window.period != budget_period::minute)
        return bad_budget(where + "only a budget of a minute can be waited for");
    if (waits != (of.wait_ms_most != 0) || of.wait_ms_most > budget_wait_ms_most)
        return bad_budget(where + "a wait, and nothing else, has 1 to 3600000 milliseconds");
    if (of.reserve > budget_reserve::stepwise) return bad_budget(where + "unknown way to reserve");
    if (of.unbounded_hold < 0 || of.unbounded_hold > budget_amount_most)
        return bad_budget(where + "what is held for a call without a bound is too large");
    if (of.roll_over < 0 || of.roll_over > budget_amount_most)
        return bad_budget(where + "what rolls over is too large");
    if (of.roll_over != 0 && !is_calendar(of.window.period))
        return bad_budget(where + "only windows of the calendar roll over");
    return {};
}

AIAUDIT_INLINE result<void> check_fleet(budget const& of, std::string const& where) {
    if (of.fleet > fleet_rule::safe) return bad_budget(where + "unknown rule of a fleet");
    if ((of.fleet == fleet_rule::safe) != (of.fleet_safe != 0) || of.fleet_safe < 0 ||
        of.fleet_safe > budget_amount_most)
        return bad_budget(where +
                          "an amount that is safe belongs to the fleet's rule of that name");
    bool const fits = is_calendar(of.window.period) || of.window.period == budget_period::total;
    if (of.fleet == fleet_rule::none || (fits && !of.scope.each && of.roll_over == 0)) return {};
    return bad_budget(where +
                      "a fleet has limits of the calendar or of total alone, for everyone or for "
                      "one name, and nothing rolls over");
}

}  // namespace detail

AIAUDIT_INLINE result<void> validate(budget const& of) {
    if (!detail::is_budget_name(of.name))
        return detail::bad_budget("a budget's name is 1 to 64 of A-Z a-z 0-9 . _ -, not '" +
                                  detail::printable(of.name) + "'");
    std::string const where = "budget '" + of.name + "': ";
    if (of.unit > budget_unit::requests) return detail::bad_budget(where + "unknown unit");
    if (of.window.period > budget_period::year) return detail::bad_budget(where + "unknown window");
    if (of.limit < 0) return detail::bad_budget(where + "the limit is negative");
    bool const bucket = of.window.period == budget_period::minute;
    if (of.limit > (bucket ? detail::bucket_limit_most : detail::budget_amount_most))
        return detail::bad_budget(where + "the limit is too large");
    if (auto ok = detail::check_scope(of.scope, where); !ok) return ok;
    bool const rolling = of.window.period == budget_period::rolling;
    if (rolling && (of.window.hours < 1 || of.window.hours > detail::rolling_hours_most))
        return detail::bad_budget(where + "a rolling window has 1 to 8784 hours");
    if (!rolling && of.window.hours != 0 &&
        (!detail::is_of_lives(of) || of.window.hours > detail::rolling_hours_most))
        return detail::bad_budget(where +
                                  "hours belong to a rolling window, or to how long a run "
                                  "may be idle (each-run, total)");
    if (auto ok = detail::check_anchor(of.window, where); !ok) return ok;
    if (auto ok = detail::check_zone(of.window.zone, where); !ok) return ok;
    if (auto ok = detail::check_action(of, where); !ok) return ok;
    if (auto ok = detail::check_fleet(of, where); !ok) return ok;
    auto const parsed = parse_alert_percents(detail::percents_text(of.alert_percents));
    if (!parsed) return detail::bad_budget(where + parsed.error().where);
    return {};
}

AIAUDIT_INLINE std::string scope_text(budget_scope const& scope) {
    std::string const text = detail::dimension_text(scope);
    if (scope.of == budget_dimension::everyone) return text;
    return scope.each ? "each-" + text : text + "=" + scope.name;
}

AIAUDIT_INLINE std::string window_text(budget_window const& window) {
    switch (window.period) {
    case budget_period::total:
        return window.hours == 0 ? "total" : "total@" + std::to_string(window.hours) + "h";
    case budget_period::day: return "day";
    case budget_period::week: return "week" + detail::anchor_text(window);
    case budget_period::month: return "month" + detail::anchor_text(window);
    case budget_period::quarter: return "quarter" + detail::anchor_text(window);
    case budget_period::year: return "year" + detail::anchor_text(window);
    case budget_period::rolling: return std::to_string(window.hours) + "h";
    case budget_period::minute: return "minute";
    }
    return "unknown";
}

namespace detail {

AIAUDIT_INLINE std::string plain_action_text(budget const& of) {
    switch (of.then) {
    case budget_action::refuse: return "refuse";
    case budget_action::warn: return "warn";
    case budget_action::downgrade: {
        std::string text;
        for (std::string const& model : of.models)
            text.append(text.empty() ? "downgrade=" : ",").append(model);
        return text;
    }
    case budget_action::wait: return "wait=" + std::to_string(of.wait_ms_most);
    }
    return "unknown";
}

}  // namespace detail

AIAUDIT_INLINE std::string action_text(budget const& of) {
    std::string text = detail::plain_action_text(of);
    if (of.unbounded_hold != 0) text += ";hold=" + amount_text(of.unbounded_hold, of.unit);
    if (of.reserve != budget_reserve::full)
        text.append(";reserve=")
            .append(detail::budget_reserve_names[static_cast<std::size_t>(of.reserve)]);
    if (of.roll_over != 0) text += ";roll=" + amount_text(of.roll_over, of.unit);
    if (of.fleet != fleet_rule::none)
        text.append(";fleet=")
            .append(detail::fleet_rule_names[static_cast<std::size_t>(of.fleet)])
            .append(of.fleet == fleet_rule::safe ? amount_text(of.fleet_safe, of.unit) : "");
    return text;
}

AIAUDIT_INLINE std::string subject_text(budget_scope const& scope, std::string_view name) {
    std::string text = detail::dimension_text(scope);
    if (scope.of == budget_dimension::everyone) return text;
    return text.append("=").append(scope.each ? name : std::string_view(scope.name));
}

AIAUDIT_INLINE std::string refusal_text(budget_refusal const& refused) {
    auto const amount = [&refused](int128 value) {
        return detail::amount_and_unit(value, refused.unit);
    };
    std::string text = "budget '" + refused.budget + "' of " + detail::printable(refused.subject);
    switch (refused.reason) {
    case refusal_reason::full: break;
    case refusal_reason::unbounded: text += " cannot hold a call that has no bound"; break;
    case refusal_reason::unpriced: text += " cannot hold a call whose model has no price"; break;
    case refusal_reason::clock_behind: text += " forgot what was spent so long ago"; break;
    }
    if (refused.reason == refusal_reason::unbounded || refused.reason == refusal_reason::unpriced) {
        // What is spent has no part in it.
        if (!refused.because.empty()) text += ": " + refused.because;
        return text + " (its limit is " + amount(refused.limit) + ")";
    }
    text += ": limit " + amount(refused.limit) + ", spent " + amount(refused.spent) +
            ", reserved " + amount(refused.reserved) + ", asked " + amount(refused.asked);
    if (!refused.because.empty()) text += " (" + refused.because + ")";
    if (refused.resets_at) text += ", resets at " + refused.resets_at->to_string();
    if (refused.retry_after_ms != 0)
        text += ", try again in " + std::to_string(refused.retry_after_ms) + " ms";
    return text;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_BUDGET_BUDGET_TEXT_IPP
