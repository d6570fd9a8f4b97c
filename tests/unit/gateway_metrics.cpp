// SPDX-License-Identifier: MIT
#include <aiaudit/gateway/gateway_metrics.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(gateway_metrics)

namespace {

aiaudit::record outcome(std::string_view cost = "0.000000000001") {
    aiaudit::record ended;
    ended.cost_status = aiaudit::cost_status::priced;
    ended.cost = aiaudit::money::parse(cost).value();
    ended.usage.set(aiaudit::unit::input_tokens, 1000);
    ended.usage.set(aiaudit::unit::cache_read_tokens, 600);
    ended.usage.set(aiaudit::unit::output_tokens, 20);
    ended.duration_ns = 1'500'000'000;
    return ended;
}

bool has_line(std::string const& text, std::string const& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

// Every line as a scraper reads it: a head, or NAME{LABELS} NUMBER under the head of that name, and
// no series twice. Returns how many series there are.
std::size_t read_as_prometheus(std::string const& text) {
    std::set<std::string> series;
    std::set<std::string> heads;
    std::string current;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        BOOST_TEST_CONTEXT(line) {
            if (line.starts_with("# HELP ")) {
                current = line.substr(7, line.find(' ', 7) - 7);
                BOOST_TEST(heads.insert(current).second);
                continue;
            }
            if (line.starts_with("# TYPE ")) {
                BOOST_TEST(line.starts_with("# TYPE " + current + " "));
                continue;
            }
            auto const space = line.rfind(' ');
            BOOST_REQUIRE(space != std::string::npos);
            BOOST_TEST(line.starts_with(current));
            BOOST_TEST(series.insert(line.substr(0, space)).second);
            BOOST_TEST(line.find_first_not_of("0123456789.-", space + 1) == std::string::npos);
            BOOST_TEST((line.find('{') == std::string::npos || line[space - 1] == '}'));
        }
    }
    return series.size();
}

std::size_t models_in(std::string const& text) {
    std::size_t found = 0;
    for (std::size_t at = 0;
         (at = text.find("\naiaudit_gateway_cost_usd_total{", at)) != std::string::npos; ++at)
        ++found;
    return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_bound_is_no_token_and_its_cost_is_counted_apart) {
    aiaudit::gateway_metrics metrics;
    aiaudit::record cut = outcome("0.25");
    cut.cost_status = aiaudit::cost_status::estimated;
    cut.usage.set(aiaudit::unit::output_tokens, 128'000, aiaudit::provenance::estimated);
    metrics.count("openai", "gpt-4.1", 200, cut);
    metrics.count("openai", "gpt-4.1", 200, outcome("0.5"));
    std::string const text = metrics.text();
    std::string const labels = R"({upstream="openai",model="gpt-4.1")";
    BOOST_TEST(has_line(text, "aiaudit_gateway_tokens_total" + labels + R"(,kind="input"} 2000)"));
    BOOST_TEST(has_line(text, "aiaudit_gateway_tokens_total" + labels + R"(,kind="output"} 20)"));
    BOOST_TEST(has_line(text, "aiaudit_gateway_cost_usd_total" + labels + "} 0.75"));
    BOOST_TEST(has_line(text, "aiaudit_gateway_cost_estimated_usd_total" + labels + "} 0.25"));
}

BOOST_AUTO_TEST_CASE(requests_tokens_cost_and_times_add_up_exactly) {
    aiaudit::gateway_metrics metrics;
    metrics.count("openai", "gpt-4.1", 200, outcome());
    metrics.count("openai", "gpt-4.1", 200, outcome("1234567.1"));
    auto failed = outcome("0");
    failed.cost_status = aiaudit::cost_status::unknown;
    failed.complete = false;
    failed.duration_ns.reset();
    failed.time_to_first_token_ns = 400'000'000'000;
    failed.saved = aiaudit::money::parse("0.5").value();
    metrics.count("openai", "gpt-4.1", 502, failed);
    metrics.count("openai", "gpt-4.1", 0, outcome("0"));
    auto const text = metrics.text();
    std::string const of = R"({upstream="openai",model="gpt-4.1")";
    BOOST_TEST(has_line(text, "aiaudit_gateway_requests_total" + of + R"(,status="2xx"} 2)"));
    BOOST_TEST(has_line(text, "aiaudit_gateway_requests_total" + of + R"(,status="5xx"} 1)"));
    BOOST_TEST(has_line(text, "aiaudit_gateway_requests_total" + of + R"(,status="none"} 1)"));
    BOOST_TEST(text.find(R"(status="4xx")") == std::string::npos);
    BOOST_TEST(has_line(text, "aiaudit_gateway_tokens_total" + of + R"(,kind="input"} 4000)"));
    BOOST_TEST(has_line(text, "aiaudit_gateway_tokens_total" + of + R"(,kind="cache_read"} 2400)"));
    BOOST_TEST(has_line(text, "aiaudit_gateway_tokens_total" + of + R"(,kind="output"} 80)"));
    BOOST_TEST(has_line(text, "aiaudit_gateway_cost_usd_total" + of + "} 1234567.100000000001"));
    BOOST_TEST(has_line(text, "aiaudit_gateway_saved_usd_total" + of + "} 0.5"));
    BOOST_TEST(has_line(text, "aiaudit_gateway_cost_unknown_total" + of + "} 1"));
    BOOST_TEST(has_line(text, "aiaudit_gateway_incomplete_total" + of + "} 1"));
    std::string const times = "aiaudit_gateway_duration_seconds";
    BOOST_TEST(has_line(text, times + "_bucket" + of + R"(,le="1"} 0)"));
    BOOST_TEST(has_line(text, times + "_bucket" + of + R"(,le="2.5"} 3)"));
    BOOST_TEST(has_line(text, times + "_bucket" + of + R"(,le="+Inf"} 3)"));
    BOOST_TEST(has_line(text, times + "_sum" + of + "} 4.5"));
    BOOST_TEST(has_line(text, times + "_count" + of + "} 3"));
    std::string const first = "aiaudit_gateway_time_to_first_token_seconds";
    BOOST_TEST(has_line(text, first + "_bucket" + of + R"(,le="300"} 0)"));
    BOOST_TEST(has_line(text, first + "_bucket" + of + R"(,le="+Inf"} 1)"));
    BOOST_TEST(has_line(text, first + "_sum" + of + "} 400"));
    (void)read_as_prometheus(text);
}

BOOST_AUTO_TEST_CASE(a_duration_belongs_to_the_first_bucket_whose_bound_it_does_not_pass) {
    aiaudit::gateway_metrics metrics;
    for (std::uint64_t const ns : {5'000'000U, 5'000'001U}) {
        auto ended = outcome();
        ended.duration_ns = ns;
        metrics.count("a", "m", 200, ended);
    }
    auto const text = metrics.text();
    std::string const bucket =
        R"(aiaudit_gateway_duration_seconds_bucket{upstream="a",model="m",le=)";
    BOOST_TEST(has_line(text, bucket + R"("0.005"} 1)"));
    BOOST_TEST(has_line(text, bucket + R"("0.01"} 2)"));
}

BOOST_AUTO_TEST_CASE(made_up_models_get_no_place_of_their_own) {
    aiaudit::gateway_metrics metrics;
    for (int i = 0; i < 1000; ++i)
        metrics.count("openai", "made-up-" + std::to_string(i), i % 2 == 0 ? 404 : 0, outcome("0"));
    metrics.count("openai", "gpt-4.1", 200, outcome());
    metrics.count("openai", "gpt-4.1", 429, outcome("0"));
    auto const text = metrics.text();
    BOOST_TEST(models_in(text) == 2U);
    BOOST_TEST(has_line(text, R"(aiaudit_gateway_requests_total{upstream="openai",model="other",)"
                              R"(status="4xx"} 500)"));
    BOOST_TEST(has_line(text, R"(aiaudit_gateway_requests_total{upstream="openai",)"
                              R"(model="gpt-4.1",status="4xx"} 1)"));
}

BOOST_AUTO_TEST_CASE(however_many_names_come_the_series_have_a_bound_and_nothing_is_lost) {
    aiaudit::gateway_metrics metrics;
    for (int i = 0; i < 1000; ++i)
        metrics.count("up-" + std::to_string(i % 500), "m-" + std::to_string(i), 200, outcome("1"));
    auto const text = metrics.text();
    BOOST_TEST(models_in(text) <= 401U);
    BOOST_TEST(models_in(text) >= 200U);
    std::uint64_t sum = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("aiaudit_gateway_cost_usd_total{"))
            sum += std::stoull(line.substr(line.rfind(' ') + 1));
    }
    BOOST_TEST(sum == 1000U);
    (void)read_as_prometheus(text);
}

BOOST_AUTO_TEST_CASE(labels_are_escaped_cut_and_always_apart) {
    aiaudit::gateway_metrics metrics;
    metrics.count("a", "x\"} 1\n# \\", 200, outcome());
    metrics.count("a", "bad \xFF caf\xC3\xA9", 200, outcome());
    metrics.count("a", std::string(1000, 'x'), 200, outcome());
    metrics.count("a", std::string(1001, 'x'), 200, outcome());
    metrics.refused("why\"\n");
    auto const text = metrics.text();
    BOOST_TEST(text.find(R"(model="x\"} 1?# \\")") != std::string::npos);
    BOOST_TEST(text.find("model=\"bad ? caf\xC3\xA9\"") != std::string::npos);
    BOOST_TEST(text.find(std::string(129, 'x')) == std::string::npos);
    BOOST_TEST(models_in(text) == 4U);
    BOOST_TEST(has_line(text, R"(aiaudit_gateway_refused_total{reason="why\"?"} 1)"));
    (void)read_as_prometheus(text);
}

BOOST_AUTO_TEST_CASE(gauges_and_reasons_are_told_from_the_beginning) {
    aiaudit::gateway_metrics metrics;
    ++metrics.open_connections;
    ++metrics.open_connections;
    --metrics.open_connections;
    metrics.in_flight.set(7);
    metrics.refused("budget");
    metrics.refused("budget");
    for (int i = 0; i < 100; ++i) metrics.refused("reason-" + std::to_string(i));
    auto const text = metrics.text();
    BOOST_TEST(has_line(text, "aiaudit_gateway_open_connections 1"));
    BOOST_TEST(has_line(text, "aiaudit_gateway_open_streams 0"));
    BOOST_TEST(has_line(text, "aiaudit_gateway_in_flight 7"));
    BOOST_TEST(has_line(text, R"(aiaudit_gateway_refused_total{reason="budget"} 2)"));
    BOOST_TEST(has_line(text, R"(aiaudit_gateway_refused_total{reason="other"} 69)"));
    BOOST_TEST(read_as_prometheus(text) == 3U + 33U);
}

BOOST_AUTO_TEST_SUITE_END()
