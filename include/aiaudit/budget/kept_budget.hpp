// SPDX-License-Identifier: MIT
//
// kept_budget.hpp: a budget with its accounts: whom it covers, whether an amount fits, what is
// added and given back.
//
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_BUDGET_KEPT_BUDGET_HPP
#define AIAUDIT_BUDGET_KEPT_BUDGET_HPP

#include <aiaudit/budget/budget_accounts.hpp>  // account_table
#include <aiaudit/budget/budget_text.hpp>
#include <aiaudit/budget/decision.hpp>
#include <aiaudit/budget/open_attempts.hpp>  // hold
#include <aiaudit/core/record.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// The names of a record by which budgets know it; each is hashed once.
template <class String>
class record_subjects {
public:
    explicit record_subjects(basic_record<String> const& entry) noexcept : entry_(&entry) {}

    // Empty: the record has none, and only budgets of everyone cover it.
    [[nodiscard]] std::string_view name(budget_scope const& scope) const noexcept {
        switch (scope.of) {
        case budget_dimension::everyone: break;
        case budget_dimension::user: return entry_->user;
        case budget_dimension::model:
            return entry_->model_requested.empty() ? entry_->model_served : entry_->model_requested;
        case budget_dimension::provider: return entry_->provider;
        case budget_dimension::project: return entry_->project;
        case budget_dimension::key: return entry_->key_id;
        case budget_dimension::tag: return tag_of(*entry_, scope.tag);
        case budget_dimension::run:
        case budget_dimension::team:
        case budget_dimension::organisation:
            return tag_of(*entry_, budget_dimension_names[static_cast<std::size_t>(scope.of)]);
        }
        return {};
    }
    [[nodiscard]] std::uint64_t hash(budget_dimension of, std::string_view name) noexcept {
        if (of == budget_dimension::tag) return account_table::hash_of(name);
        std::uint64_t& known = hashes_[static_cast<std::size_t>(of)];
        if (known == 0) known = account_table::hash_of(name);
        return known;
    }

private:
    basic_record<String> const* entry_;
    std::array<std::uint64_t, budget_dimension_names.size()> hashes_{};
};

// A place in a budget: an account, which may not be there yet, and a window.
struct budget_place {
    std::string_view name{};
    std::uint64_t hash = 0;
    std::uint32_t account = account_table::none;
    std::int64_t window = 0;
};

// What was added to the limit of a window.
struct window_credit {
    std::int64_t window = 0;
    std::string subject{};  // empty: of each
    int128 amount = 0;
};

// Up to where a budget of a fleet goes in a window here.
struct window_ceiling {
    std::int64_t window = 0;
    int128 amount = 0;
    int128 beyond = 0;       // of it, what no store has given
    int128 lowered = never;  // what it will be, once a record is in the log
    static constexpr int128 never = -1;
    [[nodiscard]] constexpr int128 now() const noexcept {
        return lowered != never && lowered < amount ? lowered : amount;
    }
};

// A threshold that was passed.
struct passed_threshold {
    std::uint32_t budget = 0;
    std::uint32_t account = 0;
    std::int64_t window = 0;
    std::uint32_t percent = 0;
};

class kept_budget {
public:
    explicit kept_budget(budget definition)
        : definition_(std::move(definition)),
          keeping_(keeping_of(definition_.window.period)),
          of_lives_(is_of_lives(definition_)),
          accounts_(definition_.window.period == budget_period::minute, of_runs()) {
        if (of_lives_) keeping_.kept = lives_kept;
        reckon_thresholds();
    }

    [[nodiscard]] budget const& definition() const noexcept { return definition_; }
    [[nodiscard]] window_keeping keeping() const noexcept { return keeping_; }
    [[nodiscard]] account_table const& accounts() const noexcept { return accounts_; }
    [[nodiscard]] account_table& accounts() noexcept { return accounts_; }
    [[nodiscard]] bool is_bucket() const noexcept {
        return definition_.window.period == budget_period::minute;
    }
    // Names of runs are many, and seldom come again: what is not used any more is dropped.
    [[nodiscard]] bool of_runs() const noexcept {
        return definition_.scope.of == budget_dimension::run && definition_.scope.each;
    }
    // Whether a window is the life of a run: its number is the instant of its first call.
    [[nodiscard]] bool of_lives() const noexcept { return of_lives_; }
    [[nodiscard]] std::int64_t idle_ns() const noexcept {
        std::uint32_t const hours = definition_.window.hours;
        return std::int64_t{hours == 0 ? idle_hours_usual : hours} * 3'600 * nanoseconds_per_second;
    }
    // Of a record that is in the log.
    void use(std::uint32_t account, timestamp at) noexcept {
        accounts_.use(account, reckonable_ns(at));
    }
    // The life in which an account is at an instant, or that which begins then.
    [[nodiscard]] std::int64_t life_at(std::uint32_t account, std::int64_t ns) const noexcept;
    static constexpr std::uint32_t runs_most = 65'536;
    static constexpr std::uint32_t runs_few = 1'024;
    // Whether there are many more accounts of runs than when some were last dropped.
    [[nodiscard]] bool has_many_runs() const noexcept {
        return of_runs() && accounts_.size() > drop_above_;
    }
    // Drops those that are over, and, of more than runs_most, those that were used longest ago; but
    // none that holds something. Returns the new numbers of those that stay.
    std::vector<std::uint32_t> drop_runs(std::vector<bool> const& holds);
    [[nodiscard]] bool only_warns() const noexcept {
        return definition_.then == budget_action::warn;
    }

    // Whether what was counted stays true under another definition.
    [[nodiscard]] bool counts_as(budget const& other) const noexcept;
    // By one that counts_as() it. Where the thresholds are others, they can be passed anew.
    void redefine(budget definition);
    void take_accounts(account_table from) { accounts_ = std::move(from); }
    // The first window (of a bucket: the first instant) that anything is known of.
    [[nodiscard]] std::int64_t known_since() const noexcept { return known_since_; }
    void restore_known_since(std::int64_t window) noexcept { known_since_ = window; }
    // Of a budget that is new at an instant.
    void forget_before(timestamp at) { known_since_ = first_window_at(at); }
    // The lowest window that matters at an instant.
    [[nodiscard]] std::int64_t first_window_at(timestamp at) const {
        auto const from = matters_since(definition_.window, at);
        return from ? window_at(*from) : window_sums::none;
    }

    // What is counted in windows that begin after an instant.
    [[nodiscard]] future_state future(timestamp after) const;
    // Forgets that. True where windows of before were pushed out by it, or the budget was set in
    // it: they are to be read from the log again, and merged in by take_lost().
    bool forget_future(timestamp after);
    // Of a budget that the log is read for again: it counts nothing that begins after an instant.
    void count_until(timestamp at) { known_until_ = window_at(at); }
    // The first window of an account that is not lost to what was after an instant.
    [[nodiscard]] std::int64_t kept_since(std::uint32_t account) const noexcept;
    // Takes an account's windows of before that from the same budget, as it was read again. They
    // hold nothing yet. Returns the number that the account has here.
    std::uint32_t take_lost(kept_budget const& read, std::uint32_t account, timestamp after);
    // To be said once all is taken.
    void end_taking(timestamp after);

    // Finds where a record belongs, but for its account. False: it is not covered.
    template <class String>
    [[nodiscard]] bool find_window(record_subjects<String>& subjects, timestamp at,
                                   budget_place& place) const {
        budget_scope const& scope = definition_.scope;
        if (scope.of != budget_dimension::everyone) {
            std::string_view const name = subjects.name(scope);
            if (scope.each) {
                if (name.empty()) return false;
                place.name = name;
                place.hash = subjects.hash(scope.of, name);
                accounts_.prefetch_index(place.hash);
            } else if (!same_text(name, scope.name)) {
                return false;
            }
        }
        place.window = window_at(at);
        return true;
    }
    // Fetches the account that find_account() will find.
    void expect_account(budget_place const& place) const noexcept {
        if (definition_.scope.each) accounts_.prefetch_account(place.hash);
    }
    void find_account(budget_place& place) const;
    // None where it has used nothing yet. A budget that is for all together has one alone.
    [[nodiscard]] std::uint32_t account_named(std::string_view name) const {
        if (definition_.scope.each) return accounts_.find(name, account_table::hash_of(name));
        return accounts_.size() == 0 ? account_table::none : 0;
    }
    // Both. False: it is not covered.
    template <class String>
    [[nodiscard]] bool find_place(record_subjects<String>& subjects, timestamp at,
                                  budget_place& place) const {
        if (!find_window(subjects, at, place)) return false;
        find_account(place);
        return true;
    }

    // The limit, with what was added to it there.
    [[nodiscard]] int128 limit_at(budget_place const& place) const {
        return adds_ ? definition_.limit + added_at(place) : definition_.limit;
    }
    void add_credit(std::int64_t window, std::string_view subject, int128 amount);
    // By window, then subject.
    [[nodiscard]] std::vector<window_credit> const& credits() const noexcept { return credits_; }

    [[nodiscard]] bool of_fleet() const noexcept { return definition_.fleet != fleet_rule::none; }
    // By window. Of a budget that is for all together, of a fleet.
    [[nodiscard]] std::vector<window_ceiling> const& ceilings() const noexcept { return ceilings_; }
    void set_ceiling(window_ceiling of);
    // Lowers one from now on, until the log has that or end_lowering(); not under what is used.
    [[nodiscard]] bool lower_ceiling(std::int64_t window, int128 amount);
    void end_lowering(std::int64_t window);
    [[nodiscard]] amounts_used used_in(std::int64_t window) const;
    // Which numbers of windows there may be.
    [[nodiscard]] bool may_be_window(std::int64_t number) const noexcept;
    // The most that was refused since this was last asked.
    void note_refused(int128 amount) noexcept { refused_ = (std::max)(refused_, amount); }
    [[nodiscard]] int128 take_refused() noexcept { return std::exchange(refused_, int128{0}); }

    // Whether it fits, or why not.
    [[nodiscard]] std::optional<refusal_reason> refuses(budget_place const& place,
                                                        int128 amount) const;
    // How much fits there.
    [[nodiscard]] int128 room_at(budget_place const& place) const {
        return limit_at(place) - accounts_[place.account].windows.most_used(place.window, keeping_);
    }
    // Whether more than one attempt has asked there; not of a bucket.
    [[nodiscard]] bool was_used(budget_place const& place) const {
        if (place.account == account_table::none) return false;
        auto const sums = accounts_[place.account].windows.find(place.window);
        return sums && (sums->used.spent != 0 || sums->open > 1);
    }
    // Whether a place is so old that nothing of it is kept.
    [[nodiscard]] bool forgot(budget_place const& place) const;

    // The account of a place, which is made where it is not there.
    [[nodiscard]] std::uint32_t account_of(budget_place const& place) {
        return place.account == account_table::none ? accounts_.add(place.name, place.hash)
                                                    : place.account;
    }

    // Makes what a hold holds more or less. Its window is not forgotten where it is new.
    void change_hold(hold& of, int128 change, bool is_new);
    // The same of an advance. Of a rate nothing is filled in: what it lets through is let through
    // by its level, and drawn from the advance as well; so that is what a crash may hide.
    void change_advance(hold& of, int128 change, bool is_new);
    void drop_advance(hold const& of) {
        if (!is_bucket()) settle(of, 0);
    }
    // The log has all that a hold holds, or more of an advance from an instant on.
    void log_hold(hold& of);
    void log_advance(hold& of, std::int64_t window);
    // Fills in what a crash may have hidden of a rate, as far as there is room.
    void fill_lost(hold const& of, timestamp at);
    // Gives back what a hold held, and books what was taken of it.
    void settle(hold const& of, int128 taken);
    // Of a hold that was stored: its account knows nothing of it but, of a bucket, the level.
    void restore_hold(hold const& of);
    void restore_advance(hold const& of) {
        if (!is_bucket()) restore_hold(of);
    }
    // Books what was never held. In what is forgotten, nothing is.
    void charge(std::uint32_t number, std::int64_t window, int128 amount);

    // What is to be charged where a cost was more, or less, by `change`: of dollars alone, in
    // windows alone, and no window is left below zero.
    [[nodiscard]] int128 correction_at(budget_place const& place, int128 change) const;

    // Which thresholds what is spent has passed now, for the first time in a window. A bucket has
    // none: its level rises and falls all the time.
    template <class Visitor>
    void take_passed(std::uint32_t number, std::int64_t window, Visitor&& visit) {
        if (is_bucket() || thresholds_.empty()) return;
        window_account& account = accounts_[number].windows;
        auto const sums = account.find(window);
        if (!sums) return;
        bool const rolls = keeping_.reach != 0;
        if (rolls &&
            (account.newest() - window > keeping_.reach || account.running() < thresholds_.front()))
            return;
        int128 const spent =
            rolls ? account.ending_with(account.newest(), keeping_.reach).spent : sums->used.spent;
        if (spent < thresholds_.front()) return;
        std::uint32_t fired = sums->fired;
        if (rolls) {
            account.for_each([&](window_sums const& each) {
                if (account.newest() - each.number <= keeping_.reach) fired |= each.fired;
            });
        }
        for (std::size_t i = 0; i < thresholds_.size() && spent >= thresholds_[i]; ++i) {
            if ((fired >> i & 1) != 0) continue;
            account.add(window, keeping_, {.fired = std::uint32_t{1} << i});
            visit(definition_.alert_percents[i]);
        }
    }

    // An instant of a window.
    [[nodiscard]] timestamp instant_in(std::int64_t window) const {
        if (is_bucket() || of_lives_) return {window};
        return {reckonable_ns({span_numbered(definition_.window, window).begins_ns})};
    }
    // The number of the window in which an instant lies; of a bucket, the instant itself.
    [[nodiscard]] std::int64_t window_at(timestamp at) const {
        std::int64_t const ns = reckonable_ns(at);
        if (is_bucket() || of_lives_) return ns;
        return cursor_.holds(ns) ? cursor_.number : span_of(definition_.window, at).number;
    }
    // Makes window_at() quick for the window of an instant.
    void look_at(timestamp at) {
        if (!cursor_.holds(reckonable_ns(at))) cursor_ = span_of(definition_.window, at);
    }

private:
    // Whether a clock that stood ahead leaves something behind: a sum for ever has no future, and
    // what was taken of a fleet's limit is taken.
    [[nodiscard]] bool has_future() const noexcept {
        return of_lives_ || (definition_.window.period != budget_period::total && !of_fleet());
    }
    // Whether an account's windows that matter at an instant were pushed out.
    [[nodiscard]] bool is_closed(window_account const& windows, timestamp at) const;

    // Whether something is forgotten that would count together with a place.
    [[nodiscard]] bool forgot_before(budget_place const& place) const noexcept;
    void reckon_thresholds();
    [[nodiscard]] int128 added_at(budget_place const& place) const;
    [[nodiscard]] int128 credit_at(std::int64_t window, std::string_view subject) const;

    [[nodiscard]] int128 ceiling_at(std::int64_t window) const noexcept;

    std::vector<window_credit> credits_{};
    std::vector<window_ceiling> ceilings_{};
    int128 refused_ = 0;
    static constexpr std::size_t lives_kept = 4;
    static constexpr std::size_t ceilings_kept = 4;

    budget definition_;
    window_keeping keeping_;
    bool of_lives_;
    bool adds_ = false;  // more than the limit may count somewhere
    std::uint32_t drop_above_ = runs_few;
    std::vector<int128> thresholds_{};
    window_span cursor_{};  // the window that was asked for last
    std::int64_t known_since_ = window_sums::none;
    std::int64_t known_until_ = (std::numeric_limits<std::int64_t>::max)();
    account_table accounts_;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/budget/kept_budget.ipp>
#endif

#endif  // AIAUDIT_BUDGET_KEPT_BUDGET_HPP
