// SPDX-License-Identifier: MIT
#include <aiaudit/resilience/circuit_breaker.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(circuit_breaker)

namespace {

using namespace std::chrono_literals;
using aiaudit::breaker_admission;
using aiaudit::breaker_board;
using aiaudit::breaker_change;
using aiaudit::breaker_options;
using aiaudit::breaker_outcome;
using aiaudit::breaker_state;
using aiaudit::breaker_ticket;
using aiaudit::error_class;
using aiaudit::steady_time;
using breaker = aiaudit::circuit_breaker;  // the suite has that name too

constexpr steady_time start{1h};

std::optional<breaker_change> call(breaker& of, steady_time now, breaker_outcome outcome) {
    auto const admitted = of.admit(now);
    BOOST_REQUIRE(admitted.allowed);
    return of.settle(now, admitted.ticket, outcome);
}
// Ten failures, the last of which opens it until start + 30 s.
breaker opened(breaker_options const& options = {}) {
    breaker of{options};
    for (int i = 0; i < 9; ++i) BOOST_REQUIRE(!call(of, start, breaker_outcome::failure));
    BOOST_REQUIRE(call(of, start, breaker_outcome::failure).has_value());
    BOOST_REQUIRE((of.state() == breaker_state::open));
    return of;
}

// The rules in their plainest form: every call is kept, and nothing is ever thrown away.
class reference_breaker {
public:
    explicit reference_breaker(breaker_options const& options) : options_(options) {}

    breaker_admission admit(steady_time now) {
        breaker_admission made;
        if (state_ == breaker_state::open && now >= until_) {
            made.change = breaker_change{state_, breaker_state::half_open, 0, 0, {}};
            enter(breaker_state::half_open);
        }
        if (state_ == breaker_state::open) {
            made.allowed = false;
            made.wait = until_ - now;
        } else if (state_ == breaker_state::half_open) {
            if (holder_ && now < lease_end_) {
                made.allowed = false;
                made.wait = lease_end_ - now;
            } else {
                holder_ = ++probes_;
                lease_end_ = now + options_.probe_lease;
            }
        }
        if (made.allowed)
            made.ticket = {episode_, state_ == breaker_state::half_open ? probes_ : 0};
        return made;
    }
    std::optional<breaker_change> settle(steady_time now, breaker_ticket ticket,
                                         breaker_outcome outcome,
                                         std::optional<std::chrono::milliseconds> asked) {
        bool const failed = outcome == breaker_outcome::failure;
        auto const longer = now + std::min(asked.value_or(0ms), options_.open_max);
        if (ticket.generation != episode_) {
            if (failed && asked && state_ == breaker_state::open && longer > until_)
                until_ = longer;
            return {};
        }
        if (outcome == breaker_outcome::ignored) {
            if (holder_ == ticket.probe) holder_.reset();
            return {};
        }
        auto const calls_before = seen_.size();
        if (state_ == breaker_state::closed) seen_.push_back({now, failed});
        if (!failed) {
            if (state_ == breaker_state::closed) return {};
            breaker_change const change{state_, breaker_state::closed, 0, 0, {}};
            enter(breaker_state::closed);
            return change;
        }
        std::uint32_t calls = 0;
        std::uint32_t failures = 0;
        for (auto const& [at, bad] : seen_) {
            if (slot(at) + 10 <= slot(now)) continue;
            ++calls;
            failures += bad ? 1 : 0;
        }
        if (calls_before != seen_.size() &&
            (calls < options_.calls_min || failures * 100 < calls * options_.failure_percent))
            return {};
        until_ = std::max({until_, now + options_.open_for, longer});
        breaker_change const change{state_, breaker_state::open, failures, calls, until_};
        enter(breaker_state::open);
        return change;
    }
    breaker_state state() const { return state_; }

private:
    struct settled {
        steady_time at;
        bool failed;
    };
    void enter(breaker_state to) {
        state_ = to;
        ++episode_;
        holder_.reset();
        seen_.clear();
    }
    std::int64_t slot(steady_time at) const {
        return at.time_since_epoch() / (std::chrono::nanoseconds{options_.window} / 10);
    }

    breaker_options options_;
    breaker_state state_ = breaker_state::closed;
    std::uint64_t episode_ = 1;
    std::uint64_t probes_ = 0;
    std::optional<std::uint64_t> holder_{};
    std::vector<settled> seen_{};
    steady_time until_{};
    steady_time lease_end_{};
};

}  // namespace

BOOST_AUTO_TEST_CASE(it_opens_at_the_failure_that_reaches_both_least_numbers) {
    breaker of;
    for (int i = 0; i < 5; ++i) BOOST_TEST(!call(of, start, breaker_outcome::success).has_value());
    for (int i = 0; i < 4; ++i) BOOST_TEST(!call(of, start, breaker_outcome::failure).has_value());
    auto const change = call(of, start + 1s, breaker_outcome::failure);
    BOOST_TEST(
        (change == breaker_change{breaker_state::closed, breaker_state::open, 5, 10, start + 31s}));
    auto const refused = of.admit(start + 11s);
    BOOST_TEST(!refused.allowed);
    BOOST_TEST((refused.wait == 20s));
}

BOOST_AUTO_TEST_CASE(under_the_percentage_it_stays_closed) {
    breaker of;
    for (int i = 0; i < 51; ++i) call(of, start, breaker_outcome::success);
    for (int i = 0; i < 50; ++i) BOOST_TEST(!call(of, start, breaker_outcome::failure).has_value());
    BOOST_TEST(call(of, start, breaker_outcome::failure).has_value());
}

BOOST_AUTO_TEST_CASE(failures_leave_the_window_with_time) {
    breaker of;
    for (int i = 0; i < 9; ++i) call(of, start, breaker_outcome::failure);
    BOOST_TEST(of.counted_at(start + 59s).calls == 9U);
    BOOST_TEST(of.counted_at(start + 60s).calls == 0U);
    for (int i = 0; i < 9; ++i)
        BOOST_TEST(!call(of, start + 60s, breaker_outcome::failure).has_value());
    BOOST_TEST(call(of, start + 119s, breaker_outcome::failure).has_value());
}

BOOST_AUTO_TEST_CASE(what_is_ignored_is_not_counted) {
    breaker of;
    for (int i = 0; i < 100; ++i) call(of, start, breaker_outcome::ignored);
    BOOST_TEST(of.counted_at(start).calls == 0U);
}

BOOST_AUTO_TEST_CASE(one_probe_passes_and_its_success_closes) {
    breaker of = opened();
    BOOST_TEST(!of.admit(start + 30s - 1ns).allowed);
    auto const probe = of.admit(start + 30s);
    BOOST_TEST(probe.allowed);
    BOOST_TEST(probe.is_probe());
    BOOST_TEST(
        (probe.change == breaker_change{breaker_state::open, breaker_state::half_open, 0, 0, {}}));
    for (int i = 0; i < 10; ++i) BOOST_TEST(!of.admit(start + 31s).allowed);
    auto const change = of.settle(start + 32s, probe.ticket, breaker_outcome::success);
    BOOST_TEST(
        (change == breaker_change{breaker_state::half_open, breaker_state::closed, 0, 0, {}}));
    // It starts from nothing: what opened it is not counted again.
    BOOST_TEST(!call(of, start + 32s, breaker_outcome::failure).has_value());
    BOOST_TEST(!of.admit(start + 32s).is_probe());
}

BOOST_AUTO_TEST_CASE(a_probe_that_fails_opens_again) {
    breaker of = opened();
    auto const probe = of.admit(start + 40s);
    auto const change = of.settle(start + 45s, probe.ticket, breaker_outcome::failure);
    BOOST_TEST((change ==
                breaker_change{breaker_state::half_open, breaker_state::open, 0, 0, start + 75s}));
    BOOST_TEST((of.admit(start + 45s).wait == 30s));
}

BOOST_AUTO_TEST_CASE(a_probe_that_says_nothing_frees_its_place) {
    breaker of = opened();
    auto const probe = of.admit(start + 30s);
    BOOST_TEST(!of.settle(start + 31s, probe.ticket, breaker_outcome::ignored).has_value());
    BOOST_TEST(of.admit(start + 31s).is_probe());
    BOOST_TEST(!of.admit(start + 31s).allowed);
}

BOOST_AUTO_TEST_CASE(a_probe_that_is_never_settled_blocks_for_its_lease_only) {
    breaker of = opened();
    auto const lost = of.admit(start + 30s);
    BOOST_TEST((of.admit(start + 80s).wait == 10s));
    auto const second = of.admit(start + 90s);
    BOOST_TEST(second.is_probe());
    // The first holds no place any more, but its result still tells.
    BOOST_TEST(!of.settle(start + 91s, lost.ticket, breaker_outcome::ignored).has_value());
    BOOST_TEST(!of.admit(start + 91s).allowed);
    BOOST_TEST(of.settle(start + 92s, lost.ticket, breaker_outcome::success).has_value());
    BOOST_TEST((of.state() == breaker_state::closed));
    BOOST_TEST(!of.settle(start + 93s, second.ticket, breaker_outcome::failure).has_value());
    BOOST_TEST(of.counted_at(start + 93s).calls == 0U);
}

BOOST_AUTO_TEST_CASE(results_of_calls_from_before_it_opened_change_nothing) {
    for (auto const outcome :
         {breaker_outcome::success, breaker_outcome::failure, breaker_outcome::ignored}) {
        breaker of;
        auto const early = of.admit(start - 1s);
        for (int i = 0; i < 10; ++i) call(of, start, breaker_outcome::failure);
        BOOST_TEST(!of.settle(start + 1s, early.ticket, outcome).has_value());
        BOOST_TEST((of.until() == start + 30s));
        auto const probe = of.admit(start + 30s);
        BOOST_TEST(!of.settle(start + 31s, early.ticket, outcome).has_value());
        BOOST_TEST((of.state() == breaker_state::half_open));
        BOOST_TEST(!of.admit(start + 31s).allowed);
        of.settle(start + 32s, probe.ticket, breaker_outcome::success);
        BOOST_TEST(!of.settle(start + 33s, early.ticket, outcome).has_value());
        BOOST_TEST(of.counted_at(start + 33s).calls == 0U);
    }
}

BOOST_AUTO_TEST_CASE(retry_after_lengthens_within_a_bound_and_never_shortens) {
    auto const opened_with = [](std::chrono::milliseconds asked) {
        breaker of;
        for (int i = 0; i < 10; ++i) {
            auto const admitted = of.admit(start);
            of.settle(start, admitted.ticket, breaker_outcome::failure, asked);
        }
        return of.until() - start;
    };
    BOOST_TEST((opened_with(5s) == 30s));
    BOOST_TEST((opened_with(90s) == 90s));
    BOOST_TEST((opened_with(24h) == 300s));
    BOOST_TEST((opened_with(std::chrono::milliseconds::max()) == 300s));
    BOOST_TEST((opened_with(std::chrono::milliseconds::min()) == 30s));

    breaker of;
    auto const early = of.admit(start);
    for (int i = 0; i < 10; ++i) call(of, start, breaker_outcome::failure);
    struct {
        std::chrono::milliseconds asked;
        std::chrono::milliseconds until;
    } const rows[]{{5s, 30s}, {120s, 121s}, {60s, 121s}, {24h, 301s}, {1ms, 301s}};
    for (auto const& row : rows) {
        of.settle(start + 1s, early.ticket, breaker_outcome::failure, row.asked);
        BOOST_TEST((of.until() == start + row.until));
    }
    of.settle(start + 100s, early.ticket, breaker_outcome::success, 24h);
    BOOST_TEST((of.until() == start + 301s));
}

BOOST_AUTO_TEST_CASE(a_breaker_that_is_switched_off_lets_all_through) {
    breaker of{{.enabled = false}};
    for (int i = 0; i < 100; ++i)
        BOOST_TEST(!call(of, start, breaker_outcome::failure).has_value());
}

BOOST_AUTO_TEST_CASE(senseless_options_break_nothing) {
    using std::chrono::milliseconds;
    for (auto const time : {milliseconds::min(), 0ms, milliseconds::max()}) {
        for (std::uint32_t const number : {0U, ~0U}) {
            breaker of{{true, time, number, number, time, time, time}};
            for (int i = 0; i < 20; ++i) {
                auto const admitted = of.admit(start + i * 1s);
                if (admitted.allowed)
                    of.settle(start + i * 1s, admitted.ticket, breaker_outcome::failure, time);
            }
            BOOST_TEST((of.state() == breaker_state::closed) == (number != 0));
        }
    }
}

BOOST_AUTO_TEST_CASE(it_does_what_a_plain_model_of_the_rules_does) {
    breaker_options const options{true, 1'000ms, 40, 5, 700ms, 2'000ms, 900ms};
    struct on_its_way {
        breaker_ticket of_breaker;
        breaker_ticket of_model;
    };
    std::mt19937_64 random{20'261'124};
    breaker of{options};
    reference_breaker model{options};
    std::vector<on_its_way> calls;
    steady_time now = start;
    int changes[3]{};
    int late = 0;
    for (int step = 0; step < 100'000; ++step) {
        now += std::chrono::microseconds{random() % 60'000};
        if (calls.empty() || random() % 2 == 0) {
            auto const made = of.admit(now);
            auto const wanted = model.admit(now);
            BOOST_REQUIRE_EQUAL(made.allowed, wanted.allowed);
            BOOST_REQUIRE((made.wait == wanted.wait && made.change == wanted.change));
            BOOST_REQUIRE_EQUAL(made.is_probe(), wanted.is_probe());
            if (made.change) ++changes[static_cast<int>(made.change->to)];
            if (made.allowed) calls.push_back({made.ticket, wanted.ticket});
        } else {
            auto const which = random() % calls.size();
            std::swap(calls[which], calls.back());
            auto const [ticket, of_model] = calls.back();
            calls.pop_back();
            if (random() % 20 == 0) continue;  // never settled
            bool const bad_day = step / 5'000 % 2 == 0;
            auto const die = random() % 10;
            auto const outcome = die == 0                    ? breaker_outcome::ignored
                                 : die < (bad_day ? 8U : 3U) ? breaker_outcome::failure
                                                             : breaker_outcome::success;
            std::optional<std::chrono::milliseconds> asked;
            if (random() % 4 == 0) asked = std::chrono::milliseconds{random() % 3'000};
            auto const before = of.until();
            auto const made = of.settle(now, ticket, outcome, asked);
            auto const wanted = model.settle(now, of_model, outcome, asked);
            BOOST_REQUIRE((made == wanted));
            BOOST_REQUIRE((of.until() >= before));
            if (made) ++changes[static_cast<int>(made->to)];
            if (!made && of.until() > before) ++late;
        }
        BOOST_REQUIRE((of.state() == model.state()));
    }
    for (int const count : changes) BOOST_TEST(count > 100);
    BOOST_TEST(late > 10);
}

BOOST_AUTO_TEST_CASE(classes_say_whether_the_provider_is_well) {
    using aiaudit::outcome_of;
    for (auto const of : {error_class::connection, error_class::timeout, error_class::server,
                          error_class::request_timeout})
        BOOST_TEST((outcome_of(of) == breaker_outcome::failure));
    for (auto const of : {error_class::none, error_class::client, error_class::conflict})
        BOOST_TEST((outcome_of(of) == breaker_outcome::success));
    for (auto const of : {error_class::rate_limit, error_class::quota, error_class::tls,
                          error_class::circuit_open, error_class::cancelled, error_class::ours})
        BOOST_TEST((outcome_of(of) == breaker_outcome::ignored));
    BOOST_TEST((outcome_of(error_class::rate_limit, true) == breaker_outcome::failure));
    BOOST_TEST((outcome_of(error_class::quota, true) == breaker_outcome::ignored));
}

BOOST_AUTO_TEST_CASE(a_board_keeps_models_apart) {
    breaker_board board;
    for (int i = 0; i < 10; ++i) {
        auto const admitted = board.admit("openai", "a", start);
        board.settle("openai", "a", start, admitted.ticket, breaker_outcome::failure);
    }
    BOOST_TEST(!board.admit("openai", "a", start).allowed);
    BOOST_TEST(board.admit("openai", "b", start).allowed);
    BOOST_TEST(board.admit("azure", "a", start).allowed);
    BOOST_TEST(board.admit("opena", "ia", start).allowed);
    auto const report = board.report(start);
    BOOST_REQUIRE(report.size() == 4U);
    BOOST_TEST(report[3].model == "a");
    BOOST_TEST((report[3].state == breaker_state::open));
    BOOST_TEST((report[3].until == start + 30s));
}

BOOST_AUTO_TEST_CASE(a_full_board_drops_the_one_not_asked_for_longest_but_none_that_is_open) {
    breaker_board board{{.calls_min = 1}, 3};
    auto const fails = [&](char const* model) {
        auto const admitted = board.admit("p", model, start);
        board.settle("p", model, start, admitted.ticket, breaker_outcome::failure);
    };
    auto const models = [&] {
        std::string names;
        for (auto const& each : board.report(start)) names += each.model;
        return names;
    };
    fails("a");
    auto const b = board.admit("p", "b", start);
    static_cast<void>(board.admit("p", "c", start));
    static_cast<void>(board.admit("p", "d", start));
    BOOST_TEST(models() == "dca");
    // A ticket of one that was dropped fits none of its name that came later.
    static_cast<void>(board.admit("p", "b", start));
    BOOST_TEST(models() == "bda");
    BOOST_TEST(!board.settle("p", "b", start, b.ticket, breaker_outcome::failure).has_value());
    BOOST_TEST(board.admit("p", "b", start).allowed);
    fails("b");
    fails("d");
    BOOST_TEST(board.admit("p", "e", start).allowed);
    BOOST_TEST(board.admit("p", "e", start).ticket.generation == 0U);
    BOOST_TEST(board.report(start).size() == 3U);
    BOOST_TEST(!board.admit("p", "a", start + 1s).allowed);
    // Long after it could have let a probe through, even an open one goes.
    BOOST_TEST(board.admit("p", "e", start + 30s + 10min).ticket.generation != 0U);
    BOOST_TEST(board.report(start).size() == 3U);
}

BOOST_AUTO_TEST_CASE(names_that_are_too_long_are_let_through_and_not_kept) {
    breaker_board board{{.calls_min = 1}};
    std::string const name(breaker_board::name_bytes_max + 1, 'x');
    auto const admitted = board.admit("p", name, start);
    BOOST_TEST(admitted.allowed);
    board.settle("p", name, start, admitted.ticket, breaker_outcome::failure);
    BOOST_TEST(board.admit("p", name, start).allowed);
    BOOST_TEST(board.report(start).empty());
}

BOOST_AUTO_TEST_SUITE_END()
