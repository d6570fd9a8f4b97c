// SPDX-License-Identifier: MIT
#include <aiaudit/providers/sse.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(sse)

namespace {

using namespace aiaudit;

std::string shown(sse_event const& event) {
    return "[" + event.name + "|" + event.data + "|" + event.id + (event.complete ? "]" : "|cut]");
}

std::string events_of(std::vector<std::string_view> const& pieces) {
    sse_parser parser;
    std::string text;
    auto const take = [&](sse_event const& event) { text += shown(event); };
    for (auto const piece : pieces) BOOST_REQUIRE(parser.feed(piece, take));
    parser.finish(take);
    return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(lines_end_in_lf_cr_or_crlf) {
    for (char const* text : {"data: a\n\ndata: b\n\n", "data: a\r\rdata: b\r\r",
                             "data: a\r\n\r\ndata: b\r\n\r\n", "data: a\n\rdata: b\r\n\n"}) {
        BOOST_TEST(events_of({text}) == "[|a|][|b|]");
    }
}

BOOST_AUTO_TEST_CASE(data_lines_are_joined_and_one_leading_space_is_dropped) {
    BOOST_TEST(events_of({"data:a\ndata:  b\ndata\n\n"}) == "[|a\n b\n|]");
}

BOOST_AUTO_TEST_CASE(comments_unknown_fields_and_retry_mean_nothing) {
    BOOST_TEST(events_of({": hi\nretry: 10\nfoo: bar\ndata: a\n:\n\n: end\n\n"}) == "[|a|]");
}

BOOST_AUTO_TEST_CASE(names_belong_to_one_event_and_ids_stay) {
    BOOST_TEST(events_of({"event: x\nid: 7\ndata: a\n\nevent: y\n\ndata: b\n\n"}) ==
               "[x|a|7][|b|7]");
}

BOOST_AUTO_TEST_CASE(an_event_without_data_is_none_but_empty_data_is_one) {
    BOOST_TEST(events_of({"event: x\n\n"}) == "");
    BOOST_TEST(events_of({"data\n\n"}) == "[||]");
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_is_dropped_at_the_start_only) {
    BOOST_TEST(events_of({"\xEF\xBB\xBF"
                          "data: a\n\n"}) == "[|a|]");
    BOOST_TEST(events_of({"\xEF", "\xBB",
                          "\xBF"
                          "data: a\n\n"}) == "[|a|]");
    BOOST_TEST(events_of({"data: a\n\n\xEF\xBB\xBF"
                          "data: b\n\n"}) == "[|a|]");
    BOOST_TEST(events_of({"\xEF\xBB"
                          "data: a\n\n"}) == "");
}

BOOST_AUTO_TEST_CASE(an_event_that_the_stream_ends_in_is_handed_over_as_cut) {
    BOOST_TEST(events_of({"data: a\n\ndata: b"}) == "[|a|][|b||cut]");
    BOOST_TEST(events_of({"data: a\n\ndata: b\n"}) == "[|a|][|b||cut]");
    BOOST_TEST(events_of({""}) == "");
}

BOOST_AUTO_TEST_CASE(events_are_the_same_however_the_bytes_are_cut) {
    std::string const text =
        "\xEF\xBB\xBF: c\r\nevent: m\r\ndata: one\r\n\r\nid: 3\rdata: two\rdata: \xC3\xA9\r\r\n"
        "data: three\n\ndata: [DONE]\n\ndata: cut";
    std::string const whole = events_of({text});
    BOOST_TEST(whole == "[m|one|][|two\n\xC3\xA9|3][|three|3][|[DONE]|3][|cut|3|cut]");
    std::string_view const view = text;
    for (std::size_t i = 0; i <= view.size(); ++i) {
        for (std::size_t j = i; j <= view.size(); ++j) {
            std::string const parts =
                events_of({view.substr(0, i), view.substr(i, j - i), view.substr(j)});
            BOOST_TEST(parts == whole, "cut at " << i << " and " << j);
        }
    }
}

BOOST_AUTO_TEST_CASE(an_endless_event_is_refused) {
    sse_parser parser;
    std::string const piece(std::size_t{1} << 20, 'x');
    auto const take = [](sse_event const&) { BOOST_ERROR("no event was ended"); };
    BOOST_REQUIRE(parser.feed("data: ", take));
    result<void> done;
    for (std::size_t fed = 0; done && fed <= sse_event_bytes_max; fed += piece.size()) {
        done = parser.feed(piece, take);
    }
    BOOST_REQUIRE(!done);
    BOOST_TEST((done.error().code == errc::too_large));
    BOOST_TEST(!parser.feed("\n\n", take));
    parser.finish(take);
}

BOOST_AUTO_TEST_SUITE_END()
