// SPDX-License-Identifier: MIT
//
// transport_replay.cpp: which recorded exchange answers a request.
#include "transport_testing.hpp"

#include <aiaudit/transport/replay_transport.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(transport_replay)

namespace {

using namespace aiaudit;
using namespace aiaudit_tests;

exchange recorded(std::string path, std::string request, std::string answer) {
    exchange made;
    made.path = std::move(path);
    made.request = std::move(request);
    made.status = 200;
    made.content_type = "application/json";
    made.response = std::move(answer);
    return made;
}
http_request asking(std::string target, std::string body) {
    auto made = request_to("https://api.example.test");
    made.target = std::move(target);
    made.body = std::move(body);
    return made;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_same_json_is_the_same_request_whatever_the_order_of_its_members) {
    replay_transport transport({recorded("/a", R"({"x": 1, "y": [2]})", "first"),
                                recorded("/a", R"({"x": 2})", "second")});
    BOOST_TEST(call(transport, asking("/a", R"({"y":[2],"x":1})")).body == "first");
    BOOST_TEST(call(transport, asking("/a", R"({"x":2})")).body == "second");
    BOOST_TEST(call(transport, asking("/a", R"({"x":3})")).failed_as(errc::not_found));
    BOOST_TEST(call(transport, asking("/a", "no JSON")).failed_as(errc::not_found));
    BOOST_TEST(call(transport, asking("/b", R"({"x":2})")).failed_as(errc::not_found));
}

BOOST_AUTO_TEST_CASE(several_that_fit_answer_in_their_order_and_the_last_again) {
    replay_transport transport({recorded("/a", "", "1"), recorded("/b", "", "other"),
                                recorded("/a", "{}", "2"), recorded("/a", "", "3")});
    std::string answers;
    for (int i = 0; i < 5; ++i) answers += call(transport, asking("/a", "{}")).body;
    BOOST_TEST(answers == "12333");
}

BOOST_AUTO_TEST_CASE(a_query_matters_only_where_it_was_recorded) {
    replay_transport transport({recorded("/a?alt=sse", "", "stream"), recorded("/b", "", "plain")});
    BOOST_TEST(call(transport, asking("/a?alt=sse", "{}")).body == "stream");
    BOOST_TEST(call(transport, asking("/a", "{}")).failed_as(errc::not_found));
    BOOST_TEST(call(transport, asking("/b?alt=sse", "{}")).body == "plain");
}

BOOST_AUTO_TEST_CASE(the_head_has_the_content_type_and_the_recorded_headers) {
    auto with_headers = recorded("/a", "", "x");
    with_headers.headers = {{"request-id", "r1"}};
    replay_transport transport({with_headers});
    auto const got = call(transport, asking("/a", ""));
    BOOST_TEST(header_of(got.head.headers, "Content-Type") == "application/json");
    BOOST_TEST(header_of(got.head.headers, "Request-Id") == "r1");
}

BOOST_AUTO_TEST_CASE(a_call_that_got_no_answer_gets_none) {
    auto lost = recorded("/a", "", "");
    lost.status = 0;
    replay_transport transport({lost});
    BOOST_TEST(call(transport, asking("/a", "")).failed_as(errc::connection_lost));
}

BOOST_AUTO_TEST_CASE(a_body_can_come_in_pieces) {
    replay_transport transport({recorded("/a", "", "0123456789")}, {.piece_bytes = 4});
    auto const got = call(transport, asking("/a", ""));
    BOOST_TEST(got.body == "0123456789");
    BOOST_TEST(got.pieces == 3);
}

BOOST_AUTO_TEST_CASE(requests_are_kept_without_the_values_of_their_headers) {
    replay_transport transport;
    BOOST_TEST(call(transport, asking("/a", "{}")).failed_as(errc::not_found));
    auto const asked = transport.requests();
    BOOST_REQUIRE(asked.size() == 1U);
    BOOST_TEST(asked[0].body == "{}");
    for (auto const& [name, value] : asked[0].headers) BOOST_TEST(value.empty());
    BOOST_TEST(asked[0].headers.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
