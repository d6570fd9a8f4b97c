// SPDX-License-Identifier: MIT
//
// What a process holds ahead of use: attempts are drawn from it before the log has their intents,
// and whatever a crash hides of them is inside it.
#include "unit/support/gate_testing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(budget_advances)

namespace {

using namespace aiaudit;
using aiaudit_tests::budget_of;
using aiaudit_tests::intent_of;
using aiaudit_tests::logged_gate;
using aiaudit_tests::noon;
using aiaudit_tests::outcome_of;

constexpr std::uint64_t holder = 0xA1B2'C3D4'E5F6'0718ULL;

timestamp later(std::int64_t seconds) { return {noon.ns + seconds * nanoseconds_per_second}; }
record marked(record intent) {
    intent.finish_reason = detail::advance_mark;
    return intent;
}
std::string snapshot_of(std::vector<record> const& log) {
    logged_gate again;
    for (record const& each : log) again.append(each);
    return again.gate.snapshot();
}

// A process that decides alone. What it has handed to the log is lost when it dies, but for what
// was written.
struct process {
    explicit process(std::vector<record> written, std::uint64_t id) : own(id) {
        for (record const& each : written) log.append(each);
    }
    void write() {
        for (record const& each : queue) log.append(each);
        queue.clear();
    }
    void put(std::vector<record> const& all) { queue.insert(queue.end(), all.begin(), all.end()); }
    // Whether it may be sent. As gate_keeper::hold() and admitter do it.
    bool ask(record const& intent) {
        if (log.gate.draw(intent).admitted) {
            ++drawn;
            if (log.gate.is_short()) put(log.gate.advance(intent, own));
            queue.push_back(marked(intent));
            return true;
        }
        auto verdict = log.gate.reserve(intent);
        while (!verdict.admitted && verdict.reason == refusal_reason::full) {
            bool waits = false;
            auto const back = log.gate.give_back(intent, waits);
            put(back);
            if (waits) write();
            if (back.empty() && !waits) break;
            verdict = log.gate.reserve(intent);
        }
        if (!verdict.admitted) return false;
        put(log.gate.advance(intent, own));
        queue.push_back(intent);
        write();
        return true;
    }

    logged_gate log{};
    std::vector<record> queue{};
    std::uint64_t own;
    int drawn = 0;
};

budget wide(std::string name, std::string const& window, std::string const& scope,
            std::int64_t limit) {
    auto made = budget_of(std::move(name), window, scope);
    made.limit = limit;
    return made;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_attempt_draws_from_what_the_log_has_and_nothing_else) {
    process one({}, holder);
    one.log.set(wide("b", "day", "everyone", 6'400), noon);
    BOOST_TEST(!one.log.gate.draw(intent_of(1, 10, noon)).admitted);
    BOOST_TEST(one.ask(intent_of(1, 10, noon)));  // the first of its account
    BOOST_TEST(one.drawn == 0);
    // A 64th of the limit.
    BOOST_TEST((one.log.state(noon).advance == 100));
    BOOST_TEST((one.log.state(noon).reserved == 10));
    BOOST_TEST((one.log.state(noon).left == 6'400 - 110));
    BOOST_TEST(one.log.state(noon).open == 1U);
    BOOST_TEST(one.ask(intent_of(2, 10, noon)));
    BOOST_TEST(one.drawn == 1);
    BOOST_TEST((one.log.state(noon).advance == 90));
    BOOST_TEST((one.log.state(noon).reserved == 20));
    BOOST_TEST((one.log.state(noon).left == 6'400 - 110));
    // The log does not have it: there, it is held ahead still.
    BOOST_TEST(one.log.gate.snapshot() == snapshot_of(one.log.log));
    one.write();
    BOOST_TEST(one.log.gate.snapshot() == snapshot_of(one.log.log));
    BOOST_TEST(one.log.gate.open().size() == 2U);
    // More than there is waits for the disk.
    BOOST_TEST(!one.log.gate.draw(intent_of(4, 91, noon)).admitted);
}

BOOST_AUTO_TEST_CASE(what_is_on_its_way_is_not_drawn_from) {
    process one({}, holder);
    one.log.set(wide("b", "day", "everyone", 6'400), noon);
    one.ask(intent_of(1, 10, noon));
    for (std::uint64_t id = 3; id < 9; ++id) BOOST_TEST(one.ask(intent_of(id, 10, noon)));
    BOOST_TEST(one.drawn == 6);
    BOOST_TEST(one.queue.size() == 7U);  // more was asked for in time
    for (std::uint64_t id = 9; id < 13; ++id)
        BOOST_TEST(one.log.gate.draw(intent_of(id, 10, noon)).admitted);
    BOOST_TEST(!one.log.gate.draw(intent_of(13, 10, noon)).admitted);
    for (record const& each : one.queue) one.log.append(each);
    BOOST_TEST(one.log.gate.draw(intent_of(13, 10, noon)).admitted);
}

BOOST_AUTO_TEST_CASE(a_full_limit_is_used_to_its_last_unit) {
    process one({}, holder);
    one.log.set(wide("b", "total", "each-user", 1'000), noon);
    int admitted = 0;
    for (std::uint64_t id = 1; id < 300; ++id) admitted += one.ask(intent_of(id, 7, noon)) ? 1 : 0;
    BOOST_TEST(admitted == 142);
    one.write();
    BOOST_TEST((one.log.state(noon).reserved == 994));
    BOOST_TEST(one.log.gate.snapshot() == snapshot_of(one.log.log));
}

BOOST_AUTO_TEST_CASE(what_a_dead_one_held_ahead_stays_until_somebody_writes_it_off) {
    process one({}, holder);
    one.log.set(wide("b", "day", "everyone", 6'400), noon);
    for (std::uint64_t id = 1; id < 5; ++id) one.ask(intent_of(id, 10, noon));
    process next(one.log.log, holder + 1);
    next.log.append(end_record(advance_end::abandoned, 0, noon));
    BOOST_TEST((next.log.state(noon).advance == 100));
    BOOST_TEST((next.log.state(noon).reserved == 10));
    for (std::uint64_t id = 11; id < 15; ++id) next.ask(intent_of(id, 10, noon));
    next.write();
    BOOST_TEST((next.log.state(noon).advance == 170));
    auto const lost = next.log.gate.lost_advances();
    BOOST_REQUIRE(lost.size() == 1U);
    BOOST_TEST((lost[0].amount == 100));
    BOOST_TEST(advance_text(lost) == "0.0000000001 USD of 'b'");
    next.log.append(to_record(advance_pardon{"ana", "counted by hand", ""}, noon).value());
    BOOST_TEST((next.log.state(noon).advance == 70));
    BOOST_TEST(next.log.gate.lost_advances().empty());
    next.log.append(end_record(advance_end::returned, holder + 1, noon));
    BOOST_TEST((next.log.state(noon).advance == 0));
    BOOST_TEST(next.log.gate.snapshot() == snapshot_of(next.log.log));
    BOOST_TEST(!to_record(advance_pardon{"", "why", ""}, noon).has_value());
    BOOST_TEST(!to_record(advance_pardon{"ana", "", ""}, noon).has_value());
}

BOOST_AUTO_TEST_CASE(a_rate_counts_what_a_crash_may_have_hidden) {
    process one({}, holder);
    one.log.set(wide("b", "minute", "everyone", 640), noon);
    one.ask(intent_of(1, 10, noon));
    BOOST_TEST(one.ask(intent_of(2, 10, noon)));
    BOOST_TEST(one.drawn == 1);
    one.log.append(end_record(advance_end::abandoned, 0, noon));
    // The one that was lost, and what was held ahead beside it, are in the bucket.
    BOOST_TEST((one.log.state(noon).left <= 640 - 20));
    BOOST_TEST((one.log.state(later(60)).left == 640));
    BOOST_TEST(one.log.gate.lost_advances().empty());
}

BOOST_AUTO_TEST_CASE(an_intent_of_somebody_else_draws_nothing) {
    process one({}, holder);
    one.log.set(wide("b", "day", "everyone", 6'400), noon);
    one.ask(intent_of(1, 10, noon));
    // An advance is no attempt: neither an outcome nor an intent of its id changes it.
    auto forged = intent_of(3, 50, noon);
    forged.operation_id = detail::id_of_holder(holder, 1);
    forged.attempt = detail::open_attempt::advance;
    one.log.append(forged);
    one.log.append(outcome_of(forged, 0));
    BOOST_TEST((one.log.state(noon).advance == 100));
    one.log.append(intent_of(4, 30, noon));
    BOOST_TEST((one.log.state(noon).advance == 100));
    BOOST_TEST((one.log.state(noon).reserved == 40));
}

BOOST_AUTO_TEST_CASE(what_is_used_up_quickly_is_asked_for_twice_as_much) {
    process one({}, holder);
    one.log.set(wide("b", "day", "everyone", 1'000'000), noon);
    std::uint64_t id = 1;
    BOOST_REQUIRE(one.ask(intent_of(id, 10, noon)));
    BOOST_TEST((one.log.state(noon).advance == 160));
    auto const calls_until_more = [&](timestamp at) {
        int calls = 0;
        while (std::none_of(one.queue.begin(), one.queue.end(),
                            [](record const& each) { return each.kind == record_kind::budget; })) {
            BOOST_REQUIRE(one.ask(intent_of(++id, 10, at)));
            ++calls;
        }
        one.write();
        return calls;
    };
    BOOST_TEST(calls_until_more(noon) == 9);
    BOOST_TEST((one.log.state(noon).advance == 320));
    BOOST_TEST(calls_until_more(noon) == 17);
    BOOST_TEST((one.log.state(noon).advance == 640));
    // Slowly: as much as before.
    BOOST_TEST(calls_until_more(later(2)) == 33);
    BOOST_TEST((one.log.state(noon).advance == 640));
    // A 64th of the limit is the most.
    for (int i = 0; i < 8; ++i) BOOST_TEST(calls_until_more(later(2)) > 1);
    BOOST_TEST((one.log.state(noon).advance == 15'625));
    BOOST_TEST(one.drawn == static_cast<int>(id) - 1);
}

BOOST_AUTO_TEST_CASE(of_very_many_subjects_those_that_ask_once_have_nothing_held_ahead) {
    process one({}, holder);
    one.log.set(wide("b", "day", "each-user", 64'000), noon);
    constexpr std::uint64_t few = 4'096;
    constexpr std::uint64_t users = few + 100;
    auto const ask = [&](std::uint64_t id) {
        auto intent = intent_of(id, 10, noon);
        intent.user = "u" + std::to_string(id % users);
        BOOST_REQUIRE(one.ask(intent));
        one.log.append(outcome_of(intent, 10));
    };
    for (std::uint64_t id = 1; id <= users; ++id) ask(id);
    auto const count_ahead = [&one] {
        auto const all = one.log.gate.states(noon);
        return std::count_if(all.begin(), all.end(),
                             [](budget_state const& each) { return each.advance != 0; });
    };
    auto const ahead = count_ahead();
    BOOST_TEST((ahead > 4'000 && ahead <= static_cast<std::ptrdiff_t>(few)));
    // Who asks again has.
    ask(users + users - 1);
    BOOST_TEST(count_ahead() == ahead + 1);
}

BOOST_AUTO_TEST_CASE(a_snapshot_of_a_newer_release_is_refused_and_older_ones_are_read) {
    process one({}, holder);
    one.log.set(wide("b", "day", "each-user", 6'400), noon);
    auto const before = one.log.gate.snapshot();
    BOOST_TEST(before[3] == 1);
    one.ask(intent_of(1, 10, noon));
    one.ask(intent_of(2, 10, noon));
    auto const bytes = one.log.gate.snapshot();
    BOOST_TEST(bytes[3] == 3);
    BOOST_TEST(budget_gate::from_snapshot(bytes).value().snapshot() == bytes);
    BOOST_TEST(budget_gate::from_snapshot(before).value().snapshot() == before);
}

// Calls of several users in several windows, by a process that dies again and again and loses what
// it had not written. All that was ever sent counts: at its bound while it is under way, then at
// its cost.
BOOST_AUTO_TEST_CASE(whatever_is_lost_no_limit_is_passed_and_no_sum_is_less_than_what_was_sent) {
    int drawn = 0;
    int lost = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        std::mt19937_64 chance(seed);
        auto const below = [&chance](std::uint64_t bound) { return chance() % bound; };
        process now({}, holder);
        std::map<std::string, std::int64_t> const limits{
            {"all", 20'000}, {"day", 9'000}, {"month", 16'000}, {"roll", 9'000}, {"user", 4'000}};
        now.log.set(wide("all", "total", "everyone", 20'000), noon);
        now.log.set(wide("day", "day", "everyone", 9'000), noon);
        now.log.set(wide("month", "month", "everyone", 16'000), noon);
        now.log.set(wide("roll", "24h", "everyone", 9'000), noon);
        now.log.set(wide("user", "day", "each-user", 4'000), noon);
        now.log.set(wide("rate", "minute", "everyone", 20'000), noon);
        std::map<std::string, std::int64_t> sent;  // by budget and subject, in the present window
        std::vector<std::pair<record, std::int64_t>> open;
        std::uint64_t id = 0;
        std::uint64_t next_holder = holder;
        for (int step = 0; step < 600; ++step) {
            timestamp const at = later(static_cast<std::int64_t>(step));
            auto intent =
                intent_of(++id + seed * 10'000, 1 + static_cast<std::int64_t>(below(40)), at);
            intent.user = "u" + std::to_string(below(4));
            auto const book = [&](record const& of, std::int64_t amount) {
                for (char const* const each : {"all", "day", "month", "roll"}) sent[each] += amount;
                sent["user=" + of.user] += amount;
            };
            if (now.ask(intent)) {
                auto const bound = static_cast<std::int64_t>(intent.cost.pico());
                book(intent, bound);
                open.emplace_back(intent, bound);
            }
            if (!open.empty() && below(3) != 0) {
                auto const which = below(open.size());
                auto const [of, bound] = open[which];
                open.erase(open.begin() + static_cast<std::ptrdiff_t>(which));
                auto const cost =
                    static_cast<std::int64_t>(below(static_cast<std::uint64_t>(bound)));
                book(of, cost - bound);
                now.queue.push_back(outcome_of(of, cost));
            }
            for (auto const& [name, amount] : sent) {
                auto const limit = limits.find(name);
                BOOST_REQUIRE(amount <= (limit == limits.end() ? 4'000 : limit->second));
            }
            if (below(4) == 0) now.write();
            if (below(60) == 0) {  // it dies
                drawn += now.drawn;
                lost += static_cast<int>(now.queue.size());
                open.clear();  // nobody waits for them any more
                now = process(now.log.log, ++next_holder);
                now.log.append(end_record(advance_end::abandoned, 0, at));
                // An outcome that was lost leaves its call at its bound, or, with its intent, in
                // what was held ahead.
                for (auto const& state : now.log.gate.states(at)) {
                    std::string const name =
                        state.subject == "everyone" ? state.budget.name : state.subject;
                    BOOST_REQUIRE((state.budget.limit - state.left >= sent[name]));
                    BOOST_REQUIRE((state.left >= 0));
                }
                BOOST_REQUIRE(now.log.gate.snapshot() == snapshot_of(now.log.log));
            }
        }
        now.write();
        BOOST_TEST(now.log.gate.snapshot() == snapshot_of(now.log.log));
    }
    // Most attempts do not wait, and some were lost: else this shows nothing.
    BOOST_TEST(drawn > 8'000);
    BOOST_TEST(lost > 400);
}

BOOST_AUTO_TEST_SUITE_END()
