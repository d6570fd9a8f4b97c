// SPDX-License-Identifier: MIT
#include <aiaudit/client/single_flight.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdint>
#include <latch>
#include <memory>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <thread>
#include <variant>
#include <vector>

BOOST_AUTO_TEST_SUITE(single_flight)

namespace {

using namespace std::chrono_literals;
using aiaudit::digest;
using aiaudit::errc;
using aiaudit::steady_time;
using flights = aiaudit::single_flight<std::string>;  // the suite has that name too
using value = std::shared_ptr<std::string const>;

constexpr steady_time never = steady_time::max();
constexpr steady_time long_ago{};

bool leads(flights::joined const& of) { return std::holds_alternative<flights::leader>(of); }
flights::leader led(flights::joined&& of) { return std::get<flights::leader>(std::move(of)); }
flights::follower follows(flights::joined&& of) {
    return std::get<flights::follower>(std::move(of));
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_first_leads_and_the_others_get_the_very_same_value) {
    flights of;
    auto leader = led(of.join("k"));
    auto first = follows(of.join("k"));
    auto second = follows(of.join("k"));
    BOOST_TEST(leads(of.join("other")));
    value const made = leader.finish("answer");
    for (auto* const each : {&first, &second}) {
        auto const got = each->wait(long_ago);  // it is there: no need to wait
        BOOST_REQUIRE(got.has_value());
        BOOST_TEST(std::get<value>(*got) == made);
    }
    BOOST_TEST(*made == "answer");
    BOOST_TEST(of.size() == 0U);
    BOOST_TEST(leads(of.join("k")));  // no cache
    BOOST_TEST(of.size() == 0U);
}

BOOST_AUTO_TEST_CASE(a_digest_is_a_key_of_its_bytes) {
    flights of;
    digest key;
    key.bytes[31] = 7;
    auto const leader = of.join(key);
    BOOST_TEST(leads(leader));
    BOOST_TEST(!leads(of.join(key)));
    key.bytes[0] = 1;
    BOOST_TEST(leads(of.join(key)));
}

BOOST_AUTO_TEST_CASE(a_leader_that_gives_up_alone_leaves_nothing) {
    flights of;
    { auto const leader = of.join("k"); }
    BOOST_TEST(of.size() == 0U);
    {
        auto leader = std::optional{led(of.join("k"))};
        auto const follower = follows(of.join("k"));
        leader.reset();
        BOOST_TEST(of.size() == 1U);
    }
    BOOST_TEST(of.size() == 0U);
}

BOOST_AUTO_TEST_CASE(a_follower_takes_over_from_a_leader_that_gives_up) {
    flights of;
    auto leader = std::optional{led(of.join("k"))};
    auto first = follows(of.join("k"));
    auto second = follows(of.join("k"));
    leader.reset();
    auto next = first.wait(never);
    BOOST_REQUIRE(next.has_value());
    BOOST_TEST((second.wait(long_ago).error().code == errc::timed_out));
    BOOST_TEST(!leads(of.join("k")));
    std::get<flights::leader>(*next).finish("late");
    BOOST_TEST(*std::get<value>(*second.wait(never)) == "late");
    BOOST_TEST((first.wait(never).error().code == errc::bad_argument));
    BOOST_TEST(of.size() == 0U);
}

BOOST_AUTO_TEST_CASE(who_joins_before_the_followers_have_noticed_leads_and_they_follow) {
    flights of;
    auto leader = std::optional{led(of.join("k"))};
    auto follower = follows(of.join("k"));
    leader.reset();
    auto newcomer = led(of.join("k"));
    BOOST_TEST((follower.wait(long_ago).error().code == errc::timed_out));
    newcomer.finish("new");
    BOOST_TEST(*std::get<value>(*follower.wait(never)) == "new");
}

BOOST_AUTO_TEST_CASE(a_follower_waits_no_longer_than_it_is_told) {
    flights of;
    auto leader = led(of.join("k"));
    auto follower = follows(of.join("k"));
    auto const until = std::chrono::steady_clock::now() + 20ms;
    BOOST_TEST((follower.wait(until).error().code == errc::timed_out));
    BOOST_TEST((std::chrono::steady_clock::now() >= until));
    leader.finish("answer");
    BOOST_TEST(*std::get<value>(*follower.wait(long_ago)) == "answer");  // it may ask again
}

BOOST_AUTO_TEST_CASE(a_follower_that_is_stopped_waits_no_more) {
    flights of;
    auto const leader = of.join("k");
    auto follower = follows(of.join("k"));
    std::stop_source stop;
    std::atomic<bool> cancelled = false;
    std::thread waiting([&] {
        cancelled = follower.wait(never, stop.get_token()).error().code == errc::cancelled;
    });
    stop.request_stop();
    waiting.join();
    BOOST_TEST(cancelled.load());
}

BOOST_AUTO_TEST_CASE(who_cannot_lead_any_more_passes_the_lead_on) {
    flights of;
    auto leader = std::optional{led(of.join("k"))};
    auto stopped = follows(of.join("k"));
    auto late = follows(of.join("k"));
    auto ready = follows(of.join("k"));
    leader.reset();
    std::stop_source stop;
    stop.request_stop();
    BOOST_TEST((stopped.wait(never, stop.get_token()).error().code == errc::cancelled));
    BOOST_TEST((late.wait(long_ago).error().code == errc::timed_out));
    auto next = ready.wait(never);
    BOOST_REQUIRE(next.has_value());
    BOOST_TEST(std::holds_alternative<flights::leader>(*next));
}

BOOST_AUTO_TEST_CASE(handles_can_be_moved) {
    flights of;
    auto leader = led(of.join("a"));
    auto other = led(of.join("b"));
    auto follower = follows(of.join("b"));
    other = std::move(leader);  // gives up b
    auto next = follower.wait(never);
    BOOST_REQUIRE(next.has_value());
    BOOST_TEST(of.size() == 2U);
    other.finish("a");
    BOOST_TEST(of.size() == 1U);
    other.finish("again");
    follower = follows(of.join("b"));
    std::get<flights::leader>(*next).finish("b");
    BOOST_TEST(*std::get<value>(*follower.wait(never)) == "b");
}

BOOST_AUTO_TEST_CASE(a_thousand_threads_make_one_computation) {
    constexpr int callers = 1'000;
    flights of;
    std::latch all_joined{callers};
    std::atomic<int> computed = 0;
    std::atomic<int> right = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < callers; ++i) {
        threads.emplace_back([&] {
            auto joined = of.join("k");
            all_joined.count_down();
            if (auto* const leader = std::get_if<flights::leader>(&joined)) {
                all_joined.wait();
                ++computed;
                if (*leader->finish("answer") == "answer") ++right;
                return;
            }
            auto const ended = std::get<flights::follower>(joined).wait(never);
            if (ended && *std::get<value>(*ended) == "answer") ++right;
        });
    }
    for (auto& each : threads) each.join();
    BOOST_TEST(computed.load() == 1);
    BOOST_TEST(right.load() == callers);
    BOOST_TEST(of.size() == 0U);
}

BOOST_AUTO_TEST_CASE(however_often_a_leader_gives_up_all_are_served) {
    constexpr int callers = 200;
    constexpr int giving_up = 150;
    flights of;
    std::latch all_joined{callers};
    std::atomic<int> led_by = 0;
    std::atomic<int> leading = 0;
    std::atomic<int> at_once = 0;
    std::atomic<int> served = 0;
    std::vector<std::thread> threads;
    auto const work = [&](flights::leader& leader) {
        all_joined.wait();
        if (++leading > 1) ++at_once;
        bool const gives_up = led_by++ < giving_up;
        --leading;
        if (gives_up) return;
        leader.finish("answer");
        ++served;
    };
    for (int i = 0; i < callers; ++i) {
        threads.emplace_back([&] {
            auto joined = of.join("k");
            all_joined.count_down();
            if (auto* const leader = std::get_if<flights::leader>(&joined)) return work(*leader);
            auto ended = std::get<flights::follower>(joined).wait(never);
            if (!ended) return;
            if (auto* const next = std::get_if<flights::leader>(&*ended)) return work(*next);
            ++served;
        });
    }
    for (auto& each : threads) each.join();
    BOOST_TEST(led_by.load() == giving_up + 1);
    BOOST_TEST(at_once.load() == 0);
    BOOST_TEST(served.load() == callers - giving_up);
    BOOST_TEST(of.size() == 0U);
}

// The lead is offered at the very time at which most of those that wait run out of it. They keep
// their handles, so nothing but the passing on wakes the one that has time.
BOOST_AUTO_TEST_CASE(a_lead_that_is_offered_too_late_to_some_reaches_the_one_that_has_time) {
    constexpr int rounds = 200;
    constexpr int hurried = 4;
    int reached = 0;
    for (int round = 0; round < rounds; ++round) {
        flights of;
        auto leader = std::optional{led(of.join("k"))};
        std::latch patient_ended{1};
        std::atomic<bool> got_lead = false;
        auto const until = std::chrono::steady_clock::now() + 1500us;
        std::vector<std::thread> threads;
        for (int i = 0; i < hurried; ++i) {
            threads.emplace_back([&, follower = follows(of.join("k"))]() mutable {
                static_cast<void>(follower.wait(until));
                patient_ended.wait();
            });
        }
        threads.emplace_back([&, follower = follows(of.join("k"))]() mutable {
            auto const ended = follower.wait(std::chrono::steady_clock::now() + 5s);
            got_lead = ended && std::holds_alternative<flights::leader>(*ended);
            patient_ended.count_down();
        });
        while (std::chrono::steady_clock::now() < until - std::chrono::microseconds{round % 50})
            std::this_thread::yield();
        leader.reset();
        for (auto& each : threads) each.join();
        reached += got_lead ? 1 : 0;
        if (!got_lead) break;  // it has waited for long enough
    }
    BOOST_TEST(reached == rounds);
}

// Leaders finish or give up, followers run out of time or are stopped, over few keys. That it ends
// shows that no wake-up is lost: every tenth waits without a limit.
BOOST_AUTO_TEST_CASE(in_a_crowd_nobody_is_forgotten_and_keys_are_never_led_twice_at_once) {
    flights of;
    std::atomic<int> leading[3]{};
    std::atomic<int> at_once = 0;
    std::atomic<int> wrong = 0;
    std::atomic<int> got = 0;
    std::vector<std::thread> threads;
    for (unsigned seed = 1; seed <= 16; ++seed) {
        threads.emplace_back([&, seed] {
            std::mt19937_64 random{seed};
            for (int step = 0; step < 1'000; ++step) {
                auto const which = random() % 3;
                std::string const key(1, static_cast<char>('a' + which));
                auto const lead = [&](flights::leader leader) {
                    if (++leading[which] > 1) ++at_once;
                    if (random() % 4 == 0) std::this_thread::yield();
                    --leading[which];
                    if (random() % 2 == 0) leader.finish(key);
                };
                auto joined = of.join(key);
                if (leads(joined)) {
                    lead(led(std::move(joined)));
                    continue;
                }
                auto follower = follows(std::move(joined));
                if (random() % 8 == 0) continue;  // went away
                std::stop_source stop;
                if (random() % 8 == 0) stop.request_stop();
                bool const patient = random() % 10 == 0;
                auto const until =
                    std::chrono::steady_clock::now() + std::chrono::microseconds{random() % 200};
                auto ended = follower.wait(patient ? never : until, stop.get_token());
                if (!ended) continue;
                if (auto* const next = std::get_if<flights::leader>(&*ended)) {
                    lead(std::move(*next));
                } else {
                    ++got;
                    if (*std::get<value>(*ended) != key) ++wrong;
                }
            }
        });
    }
    for (auto& each : threads) each.join();
    BOOST_TEST(at_once.load() == 0);
    BOOST_TEST(wrong.load() == 0);
    BOOST_TEST(got.load() > 0);
    BOOST_TEST(of.size() == 0U);
}

BOOST_AUTO_TEST_CASE(keys_do_not_wait_for_each_other) {
    flights of;
    auto const slow = of.join("slow");
    for (int i = 0; i < 1'000; ++i) {
        value const got = led(of.join("key " + std::to_string(i))).finish("quick");
        BOOST_REQUIRE(*got == "quick");
    }
    BOOST_TEST(of.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
