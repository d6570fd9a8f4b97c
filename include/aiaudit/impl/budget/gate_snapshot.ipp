// SPDX-License-Identifier: MIT
//
// gate_snapshot.ipp: the definitions of gate_snapshot.hpp.
#ifndef AIAUDIT_IMPL_BUDGET_GATE_SNAPSHOT_IPP
#define AIAUDIT_IMPL_BUDGET_GATE_SNAPSHOT_IPP

#include <aiaudit/budget/gate_snapshot.hpp>
#include <aiaudit/config.hpp>         // AIAUDIT_INLINE
#include <aiaudit/detail/crc32c.hpp>  // crc32c

#include <algorithm>
#include <cstring>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// The oldest that says all of it.
AIAUDIT_INLINE std::uint8_t gate_encoder::version() const {
    auto const any = [this](auto&& has) {
        return std::any_of(state_->budgets.begin(), state_->budgets.end(), has);
    };
    if (state_->node.incarnation != 0 ||
        any([](kept_budget const& each) { return !each.ceilings().empty(); }))
        return gate_version_ceilings;
    bool has_advances = state_->holder != 0;
    state_->for_each_advance([&](std::uint32_t number, std::uint64_t) {
        state_->open.for_each_hold(number, [&](hold const& each) {
            has_advances = has_advances || is_logged(each, true);
        });
    });
    if (has_advances) return gate_version_advances;
    bool const has_credits = any([](kept_budget const& each) { return !each.credits().empty(); });
    return has_credits ? gate_version_credits : gate_version;
}

AIAUDIT_INLINE std::string gate_encoder::encode() {
    std::uint8_t const as = version();
    note_holds();
    count(state_->budgets.size());
    for (kept_budget const& each : state_->budgets) {
        encode_definition(each.definition());
        encode_accounts(each);
        if (as >= gate_version_credits) encode_credits(each);
        if (as >= gate_version_ceilings) encode_ceilings(each);
        ++budget_;
    }
    encode_attempts();
    count(state_->passed.size());
    for (passed_threshold const& each : state_->passed) {
        encode_place(each.budget, each.account, each.window);
        count(each.percent);
    }
    if (as >= gate_version_advances) append_little_endian(out_, state_->holder);
    if (as >= gate_version_ceilings) {
        encode_node(state_->node);
        count(state_->store_seen);
    }
    std::string head{gate_magic};
    head.push_back(static_cast<char>(as));
    append_little_endian(head, crc32c(out_));
    return head + out_;
}

AIAUDIT_INLINE void gate_encoder::encode_ceilings(kept_budget const& of) {
    count(of.ceilings().size());
    for (window_ceiling const& each : of.ceilings()) {
        number(each.window);
        amount(each.amount);
        amount(each.beyond);
    }
}

AIAUDIT_INLINE void gate_encoder::encode_node(fleet_node const& of) {
    text(of.name);
    out_.append(view_of(of.id.bytes));
    count(of.incarnation);
}

AIAUDIT_INLINE void gate_encoder::encode_definition(budget const& of) {
    text(of.name);
    count(static_cast<std::uint64_t>(of.unit));
    amount(of.limit);
    text(scope_text(of.scope));
    count(static_cast<std::uint64_t>(of.window.period));
    // Windows of the calendar have no hours, and the others no anchor.
    count(is_calendar(of.window.period) ? of.window.anchor : of.window.hours);
    text(of.window.zone.name());
    number(of.window.zone.first_offset_seconds());
    count(of.window.zone.transitions().size());
    for (time_zone::transition const& change : of.window.zone.transitions()) {
        number(change.from_seconds);
        number(change.offset_seconds);
    }
    text(action_text(of));
    text(percents_text(of.alert_percents));
}

AIAUDIT_INLINE void gate_encoder::encode_accounts(kept_budget const& of) {
    account_table const& all = of.accounts();
    std::vector<std::uint32_t> order;
    for (std::uint32_t i = 0; i < all.size(); ++i)
        if (is_used(of, i)) order.push_back(i);
    order = accounts_by_name(all, std::move(order));
    number(of.known_since());
    std::vector<std::uint32_t>& numbers = numbers_.emplace_back(all.size());
    count(order.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) {
        numbers[order[i]] = i;
        budget_account const& account = all[order[i]];
        text(account.name());
        if (of.is_bucket())
            encode_bucket(all.bucket(order[i]).logged);
        else
            encode_windows(order[i], account.windows);
        if (of.of_runs()) number(all.used_at(order[i]));
    }
}

AIAUDIT_INLINE void gate_encoder::encode_credits(kept_budget const& of) {
    count(of.credits().size());
    for (window_credit const& each : of.credits()) {
        number(each.window);
        text(each.subject);
        amount(each.amount);
    }
}

AIAUDIT_INLINE std::vector<std::uint32_t> accounts_by_name(account_table const& all,
                                                           std::vector<std::uint32_t> wanted) {
    // Of a million names a comparison that looks at both is two waits for memory.
    struct keyed {
        std::uint64_t first = 0;
        std::uint64_t second = 0;
        std::uint32_t number = 0;
    };
    auto const word_at = [](std::string_view name, std::size_t from) {
        std::uint64_t word = 0;
        for (std::size_t i = from; i < from + 8; ++i)
            word = word << 8 | (i < name.size() ? static_cast<std::uint8_t>(name[i]) : 0U);
        return word;
    };
    std::vector<keyed> keys;
    keys.reserve(wanted.size());
    for (std::uint32_t const each : wanted) {
        std::string_view const name = all[each].name();
        keys.push_back({word_at(name, 0), word_at(name, 8), each});
    }
    std::sort(keys.begin(), keys.end(), [&all](keyed const& a, keyed const& b) {
        if (a.first != b.first) return a.first < b.first;
        if (a.second != b.second) return a.second < b.second;
        return all[a.number].name() < all[b.number].name();
    });
    for (std::size_t i = 0; i < keys.size(); ++i) wanted[i] = keys[i].number;
    return wanted;
}

AIAUDIT_INLINE void gate_encoder::note_holds() {
    state_->open.for_each([this](std::uint32_t number) {
        bool const is_advance = state_->open[number].is_advance();
        state_->open.for_each_hold(number, [&](hold const& each) {
            if (is_logged(each, is_advance))
                holds_.insert({each.budget, each.account, each.window});
        });
    });
}

AIAUDIT_INLINE bool gate_encoder::is_used(kept_budget const& of, std::uint32_t number) const {
    if (of.is_bucket())
        return of.accounts().bucket(number).logged.at_ns() != leaky_bucket{}.at_ns();
    budget_account const& account = of.accounts()[number];
    bool used = account.windows.floor() != window_sums::none;
    account.windows.for_each(
        [&](window_sums const& each) { used = used || is_used(number, each); });
    return used;
}

AIAUDIT_INLINE void gate_encoder::encode_windows(std::uint32_t account_number,
                                                 window_account const& account) {
    number(account.floor());
    std::size_t used = 0;
    account.for_each(
        [&](window_sums const& each) { used += std::size_t{is_used(account_number, each)}; });
    count(used);
    account.for_each([&](window_sums const& each) {
        if (!is_used(account_number, each)) return;
        number(each.number);
        amount(each.used.spent);
        count(each.fired);
    });
}

AIAUDIT_INLINE void gate_encoder::encode_attempts() {
    open_attempts const& open = state_->open;
    std::vector<std::uint32_t> order;
    open.for_each([&](std::uint32_t number) {
        bool logged = false;
        open.for_each_hold(number, [&](hold const& each) {
            logged = logged || is_logged(each, open[number].is_advance());
        });
        if (logged) order.push_back(number);
    });
    std::sort(order.begin(), order.end(), [&open](std::uint32_t a, std::uint32_t b) {
        return open[a].intent < open[b].intent;
    });
    count(order.size());
    for (std::uint32_t const each : order) {
        open_attempt const& attempt = open[each];
        out_.append(view_of(attempt.operation.bytes));
        count(attempt.attempt);
        count(value_of(attempt.intent));
        number(attempt.deadline.ns);
        encode_holds(each);
    }
}

AIAUDIT_INLINE void gate_encoder::encode_holds(std::uint32_t attempt) {
    std::vector<hold> holds;
    state_->open.for_each_hold(attempt, [&](hold const& each) {
        if (is_logged(each, state_->open[attempt].is_advance())) holds.push_back(each);
    });
    std::sort(holds.begin(), holds.end(),
              [](hold const& a, hold const& b) { return a.budget < b.budget; });
    count(holds.size());
    for (hold const& each : holds) {
        encode_place(each.budget, each.account, each.window);
        amount(each.logged);
        if (state_->budgets[each.budget].is_bucket()) wide(each.logged_end);
    }
}

AIAUDIT_INLINE bool gate_decoder::decode() {
    for (std::uint64_t left = in_.varint(); left != 0; --left)
        if (!decode_budget()) return false;
    for (std::uint64_t left = in_.varint(); left != 0; --left)
        if (!decode_attempt()) return false;
    for (std::uint64_t left = in_.varint(); left != 0; --left)
        if (!decode_passed()) return false;
    if (version_ >= gate_version_advances) state_.holder = in_.little_endian<std::uint64_t>();
    if (version_ >= gate_version_ceilings) {
        if (!decode_node(state_.node)) return false;
        state_.store_seen = in_.varint();
    }
    return in_.ok() && in_.at_end();
}

AIAUDIT_INLINE std::int32_t gate_decoder::offset() noexcept {
    std::int64_t const seconds = number();
    if (seconds > -seconds_per_day && seconds < seconds_per_day)
        return static_cast<std::int32_t>(seconds);
    in_.fail_read();
    return 0;
}

AIAUDIT_INLINE bool gate_decoder::decode_budget() {
    budget of;
    of.name = text();
    of.unit = static_cast<budget_unit>(narrow<std::uint8_t>());
    of.limit = in_.varint128();
    auto scope = parse_budget_scope(text());
    if (!scope) return false;
    of.scope = std::move(*scope);
    of.window.period = static_cast<budget_period>(narrow<std::uint8_t>());
    (is_calendar(of.window.period) ? of.window.anchor : of.window.hours) = narrow<std::uint32_t>();
    decode_zone(of.window.zone);
    if (!parse_budget_action(text(), of)) return false;
    auto percents = parse_alert_percents(text());
    if (!percents) return false;
    of.alert_percents = std::move(*percents);
    if (!in_.ok() || !validate(of)) return false;
    auto const [place, is_there] = state_.find(of.name);
    if (is_there || place != state_.budgets.size()) return false;
    kept_budget& made = state_.budgets.emplace_back(std::move(of));
    return decode_accounts(made) && (version_ == gate_version || decode_credits(made)) &&
           (version_ < gate_version_ceilings || decode_ceilings(made));
}

AIAUDIT_INLINE void gate_decoder::decode_zone(time_zone& to) {
    std::string name{text()};
    std::int32_t const first = offset();
    std::vector<time_zone::transition> changes;
    for (std::uint64_t left = in_.varint(); left != 0 && in_.ok(); --left) {
        std::int64_t const from = number();
        changes.push_back({from, offset()});
    }
    to = time_zone(std::move(name), first, std::move(changes));
}

AIAUDIT_INLINE bool gate_decoder::decode_accounts(kept_budget& of) {
    std::int64_t const since = number();
    if (since != window_sums::none && !of.may_be_window(since)) return false;
    of.restore_known_since(since);
    bool const each = of.definition().scope.each;
    for (std::uint64_t left = in_.varint(); left != 0; --left) {
        std::string_view const name = text();
        if (!in_.ok() || each == name.empty()) return false;
        std::uint32_t const size = of.accounts().size();
        if (size != 0 && !(of.accounts()[size - 1].name() < name)) return false;
        of.accounts().add(name, account_table::hash_of(name));
        budget_account& account = of.accounts()[size];
        bool const good = of.is_bucket() ? decode_bucket(of.accounts().bucket(size))
                                         : decode_windows(of, account);
        if (!good) return false;
        if (of.of_runs()) {
            std::int64_t const used = number();
            if (used != window_sums::none && !is_reckonable(used)) return false;
            of.accounts().use(size, used);
        }
    }
    return in_.ok();
}

AIAUDIT_INLINE bool gate_decoder::decode_credits(kept_budget& of) {
    for (std::uint64_t left = in_.varint(); left != 0; --left) {
        std::int64_t const window = number();
        std::string_view const subject = text();
        int128 const amount = in_.varint128();
        if (!in_.ok() || !of.may_be_window(window) || amount <= 0 || amount > budget_amount_most)
            return false;
        of.add_credit(window, subject, amount);
    }
    return in_.ok();
}

AIAUDIT_INLINE bool gate_decoder::decode_ceilings(kept_budget& of) {
    for (std::uint64_t left = in_.varint(); left != 0; --left) {
        window_ceiling next;
        next.window = number();
        next.amount = in_.varint128();
        next.beyond = in_.varint128();
        if (!in_.ok() || !of.may_be_window(next.window) || next.amount < 0 ||
            next.amount > budget_amount_most || next.beyond < 0 || next.beyond > next.amount)
            return false;
        of.set_ceiling(next);
    }
    return in_.ok();
}

AIAUDIT_INLINE bool gate_decoder::decode_node(fleet_node& to) {
    to.name = text();
    std::string_view const bytes = in_.take(to.id.bytes.size());
    if (bytes.empty()) return false;
    std::memcpy(to.id.bytes.data(), bytes.data(), bytes.size());
    to.incarnation = in_.varint();
    return in_.ok() && (to.incarnation == 0 || is_budget_name(to.name));
}

AIAUDIT_INLINE bool gate_decoder::decode_windows(kept_budget const& of, budget_account& account) {
    std::int64_t const floor = number();
    if (floor != window_sums::none && !of.may_be_window(floor)) return false;
    std::uint64_t const count = in_.varint();
    if (count > of.keeping().kept) return false;
    std::int64_t before = floor;
    std::vector<window_sums> all;
    for (std::uint64_t i = 0; i < count; ++i) {
        std::int64_t const window = number();
        int128 const spent = in_.varint128();
        auto const fired = narrow<std::uint32_t>();
        if (!in_.ok() || window <= before || !of.may_be_window(window) || spent < 0 ||
            spent > stored_amount_most)
            return false;
        all.push_back({{spent, 0}, window, 0, fired});
        before = window;
    }
    account.windows.restore(floor, std::move(all), of.keeping());
    return true;
}

AIAUDIT_INLINE bool gate_decoder::decode_attempt() {
    operation_id operation;
    std::string_view const bytes = in_.take(operation.bytes.size());
    if (bytes.empty()) return false;
    std::memcpy(operation.bytes.data(), bytes.data(), bytes.size());
    auto const attempt = narrow<std::uint32_t>();
    auto const intent = in_.varint();
    timestamp const deadline{number()};
    std::uint64_t const holds = in_.varint();
    if (!in_.ok() || intent <= intent_before_ || holds == 0 || holds > state_.budgets.size() ||
        state_.open.find(operation, attempt) != open_attempts::none)
        return false;
    intent_before_ = intent;
    bool const is_advance = version_ >= gate_version_advances && attempt == open_attempt::advance;
    std::uint32_t const number = state_.open.add(operation, attempt);
    state_.open[number].intent = sequence{intent};
    state_.open[number].deadline = deadline;
    // Each is put before the one that was put last.
    std::vector<hold> read(static_cast<std::size_t>(holds));
    for (std::size_t i = 0; i < read.size(); ++i) {
        if (!decode_hold(read[i], is_advance) || (i != 0 && read[i].budget <= read[i - 1].budget))
            return false;
    }
    for (hold const& each : read) state_.open.add_hold(number, each);
    return true;
}

AIAUDIT_INLINE bool gate_decoder::decode_hold(hold& to, bool is_advance) {
    if (!decode_place(to.budget, to.account, to.window)) return false;
    kept_budget& of = state_.budgets[to.budget];
    int128 const amount = in_.varint128();
    if (!in_.ok() || amount < 0 || amount > budget_amount_most) return false;
    if (of.is_bucket()) to.end = to.logged_end = wide();
    to.amount = amount;
    to.logged = amount;
    if (is_advance)
        of.restore_advance(to);
    else
        of.restore_hold(to);
    return in_.ok();
}

AIAUDIT_INLINE bool gate_decoder::decode_place(std::uint32_t& budget, std::uint32_t& account,
                                               std::int64_t& window) {
    budget = narrow<std::uint32_t>();
    account = narrow<std::uint32_t>();
    window = number();
    return in_.ok() && budget < state_.budgets.size() &&
           account < state_.budgets[budget].accounts().size() &&
           state_.budgets[budget].may_be_window(window);
}

AIAUDIT_INLINE bool gate_decoder::decode_passed() {
    passed_threshold passed;
    if (!decode_place(passed.budget, passed.account, passed.window)) return false;
    passed.percent = narrow<std::uint32_t>();
    if (!in_.ok() || passed.percent > alert_percent_most) return false;
    state_.passed.push_back(passed);
    return true;
}

AIAUDIT_INLINE result<gate_state> read_gate(std::string_view bytes) {
    auto const bad = [](std::string_view why) {
        return fail(errc::corrupt, "the state of budgets cannot be read: " + std::string(why));
    };
    if (bytes.size() < gate_head_bytes || !bytes.starts_with(gate_magic))
        return bad("it is something else");
    auto const version = static_cast<std::uint8_t>(bytes[gate_magic.size()]);
    if (version < gate_version || version > gate_version_ceilings)
        return bad("its version is not known");
    std::string_view const body = bytes.substr(gate_head_bytes);
    if (load_little_endian<std::uint32_t>(bytes.data() + 4) != crc32c(body))
        return bad("its checksum does not match");
    gate_decoder decoder(body, version);
    if (!decoder.decode()) return bad("its bytes make no sense");
    gate_state state = decoder.take();
    if (write_gate(state) != bytes) return bad("it is not as it would be written");
    return state;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_BUDGET_GATE_SNAPSHOT_IPP
