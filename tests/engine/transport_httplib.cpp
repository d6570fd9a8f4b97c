// SPDX-License-Identifier: MIT
//
// transport_httplib.cpp: the network's and the servers' misbehaviour, over plain HTTP on loopback.
#include "transport_testing.hpp"

#include <aiaudit/transport/httplib_transport.hpp>

#include <httplib.h>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <future>

BOOST_AUTO_TEST_SUITE(transport_httplib)

namespace {

using namespace aiaudit;
using namespace aiaudit_tests;
using namespace std::chrono_literals;

// Reads one request, writes a text, and keeps the connection until the client closes it.
scripted_server::service once(std::string text) {
    return [text](peer const& client) {
        static_cast<void>(client.read_request());
        client.write(text);
        client.wait_closed();
    };
}
// Reads one request, writes a text, and closes.
scripted_server::service once_and_close(std::string text) {
    return [text](peer const& client) {
        static_cast<void>(client.read_request());
        client.write(text);
    };
}
outcome answered_with(scripted_server::service serve, transfer_limits const& limits = {}) {
    scripted_server server(std::move(serve));
    httplib_transport transport;
    return call(transport, request_to(server.origin()), limits);
}

#define REQUIRE_FAILURE(got, code) BOOST_REQUIRE_MESSAGE((got).failed_as(errc::code), (got))

}  // namespace

BOOST_AUTO_TEST_CASE(ten_calls_use_one_connection) {
    scripted_server server(always(response("{}")));
    httplib_transport transport;
    for (int i = 0; i < 10; ++i) {
        auto const got = call(transport, request_to(server.origin()));
        BOOST_REQUIRE_MESSAGE(!got.failure, got);
        BOOST_TEST(got.body == "{}");
    }
    BOOST_TEST(server.connections() == 1);
}

BOOST_AUTO_TEST_CASE(the_request_arrives_as_it_was_given) {
    std::promise<std::string> seen;
    scripted_server server([&](peer const& client) {
        seen.set_value(client.read_request());
        client.write(response("{}"));
    });
    httplib_transport transport;
    auto const request = request_to(server.origin());
    BOOST_REQUIRE(!call(transport, request).failure);
    auto const text = seen.get_future().get();
    BOOST_TEST(text.starts_with("POST " + request.target + " HTTP/1.1\r\nHost: 127.0.0.1:" +
                                std::to_string(server.port()) + "\r\nAuthorization: Bearer "));
    BOOST_TEST(text.find("\r\nUser-Agent: aiaudit/0.") != std::string::npos);
    BOOST_TEST(text.find("\r\nAccept-Encoding: gzip\r\n") != std::string::npos);
    BOOST_TEST(text.ends_with("\r\n\r\n" + request.body));
}

BOOST_AUTO_TEST_CASE(a_connection_closed_by_the_server_is_replaced) {
    std::atomic<int> served{0};
    scripted_server server([&](peer const& client) {
        static_cast<void>(client.read_request());
        client.write(response("{}"));
        ::shutdown(client.fd(), SHUT_WR);
        ++served;
        served.notify_all();
        client.wait_closed();
    });
    httplib_transport transport;
    for (int i = 0; i < 3; ++i) {
        BOOST_REQUIRE(!call(transport, request_to(server.origin())).failure);
        served.wait(i);  // the next call comes after the close, not beside it
    }
    BOOST_TEST(served == 3);
    BOOST_TEST(server.connections() == 3);
}

BOOST_AUTO_TEST_CASE(a_request_that_may_have_been_served_is_not_sent_again) {
    std::atomic<int> requests{0};
    scripted_server server([&](peer const& client) {
        while (!client.read_request().empty()) {
            if (++requests == 2) return;
            client.write(response("{}"));
        }
    });
    httplib_transport transport;
    BOOST_REQUIRE(!call(transport, request_to(server.origin())).failure);
    auto const got = call(transport, request_to(server.origin()));
    REQUIRE_FAILURE(got, connection_lost);
    BOOST_TEST(requests == 2);
    BOOST_REQUIRE(!call(transport, request_to(server.origin())).failure);
}

BOOST_AUTO_TEST_CASE(an_idle_connection_grows_too_old) {
    scripted_server server(always(response("{}")));
    httplib_options options;
    options.idle_time_max = 0ms;
    httplib_transport transport(options);
    for (int i = 0; i < 3; ++i)
        BOOST_REQUIRE(!call(transport, request_to(server.origin())).failure);
    BOOST_TEST(server.connections() == 3);
}

BOOST_AUTO_TEST_CASE(silence_before_the_answer_ends_at_the_first_byte_limit) {
    transfer_limits limits;
    limits.first_byte = 50ms;
    auto const got = answered_with(once(""), limits);
    REQUIRE_FAILURE(got, timed_out);
    BOOST_TEST(got.says("first byte: "));
}

BOOST_AUTO_TEST_CASE(silence_within_the_answer_ends_at_the_between_bytes_limit) {
    transfer_limits limits;
    limits.between_bytes = 50ms;
    for (std::string const text :
         {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "HTTP/1.1 200"}) {
        auto const got = answered_with(once(text), limits);
        REQUIRE_FAILURE(got, timed_out);
        BOOST_TEST(got.says("between bytes: "));
    }
}

BOOST_AUTO_TEST_CASE(drops_that_never_pause_end_at_the_deadline) {
    auto const drip = [](peer const& client) {
        static_cast<void>(client.read_request());
        client.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        while (!client.closed_within(5)) client.write("x");
    };
    transfer_limits limits;
    auto const begun = std::chrono::steady_clock::now();
    limits.deadline = begun + 100ms;
    auto const got = answered_with(drip, limits);
    REQUIRE_FAILURE(got, timed_out);
    BOOST_TEST(got.says("total: "));
    BOOST_TEST(got.heads == 1);
    BOOST_TEST((std::chrono::steady_clock::now() - begun < 5s));
}

BOOST_AUTO_TEST_CASE(a_request_that_is_not_read_ends_at_the_first_byte_limit) {
    scripted_server server([](peer const& client) {
        pollfd never{client.fd(), 0, 0};
        ::poll(&never, 1, 10'000);
    });
    httplib_transport transport;
    transfer_limits limits;
    limits.first_byte = 100ms;
    auto request = request_to(server.origin());
    request.body.assign(std::size_t{32} << 20, 'x');
    auto const got = call(transport, request, limits);
    REQUIRE_FAILURE(got, timed_out);
    BOOST_TEST(got.says("first byte: "));
}

BOOST_AUTO_TEST_CASE(a_connection_that_does_not_come_about_ends_at_the_connect_limit) {
    // A listener whose queue is full answers no more.
    int const listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    BOOST_REQUIRE(::bind(listener, any, size) == 0 && ::listen(listener, 0) == 0 &&
                  ::getsockname(listener, any, &size) == 0);
    std::vector<int> queue;
    for (int i = 0; i < 4; ++i) {
        queue.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        static_cast<void>(::connect(queue.back(), any, size));
    }
    httplib_transport transport;
    transfer_limits limits;
    limits.connect = 50ms;
    auto const request = request_to("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
    auto const late = call(transport, request, limits);
    limits.connect = 0ms;
    limits.deadline = std::chrono::steady_clock::now() + 50ms;
    auto const too_late = call(transport, request, limits);
    limits.deadline.reset();
    std::stop_source source;
    auto stopped = std::async(std::launch::async,
                              [&] { return call(transport, request, limits, source.get_token()); });
    source.request_stop();
    auto const cancelled = stopped.get();
    for (int const fd : queue) ::close(fd);
    ::close(listener);
    REQUIRE_FAILURE(late, timed_out);
    BOOST_TEST(!late.failure->sent);
    REQUIRE_FAILURE(too_late, timed_out);
    BOOST_TEST(!too_late.failure->sent);
    BOOST_TEST(!cancelled.failure->sent);
    REQUIRE_FAILURE(cancelled, cancelled);
}

BOOST_AUTO_TEST_CASE(stopping_the_token_closes_the_connection) {
    std::promise<void> asked;
    std::promise<bool> closed;
    scripted_server server([&](peer const& client) {
        static_cast<void>(client.read_request());
        asked.set_value();
        closed.set_value(client.closed_within(10'000));
    });
    httplib_transport transport;
    std::stop_source source;
    std::thread stopper([&] {
        asked.get_future().wait();
        source.request_stop();
    });
    auto const got = call(transport, request_to(server.origin()), {}, source.get_token());
    stopper.join();
    REQUIRE_FAILURE(got, cancelled);
    BOOST_TEST(closed.get_future().get());
}

BOOST_AUTO_TEST_CASE(a_caller_that_wants_no_more_closes_the_connection) {
    for (bool const takes_head : {true, false}) {
        std::promise<void> closed;
        scripted_server server([&](peer const& client) {
            static_cast<void>(client.read_request());
            client.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            while (client.write("1\r\nx\r\n")) {
            }
            closed.set_value();
        });
        httplib_transport transport;
        auto const got = call(transport, request_to(server.origin()), {}, {}, takes_head, false);
        REQUIRE_FAILURE(got, cancelled);
        closed.get_future().wait();
    }
}

BOOST_AUTO_TEST_CASE(ten_megabytes_arrive_whole_gzipped_or_not) {
    std::string text;
    for (std::uint32_t i = 0; text.size() < 10'000'000; ++i)
        text += std::to_string(i * 2'654'435'761U) + std::string(i % 97 == 0 ? 3000 : 1, 'a');
    httplib::Server server;
    server.Post("/v1/test", [&](httplib::Request const& asked, httplib::Response& answer) {
        // cpp-httplib's server compresses this type, and not the other.
        bool const gzip = asked.get_header_value("X-Gzip") == "1";
        answer.set_content(text, gzip ? "application/json" : "application/octet-stream");
    });
    int const port = server.bind_to_any_port("127.0.0.1");
    std::thread serving([&] { server.listen_after_bind(); });
    std::optional<httplib_transport> transport(std::in_place);
    auto request = request_to("http://127.0.0.1:" + std::to_string(port));
    auto const plain = call(*transport, request);
    request.headers.emplace_back("X-Gzip", "1");
    auto const zipped = call(*transport, request);
    transport.reset();  // an idle connection would keep the server waiting
    server.stop();
    serving.join();
    BOOST_REQUIRE_MESSAGE(!plain.failure && !zipped.failure, plain << "; " << zipped);
    BOOST_TEST((plain.body == text));
    BOOST_TEST(header_of(plain.head.headers, "Content-Encoding") == "");
    BOOST_TEST((zipped.body == text));
    BOOST_TEST(header_of(zipped.head.headers, "Content-Encoding") == "gzip");
}

BOOST_AUTO_TEST_CASE(pieces_of_a_stream_come_as_they_are_sent) {
    std::promise<void> seen;
    scripted_server server([&](peer const& client) {
        static_cast<void>(client.read_request());
        client.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
        seen.get_future().wait();
        client.write("6\r\nsecond\r\n0\r\n\r\n");
        client.wait_closed();
    });
    httplib_transport transport;
    std::string body;
    auto const done = transport.exchange(
        request_to(server.origin()), {}, {}, [](http_response_head const&) { return true; },
        [&](std::string_view piece) {
            if (body.empty()) seen.set_value();
            body += piece;
            return true;
        });
    BOOST_REQUIRE(done);
    BOOST_TEST(body == "firstsecond");
}

BOOST_AUTO_TEST_CASE(a_body_shorter_than_promised_is_a_lost_connection) {
    std::string const begun = "HTTP/1.1 200 OK\r\n";
    for (std::string const rest :
         {"Content-Length: 10\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
          "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "Content-Length: 1", ""}) {
        auto const got = answered_with(once_and_close(begun + rest));
        REQUIRE_FAILURE(got, connection_lost);
    }
    REQUIRE_FAILURE(answered_with(once_and_close("")), connection_lost);
}

BOOST_AUTO_TEST_CASE(more_than_promised_is_a_bad_response) {
    for (std::string const text :
         {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, world",
          "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello, world\r\n0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nHTTP"}) {
        auto const got = answered_with(once(text));
        REQUIRE_FAILURE(got, bad_response);
    }
}

BOOST_AUTO_TEST_CASE(bytes_that_nobody_asked_for_do_not_answer_the_next_request) {
    std::promise<void> between;
    std::promise<void> sent;
    scripted_server server([&](peer const& client) {
        static_cast<void>(client.read_request());
        client.write(response("mine"));
        if (server.connections() > 1) return;
        between.get_future().wait();
        client.write(response("forged"));
        sent.set_value();
        client.wait_closed();
    });
    httplib_transport transport;
    BOOST_TEST(call(transport, request_to(server.origin())).body == "mine");
    between.set_value();
    sent.get_future().wait();
    BOOST_TEST(call(transport, request_to(server.origin())).body == "mine");
    BOOST_TEST(server.connections() == 2);
}

BOOST_AUTO_TEST_CASE(what_is_no_http_is_a_bad_response) {
    std::string const ok = "HTTP/1.1 200 OK\r\n";
    for (std::string const& text :
         {std::string{"SSH-2.0-OpenSSH_9.2\r\n"}, std::string{"HTTP/2 200\r\n\r\n"},
          "HTTP/1.1 200 " + std::string(1'000'000, 'a') + "\r\n\r\n",
          ok + "A: " + std::string(100'000, 'a') + "\r\n\r\n",
          ok + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nhello",
          ok + "Content-Length: -1\r\n\r\n", ok + "Content-Length: 5x\r\n\r\nhello",
          ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
          ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
          ok + "Content-Encoding: zstd\r\nContent-Length: 1\r\n\r\nx",
          ok + "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
          std::string{"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"}}) {
        auto const got = answered_with(once(text));
        BOOST_TEST_CONTEXT(text.substr(0, 80)) { REQUIRE_FAILURE(got, bad_response); }
    }
}

BOOST_AUTO_TEST_CASE(an_endless_head_is_a_bad_response) {
    auto const got = answered_with([](peer const& client) {
        static_cast<void>(client.read_request());
        client.write("HTTP/1.1 200 OK\r\n");
        while (client.write("A: b\r\n")) {
        }
    });
    REQUIRE_FAILURE(got, bad_response);
}

BOOST_AUTO_TEST_CASE(a_response_over_the_maximum_is_too_large) {
    transfer_limits limits;
    limits.response_bytes_max = 1000;
    std::string const endless_chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;";
    REQUIRE_FAILURE(answered_with(once(response(std::string(1001, 'x'))), limits), too_large);
    REQUIRE_FAILURE(
        answered_with(once_and_close("HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x')), limits),
        too_large);
    // Newer releases of cpp-httplib bound such a line themselves.
    auto const endless = answered_with(once(endless_chunk + std::string(1'000'000, 'a')), limits);
    BOOST_TEST_REQUIRE(endless.failure.has_value());
    BOOST_TEST(
        (endless.failure->code == errc::too_large || endless.failure->code == errc::bad_response));
    BOOST_TEST(!answered_with(once(response(std::string(1000, 'x'))), limits).failure);
}

BOOST_AUTO_TEST_CASE(a_response_without_a_body_keeps_its_connection) {
    scripted_server server([](peer const& client) {
        for (std::string const head : {"204 No Content\r\n", "200 OK\r\nContent-Length: 7\r\n"}) {
            static_cast<void>(client.read_request());
            client.write("HTTP/1.1 " + head + "\r\n");
        }
        client.wait_closed();
    });
    httplib_transport transport;
    auto request = request_to(server.origin());
    auto const none = call(transport, request);
    BOOST_TEST(!none.failure);
    BOOST_TEST(none.head.status == 204);
    request.method = "HEAD";
    request.body.clear();
    auto const head = call(transport, request);
    BOOST_TEST(!head.failure);
    BOOST_TEST(head.head.status == 200);
    BOOST_TEST(server.connections() == 1);
}

BOOST_AUTO_TEST_CASE(a_refused_connection_names_the_host) {
    int port = 0;
    {
        port = scripted_server([](peer const&) {}).port();
    }
    httplib_transport transport;
    auto const got = call(transport, request_to("http://127.0.0.1:" + std::to_string(port)));
    REQUIRE_FAILURE(got, connect_failed);
    BOOST_TEST(got.says("127.0.0.1:" + std::to_string(port) + ": Connection refused"));
}

BOOST_AUTO_TEST_CASE(an_unsafe_request_does_not_leave) {
    scripted_server server(always(response("{}")));
    httplib_transport transport;
    auto const refused = [&](auto change) {
        auto request = request_to(server.origin());
        change(request);
        return call(transport, request).failed_as(errc::bad_argument);
    };
    BOOST_TEST(refused([](auto& r) { r.headers.emplace_back("X", "a\r\nHost: evil"); }));
    BOOST_TEST(refused([](auto& r) { r.headers.emplace_back("X\r\nY", "a"); }));
    BOOST_TEST(refused([](auto& r) { r.target += "\r\n"; }));
    BOOST_TEST(refused([](auto& r) { r.method = "GET /"; }));
    BOOST_TEST(refused([](auto& r) { r.headers.emplace_back("content-length", "0"); }));
    BOOST_TEST(refused([](auto& r) { r.headers.emplace_back("Host", "evil"); }));
    BOOST_TEST(refused([](auto& r) { r.origin = "http://127.0.0.1:99999"; }));
    BOOST_TEST(refused([](auto& r) { r.origin = "http://:80"; }));
    BOOST_TEST(server.connections() == 0);
}

BOOST_AUTO_TEST_CASE(a_redirect_is_not_followed) {
    scripted_server elsewhere(always(response("{}")));
    auto const got =
        answered_with(once("HTTP/1.1 307 Temporary Redirect\r\nLocation: " + elsewhere.origin() +
                           "/\r\nContent-Length: 0\r\n\r\n"));
    BOOST_REQUIRE_MESSAGE(!got.failure, got);
    BOOST_TEST(got.head.status == 307);
    BOOST_TEST(header_of(got.head.headers, "location") == elsewhere.origin() + "/");
    BOOST_TEST(elsewhere.connections() == 0);
}

BOOST_AUTO_TEST_CASE(sixty_four_threads_share_a_transport) {
    scripted_server server([](peer const& client) {
        for (;;) {
            auto const text = client.read_request();
            if (text.empty()) return;
            client.write(response(text.substr(text.find("\r\n\r\n") + 4)));
        }
    });
    httplib_transport transport;
    std::atomic<int> right{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 64; ++thread) {
        threads.emplace_back([&, thread] {
            for (int i = 0; i < 20; ++i) {
                auto request = request_to(server.origin());
                request.body = std::to_string(thread) + "/" + std::to_string(i);
                auto const got = call(transport, request);
                if (!got.failure && got.body == request.body) ++right;
            }
        });
    }
    for (auto& each : threads) each.join();
    BOOST_TEST(right == 64 * 20);
    BOOST_TEST(server.connections() <= 64);
}

BOOST_AUTO_TEST_CASE(a_proxy_gets_the_whole_address_and_its_password) {
    std::promise<std::string> seen;
    scripted_server proxy([&](peer const& client) {
        seen.set_value(client.read_request());
        client.write(response("by proxy"));
    });
    httplib_options options;
    options.proxy = "http://user:password@127.0.0.1:" + std::to_string(proxy.port());
    httplib_transport transport(options);
    auto const request = request_to("http://api.example.test");
    auto const got = call(transport, request);
    BOOST_REQUIRE_MESSAGE(!got.failure, got);
    BOOST_TEST(got.body == "by proxy");
    auto const text = seen.get_future().get();
    BOOST_TEST(text.starts_with("POST http://api.example.test" + request.target +
                                " HTTP/1.1\r\nHost: api.example.test\r\n"));
    BOOST_TEST(text.find("\r\nProxy-Authorization: Basic dXNlcjpwYXNzd29yZA==\r\n") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_error_shows_the_proxy) {
    int port = 0;
    {
        port = scripted_server([](peer const&) {}).port();
    }
    for (std::string const& at : {"127.0.0.1:" + std::to_string(port), std::string{"no/host"},
                                  std::string{}, std::string{"127.0.0.1:0"}}) {
        httplib_options options;
        options.proxy = "http://user:" + std::string{secret} + "@" + at;
        httplib_transport transport(options);
        auto const got = call(transport, request_to("http://api.example.test"));
        BOOST_REQUIRE(got.failure);
        BOOST_TEST(got.failure->where.find("SECRET") == std::string::npos);
        BOOST_TEST(got.failure->where.find("127.0.0.1") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(what_a_proxy_was_asked_is_no_request_that_was_sent) {
    for (bool const answers : {false, true}) {
        scripted_server proxy([&](peer const& client) {
            static_cast<void>(client.read_request());
            if (answers) client.write("HTTP/1.1 200 OK\r\n\r\n");  // then no TLS handshake
            client.wait_closed();
        });
        httplib_options options;
        options.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
        httplib_transport transport(options);
        transfer_limits limits;
        limits.connect = 50ms;
        auto const got = call(transport, request_to("https://api.example.test"), limits);
        REQUIRE_FAILURE(got, timed_out);
        BOOST_TEST(!got.failure->sent);
    }
}

BOOST_AUTO_TEST_CASE(a_request_that_left_was_sent_whatever_ended_the_exchange) {
    scripted_server server([](peer const& client) {
        static_cast<void>(client.read_request());
        client.wait_closed();
    });
    httplib_transport transport;
    transfer_limits limits;
    limits.first_byte = 50ms;
    auto const request = request_to("http://127.0.0.1:" + std::to_string(server.port()));
    auto const late = call(transport, request, limits);
    REQUIRE_FAILURE(late, timed_out);
    BOOST_TEST(late.failure->sent);
    auto injected = request;
    injected.headers.emplace_back("X-One", "a\r\nX-Two: b");
    auto const refused = call(transport, injected, limits);
    REQUIRE_FAILURE(refused, bad_argument);
    BOOST_TEST(!refused.failure->sent);
}

BOOST_AUTO_TEST_SUITE_END()
