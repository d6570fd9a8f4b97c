// SPDX-License-Identifier: MIT
#include <aiaudit/resilience/circuit_breaker.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(breaker_board_threads)

namespace {

using namespace std::chrono_literals;
using aiaudit::breaker_board;
using aiaudit::breaker_outcome;

constexpr aiaudit::steady_time start{1h};

}  // namespace

BOOST_AUTO_TEST_CASE(threads_share_a_board_and_lose_no_call) {
    breaker_board board{{.window = 24h, .calls_min = ~0U}};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&board, i] {
            for (int step = 0; step < 2'000; ++step) {
                std::string const model = std::to_string((i + step) % 4);
                auto const admitted = board.admit("p", model, start);
                board.settle("p", model, start, admitted.ticket,
                             step % 2 == 0 ? breaker_outcome::failure : breaker_outcome::success);
                if (step % 100 == 0) static_cast<void>(board.report(start));
            }
        });
    }
    for (auto& each : threads) each.join();
    std::uint32_t calls = 0;
    std::uint32_t failures = 0;
    for (auto const& each : board.report(start)) {
        calls += each.counted.calls;
        failures += each.counted.failures;
    }
    BOOST_TEST(calls == 16'000U);
    BOOST_TEST(failures == 8'000U);
}

BOOST_AUTO_TEST_SUITE_END()
