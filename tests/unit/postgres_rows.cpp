// SPDX-License-Identifier: MIT
#include <aiaudit/sinks/postgres_collection.hpp>
#include <aiaudit/sinks/postgres_rows.hpp>
#include <aiaudit/sinks/postgres_schema.hpp>
#include <aiaudit/timezone/tzdb.hpp>

#include <boost/test/unit_test.hpp>

#include <random>

BOOST_AUTO_TEST_SUITE(postgres_rows)

using namespace aiaudit;

namespace {

// What the server makes of a numeric: the sum of digits times powers of 10,000, in pico-dollars.
money numeric_value(std::string const& bytes) {
    auto const word = [&bytes](std::size_t place) {
        return static_cast<unsigned>(static_cast<unsigned char>(bytes[2 * place])) << 8 |
               static_cast<unsigned char>(bytes[2 * place + 1]);
    };
    int const digits = static_cast<int>(word(0));
    int const weight = static_cast<std::int16_t>(word(1));
    BOOST_TEST(word(3) == 12U);
    BOOST_TEST(bytes.size() == 8U + 2U * static_cast<unsigned>(digits));
    int128 sum = 0;
    for (int i = 0; i < digits; ++i) {
        int128 part = word(static_cast<std::size_t>(4 + i));
        BOOST_TEST(word(static_cast<std::size_t>(4 + i)) < 10'000U);
        for (int power = weight - i + 3; power > 0; --power) part *= 10'000;
        sum += part;
    }
    return money::from_pico(word(2) == 0x4000 ? -sum : sum);
}

std::string numeric(int128 pico) {
    std::string bytes;
    detail::append_numeric(bytes, money::from_pico(pico));
    return bytes;
}

std::string texts_of(std::vector<detail::day_run> const& runs) {
    std::string text;
    for (auto const& run : runs)
        text += run.day.to_string() + "=" + std::to_string(run.end - run.begin) + " ";
    return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(amounts_go_as_numeric_to_the_last_pico) {
    using namespace std::string_literals;
    BOOST_TEST(numeric(0) == "\0\0\0\0\0\0\0\x0C"s);
    BOOST_TEST(numeric(1) == "\0\1\xFF\xFD\0\0\0\x0C\0\1"s);
    BOOST_TEST(numeric(-1) == "\0\1\xFF\xFD\x40\0\0\x0C\0\1"s);
    BOOST_TEST(numeric(1'000'000'000'000) == "\0\1\0\0\0\0\0\x0C\0\1"s);
    BOOST_TEST(numeric(10'000'000'000'000'000) == "\0\1\0\1\0\0\0\x0C\0\1"s);
    std::mt19937_64 random(1);
    for (int i = 0; i < 20'000; ++i) {
        auto wide = static_cast<uint128>(random()) << 64 | random();
        wide >>= random() % 128;
        auto const pico = static_cast<int128>(wide);
        if (numeric_value(numeric(pico)) != money::from_pico(pico))
            BOOST_FAIL("not exact: " << money::from_pico(pico).to_string());
    }
    int128 const most = detail::int128_max;
    BOOST_TEST((numeric_value(numeric(most)) == money::from_pico(most)));
    BOOST_TEST((numeric_value(numeric(-most)) == money::from_pico(-most)));
}

BOOST_AUTO_TEST_CASE(instants_go_as_microseconds_rounded_down_and_as_nanoseconds) {
    detail::postgres_rows rows;
    rows.instant({946'684'800'000'000'999});
    rows.instant({-1});
    std::string const bytes(rows.encoded());
    auto const number = [&bytes](std::size_t place) {
        std::int64_t value = 0;
        for (std::size_t i = 0; i < 8; ++i)
            value = value << 8 | static_cast<unsigned char>(bytes[12 * place + 4 + i]);
        return value;
    };
    BOOST_TEST(number(0) == 0);
    BOOST_TEST(number(1) == 946'684'800'000'000'999);
    BOOST_TEST(number(2) == -946'684'800'000'001);
    BOOST_TEST(number(3) == -1);
}

BOOST_AUTO_TEST_CASE(a_slot_counts_with_the_day_that_it_begins_in) {
    auto const at = [](char const* text) { return timestamp::parse(text).value(); };
    time_zone const utc;
    BOOST_TEST(texts_of(detail::day_runs(utc, {}, at("2026-03-01T23:44:59Z"),
                                         at("2026-03-02T00:15:00Z"))) ==
               "2026-03-01=2 2026-03-02=2 ");
    auto const nepal = find_time_zone("Asia/Kathmandu").value();  // 5:45 ahead
    BOOST_TEST(texts_of(detail::day_runs(nepal, {}, at("2026-03-01T17:59:59Z"),
                                         at("2026-03-01T18:15:00Z"))) ==
               "2026-03-01=2 2026-03-02=1 ");
    auto const new_york = find_time_zone("America/New_York").value();  // a day of 23 hours
    BOOST_TEST(texts_of(detail::day_runs(new_york, {}, at("2026-03-07T12:00:00Z"),
                                         at("2026-03-09T12:00:00Z")))
                   .find("2026-03-08=92 ") != std::string::npos);
    civil_day const day = civil_day::parse("2026-03-08").value();
    BOOST_TEST(texts_of(detail::day_runs(new_york, {day, day}, at("2026-01-01T00:00:00Z"),
                                         at("2026-12-01T00:00:00Z"))) == "2026-03-08=92 ");
    BOOST_TEST(detail::day_runs(utc, {day, day}, at("2026-05-01"), at("2026-06-01")).empty());
}

BOOST_AUTO_TEST_CASE(released_steps_of_the_tables_never_change) {
    // A database that has done a step would not get what is changed in it: add a further step.
    BOOST_TEST(detail::postgres_steps == 1);
    std::uint64_t sum = 0xCBF2'9CE4'8422'2325;
    for (char const c : detail::postgres_step(1)) {
        sum ^= static_cast<unsigned char>(c);
        sum *= 0x100'0000'01B3;
    }
    BOOST_TEST(sum == 5'546'350'432'368'052'746U, "the text of step 1 has the sum " << sum);
}

BOOST_AUTO_TEST_CASE(texts_of_an_array_are_quoted) {
    BOOST_TEST(detail::pq_array({}) == "{}");
    BOOST_TEST(detail::pq_array({"a", "", "b\"\\,{}"}) == R"({"a","","b\"\\,{}"})");
}

BOOST_AUTO_TEST_SUITE_END()
