// SPDX-License-Identifier: MIT
//
// dashboard_site.cpp: the dashboard as a gateway serves it, on loopback.
#include "support/ledger_testing.hpp"

#include <aiaudit/gateway.hpp>
#include <aiaudit/impl/gateway/dashboard.tpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

BOOST_AUTO_TEST_SUITE(dashboard_site)

namespace {

using namespace aiaudit;
using namespace aiaudit_tests;
using tcp = boost::asio::ip::tcp;

constexpr std::string_view token = "a-token-of-the-test-0123456789";

// A client's connection.
struct visitor {
    explicit visitor(std::uint16_t port) {
        socket.connect({boost::asio::ip::address_v4::loopback(), port});
    }
    void send(std::string const& request) {
        boost::asio::write(socket, boost::asio::buffer(request));
    }
    // All up to these words, and them.
    std::string read_to(std::string_view words) {
        std::size_t const size =
            boost::asio::read_until(socket, boost::asio::dynamic_buffer(rest), words);
        std::string text = rest.substr(0, size);
        rest.erase(0, size);
        return text;
    }
    std::string read_all() {
        boost::system::error_code ended;
        boost::asio::read(socket, boost::asio::dynamic_buffer(rest), ended);
        return std::exchange(rest, {});
    }

    boost::asio::io_context io{};
    tcp::socket socket{io};
    std::string rest{};
};

struct stand {
    basic_ledger<in_memory> log = basic_ledger<in_memory>::open({}).value();
    basic_gateway<in_memory> at = basic_gateway<in_memory>::open(log, options()).value();

    stand() {
        at.add_site({"127.0.0.1", 0},
                    aiaudit::dashboard_site(log, {std::string(token), false}).value());
        at.start().value();
    }
    static gateway_options options() {
        gateway_options made;
        made.upstreams.resize(1);
        made.upstreams[0].name = "none";
        made.upstreams[0].entry = {.name = "openai", .origin = "http://127.0.0.1:9"};
        made.listen.port = 0;
        made.keys_required = false;
        made.threads = 1;
        made.shutdown_time = std::chrono::milliseconds(100);
        return made;
    }
    std::string ask(std::string const& line, std::string const& headers = {},
                    std::string const& body = {}) const {
        visitor one(at.site_port(0));
        one.send(line + " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n" + headers +
                 "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        return one.read_all();
    }
};

std::string length_of(std::string const& answer) {
    auto const at = answer.find("Content-Length: ");
    BOOST_REQUIRE(at != std::string::npos);
    return answer.substr(at, answer.find('\r', at) - at);
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_stream_of_events_ends_with_its_session, stand) {
    auto const in = ask("POST /login", "Content-Type: application/json\r\n",
                        "{\"token\": \"" + std::string(token) + "\"}");
    auto const begins = in.find("aiaudit_session=");
    BOOST_REQUIRE(begins != std::string::npos);
    std::string const cookie =
        "Cookie: " + in.substr(begins, in.find(';', begins) - begins) + "\r\n";
    visitor follower(at.site_port(0));
    follower.send("GET /api/v1/events HTTP/1.1\r\nHost: here\r\n" + cookie + "\r\n");
    BOOST_TEST(follower.read_to("\r\n\r\n").starts_with("HTTP/1.1 200 "));
    append_samples(log, 0, 1);
    BOOST_TEST(follower.read_to("\n\n").find("event: record\n") != std::string::npos);
    BOOST_TEST(ask("POST /logout", cookie).starts_with("HTTP/1.1 200 "));
    // The last chunk.
    BOOST_TEST(follower.read_to("0\r\n\r\n").ends_with("0\r\n\r\n"));
    append_samples(log, 1, 1);
    follower.send("GET /api/v1/events HTTP/1.1\r\nHost: here\r\nConnection: close\r\n" + cookie +
                  "\r\n");
    auto const refused = follower.read_all();
    BOOST_TEST(refused.starts_with("HTTP/1.1 401 "), refused);
}

BOOST_FIXTURE_TEST_CASE(head_tells_the_length_that_get_has, stand) {
    auto const head = ask("HEAD /");
    BOOST_TEST(head.starts_with("HTTP/1.1 200 "));
    BOOST_TEST(head.ends_with("\r\n\r\n"));
    BOOST_TEST(length_of(head) != "Content-Length: 0");
    BOOST_TEST(length_of(head) == length_of(ask("GET /")));
}

BOOST_FIXTURE_TEST_CASE(wrong_tokens_wait_and_the_right_one_does_not_wait_behind_them, stand) {
    std::string const asked = "GET /api/v1/summary HTTP/1.1\r\nHost: x\r\n";
    auto const bearer = [&](std::string_view with) {
        return asked + "Authorization: Bearer " + std::string(with) + "\r\n\r\n";
    };
    visitor stranger(at.site_port(0));
    for (int i = 0; i < 10; ++i) {
        stranger.send(bearer("wrong"));
        BOOST_TEST(stranger.read_to("}").starts_with("HTTP/1.1 401"), i);
    }
    auto const begun = std::chrono::steady_clock::now();
    stranger.send(bearer("wrong"));
    visitor owner(at.site_port(0));  // served by the same thread
    owner.send(bearer(token));
    BOOST_TEST(owner.read_to("\r\n").starts_with("HTTP/1.1 200"));
    BOOST_TEST(stranger.read_to("\r\n").starts_with("HTTP/1.1 429"));
    BOOST_TEST((std::chrono::steady_clock::now() - begun >= std::chrono::seconds(1)));
}

BOOST_FIXTURE_TEST_CASE(who_is_not_logged_in_cannot_send_much, stand) {
    auto const much = ask("POST /login", "Content-Type: application/json\r\n",
                          std::string(std::size_t{65} << 10, 'x'));
    BOOST_TEST(much.starts_with("HTTP/1.1 413 "), much);
}

BOOST_AUTO_TEST_SUITE_END()
