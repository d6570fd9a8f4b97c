// SPDX-License-Identifier: MIT
//
// transport_tls.cpp: whom the transport trusts, by certificates made here.
#include "support/loopback_hosts.hpp"
#include "support/throwaway_ca.hpp"
#include "transport_testing.hpp"

#include <aiaudit/transport/httplib_transport.hpp>

#include <openssl/ssl.h>
#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(transport_tls)

namespace {

using namespace aiaudit;
using namespace aiaudit_tests;
using namespace std::chrono_literals;

using tls_service = std::function<void(SSL*)>;

// Answers every request of a session with the text, in one record.
tls_service always_tls(std::string text, bool farewell = true) {
    return [text, farewell](SSL* session) {
        char bytes[4096];
        std::string got;
        int size = 0;
        while ((size = SSL_read(session, bytes, sizeof bytes)) > 0) {
            got.append(bytes, static_cast<std::size_t>(size));
            if (!got.ends_with("}")) continue;  // the end of each request's body
            got.clear();
            SSL_write(session, text.data(), static_cast<int>(text.size()));
            if (text.find("Content-Length") == std::string::npos) break;
        }
        if (farewell) SSL_shutdown(session);
    };
}

// A server with that certificate.
class tls_server {
public:
    tls_server(pem_identity const& by, tls_service serve)
        : context_(server_context_of(by)), server_([this, serve](peer const& client) {
              tls_owner const session{SSL_new(context_.get())};
              SSL_set_fd(session.get(), client.fd());
              if (SSL_accept(session.get()) == 1) serve(session.get());
          }) {}
    [[nodiscard]] std::string origin(std::string const& host = "127.0.0.1") const {
        return "https://" + host + ":" + std::to_string(server_.port());
    }
    [[nodiscard]] int connections() const { return server_.connections(); }

private:
    tls_context_owner context_;
    scripted_server server_;
};

httplib_transport trusting(std::string const& file) {
    httplib_options options;
    options.ca_file = file;
    return httplib_transport(options);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_trusted_certificate_that_names_the_host_is_taken) {
    throwaway_ca const ca;
    tls_server const server(ca.good(), always_tls(response("{}")));
    auto transport = trusting(ca.file());
    auto const hosts = loopback_hosts();
    for (std::string const& host : hosts) {
        for (int i = 0; i < 5; ++i) {
            auto const got = call(transport, request_to(server.origin(host)));
            BOOST_REQUIRE_MESSAGE(!got.failure, got);
            BOOST_TEST(got.body == "{}");
        }
    }
    BOOST_TEST(server.connections() == static_cast<int>(hosts.size()));
}

BOOST_AUTO_TEST_CASE(a_certificate_of_an_unknown_authority_is_refused) {
    throwaway_ca const ca;
    throwaway_ca const other;
    tls_server const server(ca.good(), always_tls(response("{}")));
    for (std::string const& file : {other.file(), std::string{}}) {
        auto transport = trusting(file);
        auto const got = call(transport, request_to(server.origin()));
        BOOST_REQUIRE_MESSAGE(got.failed_as(errc::tls_failed), got);
        BOOST_TEST(got.says("certificate: "));
    }
}

BOOST_AUTO_TEST_CASE(an_expired_certificate_is_refused) {
    throwaway_ca const ca;
    tls_server const server(ca.expired(), always_tls(response("{}")));
    auto transport = trusting(ca.file());
    auto const got = call(transport, request_to(server.origin()));
    BOOST_REQUIRE_MESSAGE(got.failed_as(errc::tls_failed), got);
    BOOST_TEST(got.says("certificate has expired"));
}

BOOST_AUTO_TEST_CASE(a_certificate_of_another_host_is_refused) {
    throwaway_ca const ca;
    // The common name does not count.
    tls_server const server(ca.for_host("api.example.test", "localhost"),
                            always_tls(response("{}")));
    auto transport = trusting(ca.file());
    for (std::string const& host : loopback_hosts()) {
        auto const got = call(transport, request_to(server.origin(host)));
        BOOST_REQUIRE_MESSAGE(got.failed_as(errc::tls_failed), got);
        BOOST_TEST(got.says("mismatch"));
    }
}

BOOST_AUTO_TEST_CASE(verification_can_be_switched_off) {
    throwaway_ca const ca;
    tls_server const server(ca.for_host("api.example.test"), always_tls(response("{}")));
    httplib_options options;
    options.verify = false;
    httplib_transport transport(options);
    BOOST_TEST(!call(transport, request_to(server.origin())).failure);
}

BOOST_AUTO_TEST_CASE(a_file_without_certificates_is_an_error) {
    auto transport = trusting("/nowhere/ca.pem");
    scripted_server server([](peer const&) {});
    auto request = request_to("https://127.0.0.1:" + std::to_string(server.port()));
    BOOST_TEST(call(transport, request).failed_as(errc::tls_failed));
}

BOOST_AUTO_TEST_CASE(what_does_not_speak_tls_is_refused) {
    scripted_server server([](peer const& client) {
        client.write(response("{}"));
        client.wait_closed();
    });
    httplib_transport transport;
    auto const got =
        call(transport, request_to("https://127.0.0.1:" + std::to_string(server.port())));
    BOOST_REQUIRE_MESSAGE(got.failed_as(errc::tls_failed), got);
}

BOOST_AUTO_TEST_CASE(a_handshake_that_is_not_answered_ends_at_the_connect_limit) {
    scripted_server server([](peer const& client) { client.wait_closed(); });
    httplib_transport transport;
    transfer_limits limits;
    limits.connect = 50ms;
    auto const got =
        call(transport, request_to("https://127.0.0.1:" + std::to_string(server.port())), limits);
    BOOST_REQUIRE_MESSAGE(got.failed_as(errc::timed_out), got);
    BOOST_TEST(!got.failure->sent);
}

BOOST_AUTO_TEST_CASE(bytes_after_the_response_in_its_record_are_a_bad_response) {
    throwaway_ca const ca;
    tls_server const server(ca.good(), always_tls(response("{}") + response("forged")));
    auto transport = trusting(ca.file());
    auto const got = call(transport, request_to(server.origin()));
    BOOST_REQUIRE_MESSAGE(got.failed_as(errc::bad_response), got);
    BOOST_TEST(got.body == "{}");
}

BOOST_AUTO_TEST_CASE(a_body_without_length_ends_only_with_the_session) {
    throwaway_ca const ca;
    for (bool const farewell : {true, false}) {
        tls_server const server(ca.good(), always_tls("HTTP/1.1 200 OK\r\n\r\ntext", farewell));
        auto transport = trusting(ca.file());
        auto const got = call(transport, request_to(server.origin()));
        BOOST_TEST(got.body == "text");
        BOOST_REQUIRE_MESSAGE(farewell ? !got.failure : got.failed_as(errc::connection_lost), got);
    }
}

BOOST_AUTO_TEST_CASE(ten_megabytes_go_there_and_back) {
    throwaway_ca const ca;
    auto const echo = [](SSL* session) {
        std::string got(16'384, '\0');
        std::size_t total = 0;
        while (total < 10'000'000) {
            int const size = SSL_read(session, got.data(), static_cast<int>(got.size()));
            if (size <= 0) return;
            total += static_cast<std::size_t>(size);
        }
        auto const answer = response(std::string(10'000'000, 'x'));
        SSL_write(session, answer.data(), static_cast<int>(answer.size()));
        SSL_shutdown(session);
    };
    tls_server const server(ca.good(), echo);
    auto transport = trusting(ca.file());
    auto request = request_to(server.origin());
    request.body.assign(10'000'000, 'x');
    auto const got = call(transport, request);
    BOOST_REQUIRE_MESSAGE(!got.failure, got);
    BOOST_TEST((got.body == request.body));
}

BOOST_AUTO_TEST_CASE(a_proxy_sees_the_host_and_not_the_request) {
    throwaway_ca const ca;
    tls_server const server(ca.good(), always_tls(response("{}")));
    std::string const authority_of = server.origin().substr(8);
    std::mutex mutex;
    std::string seen;
    scripted_server proxy([&](peer const& client) {
        std::string const asked = client.read_request();
        {
            std::lock_guard const lock(mutex);
            seen += asked;
        }
        int const to = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto const port = std::stoi(authority_of.substr(authority_of.find(':') + 1));
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        static_cast<void>(::connect(to, reinterpret_cast<sockaddr*>(&address), sizeof address));
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
        pollfd ends[] = {{client.fd(), POLLIN, 0}, {to, POLLIN, 0}};
        for (bool open = true; open && ::poll(ends, 2, 10'000) > 0;) {
            for (int i = 0; i < 2 && open; ++i) {
                if (ends[i].revents == 0) continue;
                char bytes[4096];
                auto const size = ::recv(ends[i].fd, bytes, sizeof bytes, 0);
                open =
                    size > 0 && peer{ends[1 - i].fd}.write({bytes, static_cast<std::size_t>(size)});
            }
        }
        ::close(to);
    });
    httplib_options options;
    options.ca_file = ca.file();
    options.proxy = "http://user:password@127.0.0.1:" + std::to_string(proxy.port());
    httplib_transport transport(options);
    for (int i = 0; i < 3; ++i) {
        auto const got = call(transport, request_to(server.origin()));
        BOOST_REQUIRE_MESSAGE(!got.failure, got);
    }
    std::lock_guard const lock(mutex);
    BOOST_TEST(seen == "CONNECT " + authority_of + " HTTP/1.1\r\nHost: " + authority_of +
                           "\r\nProxy-Authorization: Basic dXNlcjpwYXNzd29yZA==\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(a_proxy_that_refuses_is_a_failed_connection) {
    for (std::string const answer :
         {"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 4\r\n\r\nnone", ""}) {
        scripted_server proxy([&](peer const& client) {
            static_cast<void>(client.read_request());
            client.write(answer);
        });
        httplib_options options;
        options.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
        httplib_transport transport(options);
        auto const got = call(transport, request_to("https://api.example.test"));
        BOOST_REQUIRE_MESSAGE(got.failed_as(errc::connect_failed), got);
        BOOST_TEST(got.says("the proxy"));
    }
}

BOOST_AUTO_TEST_SUITE_END()
