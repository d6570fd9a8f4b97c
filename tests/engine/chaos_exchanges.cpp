// SPDX-License-Identifier: MIT
#include "support/chaos_provider.hpp"

#include "support/http_date.hpp"
#include "support/loopback_hosts.hpp"
#include "support/provider_bodies.hpp"
#include "support/throwaway_ca.hpp"

#include <aiaudit/providers/reader.hpp>

#include <boost/test/unit_test.hpp>

#include <httplib.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <latch>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(chaos_exchanges)

namespace {

using namespace std::chrono_literals;
using aiaudit_tests::chaos_ending;
using aiaudit_tests::chaos_step;
using aiaudit_tests::connection_trouble;
using aiaudit_tests::plan_of;
using aiaudit_tests::provider_error;
using aiaudit_tests::throwaway_ca;
using trouble = aiaudit_tests::chaos_trouble;
using server = aiaudit_tests::chaos_provider;  // the suite has its name

constexpr char const* plain_get = "GET /x HTTP/1.1\r\nHost: here\r\n\r\n";

enum class ended { open, closed, reset };

// What came, and what came after it.
struct received {
    std::string bytes{};
    ended how = ended::open;
};

// A client that shows the bytes as they come.
class raw_client {
public:
    explicit raw_client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        BOOST_REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    }
    raw_client(raw_client const&) = delete;
    raw_client& operator=(raw_client const&) = delete;
    ~raw_client() { ::close(fd_); }

    bool send(std::string_view bytes) const {
        return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(bytes.size());
    }
    // Until `bytes_max` bytes are there, the connection ends, or nothing comes for `quiet`.
    [[nodiscard]] received receive(std::chrono::milliseconds quiet = 5s,
                                   std::size_t bytes_max = 1 << 20) const {
        timeval const span{quiet.count() / 1000, quiet.count() % 1000 * 1000};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &span, sizeof span);
        received got;
        std::array<char, 65'536> part{};
        while (got.bytes.size() < bytes_max) {
            ssize_t const count = ::recv(fd_, part.data(), part.size(), 0);
            if (count <= 0) {
                if (count == 0) got.how = ended::closed;
                if (count < 0 && errno == ECONNRESET) got.how = ended::reset;
                break;
            }
            got.bytes.append(part.data(), static_cast<std::size_t>(count));
        }
        return got;
    }

private:
    int fd_;
};

std::string head_of(std::string const& answer) {
    auto const end = answer.find("\r\n\r\n");
    return end == std::string::npos ? answer : answer.substr(0, end + 4);
}
std::string body_of(std::string const& answer) {
    auto const end = answer.find("\r\n\r\n");
    return end == std::string::npos ? "" : answer.substr(end + 4);
}
bool holds(std::string const& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

// What a server with this one answer sends to a plain request.
received answer_to(chaos_step step, std::string_view request = plain_get,
                   std::chrono::milliseconds quiet = 5s, std::size_t bytes_max = 1 << 20) {
    server const provider({.default_step = std::move(step)});
    raw_client const client(provider.port());
    BOOST_REQUIRE(client.send(request));
    return client.receive(quiet, bytes_max);
}

std::string text_of(aiaudit_tests::chaos_plan const& plan) {
    std::string text;
    for (auto const& piece : plan.pieces) text += piece.bytes;
    return text;
}

std::chrono::milliseconds since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 start);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_usual_client_gets_good_answers_on_one_connection) {
    server provider;
    provider.script("/v1/chat", {aiaudit_tests::json_step("{\"a\":1}")});
    httplib::Client client(provider.origin());
    client.set_keep_alive(true);
    for (int i = 0; i < 3; ++i) {
        auto const got = client.Post("/v1/chat?n=1", {{"X-Key", "k"}}, "{\"q\":2}", "text/json");
        BOOST_REQUIRE(got);
        BOOST_TEST(got->status == 200);
        BOOST_TEST(got->body == "{\"a\":1}");
        BOOST_TEST(got->get_header_value("Content-Type") == "application/json");
    }
    auto const seen = provider.requests();
    BOOST_REQUIRE(seen.size() == 3u);
    BOOST_TEST(seen[0].method == "POST");
    BOOST_TEST(seen[0].target == "/v1/chat?n=1");
    BOOST_TEST(seen[0].path() == "/v1/chat");
    BOOST_TEST(seen[0].header("x-key") == "k");
    BOOST_TEST(seen[0].body == "{\"q\":2}");
    BOOST_TEST(seen[2].connection == 0u);
    BOOST_TEST((seen[0].arrived_at < seen[2].arrived_at));
    BOOST_TEST(provider.connections() == 1u);
}

BOOST_AUTO_TEST_CASE(each_connection_has_its_number) {
    server const provider;
    for (int i = 0; i < 3; ++i) {
        raw_client const client(provider.port());
        BOOST_REQUIRE(client.send(plain_get));
        BOOST_REQUIRE(provider.wait_for_requests(static_cast<std::size_t>(i) + 1));
    }
    BOOST_TEST(provider.connections() == 3u);
    BOOST_TEST(provider.requests()[2].connection == 2u);
    BOOST_TEST(provider.wait_for_open_connections(0));
    BOOST_TEST(!provider.wait_for_requests(4, 1ms));
}

BOOST_AUTO_TEST_CASE(a_script_goes_on_to_its_last_step_and_stays_there) {
    server provider({.default_step = {.status = 404}});
    provider.script("/a", {{.status = 500}, {.status = 429}, {.status = 200}});
    provider.script("/b", {{.status = 503}});
    httplib::Client client(provider.origin());
    std::vector<int> statuses;
    for (auto const* target : {"/a", "/b?x", "/a?y", "/a", "/a", "/c"})
        statuses.push_back(client.Get(target)->status);
    BOOST_TEST(statuses == (std::vector{500, 503, 429, 200, 200, 404}),
               boost::test_tools::per_element());
    provider.script("/a", {{.status = 201}});
    BOOST_TEST(client.Get("/a")->status == 201);
    BOOST_CHECK_THROW(provider.script("/a", {}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(answers_can_be_computed_and_scripts_go_first) {
    server provider;
    provider.script("/script", {{.body = "script"}});
    int calls = 0;
    provider.answer([&calls](aiaudit_tests::seen_request const& request) {
        return chaos_step{.status = 200 + calls++, .body = request.method + request.body};
    });
    httplib::Client client(provider.origin());
    BOOST_TEST(client.Get("/script")->body == "script");
    BOOST_TEST(client.Put("/any", "x", "a/b")->body == "PUTx");
    BOOST_TEST(client.Get("/any")->status == 201);
}

BOOST_AUTO_TEST_CASE(requests_may_be_chunked_wait_for_100_or_follow_each_other_at_once) {
    server const provider;
    raw_client const client(provider.port());
    BOOST_REQUIRE(
        client.send("POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n"
                    "\r\n3\r\nabc\r\n2;ext\r\nde\r\n0\r\n\r\n"
                    "GET /d HTTP/1.1\r\nConnection: close\r\n\r\n"));
    auto const got = client.receive();
    BOOST_TEST(got.bytes.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 "));
    BOOST_TEST((got.how == ended::closed));
    auto const seen = provider.requests();
    BOOST_REQUIRE(seen.size() == 2u);
    BOOST_TEST(seen[0].body == "abcde");
    BOOST_TEST(seen[1].target == "/d");
}

BOOST_AUTO_TEST_CASE(what_is_no_request_ends_the_connection) {
    for (std::string_view const bytes :
         {"\x16\x03\x01", "GET\r\n\r\n", "GET / FTP/1\r\n\r\n",
          "GET / HTTP/1.1\r\nno colon\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
          "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
        server const provider;
        raw_client const client(provider.port());
        BOOST_REQUIRE(client.send(bytes));
        auto const got = client.receive();
        BOOST_TEST((got.how != ended::open));
        BOOST_TEST(got.bytes == "");
        BOOST_TEST(provider.requests().empty());
    }
}

BOOST_AUTO_TEST_CASE(a_header_of_the_step_takes_the_place_of_the_servers_own) {
    auto const got = answer_to({.headers = {{"connection", "close"},
                                            {"Content-Length", "7"},
                                            {"Retry-After", "2"},
                                            {"X-Twice", "1"},
                                            {"X-Twice", "2"}},
                                .body = "1234567"},
                               plain_get);
    BOOST_TEST(got.bytes ==
               "HTTP/1.1 200 Fine\r\nContent-Type: application/json\r\nconnection: close\r\n"
               "Content-Length: 7\r\nRetry-After: 2\r\nX-Twice: 1\r\nX-Twice: 2\r\n\r\n1234567");
    BOOST_TEST((got.how == ended::closed));
}

BOOST_AUTO_TEST_CASE(answers_without_a_body_have_none) {
    BOOST_TEST(text_of(plan_of({.body = "abc"}, {.method = "HEAD"})).ends_with("\r\n\r\n"));
    BOOST_TEST(text_of(plan_of({.status = 204, .body = "abc"})).ends_with("\r\n\r\n"));
    BOOST_TEST(!holds(text_of(plan_of({.status = 204})), "Content-Length"));
    BOOST_TEST(text_of(plan_of({.status = 304, .chunked = true})).ends_with("\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(refuse_then_close_sends_no_byte) {
    auto const got = answer_to({.trouble = trouble::refuse_then_close});
    BOOST_TEST(got.bytes == "");
    BOOST_TEST((got.how == ended::closed));
}

BOOST_AUTO_TEST_CASE(a_reset_is_a_reset) {
    for (auto const kind : {trouble::refuse_then_close, trouble::close_mid_head}) {
        auto const got = answer_to({.trouble = kind, .reset = true});
        BOOST_TEST((got.how == ended::reset));
    }
}

BOOST_AUTO_TEST_CASE(close_mid_head_ends_within_a_header_line) {
    auto const got = answer_to({.trouble = trouble::close_mid_head});
    BOOST_TEST(got.bytes.starts_with("HTTP/1.1 200 Fine\r\n"));
    BOOST_TEST(got.bytes.ends_with("Connection: keep-ali"));
    BOOST_TEST((got.how == ended::closed));
}

BOOST_AUTO_TEST_CASE(close_mid_body_sends_so_many_bytes_of_the_body) {
    auto got = answer_to({.body = "0123456789", .trouble = trouble::close_mid_body});
    BOOST_TEST(holds(got.bytes, "Content-Length: 10\r\n"));
    BOOST_TEST(body_of(got.bytes) == "01234");
    BOOST_TEST((got.how == ended::closed));
    got = answer_to({.body = "0123456789",
                     .trouble = trouble::close_mid_body,
                     .body_bytes_sent = 3,
                     .piece_bytes = 2,
                     .chunked = true});
    BOOST_TEST(body_of(got.bytes) == "2\r\n01\r\n1\r\n2\r\n");
    BOOST_TEST((got.how == ended::closed));
}

BOOST_AUTO_TEST_CASE(a_stall_sends_nothing_and_then_the_rest) {
    // Longer than the client waits: it sees what came before.
    auto got = answer_to({.trouble = trouble::stall_before_head}, plain_get, 30ms);
    BOOST_TEST(got.bytes == "");
    BOOST_TEST((got.how == ended::open));
    chaos_step const halting{
        .body = "012345", .trouble = trouble::stall_mid_body, .body_bytes_sent = 2};
    auto const plan = plan_of(halting);
    BOOST_REQUIRE(plan.pieces.size() == 3u);
    got = answer_to(halting, plain_get, 5s, plan.pieces[0].bytes.size() + 2);
    BOOST_TEST(body_of(got.bytes) == "01");
    BOOST_TEST((got.how == ended::open));
    // Shorter: it sees all.
    for (auto const kind : {trouble::stall_before_head, trouble::stall_mid_body}) {
        auto const start = std::chrono::steady_clock::now();
        got = answer_to({.headers = {{"Connection", "close"}},
                         .body = "012345",
                         .trouble = kind,
                         .stall = 20ms});
        BOOST_TEST(body_of(got.bytes) == "012345");
        BOOST_TEST(since(start).count() >= 20);
    }
}

BOOST_AUTO_TEST_CASE(a_stall_ends_when_its_client_hangs_up) {
    server const provider({.default_step = {.trouble = trouble::stall_before_head}});
    {
        raw_client const client(provider.port());
        BOOST_REQUIRE(client.send(plain_get));
        BOOST_REQUIRE(provider.wait_for_requests(1));
        BOOST_TEST(provider.open_connections() == 1u);
    }
    BOOST_TEST(provider.wait_for_open_connections(0));
}

BOOST_AUTO_TEST_CASE(the_destructor_ends_every_wait_at_once) {
    auto const start = std::chrono::steady_clock::now();
    for (chaos_step const& step :
         {chaos_step{.trouble = trouble::stall_before_head},
          chaos_step{.trouble = trouble::stall_mid_body}, chaos_step{.delay_before_head = 60s},
          chaos_step{.delay_between_pieces = 60s, .piece_bytes = 1},
          chaos_step{.trouble = trouble::close_after_answer_without_saying},
          chaos_step{.body = std::string(16 << 20, 'x')},  // nobody reads
          chaos_step{}}) {
        std::optional<server> provider(std::in_place,
                                       aiaudit_tests::chaos_options{.default_step = step});
        raw_client const client(provider->port());
        raw_client const idle(provider->port());
        BOOST_REQUIRE(client.send(plain_get));
        BOOST_REQUIRE(provider->wait_for_requests(1));
        provider.reset();
        BOOST_TEST((idle.receive().how != ended::open));
    }
    BOOST_TEST(since(start).count() < 5'000);
}

BOOST_AUTO_TEST_CASE(a_content_length_can_promise_too_much) {
    auto const got = answer_to({.body = "0123456789", .trouble = trouble::content_length_too_long});
    BOOST_TEST(holds(got.bytes, "Content-Length: 20\r\n"));
    BOOST_TEST(body_of(got.bytes) == "0123456789");
    BOOST_TEST((got.how == ended::closed));
}

BOOST_AUTO_TEST_CASE(a_content_length_can_promise_too_little_on_a_connection_that_stays) {
    server provider;
    provider.script("/x", {{.body = "0123456789", .trouble = trouble::content_length_too_short},
                           {.status = 201, .headers = {{"Connection", "close"}}}});
    raw_client const client(provider.port());
    BOOST_REQUIRE(client.send(plain_get));
    BOOST_REQUIRE(client.send(plain_get));
    auto const got = client.receive();
    BOOST_TEST(holds(got.bytes, "Content-Length: 5\r\n"));
    BOOST_TEST(holds(got.bytes, "\r\n\r\n0123456789HTTP/1.1 201 Fine\r\n"));
    BOOST_TEST(provider.connections() == 1u);
}

BOOST_AUTO_TEST_CASE(not_http_is_some_bytes_or_those_of_the_body) {
    auto got = answer_to({.body = "", .trouble = trouble::not_http});
    BOOST_TEST(!got.bytes.empty());
    BOOST_TEST(!holds(got.bytes, "HTTP/"));
    got = answer_to({.body = "220 mail here\r\n", .trouble = trouble::not_http});
    BOOST_TEST(got.bytes == "220 mail here\r\n");
    BOOST_TEST((got.how == ended::closed));
}

BOOST_AUTO_TEST_CASE(a_connection_can_end_after_it_said_keep_alive) {
    server const provider(
        {.default_step = {.body = "abc", .trouble = trouble::close_after_answer_without_saying}});
    raw_client const client(provider.port());
    BOOST_REQUIRE(client.send(plain_get));
    auto const got = client.receive();
    BOOST_TEST(holds(got.bytes, "Connection: keep-alive\r\n"));
    BOOST_TEST(body_of(got.bytes) == "abc");
    BOOST_TEST((got.how == ended::closed));
    // The next request can be sent, and is lost.
    BOOST_TEST(client.send(plain_get));
    BOOST_TEST(client.receive(50ms).bytes == "");
    BOOST_TEST(provider.requests().size() == 1u);
}

BOOST_AUTO_TEST_CASE(what_has_no_end_goes_on_until_the_client_hangs_up) {
    std::size_t const much = 300'000;
    auto got = answer_to({.trouble = trouble::endless_head}, plain_get, 5s, much);
    BOOST_TEST(got.bytes.size() >= much);
    BOOST_TEST(!holds(got.bytes, "\r\n\r\n"));
    BOOST_TEST(holds(got.bytes, "x\r\nX-Without-End: x"));
    got = answer_to({.trouble = trouble::endless_header_line}, plain_get, 5s, much);
    BOOST_TEST(got.bytes.size() >= much);
    BOOST_TEST(got.bytes.find("\r\n", got.bytes.find("X-Without-End")) == std::string::npos);
    got = answer_to({.body = "data: x\n\n", .trouble = trouble::endless_body}, plain_get, 5s, much);
    BOOST_TEST(got.bytes.size() >= much);
    BOOST_TEST(body_of(got.bytes).starts_with("9\r\ndata: x\n\n\r\n9\r\ndata: x\n\n\r\n"));
    BOOST_TEST(!holds(got.bytes, "\r\n0\r\n"));
}

BOOST_AUTO_TEST_CASE(a_broken_chunk_has_a_size_that_is_no_number) {
    auto const got = answer_to({.body = "0123", .trouble = trouble::chunked_broken});
    BOOST_TEST(holds(got.bytes, "Transfer-Encoding: chunked\r\n"));
    BOOST_TEST(body_of(got.bytes) == "2\r\n01\r\nno size\r\n");
    BOOST_TEST((got.how == ended::closed));
}

BOOST_AUTO_TEST_CASE(a_usual_client_takes_each_broken_answer_for_an_error) {
    for (auto const kind :
         {trouble::refuse_then_close, trouble::close_mid_head, trouble::close_mid_body,
          trouble::content_length_too_long, trouble::not_http, trouble::chunked_broken}) {
        server const provider({.default_step = {.body = "0123456789", .trouble = kind}});
        httplib::Client client(provider.origin());
        BOOST_TEST((client.Get("/x").error() != httplib::Error::Success));
        BOOST_TEST(provider.wait_for_requests(1));
    }
}

BOOST_AUTO_TEST_CASE(a_body_without_length_ends_with_the_connection) {
    auto const got = answer_to({.body = "0123", .until_close = true});
    BOOST_TEST(!holds(head_of(got.bytes), "Content-Length"));
    BOOST_TEST(!holds(head_of(got.bytes), "Transfer-Encoding"));
    BOOST_TEST(body_of(got.bytes) == "0123");
    BOOST_TEST((got.how == ended::closed));
}

BOOST_AUTO_TEST_CASE(pieces_are_sends_of_their_own_and_delays_lie_between_them) {
    auto const start = std::chrono::steady_clock::now();
    auto const got = answer_to({.headers = {{"Connection", "close"}},
                                .body = "0123456789",
                                .delay_before_head = 10ms,
                                .delay_between_pieces = 5ms,
                                .piece_bytes = 4});
    BOOST_TEST(body_of(got.bytes) == "0123456789");
    BOOST_TEST(since(start).count() >= 20);  // 10, and two pauses between three pieces
    auto const plan = plan_of({.body = "0123456789", .piece_bytes = 4});
    BOOST_REQUIRE(plan.pieces.size() == 4u);
    BOOST_TEST(plan.pieces[1].bytes == "0123");
    BOOST_TEST(plan.pieces[3].bytes == "89");
    BOOST_TEST((plan.ending == chaos_ending::keep_open));
}

BOOST_AUTO_TEST_CASE(random_pieces_are_the_same_for_a_seed_and_are_put_together_by_a_usual_client) {
    std::string body;
    for (int i = 0; i < 500; ++i) body += "data: " + std::to_string(i) + "\n\n";
    std::set<std::size_t> sizes;
    for (std::uint32_t seed = 1; seed <= 20; ++seed) {
        auto const step = aiaudit_tests::stream_step(body, seed);
        auto const plan = plan_of(step);
        BOOST_TEST(text_of(plan) == text_of(plan_of(step)));
        for (auto const& piece : plan.pieces) sizes.insert(piece.bytes.size());
        server const provider({.default_step = step});
        httplib::Client client(provider.origin());
        auto const got = client.Get("/x");
        BOOST_REQUIRE(got);
        BOOST_TEST(got->body == body);
    }
    BOOST_TEST(sizes.size() > 50u);
    BOOST_TEST(text_of(plan_of(aiaudit_tests::stream_step(body, 1))) !=
               text_of(plan_of(aiaudit_tests::stream_step(body, 2))));
}

BOOST_AUTO_TEST_CASE(gzip_is_unpacked_by_a_usual_client) {
    for (std::size_t const size : {0u, 1u, 1'000u, 1'000'000u}) {
        std::string body;
        while (body.size() < size) body += "word " + std::to_string(body.size() % 977) + " ";
        for (bool const chunked : {false, true}) {
            server const provider(
                {.default_step = {
                     .body = body, .piece_bytes = 999, .chunked = chunked, .gzip = true}});
            httplib::Client client(provider.origin());
            auto const got = client.Get("/x");
            BOOST_REQUIRE(got);
            BOOST_TEST((got->body == body));
            BOOST_TEST(got->get_header_value("Content-Encoding") == "gzip");
        }
        if (size > 100) BOOST_TEST(aiaudit_tests::gzip_of(body).size() < body.size() / 2);
    }
}

BOOST_AUTO_TEST_CASE(connections_can_be_ended_or_left_in_silence_when_accepted) {
    {
        server const provider({.on_accept = connection_trouble::close_at_once});
        raw_client const client(provider.port());
        BOOST_TEST((client.receive().how == ended::closed));
        BOOST_TEST(provider.connections() == 1u);
    }
    server const provider({.on_accept = connection_trouble::silence});
    raw_client const client(provider.port());
    BOOST_TEST(client.send(plain_get));
    BOOST_TEST((client.receive(30ms).how == ended::open));
    BOOST_TEST(provider.requests().empty());
}

BOOST_AUTO_TEST_CASE(a_refusing_port_refuses) {
    aiaudit_tests::refusing_port const nobody;
    httplib::Client client(nobody.origin());
    BOOST_TEST((client.Get("/").error() == httplib::Error::Connection));
}

BOOST_AUTO_TEST_CASE(many_connections_at_once_are_all_answered) {
    server provider;
    std::size_t calls = 0;  // answers are computed one at a time
    provider.answer(
        [&calls](auto const&) { return aiaudit_tests::json_step(std::to_string(calls++)); });
    std::latch all(16);
    std::array<int, 16> good{};
    std::vector<std::thread> threads;
    for (auto& count : good) {
        threads.emplace_back([&count, &all, origin = provider.origin()] {
            httplib::Client client(origin);
            client.set_keep_alive(true);
            all.arrive_and_wait();
            for (int i = 0; i < 10; ++i) {
                auto const got = client.Get("/x");
                count += got && got->status == 200 ? 1 : 0;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    for (int const count : good) BOOST_TEST(count == 10);
    BOOST_TEST(provider.requests().size() == 160u);
    BOOST_TEST(provider.connections() == 16u);
}

BOOST_AUTO_TEST_CASE(a_client_that_trusts_the_authority_speaks_tls) {
    throwaway_ca const authority;
    for (std::string const& host : aiaudit_tests::loopback_hosts()) {
        server const provider({.tls = authority.good(), .host = host});
        BOOST_TEST(provider.origin() == "https://" + host + ":" + std::to_string(provider.port()));
        httplib::SSLClient client(host, provider.port());
        client.set_ca_cert_path(authority.file());
        client.enable_server_certificate_verification(true);
        client.set_keep_alive(true);
        for (int i = 0; i < 2; ++i) {
            auto const got = client.Post("/v1", std::string(100'000, 'q'), "text/plain");
            BOOST_REQUIRE(got);
            BOOST_TEST(got->body == "{}");
        }
        BOOST_TEST(provider.connections() == 1u);
        BOOST_TEST(provider.requests()[1].body.size() == 100'000u);
    }
}

BOOST_AUTO_TEST_CASE(a_bad_certificate_is_refused_for_its_own_reason) {
    throwaway_ca const authority;
    struct bad {
        aiaudit_tests::pem_identity identity;
        long reason;
    };
    for (auto const& [identity, reason] :
         {bad{authority.expired(), X509_V_ERR_CERT_HAS_EXPIRED},
          bad{authority.not_yet_valid(), X509_V_ERR_CERT_NOT_YET_VALID},
          bad{authority.for_host("elsewhere.example"), X509_V_OK},  // the name is checked later
          bad{throwaway_ca::self_signed(), X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT},
          // Another authority of the same name.
          bad{throwaway_ca().good(), X509_V_ERR_CERT_SIGNATURE_FAILURE}}) {
        server const provider({.tls = identity});
        httplib::SSLClient client("127.0.0.1", provider.port());
        client.set_ca_cert_path(authority.file());
        client.enable_server_certificate_verification(true);
        // Newer releases have an error of their own for the name of another host.
        BOOST_TEST((client.Get("/").error() != httplib::Error::Success));
        BOOST_TEST(client.get_openssl_verify_result() == reason);
        BOOST_TEST(provider.requests().empty());
    }
}

BOOST_AUTO_TEST_CASE(troubles_work_over_tls_too) {
    throwaway_ca const authority;
    for (auto const kind :
         {trouble::refuse_then_close, trouble::close_mid_head, trouble::close_mid_body,
          trouble::content_length_too_long, trouble::not_http, trouble::chunked_broken}) {
        server const provider(
            {.tls = authority.good(), .default_step = {.body = "0123456789", .trouble = kind}});
        httplib::SSLClient client("127.0.0.1", provider.port());
        client.set_ca_cert_path(authority.file());
        BOOST_TEST((client.Get("/x").error() != httplib::Error::Success));
        BOOST_TEST(provider.wait_for_requests(1));
    }
    server const provider({.tls = authority.good(), .on_accept = connection_trouble::silence});
    httplib::SSLClient client("127.0.0.1", provider.port());
    client.set_connection_timeout(50ms);
    client.set_read_timeout(50ms);
    BOOST_TEST((client.Get("/").error() != httplib::Error::Success));
}

BOOST_AUTO_TEST_CASE(a_date_has_three_forms) {
    auto const at = aiaudit::timestamp::from_seconds(784'111'777);  // RFC 9110's own example
    BOOST_TEST(aiaudit_tests::imf_fixdate(at) == "Sun, 06 Nov 1994 08:49:37 GMT");
    BOOST_TEST(aiaudit_tests::rfc850_date(at) == "Sunday, 06-Nov-94 08:49:37 GMT");
    BOOST_TEST(aiaudit_tests::asctime_date(at) == "Sun Nov  6 08:49:37 1994");
    auto const later = aiaudit::timestamp::from_seconds(1'803'168'000);
    BOOST_TEST(aiaudit_tests::imf_fixdate(later) == "Sun, 21 Feb 2027 00:00:00 GMT");
    BOOST_TEST(aiaudit_tests::asctime_date(later) == "Sun Feb 21 00:00:00 2027");
}

BOOST_AUTO_TEST_CASE(ready_made_bodies_are_read_as_what_they_say) {
    using namespace aiaudit_tests;
    body_usage const counts{.input = 120, .output = 30, .cached = 20, .reasoning = 5};
    word_list const words{"One \"two\"", " three\n", " \xE2\x82\xAC"};
    struct one {
        char const* provider;
        char const* path;
        std::string body;
        bool stream;
        std::uint64_t input;
        std::uint64_t output;
    };
    char const* const gemini = "/v1beta/models/gemini-2.5-flash:generateContent";
    char const* const gemini_sse = "/v1beta/models/gemini-2.5-flash:streamGenerateContent";
    for (auto const& each : {
             one{"openai", "/v1/chat/completions", openai_chat_body("gpt-4o", "hi", counts), false,
                 120, 30},
             one{"openai", "/v1/chat/completions", openai_chat_stream("gpt-4o", words, counts),
                 true, 120, 30},
             one{"openai", "/v1/responses", openai_responses_body("gpt-4o", "hi", counts), false,
                 120, 30},
             one{"openai", "/v1/responses", openai_responses_stream("gpt-4o", words, counts), true,
                 120, 30},
             one{"openai", "/v1/embeddings", embeddings_body("text-embedding-3-small", 9), false, 9,
                 0},
             one{"anthropic", "/v1/messages",
                 anthropic_message_body("claude-sonnet-4-5", "hi", counts), false, 140, 30},
             one{"anthropic", "/v1/messages", anthropic_stream("claude-sonnet-4-5", words, counts),
                 true, 140, 30},
             one{"google", gemini, gemini_body("gemini-2.5-flash", "hi", counts), false, 120, 35},
             one{"google", gemini_sse, gemini_stream("gemini-2.5-flash", words, counts), true, 120,
                 35},
         }) {
        BOOST_TEST_CONTEXT(each.provider << each.path << (each.stream ? " stream" : "")) {
            aiaudit::exchange exchange;
            exchange.provider = each.provider;
            exchange.path = each.path;
            exchange.status = 200;
            exchange.content_type = each.stream ? "text/event-stream" : "application/json";
            exchange.response = each.body;
            auto const facts = aiaudit::read_exchange(exchange);
            BOOST_REQUIRE_MESSAGE(facts, each.body);
            BOOST_TEST(facts->usage.count(aiaudit::unit::input_tokens) == each.input);
            BOOST_TEST(facts->usage.count(aiaudit::unit::output_tokens) == each.output);
            BOOST_TEST(facts->complete);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_stream_that_is_not_done_has_no_end) {
    using namespace aiaudit_tests;
    BOOST_TEST(!holds(openai_chat_stream("m", {"a"}, body_usage{}, false), "[DONE]"));
    BOOST_TEST(!holds(openai_chat_stream("m", {"a"}, std::nullopt), "usage"));
    BOOST_TEST(!holds(openai_responses_stream("m", {"a"}, {}, false), "response.completed"));
    BOOST_TEST(!holds(anthropic_stream("m", {"a"}, {}, false), "message_stop"));
    BOOST_TEST(!holds(gemini_stream("m", {"a"}, {}, false), "finishReason"));
}

BOOST_AUTO_TEST_CASE(each_error_stands_in_its_row_and_is_json_but_for_two) {
    using namespace aiaudit_tests;
    for (std::size_t i = 0; i < provider_detail::error_shapes.size(); ++i) {
        auto const kind = provider_detail::error_shapes[i].kind;
        BOOST_TEST(static_cast<std::size_t>(kind) == i);
        boost::system::error_code problem;
        boost::json::parse(error_body(kind), problem);
        bool const is_json = kind != provider_error::gateway_page &&
                             kind != provider_error::anthropic_overloaded_mid_stream;
        BOOST_TEST(!problem.failed() == is_json);
    }
    auto const step = error_step(provider_error::anthropic_overloaded);
    BOOST_TEST(step.status == 529);
    BOOST_TEST(holds(step.body, "overloaded_error"));
    BOOST_TEST(error_step(provider_error::gateway_page).content_type == "text/html");
}

BOOST_AUTO_TEST_SUITE_END()
