// SPDX-License-Identifier: MIT
#include <aiaudit/gateway/gateway_metrics.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(gateway_metrics_threads)

namespace {

bool has_line(std::string const& text, std::string const& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(threads_that_count_at_once_lose_nothing) {
    aiaudit::gateway_metrics metrics;
    aiaudit::record ended;
    ended.cost_status = aiaudit::cost_status::priced;
    ended.cost = aiaudit::money::parse("0.1").value();
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&metrics, &ended, thread] {
            for (int i = 0; i < 500; ++i) {
                metrics.count("a", i % 2 == 0 ? "shared" : "m" + std::to_string(thread), 200,
                              ended);
                metrics.refused("key");
                if (i % 100 == 0) (void)metrics.text();
            }
        });
    }
    for (auto& each : threads) each.join();
    auto const text = metrics.text();
    BOOST_TEST(
        has_line(text, R"(aiaudit_gateway_cost_usd_total{upstream="a",model="shared"} 100)"));
    BOOST_TEST(has_line(text, R"(aiaudit_gateway_cost_usd_total{upstream="a",model="m3"} 25)"));
    BOOST_TEST(has_line(text, R"(aiaudit_gateway_refused_total{reason="key"} 2000)"));
}

BOOST_AUTO_TEST_SUITE_END()
