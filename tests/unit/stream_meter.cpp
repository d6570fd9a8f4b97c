// SPDX-License-Identifier: MIT
//
// stream_meter.cpp: what a stream that is left is charged for: what came, what was thought in
// silence, and what is under way.

#include <aiaudit/client/attempt.hpp>
#include <aiaudit/client/stream_meter.hpp>
#include <aiaudit/providers/text_tokens.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(stream_meter)

namespace {

using namespace aiaudit;
using namespace std::chrono_literals;

// A stream of OpenAI's, and a clock that shows what it is told.
struct metered {
    explicit metered(bool thinks, dialect which = dialect::openai_chat)
        : request{.dialect = which},
          where{.dialect = which, .operation = operation::chat},
          meter(steady_time{}, thinks) {
        follower.begin({200, {{"Content-Type", "text/event-stream"}}});
    }
    void after(std::chrono::milliseconds time) { now += time; }
    void piece(std::string_view text) {
        static_cast<void>(follower.feed(R"(data: {"choices":[{"index":0,"delta":{"content":")" +
                                        std::string(text) + "\"}}]}\n\n"));
        note();
    }
    void note() { meter.note(now, follower); }

    prepared_request request;
    endpoint where;
    detail::stream_listener nobody{};
    detail::response_follower follower{
        {.provider = "openai", .path = "/v1/chat/completions"}, request, where, nobody, 0};
    steady_time now{};
    detail::stream_meter meter;
};

}  // namespace

BOOST_AUTO_TEST_CASE(tokens_of_a_text_are_counted_high) {
    using detail::high_token_count;
    BOOST_TEST(high_token_count("") == 0U);
    BOOST_TEST(high_token_count("a") == 1U);
    BOOST_TEST(high_token_count(" ") == 1U);
    BOOST_TEST(high_token_count("Hello, world") == 7U);
    BOOST_TEST(high_token_count("3.14159") == 7U);
    BOOST_TEST(high_token_count("a1b2") == 4U);
    BOOST_TEST(high_token_count("\n\n") == 2U);
    BOOST_TEST(high_token_count("\xE4\xBD\xA0\xE5\xA5\xBD") == 4U);  // two characters
    // Never more than a token a byte, which is the bound.
    for (unsigned each = 1; each < 256; ++each) {
        std::string const text(9, static_cast<char>(each));
        BOOST_TEST(high_token_count(text) <= text.size());
        BOOST_TEST(high_token_count(text) >= text.size() / 3);
    }
}

BOOST_AUTO_TEST_CASE(a_steady_stream_is_charged_what_came_and_half_a_second_more) {
    metered one(true);
    for (int i = 0; i < 100; ++i) {
        one.after(20ms);
        one.piece("word ");
    }
    // Two each; the first of them came 1.98 s ago.
    BOOST_TEST(one.meter.charged() == 200U + 200U * 500 / 1980);
    BOOST_TEST(one.meter.bound() == 500U);
}

BOOST_AUTO_TEST_CASE(what_is_under_way_is_no_less_and_no_more_than_is_said) {
    metered none(false);
    BOOST_TEST(none.meter.charged() == detail::way_tokens_least);
    metered burst(false);
    burst.after(10ms);
    for (int i = 0; i < 1000; ++i) burst.piece("word ");
    BOOST_TEST(burst.meter.charged() == 2000U + detail::way_tokens_most);
}

BOOST_AUTO_TEST_CASE(silence_counts_where_a_model_may_think) {
    for (bool const thinks : {false, true}) {
        metered one(thinks);
        one.after(10s);
        one.piece("word ");
        one.after(5s);
        one.note();
        // A second of each silence is allowed.
        std::uint64_t const thought = thinks ? (9 + 4) * detail::written_tokens_a_second : 0;
        BOOST_TEST(one.meter.charged() == 2 + thought + detail::way_tokens_least);
        std::uint64_t const most =
            thinks ? (10'000 + 4'750) * detail::written_tokens_a_second / 1000 : 0;
        BOOST_TEST(one.meter.bound() >= 5 + most);
        BOOST_TEST(one.meter.bound() <= 6 + most);
    }
}

BOOST_AUTO_TEST_CASE(a_summary_of_thoughts_ends_no_silence_and_an_input_that_is_told_does) {
    metered one(true, dialect::anthropic_messages);
    auto const hear = [&one](std::string const& event) {
        one.after(1s);
        static_cast<void>(one.follower.feed("data: " + event + "\n\n"));
        one.note();
    };
    one.after(9s);  // before it is told, nothing is written
    hear(R"({"type":"message_start","message":{"model":"m","usage":{"input_tokens":5,)"
         R"("output_tokens":1}}})");
    BOOST_TEST(one.meter.charged() == detail::way_tokens_least);
    for (int i = 0; i < 5; ++i)
        hear(R"({"type":"content_block_delta","index":0,)"
             R"("delta":{"type":"thinking_delta","thinking":"word "}})");
    BOOST_TEST(one.meter.charged() ==
               10 + (5 - 1) * detail::written_tokens_a_second + detail::way_tokens_least);
    hear(R"({"type":"content_block_delta","index":1,)"
         R"("delta":{"type":"text_delta","text":"word "}})");
    one.after(1s);
    one.note();
    BOOST_TEST(one.meter.charged() ==
               12 + (6 - 1) * detail::written_tokens_a_second + detail::way_tokens_least);
}

BOOST_AUTO_TEST_CASE(what_came_and_was_not_read_is_charged_by_its_time) {
    metered one(false);
    one.piece("word ");
    one.after(4s);
    one.meter.note_unread(one.now);
    BOOST_TEST(one.meter.charged() ==
               2 + 4 * detail::written_tokens_a_second + detail::way_tokens_least);
    BOOST_TEST(one.meter.bound() == 5 + 4 * detail::written_tokens_a_second);
}

BOOST_AUTO_TEST_SUITE_END()
