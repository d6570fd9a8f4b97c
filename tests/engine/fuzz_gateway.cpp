// SPDX-License-Identifier: MIT
//
// Good requests, cut, with bytes changed and with headers twice, sent to one gateway: it answers or
// closes, lives on, and asks the provider only for what is a request.

#include "support/gateway_prober.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <random>
#include <string>

BOOST_AUTO_TEST_SUITE(fuzz_gateway)

namespace {

using namespace aiaudit_tests;

// The same on every machine.
class changes {
public:
    [[nodiscard]] std::string with_bytes_changed(std::string of) {
        for (std::size_t left = 1 + below(3); left != 0; --left)
            of[below(of.size())] = static_cast<char>(below(256));
        return of;
    }
    // A line of the first head once more, somewhere else in it.
    [[nodiscard]] std::string with_header_twice(std::string of) {
        std::size_t const head = of.find("\r\n\r\n") + 2;
        auto const from = line_before(of, below(head));
        auto const line = of.substr(from, of.find("\r\n", from) + 2 - from);
        return of.insert(line_before(of, below(head)), line);
    }

private:
    [[nodiscard]] std::size_t below(std::size_t most) { return random_() % most; }
    [[nodiscard]] static std::size_t line_before(std::string const& of, std::size_t at) {
        auto const end = of.rfind("\r\n", at);
        return end == std::string::npos ? of.find("\r\n") + 2 : end + 2;
    }

    std::minstd_rand random_{20'260'704};
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_second_reader_takes_what_is_a_request_and_nothing_else) {
    std::string const first = "POST / HTTP/1.1\r\nHost: a\r\n";
    auto const count = [&](std::string const& rest) { return request_counter::in(first + rest); };
    BOOST_TEST(count("\r\n") == 1U);
    BOOST_TEST(count("Content-Length: 2\r\n\r\n{}" + first + "\r\n") == 2U);
    BOOST_TEST(count("Content-Length: 2\r\n\r\n{") == 0U);
    BOOST_TEST(count("Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nA: b\r\n\r\n") == 1U);
    BOOST_TEST(count("Transfer-Encoding: xchunked\r\n\r\n") == 0U);
    BOOST_TEST(count("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n") == 0U);
    BOOST_TEST(count("Content-Length: +0\r\n\r\n") == 0U);
    BOOST_TEST(count(" X: y\r\n\r\n") == 0U);
}

BOOST_AUTO_TEST_CASE(a_request_that_is_damaged_anywhere_is_answered_or_its_connection_ends) {
    constexpr std::size_t cuts = 25;
    gateway_prober gateway;
    changes change;
    std::size_t probes = 0;
    auto const probe = [&](std::string const& bytes) {
        auto const wrong = gateway.probe(bytes);
        BOOST_TEST(wrong.empty(), wrong << "\n" << bytes);
        ++probes;
    };
    auto const seeds = gateway_seeds();
    for (std::string const& seed : seeds) {
        BOOST_TEST(request_counter::in(seed) >= 1U, seed);
        probe(seed);
        for (std::size_t i = 0; i < cuts; ++i) probe(seed.substr(0, seed.size() * i / cuts));
        for (int i = 0; i < 12; ++i) probe(change.with_bytes_changed(seed));
        for (int i = 0; i < 4; ++i) probe(change.with_header_twice(seed));
    }
    BOOST_TEST(gateway.answers());
    BOOST_TEST(seeds.size() == 60U);
    BOOST_TEST(gateway.asked() > seeds.size());
    BOOST_TEST(probes == seeds.size() * (1 + cuts + 12 + 4));
}

BOOST_AUTO_TEST_SUITE_END()
