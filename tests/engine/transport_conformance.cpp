// SPDX-License-Identifier: MIT
//
// transport_conformance.cpp: both models of transport_policy keep its promises.
#include "transport_testing.hpp"

#include <aiaudit/transport/httplib_transport.hpp>
#include <aiaudit/transport/replay_transport.hpp>

#include <boost/test/unit_test.hpp>

#include <tuple>

BOOST_AUTO_TEST_SUITE(transport_conformance)

namespace {

using namespace aiaudit;
using namespace aiaudit_tests;

std::string const long_body(100'000, 'b');

// Each rig answers /short with 200 and "{}", /failed with 503 and "busy", /moved with 302,
// /long with long_body.
struct replay_rig {
    replay_transport transport{
        std::vector<exchange>{answer("/short", 200, "{}"), answer("/failed", 503, "busy"),
                              answer("/moved", 302, ""), answer("/long", 200, long_body)}};
    std::string origin = "https://api.example.test";

    static exchange answer(std::string path, int status, std::string body) {
        exchange made;
        made.path = std::move(path);
        made.status = status;
        made.content_type = "text/plain";
        made.response = std::move(body);
        return made;
    }
};

struct httplib_rig {
    scripted_server server{[](peer const& client) {
        for (;;) {
            auto const text = client.read_request();
            auto const at = [&](char const* path) {
                return text.starts_with(std::string{"POST "} + path + ' ');
            };
            std::string const body = at("/short") ? "{}" : at("/long") ? long_body : "busy";
            if (text.empty()) return;
            auto answer = response(at("/moved") ? "" : body, "Location: /short\r\n");
            if (at("/failed")) answer.replace(9, 3, "503");
            if (at("/moved")) answer.replace(9, 3, "302");
            if (!client.write(answer)) return;
        }
    }};
    httplib_transport transport{};
    std::string origin = server.origin();
};

template <class Rig>
http_request asking(Rig const& rig, std::string path) {
    auto made = request_to(rig.origin);
    made.target = std::move(path);
    return made;
}

using rigs = std::tuple<replay_rig, httplib_rig>;

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(the_head_comes_once_and_before_the_whole_body, Rig, rigs) {
    Rig rig;
    for (int i = 0; i < 2; ++i) {
        auto const got = call(rig.transport, asking(rig, "/long"));
        BOOST_REQUIRE_MESSAGE(!got.failure, got);
        BOOST_TEST(got.heads == 1);
        BOOST_TEST(got.head.status == 200);
        BOOST_TEST(!header_of(got.head.headers, "content-type").empty());
        BOOST_TEST(!got.body_before_head);
        BOOST_TEST((got.body == long_body));
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(any_status_is_a_success, Rig, rigs) {
    Rig rig;
    auto const failed = call(rig.transport, asking(rig, "/failed"));
    BOOST_REQUIRE_MESSAGE(!failed.failure, failed);
    BOOST_TEST(failed.head.status == 503);
    BOOST_TEST(failed.body == "busy");
    auto const moved = call(rig.transport, asking(rig, "/moved"));
    BOOST_REQUIRE_MESSAGE(!moved.failure, moved);
    BOOST_TEST(moved.head.status == 302);
    BOOST_TEST(moved.body == "");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_caller_that_wants_no_more_gets_no_more, Rig, rigs) {
    Rig rig;
    auto const no_head = call(rig.transport, asking(rig, "/short"), {}, {}, false);
    BOOST_TEST(no_head.failed_as(errc::cancelled));
    BOOST_TEST(no_head.pieces == 0);
    auto const no_body = call(rig.transport, asking(rig, "/long"), {}, {}, true, false);
    BOOST_TEST(no_body.failed_as(errc::cancelled));
    BOOST_TEST(no_body.pieces == 1);
    BOOST_TEST(call(rig.transport, asking(rig, "/short")).body == "{}");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_stopped_token_sends_nothing, Rig, rigs) {
    Rig rig;
    std::stop_source source;
    source.request_stop();
    auto const got = call(rig.transport, asking(rig, "/short"), {}, source.get_token());
    BOOST_TEST(got.failed_as(errc::cancelled));
    BOOST_TEST(got.heads == 0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_token_stopped_within_the_body_ends_it, Rig, rigs) {
    Rig rig;
    std::stop_source source;
    auto const done = rig.transport.exchange(
        asking(rig, "/long"), {}, source.get_token(),
        [&](http_response_head const&) { return source.request_stop(); },
        [](std::string_view) { return true; });
    // What had already been received may still be a whole response.
    BOOST_TEST((done || done.error().code == errc::cancelled));
    BOOST_TEST(call(rig.transport, asking(rig, "/short")).body == "{}");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_deadline_that_has_passed_sends_nothing, Rig, rigs) {
    Rig rig;
    transfer_limits limits;
    limits.deadline = std::chrono::steady_clock::now();
    auto const got = call(rig.transport, asking(rig, "/short"), limits);
    BOOST_TEST(got.failed_as(errc::timed_out));
    BOOST_TEST(!got.failure->sent);
    BOOST_TEST(got.heads == 0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_response_over_the_maximum_is_too_large, Rig, rigs) {
    Rig rig;
    transfer_limits limits;
    limits.response_bytes_max = long_body.size() - 1;
    BOOST_TEST(call(rig.transport, asking(rig, "/long"), limits).failed_as(errc::too_large));
    limits.response_bytes_max = long_body.size();
    BOOST_TEST(!call(rig.transport, asking(rig, "/long"), limits).failure);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_header_cannot_begin_another, Rig, rigs) {
    Rig rig;
    auto request = asking(rig, "/short");
    request.headers.emplace_back("X-Trace", "a\r\nX-Other: b");
    auto const got = call(rig.transport, request);
    BOOST_TEST(got.failed_as(errc::bad_argument));
    BOOST_TEST(got.says("X-Trace"));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(it_can_be_moved, Rig, rigs) {
    Rig rig;
    BOOST_TEST(!call(rig.transport, asking(rig, "/short")).failure);
    auto moved = std::move(rig.transport);
    BOOST_TEST(call(moved, asking(rig, "/short")).body == "{}");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(many_threads_use_it_at_once, Rig, rigs) {
    Rig rig;
    std::atomic<int> right{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            for (int n = 0; n < 20; ++n)
                right += call(rig.transport, asking(rig, "/short")).body == "{}" ? 1 : 0;
        });
    }
    for (auto& each : threads) each.join();
    BOOST_TEST(right == 160);
}

BOOST_AUTO_TEST_SUITE_END()
