// SPDX-License-Identifier: MIT
//
// process_safety_gateway.cpp: a gateway inside somebody else's process: too few threads, signals,
// forks, and a ledger that moves.
#include <aiaudit/gateway.hpp>

#include "engine/support/process_limits.hpp"
#include "engine/support/signal_masks.hpp"
#include "engine/support/temporary_directory.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

BOOST_AUTO_TEST_SUITE(process_safety_gateway)

using namespace aiaudit;
using namespace aiaudit_tests;

namespace {

gateway_options small_options(unsigned threads, unsigned waiting_threads) {
    gateway_upstream upstream;
    upstream.name = "openai";
    upstream.entry = {.name = "openai", .origin = "http://127.0.0.1:9", .prefix = "/v1"};
    upstream.key = "sk-of-the-provider";
    gateway_options made;
    made.upstreams = {std::move(upstream)};
    made.listen.port = 0;
    made.keys_required = false;
    made.threads = threads;
    made.waiting_threads = waiting_threads;
    made.shutdown_time = std::chrono::milliseconds{2'000};
    return made;
}

bool answers(std::uint16_t port) {
    using boost::asio::ip::tcp;
    boost::asio::io_context io;
    tcp::socket socket(io);
    boost::system::error_code failed;
    socket.connect({boost::asio::ip::address_v4::loopback(), port}, failed);
    std::string const request = "GET /readyz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
    if (!failed) boost::asio::write(socket, boost::asio::buffer(request), failed);
    std::string answer;
    boost::asio::read(socket, boost::asio::dynamic_buffer(answer), failed);
    return answer.starts_with("HTTP/1.1 200");
}

template <class Result>
bool lacks_thread(Result const& answer) {
    return !answer && answer.error().code == errc::no_thread;
}

// 0: opening with too few threads is an error.
int open_with_threads(unsigned count, std::string const& path) {
    auto log = ledger::open({.path = path});
    if (!log) return 1;
    limit_threads(count);
    return lacks_thread(gateway::open(*log, small_options(1, 3))) ? 0 : 2;
}

// 0: starting with too few threads is an error, and then with enough it serves.
int start_with_threads(unsigned count, std::string const& path) {
    auto log = ledger::open({.path = path});
    if (!log) return 1;
    auto at = gateway::open(*log, small_options(3, 0));
    if (!at) return 2;
    limit_threads(count);
    auto const refused = at->start();
    lift_address_space_limit();
    if (!lacks_thread(refused)) return 3;
    if (!at->start()) return 4;
    return answers(at->port()) ? 0 : 5;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_gateway_without_a_thread_is_an_error) {
    for (unsigned const count : {0U, 1U, 2U}) {
        temporary_directory const directory;
        auto const path = directory / "ledger";
        BOOST_TEST(run_in_hasty_child([&] { return open_with_threads(count, path); }) == 0);
        BOOST_TEST(run_in_hasty_child([&] { return start_with_threads(count, path); }) == 0);
    }
}

BOOST_AUTO_TEST_CASE(threads_of_the_gateway_leave_signals_to_the_application) {
    temporary_directory const directory;
    int const status = run_in_hasty_child([&] {
        auto log = ledger::open({.path = directory / "ledger"});
        if (!log) return 1;
        auto at = gateway::open(*log, small_options(2, 3));
        if (!at || !at->start()) return 2;
        return check_signal_masks(7);
    });
    BOOST_TEST(status == 0);
}

BOOST_AUTO_TEST_CASE(a_forked_child_leaves_the_gateway_alone) {
    temporary_directory const directory;
    auto log = ledger::open({.path = directory / "ledger"}).value();
    std::optional<gateway> at(gateway::open(log, small_options(2, 2)).value());
    BOOST_REQUIRE(at->start().has_value());
    BOOST_REQUIRE(answers(at->port()));
    BOOST_TEST(run_in_hasty_child([&] {
                   if (!is_closed(at->start())) return 1;
                   at->stop();
                   at.reset();
                   return 0;
               }) == 0);
    BOOST_TEST(answers(at->port()));
    at->stop();
}

BOOST_AUTO_TEST_CASE(a_gateway_and_its_dashboard_keep_the_log_open) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    std::optional<ledger> log(ledger::open({.path = path}).value());
    std::optional<gateway> at(gateway::open(*log, small_options(1, 1)).value());
    auto site = dashboard_site(*log, {.token = "0123456789abcdef"}).value();
    at->add_site({"127.0.0.1", 0}, std::move(site));
    { ledger const moved(std::move(*log)); }
    log.reset();
    BOOST_REQUIRE(at->start().has_value());
    BOOST_TEST(answers(at->port()));  // reads the log
    BOOST_TEST((ledger::open({.path = path}).error().code == errc::already_open));
    at.reset();
    BOOST_TEST(ledger::open({.path = path}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
