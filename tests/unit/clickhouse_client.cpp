// SPDX-License-Identifier: MIT
#include <aiaudit/sinks/clickhouse_client.hpp>
#include <aiaudit/sinks/clickhouse_sink.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(clickhouse_client)

using namespace aiaudit;
using detail::parse_clickhouse_address;

BOOST_AUTO_TEST_CASE(an_address_has_its_parts) {
    auto const place =
        parse_clickhouse_address("clickhouse://ana:p%3Aw%2F%40%25@ch.example:9123/audit").value();
    BOOST_TEST(place.origin == "http://ch.example:9123");
    BOOST_TEST(place.user == "ana");
    BOOST_TEST(place.password == "p:w/@%");
    BOOST_TEST(place.database == "audit");
    BOOST_TEST(place.shown == "clickhouse://ch.example:9123/audit");
}

BOOST_AUTO_TEST_CASE(an_address_needs_only_a_host) {
    auto const plain = parse_clickhouse_address("clickhouse://127.0.0.1").value();
    BOOST_TEST(plain.origin == "http://127.0.0.1:8123");
    BOOST_TEST(plain.database == "default");
    BOOST_TEST(plain.user.empty());
    auto const secured =
        parse_clickhouse_address("clickhouses://[::1]/?ca_file=%2Fetc%2Fca.pem").value();
    BOOST_TEST(secured.origin == "https://[::1]:8443");
    BOOST_TEST(secured.ca_file == "/etc/ca.pem");
}

BOOST_AUTO_TEST_CASE(an_address_that_cannot_be_is_refused_without_its_password) {
    for (char const* address :
         {"clickhouse://", "clickhouse://a:secret@", "clickhouse://a:secret%@h/d",
          "clickhouse://a:secret%4@h/d", "clickhouse://a:secret@h:x/d",
          "clickhouse://a:secret@h/d`x", "clickhouse://a:secret@h/d?async=1",
          "clickhouse://a:sec/secret@h/d", "http://a:secret@h"}) {
        auto const sink = clickhouse_sink(address);
        BOOST_REQUIRE(!sink);
        BOOST_TEST((sink.error().code == errc::bad_argument));
        BOOST_TEST(sink.error().where.find("secret") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(what_a_server_says_is_told_on_one_line_and_without_the_password) {
    detail::clickhouse_place place;
    place.shown = "clickhouse://h:8123/d";
    place.password = "hunter2";
    auto const old = detail::clickhouse_failure(
        place, 500,
        "Code: 252, e.displayText() = DB::Exception: Too many parts,\nhunter2 says, e.what() = "
        "DB::Exception");
    BOOST_TEST((old.code == errc::storage_failed));
    BOOST_TEST(old.where ==
               "clickhouse://h:8123/d: Code: 252, e.displayText() = DB::Exception: Too many parts, "
               "*** says");
    auto const login = detail::clickhouse_failure(place, 403, "Code: 516. DB::Exception: no");
    BOOST_TEST((login.code == errc::bad_argument));
    auto const full = detail::clickhouse_failure(place, 500, "Code: 243. DB::Exception: no");
    BOOST_TEST((full.code == errc::disk_full));
    auto const other = detail::clickhouse_failure(place, 404, "<html>");
    BOOST_TEST((other.code == errc::bad_response));
}

BOOST_AUTO_TEST_SUITE_END()
