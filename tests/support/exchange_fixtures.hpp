// SPDX-License-Identifier: MIT
//
// exchange_fixtures.hpp: hand-made exchanges of tests/fixtures/exchanges, each with what is
// expected of it.
#ifndef AIAUDIT_TESTS_SUPPORT_EXCHANGE_FIXTURES_HPP
#define AIAUDIT_TESTS_SUPPORT_EXCHANGE_FIXTURES_HPP

#include <aiaudit/providers/exchange.hpp>

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit_tests {

struct exchange_fixture {
    aiaudit::exchange input{};
    boost::json::value expected{};
};

// Fails the test where the file is missing or empty.
[[nodiscard]] inline std::vector<exchange_fixture> read_exchange_fixtures(std::string const& name) {
    std::vector<exchange_fixture> rows;
    std::ifstream file(AIAUDIT_FIXTURE_DIR "/exchanges/" + name);
    for (std::string line; std::getline(file, line);) {
        exchange_fixture row;
        row.input = aiaudit::parse_exchange(line).value();
        row.expected = boost::json::parse(line).at("expected");
        rows.push_back(std::move(row));
    }
    BOOST_REQUIRE(!rows.empty());
    return rows;
}

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_SUPPORT_EXCHANGE_FIXTURES_HPP
